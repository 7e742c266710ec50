"""What clerks use: a small web page and the same as JSON below /admin. Behind HTTP Basic; pages are rendered here, no scripts."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, File, Form, HTTPException, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from jinja2 import Environment, PackageLoader, select_autoescape
from pydantic import BaseModel
from sqlalchemy import func, select

from kiosk.bureau import decisions, rosters, standing, tables
from kiosk.bureau.api import office_of
from kiosk.bureau.office import Office, make_code, revoke
from kiosk.sync import protocol, seal

USER = "bureau"
_basic = HTTPBasic(realm="bureau")
_pages = Environment(loader=PackageLoader("kiosk.bureau"), autoescape=select_autoescape(default=True))
router = APIRouter(tags=["clerk"])
ErrorBody = {"content": {"application/json": {"schema": {"type": "object"}}}}


def clerk(request: Request, given: Annotated[HTTPBasicCredentials, Depends(_basic)]) -> Office:
    """Let a clerk in. Raises 401; 403 when a form was sent from another site."""
    office = office_of(request)
    right = secrets.compare_digest(given.password.encode(), office.admin_password.encode())
    if not right or not secrets.compare_digest(given.username.encode(), USER.encode()):
        raise HTTPException(401, "wrong name or password", {"WWW-Authenticate": 'Basic realm="bureau"'})
    # Browsers send the password along with forms of other sites, too.
    if request.method != "GET" and request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "sent from another site")
    return office


Clerk = Annotated[Office, Depends(clerk)]
_401: dict[int | str, dict[str, Any]] = {
    400: {"description": "Not to be parsed", **ErrorBody},
    401: {"description": "Not signed in", **ErrorBody},
    403: {"description": "Another site", **ErrorBody},
}
_404: dict[int | str, dict[str, Any]] = {**_401, 404: {"description": "Not there", **ErrorBody}}


class CodeRequest(BaseModel):
    """For which station."""

    station_id: protocol.Id


class DecisionRequest(BaseModel):
    """A clerk's word on a record."""

    record_id: protocol.Id
    decided: Literal["confirmed", "returned"]
    reason: protocol.Code = ""


class MessageRequest(BaseModel):
    """For one station, or for all when empty."""

    station_id: Annotated[str, protocol.Field(max_length=128, pattern=r"^[A-Za-z0-9._:@+/=-]*$")] = ""
    text: protocol.Text


class RevokeRequest(BaseModel):
    """Why."""

    reason: protocol.Code = "revoked"


@router.post("/admin/codes", responses=_401)
def admin_code(office: Clerk, asked: CodeRequest) -> dict[str, str]:
    """Make a one-time enrolment code."""
    return {"code": make_code(office, asked.station_id)}


@router.post("/admin/decisions", responses=_404)
def admin_decide(office: Clerk, asked: DecisionRequest) -> dict[str, str]:
    """Confirm or return a record."""
    if not decisions.decide(office, asked.record_id, asked.decided, asked.reason):
        raise HTTPException(404, "no such record")
    return {"record_id": asked.record_id, "decision": asked.decided}


@router.post("/admin/kiosks/{kiosk_id}/revoke", responses=_404)
def admin_revoke(office: Clerk, kiosk_id: protocol.Id, asked: RevokeRequest) -> dict[str, str]:
    """Revoke a kiosk."""
    if not revoke(office, kiosk_id, asked.reason):
        raise HTTPException(404, "no such kiosk")
    return {"kiosk_id": kiosk_id, "revoked": asked.reason}


@router.post("/admin/rosters", responses=_401)
def admin_roster(office: Clerk, file: Annotated[UploadFile, File()]) -> dict[str, int]:
    """Issue a roster: lines of JSON."""
    return {"version": _issue(office, file)}


@router.post("/admin/bundle", responses=_401)
def admin_bundle(office: Clerk, content: rosters.BundleContent) -> dict[str, int]:
    """Issue policies, staff and revocations."""
    return {"version": rosters.issue_bundle(office, content)}


