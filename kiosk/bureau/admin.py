"""The bureau as JSON below /admin, for programs and scripts: HTTP Basic with the password of programs, with each request.

Who comes in was decided by `bureau.request_guard`, before any byte of a body; people have accounts, and pages (`bureau.clerks`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, File, HTTPException, Query, Request, Response, UploadFile
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import decisions, resolve, rosters, standing, tables, views
from kiosk.bureau.api import context_of
from kiosk.bureau.clerks import audit, people
from kiosk.bureau.clerks.pages import Who
from kiosk.bureau.context import BureauContext, make_code, revoke
from kiosk.sync import protocol, seal, suites

ALL_AT_ONCE = 10_000  # ours: records of one page of all: about 3 MB
router = APIRouter(tags=["clerk"])
ErrorBody = {"content": {"application/json": {"schema": {"type": "object"}}}}


def clerk(request: Request, _: Who) -> BureauContext:
    """Return the bureau, for whoever was let in."""
    return context_of(request)


Clerk = Annotated[BureauContext, Depends(clerk)]
_401: dict[int | str, dict[str, Any]] = {
    400: {"description": "Not to be parsed", **ErrorBody},
    401: {"description": "Not signed in", **ErrorBody},
    403: {"description": "Another site, or no token", **ErrorBody},
    408: {"description": "Too slow", **ErrorBody},
    413: {"description": "Too large", **ErrorBody},
    415: {"description": "A content encoding", **ErrorBody},
    429: {"description": "Too many tries", **ErrorBody},
}
_404: dict[int | str, dict[str, Any]] = {**_401, 404: {"description": "Not there", **ErrorBody}}


_409: dict[int | str, dict[str, Any]] = {**_401, 409: {"description": "Looks like a mistake: say that it is meant", **ErrorBody}}


class CodeRequest(BaseModel):
    """For which station, and under which suite: the bureau's first when none is named."""

    station_id: protocol.Id
    suite: Literal["std-1", "gm-1"] | None = None


class DecisionRequest(BaseModel):
    """A clerk's word on a record."""

    record_id: protocol.Id
    decided: Literal["confirmed", "returned"]
    reason: protocol.Code = ""


class MessageRequest(BaseModel):
    """For one station, or for all when empty."""

    station_id: Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9._:@+/=-]*$")] = ""
    text: protocol.Text


class RevokeRequest(BaseModel):
    """Why."""

    reason: protocol.Code = "revoked"


@router.post("/admin/codes", responses=_401)
def admin_code(context: Clerk, who: Who, asked: CodeRequest) -> dict[str, str]:
    """Make a one-time enrolment code."""
    try:
        code = make_code(context if asked.suite is None else context.under(suites.by_name(asked.suite)), asked.station_id)
    except seal.Refused as error:
        raise HTTPException(400, str(error)) from error
    audit.note(context, who.actor, "program-code", asked.station_id)
    return {"code": code}


@router.post("/admin/decisions", responses=_404)
def admin_decide(context: Clerk, who: Who, asked: DecisionRequest) -> dict[str, str]:
    """Confirm or return a record."""

    def witness(session: Transaction, row: tables.Record) -> None:
        audit.write(session, who.actor, "program-decided", row.record_id, decided=asked.decided, reason=asked.reason)

    if not decisions.decide(context, asked.record_id, asked.decided, asked.reason, witness):
        raise HTTPException(404, "no such record")
    return {"record_id": asked.record_id, "decision": asked.decided}


@router.post("/admin/kiosks/{kiosk_id}/revoke", responses=_404)
def admin_revoke(context: Clerk, who: Who, kiosk_id: protocol.Id, asked: RevokeRequest) -> dict[str, str]:
    """Revoke a kiosk."""

    def witness(session: Transaction) -> None:
        audit.write(session, who.actor, "program-revoked", kiosk_id, reason=asked.reason)

    if not revoke(context, kiosk_id, asked.reason, witness):
        raise HTTPException(404, "no such kiosk")
    return {"kiosk_id": kiosk_id, "revoked": asked.reason}


@router.post("/admin/rosters", responses=_409)
def admin_roster(context: Clerk, who: Who, file: Annotated[UploadFile, File()], meant: bool = False) -> dict[str, int]:
    """Issue a roster: lines of JSON. `meant`: also one that is empty or much smaller than the last."""
    version = issue(context, file, meant)
    audit.note(context, who.actor, "program-roster", str(version), meant=meant)
    return {"version": version}


@router.post("/admin/bundle", responses=_401)
def admin_bundle(context: Clerk, who: Who, content: rosters.BundleContent) -> dict[str, int]:
    """Issue policies, staff and revocations."""

    def witness(session: Transaction) -> None:
        audit.write(session, who.actor, "program-bundle", "bundle", policies=sorted(content.policies), staff=len(content.staff))

    try:
        return {"version": rosters.issue_bundle(context, content, witness)}
    except seal.Refused as error:
        raise HTTPException(400, str(error)) from error


