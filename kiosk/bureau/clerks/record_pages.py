"""Pages of the work list: searching, one record with its papers, deciding, and what waits for a second person."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import decisions, sessions, slip_code, tables
from kiosk.bureau.clerks import audit, four_eyes, people, settings, work_list
from kiosk.bureau.clerks.four_eyes import FourEyesRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, Own, Who, page, picture, words_of
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.clerks.work_list import Wanted, Whole
from kiosk.bureau.context import BureauContext
from kiosk.bureau.sessions import Session
from kiosk.domain.record import Channel
from kiosk.errors import KioskError
from kiosk.sync import protocol

router = APIRouter(tags=["page"], responses=ANSWERS)
RecordId = Annotated[protocol.Id, Path()]
CHANNELS = tuple(one.value for one in Channel)


class NotDecided(KioskError):
    """Why a record was not decided: nothing-to-decide, decided-already, reason-missing."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@router.get("/", response_class=HTMLResponse)
def home(_: Who) -> Response:
    """What a clerk begins with."""
    return RedirectResponse("/records", 303)


@router.get("/records", response_class=HTMLResponse)
def records_page(
    request: Request,
    context: Bureau,
    who: Who,
    state: Annotated[str, Query(max_length=16)] = "pending",
    person: Annotated[str, Query(max_length=128, pattern=r"^[^\x00]*$")] = "",
    station: Annotated[str, Query(max_length=128, pattern=r"^[^\x00]*$")] = "",
    channel: Annotated[str, Query(max_length=64, pattern=r"^[^\x00]*$")] = "",
    first: Annotated[str, Query(max_length=10)] = "",
    last: Annotated[str, Query(max_length=10)] = "",
    suspect: Annotated[Literal["", "yes"], Query()] = "",
    after: Annotated[str, Query(max_length=400)] = "",
) -> HTMLResponse:
    """The list. What cannot be a date is no date: a search never ends in an error."""
    wanted = Wanted(
        state=state if state in work_list.STATES else "pending",
        person=person.strip(),
        station=station.strip(),
        channel=channel if channel in CHANNELS else "",
        first=_day(first),
        last=_day(last),
        suspect=bool(suspect),
    )
    found = work_list.find(context, wanted, settings.of(context).zone, after)
    by = [name for name, value in (("person", person), ("station", station), ("date", first or last)) if value.strip()]
    if by:
        audit.note(context, who.actor, "searched", wanted.state, by=by, found=len(found.lines))
    asked = {"state": wanted.state, "person": person, "station": station, "channel": channel, "first": first, "last": last}
    asked |= {"suspect": suspect}
    return page(
        request,
        "records.html",
        wanted=wanted,
        lines=found.lines,
        cut=found.cut,
        everywhere=f"/records?{urlencode({**asked, 'state': 'all'})}" if person.strip() and wanted.state != "all" else "",
        more=f"/records?{urlencode({**asked, 'after': found.after})}" if found.after else "",
        states=work_list.STATES,
        channels=CHANNELS,
        waiting=work_list.waiting(context),
        reviews=work_list.reviews(context, settings.of(context).today()),
        today=settings.of(context).today(),
        first=first,
        last=last,
        start=not after,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@router.get("/records/{record_id}", response_class=HTMLResponse)
def record_page(request: Request, context: Bureau, who: Who, record_id: RecordId) -> HTMLResponse:
    """One record, its papers beside it."""
    found = _found(context, record_id)
    audit.note(context, who.actor, "saw-record", record_id, papers=len(found.papers))
    return _record(request, context, who, found, "")


def _found(context: BureauContext, record_id: str) -> Whole:
    found = work_list.whole(context, record_id)
    if found is None:
        raise HTTPException(404, "no such record")
    return found


def _record(request: Request, context: BureauContext, who: Session, found: Whole, wrong: str, status: int = 200) -> HTMLResponse:
    full = who.role is not None and who.role >= Role.CLERK  # who compares papers needs the whole number
    code = slip_code.of(context, found.line.record_id, settings.of(context).today())
    return page(
        request,
        "record.html",
        status,
        one=found,
        number=found.number if full else people.masked(found.number),
        full=full,
        decidable=found.line.decidable,
        today=settings.of(context).today(),
        reasons=decisions.RETURN_REASONS,
        wrong=wrong,
        code=picture(code) if full and code else "",
    )


@router.post("/records/{record_id}/decide", response_class=HTMLResponse)
def decide_form(
    request: Request,
    context: Bureau,
    who: Own,
    record_id: RecordId,
    decided: Annotated[Literal["confirmed", "returned"], Form()],
    reason: Annotated[protocol.Code, Form()] = "",
    note: Annotated[str, Form(max_length=500)] = "",
    seen: Annotated[Literal["", "confirmed", "returned"], Form()] = "",
) -> Response:
    """Decide a record that waits. One that was decided is another matter: a second person must agree.

    seen: the decision that the page showed. Who saw none and comes second is told so, and has not asked for another one.
    """
    words, found = words_of(request), _found(context, record_id)
    try:
        if decided == "returned" and reason not in decisions.RETURN_REASONS:
            raise NotDecided("reason-missing")
        if found.line.decision != seen and found.line.decidable:
            raise NotDecided("decided-already")
        if found.line.decision:
            _ask_override(context, who, found, decided, reason, note)
            sessions.leave(context, who.token, words.text("record.asked"))
            return RedirectResponse(f"/records/{record_id}", 303)
        _decide(context, who, record_id, decided, "" if decided == "confirmed" else reason, note)
    except NotDecided as error:
        status = 400 if error.why == "reason-missing" else 409
        return _record(request, context, who, _found(context, record_id), words.text(f"record.{error.why}"), status)
    except FourEyesRefused as error:
        return _record(request, context, who, found, words.text(f"four_eyes.{error.why}"), 409)
    sessions.leave(context, who.token, words.text(f"record.done-{decided}", name=found.line.name or found.line.person_id))
    following = work_list.next_after(context, found.line.received_at, record_id)
    return RedirectResponse(f"/records/{following}" if following else "/records", 303)


def _decide(context: BureauContext, who: Session, record_id: str, decided: str, reason: str, note: str) -> None:
    def witness(transaction: Transaction, row: tables.Record) -> None:
        if not work_list.decidable(row.outcome, row.channel):
            raise NotDecided("nothing-to-decide")
        if row.decision:  # another clerk was quicker
            raise NotDecided("decided-already")
        audit.write(transaction, who.actor, decided, record_id, reason=reason, note=note)

    decisions.decide(context, record_id, decided, reason, witness)


def _ask_override(context: BureauContext, who: Session, found: Whole, decided: str, reason: str, note: str) -> None:
    if not found.line.decidable:
        raise NotDecided("nothing-to-decide")
    wanted = (decided, "" if decided == "confirmed" else reason)
    if wanted == (found.line.decision, found.line.decision_reason):
        raise NotDecided("decided-already")
    content = {"decided": wanted[0], "reason": wanted[1], "before": found.line.decision, "note": note}
    four_eyes.ask(context, who.actor, "override", found.line.record_id, content)


# --- papers

_SHOWN: dict[str, bytes] = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


@router.get(
    "/papers/{evidence_id}",
    response_class=Response,
    responses={200: {"description": "The scan", "content": {kind: {} for kind in ("image/jpeg", "image/png", "application/pdf")}}},
)
def paper(
    context: Bureau, who: Who, evidence_id: Annotated[protocol.Id, Path()], save: Annotated[Literal["", "yes"], Query()] = ""
) -> Response:
    """One scan. Pictures are shown beside the record, by their first bytes; anything else is saved, never shown."""
    with context.session.begin() as transaction:
        row = transaction.get(tables.Evidence, evidence_id)
        if row is None:
            raise HTTPException(404, "no such paper")
        kind, content, record_id = row.media_type, row.content, row.record_id
        audit.write(transaction, who.actor, "saw-paper", record_id, evidence=evidence_id, saved=bool(save))
    shown = kind in _SHOWN and content.startswith(_SHOWN[kind]) and not save
    name = f"evidence.{kind.rsplit('/', 1)[1]}"
    headers = {} if shown else {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)