@router.post("/admin/messages", responses=_401)
def admin_message(office: Clerk, asked: MessageRequest) -> dict[str, str]:
    """Leave a message."""
    return {"message_id": rosters.add_message(office, asked.station_id, asked.text, None)}


@router.get("/admin/records", responses=_401)
def admin_records(
    office: Clerk,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    decision: Literal["", "pending", "confirmed", "returned"] = "",
) -> list[dict[str, Any]]:
    """Newest records first."""
    return _records(office, limit, decision)


@router.get("/admin/all-records", responses=_401)
def admin_all_records(office: Clerk) -> list[dict[str, str]]:
    """Every record in short, for reconciliation with other systems."""
    names = ("record_id", "kiosk_id", "content_digest", "pass_key", "outcome", "verdict", "decision")
    with office.session.begin() as session:
        rows = session.execute(select(*(getattr(tables.Record, name) for name in names)))
        return [dict(zip(names, row, strict=True)) for row in rows]


@router.get("/admin/records/{record_id}", responses=_404)
def admin_record(office: Clerk, record_id: protocol.Id) -> dict[str, Any]:
    """One record as the bureau has it."""
    with office.session.begin() as session:
        row = session.get(tables.Record, record_id)
        if row is None:
            raise HTTPException(404, "no such record")
        return _shown(row)


