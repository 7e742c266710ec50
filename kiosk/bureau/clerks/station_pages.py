"""Pages of the stations: the table, one kiosk, codes to register, messages, findings, asking to revoke."""

from __future__ import annotations

import time
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import rosters, sessions, standing, tables
from kiosk.bureau.clerks import audit, four_eyes, settings, stations
from kiosk.bureau.clerks.four_eyes import FourEyesRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, Own, Who, page, words_of
from kiosk.bureau.context import BureauContext, code_address, make_code
from kiosk.sync import protocol, suites

router = APIRouter(tags=["page"], responses=ANSWERS)
_BANDS_KEPT_S = 600.0  # ours
REVOKE_REASONS = ("stolen", "doubled", "retired", "key-lost")
KioskId = Annotated[protocol.Id, Path()]
_ID: TypeAdapter[str] = TypeAdapter(protocol.Id)
_Typed = Annotated[str, Query(max_length=128, pattern=r"^[^\x00]*$")]


@router.get("/stations", response_class=HTMLResponse)
def stations_page(
    request: Request,
    context: Bureau,
    _: Who,
    show: Annotated[str, Query(max_length=16)] = "all",
    text: _Typed = "",
    after_station: _Typed = "",
    after_kiosk: _Typed = "",
) -> HTMLResponse:
    """The table of kiosks, alarms and findings above it, whom the machine fails below."""
    silent_h = settings.of(context).alarms.silent_h
    show = show if show in stations.SHOWS else "all"
    after = (after_station, after_kiosk) if after_station else None
    rows, more = stations.find(context, show, text.strip(), silent_h, after)
    further = {"show": show, "text": text}
    if more:
        further |= {"after_station": rows[-1].station_id, "after_kiosk": rows[-1].kiosk_id}
    with context.session.begin() as transaction:
        findings = standing.open_findings(transaction)
    return page(
        request,
        "stations.html",
        rows=rows,
        more=f"/stations?{urlencode(further)}" if more else "",
        show=show,
        shows=stations.SHOWS,
        text=text,
        counts=stations.counts(context, silent_h),
        alarms=stations.alarms(context),
        rollouts=stations.rollouts(context),
        findings=findings,
        bands=_bands(request, context),
        days=stations.FAIR_DAYS,
        least=stations.MIN_SHOWN,
        silent_h=silent_h,
        suites=list(context.rings),
    )


def _bands(request: Request, context: BureauContext) -> list[stations.Band]:
    """A month's attempts, counted anew every ten minutes in each process: among ten million records that takes its time."""
    kept: tuple[float, list[stations.Band]] | None = request.app.state.bands
    if kept is None or time.monotonic() - kept[0] > _BANDS_KEPT_S:
        kept = request.app.state.bands = (time.monotonic(), stations.fairness(context))
    return kept[1]


@router.get("/stations/{kiosk_id}", response_class=HTMLResponse)
def station_page(request: Request, context: Bureau, who: Who, kiosk_id: KioskId) -> HTMLResponse:
    """One kiosk."""
    return _station(request, context, kiosk_id, "", 200)


def _station(request: Request, context: BureauContext, kiosk_id: str, wrong: str, status: int) -> HTMLResponse:
    with context.session.begin() as transaction:
        row = transaction.get(tables.Kiosk, kiosk_id)
        findings = [one for one in standing.open_findings(transaction) if one["kiosk_id"] == kiosk_id]
    if row is None:
        raise HTTPException(404, "no such kiosk")
    found, _ = stations.find(context, "all", row.station_id, settings.of(context).alarms.silent_h, None)
    one = next((one for one in found if one.kiosk_id == kiosk_id), None)
    if one is None:
        raise HTTPException(404, "no such kiosk")
    return page(
        request,
        "station.html",
        status,
        one=one,
        findings=findings,
        troubles=stations.troubles(context, kiosk_id),
        reasons=REVOKE_REASONS,
        asked=next((each for each in four_eyes.waiting(context) if (each.kind, each.subject) == ("revoke", kiosk_id)), None),
        wrong=wrong,
    )


@router.post("/stations/code", response_class=HTMLResponse)
def code_form(
    request: Request,
    context: Bureau,
    who: Own,
    station_id: Annotated[str, Form(max_length=200)] = "",
    suite: Annotated[Literal["", "std-1", "gm-1"], Form()] = "",
) -> Response:
    """A one-time code, shown once by the next page. suite: under which the station will speak; else the bureau's first."""
    words = words_of(request)
    try:
        station = _ID.validate_python(station_id.strip())
    except ValidationError:
        sessions.leave(context, who.token, words.text("stations.number-malformed"))
        return RedirectResponse("/stations", 303)
    code = make_code(context.under(suites.by_name(suite)) if suite in context.rings else context, station)
    audit.note(context, who.actor, "code-made", station)
    told = words.text("stations.code", station=station, code=code)
    sessions.leave(context, who.token, f"{told}\n{code_address(code, station)}")  # the second line is shown as a picture
    return RedirectResponse("/stations", 303)


@router.post("/stations/message", response_class=HTMLResponse)
def message_form(
    request: Request,
    context: Bureau,
    who: Own,
    text: Annotated[protocol.Text, Form()] = "",
    station_id: Annotated[str, Form(max_length=128, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """A message for the attendants of a station, or of all."""
    told = "stations.message-empty"
    if text.strip():
        message_id = rosters.add_message(context, station_id.strip(), text.strip(), None)
        audit.note(context, who.actor, "message-sent", message_id, station=station_id.strip(), text=text.strip()[:200])
        told = "stations.message-sent"
    sessions.leave(context, who.token, words_of(request).text(told))
    return RedirectResponse("/stations", 303)


@router.post("/stations/findings/{finding_id}/clear", response_class=HTMLResponse)
def clear_form(request: Request, context: Bureau, who: Own, finding_id: Annotated[protocol.Id, Path()]) -> Response:
    """A finding was looked into: the kiosk may serve by itself again."""

    def witness(transaction: Transaction, row: tables.Finding) -> None:
        audit.write(transaction, who.actor, "finding-cleared", row.kiosk_id, kind=row.kind, count=row.count)

    if not standing.clear(context, finding_id, who.user, witness):
        raise HTTPException(404, "no such open finding")
    sessions.leave(context, who.token, words_of(request).text("stations.cleared"))
    return RedirectResponse("/stations", 303)


@router.post("/stations/{kiosk_id}/revoke", response_class=HTMLResponse)
def revoke_form(
    request: Request,
    context: Bureau,
    who: Own,
    kiosk_id: KioskId,
    reason: Annotated[Literal["stolen", "doubled", "retired", "key-lost"], Form()],
) -> Response:
    """Ask for a kiosk to be revoked: a second person must agree."""
    with context.session.begin() as transaction:
        row = transaction.get(tables.Kiosk, kiosk_id)
    if row is None:
        raise HTTPException(404, "no such kiosk")
    words = words_of(request)
    if row.revoked_at is not None:
        return _station(request, context, kiosk_id, words.text("stations.revoked-already"), 409)
    try:
        four_eyes.ask(context, who.actor, "revoke", kiosk_id, {"reason": reason, "station": row.station_id})
    except FourEyesRefused as error:
        return _station(request, context, kiosk_id, words.text(f"four_eyes.{error.why}"), 409)
    sessions.leave(context, who.token, words.text("record.asked"))
    return RedirectResponse(f"/stations/{kiosk_id}", 303)