@router.post("/admin/messages", responses=_401)
def admin_message(context: Clerk, who: Who, asked: MessageRequest) -> dict[str, str]:
    """Leave a message."""
    message_id = rosters.add_message(context, asked.station_id, asked.text, None)
    audit.note(context, who.actor, "program-message", message_id, station=asked.station_id)
    return {"message_id": message_id}


class NationalCodeRequest(protocol.Asked):
    """A code that the national platform, which this bureau plays, shows somebody from now on."""

    code: Annotated[str, Field(min_length=1, max_length=1000, repr=False)]
    platform: Literal["social-card", "ctid"] = "social-card"
    name: Annotated[str, Field(min_length=1, max_length=100, repr=False)]
    id_number: Annotated[str, Field(min_length=1, max_length=32, repr=False)]


@router.post("/admin/national-codes", responses=_401)
def admin_national_code(context: Clerk, who: Who, asked: NationalCodeRequest) -> dict[str, str]:
    """Let a code live for a minute."""
    resolve.put(context, asked.code, asked.platform, asked.name, asked.id_number)
    audit.note(context, who.actor, "program-national-code", asked.platform)
    return {"platform": asked.platform}


@router.get("/admin/records", responses=_401)
def admin_records(
    context: Clerk,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    decision: Literal["", "pending", "confirmed", "returned"] = "",
) -> list[dict[str, Any]]:
    """Newest records first."""
    return views.records(context, limit, decision)


@router.get("/admin/all-records", responses=_401)
def admin_all_records(
    context: Clerk,
    after: Annotated[str, Query(max_length=128, pattern=r"^[^\x00]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=ALL_AT_ONCE)] = ALL_AT_ONCE,
) -> list[dict[str, str]]:
    """Every record in short, for reconciliation with other systems: a page by id, behind `after`; an empty one is the end."""
    names = ("record_id", "kiosk_id", "content_digest", "pass_key", "outcome", "verdict", "decision")
    with context.session.begin() as session:
        chosen = select(*(getattr(tables.Record, name) for name in names)).where(tables.Record.record_id > after)
        rows = session.execute(chosen.order_by(tables.Record.record_id).limit(limit))
        return [dict(zip(names, row, strict=True)) for row in rows]


@router.get("/admin/records/{record_id}", responses=_404)
def admin_record(context: Clerk, record_id: protocol.Id) -> dict[str, Any]:
    """One record as the bureau has it."""
    with context.session.begin() as session:
        row = session.get(tables.Record, record_id)
        if row is None:
            raise HTTPException(404, "no such record")
        return views.shown(row)


@router.get("/admin/evidence", responses=_401)
def admin_evidence(context: Clerk, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[dict[str, Any]]:
    """What came for human review, newest first, without the content."""
    return views.evidence(context, limit)


@router.get(
    "/admin/evidence/{evidence_id}",
    response_class=Response,
    responses={**_404, 200: {"description": "The scan", "content": {kind: {} for kind in get_args(protocol.MediaType)}}},
)
def admin_evidence_content(context: Clerk, who: Who, evidence_id: protocol.Id) -> Response:
    """One scan."""
    with context.session.begin() as session:
        row = session.get(tables.Evidence, evidence_id)
        if row is None:
            raise HTTPException(404, "no such evidence")
        audit.write(session, who.actor, "program-saw", row.record_id, evidence=evidence_id)
        name = f"evidence.{row.media_type.rsplit('/', 1)[1]}"
        return Response(
            row.content,
            media_type=row.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


@router.post("/admin/findings/{finding_id}/clear", responses=_404)
def admin_clear(context: Clerk, who: Who, finding_id: protocol.Id) -> dict[str, str]:
    """A clerk has looked into a kiosk that seemed restored or doubled: it may serve by itself again."""

    def witness(session: Transaction, row: tables.Finding) -> None:
        audit.write(session, who.actor, "program-cleared", row.kiosk_id, kind=row.kind)

    if not standing.clear(context, finding_id, who.user, witness):
        raise HTTPException(404, "no such open finding")
    return {"finding_id": finding_id}


@router.get("/admin/summary", responses=_401)
def admin_summary(context: Clerk) -> dict[str, Any]:
    """Counts and stations."""
    return views.summary(context)


def issue(context: BureauContext, file: UploadFile, meant: bool) -> int:
    """Issue an uploaded roster. Raises 400 naming the line, 409 where a person must say that it is meant."""
    try:
        version = rosters.issue(
            context, file.file, meant=meant
        )  # read where it was put, which has no name: nothing is left by a kill
    except seal.Refused as error:
        raise HTTPException(400, str(error)) from error
    except rosters.AskFirst as error:
        raise HTTPException(409, str(error)) from error
    people.note(context, version)
    return version