@router.get("/admin/evidence", responses=_401)
def admin_evidence(office: Clerk, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[dict[str, Any]]:
    """What came for human review, newest first, without the content."""
    return _evidence(office, limit)


@router.get(
    "/admin/evidence/{evidence_id}",
    response_class=Response,
    responses={**_404, 200: {"description": "The scan", "content": {kind: {} for kind in get_args(protocol.MediaType)}}},
)
def admin_evidence_content(office: Clerk, evidence_id: protocol.Id) -> Response:
    """One scan, to be saved and looked at: never shown inside this page."""
    with office.session.begin() as session:
        row = session.get(tables.Evidence, evidence_id)
        if row is None:
            raise HTTPException(404, "no such evidence")
        name = f"evidence.{row.media_type.rsplit('/', 1)[1]}"
        return Response(
            row.content,
            media_type=row.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )


@router.post("/admin/findings/{finding_id}/clear", responses=_404)
def admin_clear(office: Clerk, finding_id: protocol.Id) -> dict[str, str]:
    """A clerk has looked into a kiosk that seemed restored or doubled: it may serve by itself again."""
    if not standing.clear(office, finding_id, USER):
        raise HTTPException(404, "no such open finding")
    return {"finding_id": finding_id}


@router.get("/admin/summary", responses=_401)
def admin_summary(office: Clerk) -> dict[str, Any]:
    """Counts and stations."""
    return _summary(office)


@router.get("/", response_class=HTMLResponse, responses=_401)
def page(office: Clerk, code: Annotated[str, Query(max_length=40)] = "", note: Annotated[str, Query(max_length=200)] = "") -> str:
    """The page."""
    return _pages.get_template("bureau.html").render(
        **_summary(office),
        records=_records(office, 50, ""),
        returned=_records(office, 50, "returned"),
        code=code,
        note=note,
        evidence=_evidence(office, 50),
        bureau_id=office.bureau_id,
        reasons=decisions.RETURN_REASONS,
    )


@router.post("/forms/code", include_in_schema=False)
def form_code(office: Clerk, station_id: Annotated[protocol.Id, Form()]) -> Response:
    """Form: a code."""
    return RedirectResponse(f"/?code={make_code(office, station_id)}", 303)


@router.post("/forms/decide", include_in_schema=False)
def form_decide(
    office: Clerk,
    record_id: Annotated[protocol.Id, Form()],
    decided: Annotated[Literal["confirmed", "returned"], Form()],
    reason: Annotated[protocol.Code, Form()] = "",
) -> Response:
    """Form: a decision."""
    decisions.decide(office, record_id, decided, reason)
    return RedirectResponse("/#records", 303)


@router.post("/forms/revoke", include_in_schema=False)
def form_revoke(office: Clerk, kiosk_id: Annotated[protocol.Id, Form()]) -> Response:
    """Form: revoke."""
    revoke(office, kiosk_id, "revoked")
    return RedirectResponse("/", 303)


@router.post("/forms/clear", include_in_schema=False)
def form_clear(office: Clerk, finding_id: Annotated[protocol.Id, Form()]) -> Response:
    """Form: a finding is cleared."""
    standing.clear(office, finding_id, USER)
    return RedirectResponse("/", 303)


@router.post("/forms/roster", include_in_schema=False)
def form_roster(office: Clerk, file: Annotated[UploadFile, File()]) -> Response:
    """Form: a roster."""
    return RedirectResponse(f"/?note=roster+{_issue(office, file)}", 303)


@router.post("/forms/message", include_in_schema=False)
def form_message(
    office: Clerk, text: Annotated[protocol.Text, Form()], station_id: Annotated[str, Form(max_length=128)] = ""
) -> Response:
    """Form: a message."""
    rosters.add_message(office, station_id, text, None)
    return RedirectResponse("/?note=message", 303)


def _issue(office: Office, file: UploadFile) -> int:
    with tempfile.NamedTemporaryFile(dir=office.settings.data, suffix=".upload") as copy:
        while block := file.file.read(1024 * 1024):
            copy.write(block)
        copy.flush()
        try:
            return rosters.issue(office, Path(copy.name))
        except seal.Refused as error:
            raise HTTPException(400, str(error)) from error


def _records(office: Office, limit: int, decision: str) -> list[dict[str, Any]]:
    query = select(tables.Record).order_by(tables.Record.received_at.desc()).limit(limit)
    if decision:
        query = query.where(tables.Record.decision == ("" if decision == "pending" else decision))
    with office.session.begin() as session:
        return [_shown(row) for row in session.scalars(query)]


def _evidence(office: Office, limit: int) -> list[dict[str, Any]]:
    names = ("evidence_id", "record_id", "kiosk_id", "consent_id", "media_type", "received_at")
    query = select(*(getattr(tables.Evidence, name) for name in names)).order_by(tables.Evidence.received_at.desc()).limit(limit)
    with office.session.begin() as session:
        return [dict(zip(names, row, strict=True)) for row in session.execute(query)]


def _shown(row: tables.Record) -> dict[str, Any]:
    """A record without what could name the person."""
    return {
        key: getattr(row, key)
        for key in (
            "record_id",
            "kiosk_id",
            "batch_id",
            "person_id",
            "pass_key",
            "channel",
            "outcome",
            "reason",
            "captured_at",
            "corrected_at",
            "clock_suspect",
            "received_at",
            "verdict",
            "decision",
            "decision_reason",
            "content_digest",
        )
    }


def _summary(office: Office) -> dict[str, Any]:
    with office.session.begin() as session:
        verdicts = {
            f"{v}/{d or 'pending'}": n
            for v, d, n in session.execute(
                select(tables.Record.verdict, tables.Record.decision, func.count()).group_by(
                    tables.Record.verdict, tables.Record.decision
                )
            )
        }
        stations = [
            {
                key: getattr(row, key)
                for key in (
                    "kiosk_id",
                    "station_id",
                    "name",
                    "last_contact",
                    "backlog",
                    "last_seq",
                    "roster_version",
                    "clock_offset_s",
                    "software",
                    "revoked_at",
                    "revoked_reason",
                )
            }
            for row in session.scalars(select(tables.Kiosk).order_by(tables.Kiosk.station_id))
        ]
        return {
            "stations": stations,
            "verdicts": verdicts,
            "passes": session.scalar(select(func.count()).select_from(tables.Pass)),
            "batches": session.scalar(select(func.count()).select_from(tables.Batch)),
            "journal_conflicts": session.scalar(
                select(func.count()).select_from(tables.JournalLine).where(tables.JournalLine.conflict != "")
            ),
            "findings": standing.open_findings(session),
            "roster_version": session.scalar(select(func.max(tables.RosterFile.version))) or 0,
            "bundle_version": session.scalar(select(func.max(tables.BundleVersion.version))) or 0,
        }
