"""Pages of the rosters: handing in, looking at what would change, issuing, withdrawing, history."""

from __future__ import annotations

import tomllib
from typing import Annotated

from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from kiosk.bureau import sessions
from kiosk.bureau.clerks import four_eyes, policies, roster_drafts
from kiosk.bureau.clerks.four_eyes import FourEyesRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, Own, Who, page, words_of
from kiosk.bureau.clerks.roster_drafts import DraftRefused
from kiosk.bureau.clerks.words import Words
from kiosk.bureau.context import BureauContext
from kiosk.bureau.rosters import RosterFaulty
from kiosk.sync import protocol, seal

router = APIRouter(tags=["page"], responses=ANSWERS)
DraftId = Annotated[protocol.Id, Path()]


@router.get("/rosters", response_class=HTMLResponse)
def rosters_page(request: Request, context: Bureau, _: Who) -> HTMLResponse:
    """Drafts and what was issued."""
    return _rosters(request, context, "", 200)


def _rosters(request: Request, context: BureauContext, wrong: str, status: int) -> HTMLResponse:
    drafts = [(draft, roster_drafts.report_of(context, draft)) for draft in roster_drafts.newest(context)]
    busy = any(draft.state in ("waiting", "issuing") for draft, _ in drafts)
    rules = [(name, tomllib.loads(text).get("kind", "")) for name, text in sorted(policies.content_of(context).policies.items())]
    issued = roster_drafts.issued(context)
    return page(request, "rosters.html", status, drafts=drafts, issued=issued, rules=rules, wrong=wrong, busy=busy)


@router.post("/rosters/upload", response_class=HTMLResponse)
def upload_form(
    request: Request,
    context: Bureau,
    who: Own,
    file: Annotated[UploadFile, File()],
    policy: Annotated[str, Form(max_length=128)] = "",
) -> Response:
    """Take a roster and look at it. It is read where it was put, which has no name: nothing is left by a kill."""
    if policy and policy not in policies.content_of(context).policies:
        return _rosters(request, context, words_of(request).text("rosters.no-such-policy"), 400)
    try:
        draft_id = roster_drafts.take(context, who.actor, file.file, file.filename or "", policy)
    except seal.Refused as error:
        return _rosters(request, context, _why(words_of(request), error), 400)
    return RedirectResponse(f"/rosters/{draft_id}", 303)


def _why(words: Words, error: seal.Refused) -> str:
    """Say which lines are wrong, and what is to be done about it."""
    if not isinstance(error, RosterFaulty):
        return words.text("rosters.refused", why=str(error))
    alike: dict[tuple[str, str, object, object], list[str]] = {}  # lines of which the same is said
    for one in error.faults:
        code = str(one.given.get("field", "")).removeprefix("benefits.").replace(" ", "-")
        key = (one.code, words.of("roster_field", code), one.given.get("other", ""), one.given.get("detail", ""))
        alike.setdefault(key, []).append(str(one.given.get("line", "")))
    told = [
        words.text(f"roster_fault.{code}", line="、".join(lines), field=field, other=other, detail=detail)
        for (code, field, other, detail), lines in alike.items()
    ]
    return words.text("rosters.refused", why="；".join(told))


@router.get("/rosters/{draft_id}", response_class=HTMLResponse)
def draft_page(request: Request, context: Bureau, _: Who, draft_id: DraftId) -> HTMLResponse:
    """What a roster would change."""
    return _draft(request, context, draft_id, "", 200)


def _draft(request: Request, context: BureauContext, draft_id: str, wrong: str, status: int) -> HTMLResponse:
    try:
        draft = roster_drafts.get(context, draft_id)
    except DraftRefused:
        return _rosters(request, context, words_of(request).text("rosters.not-there"), 404)
    return page(request, "roster.html", status, draft=draft, report=roster_drafts.report_of(context, draft), wrong=wrong)


@router.post("/rosters/{draft_id}/issue", response_class=HTMLResponse)
def issue_form(request: Request, context: Bureau, who: Own, draft_id: DraftId) -> Response:
    """Issue a roster in the background; one that looks like a mistake waits for a second person."""
    words = words_of(request)
    try:
        report = roster_drafts.report_of(context, roster_drafts.get(context, draft_id))
        if report.asks:
            content = {"people": report.people, "before": report.before, "why": report.asks}
            four_eyes.ask(context, who.actor, "roster-small", draft_id, content)
            sessions.leave(context, who.token, words.text("record.asked"))
            return RedirectResponse(f"/rosters/{draft_id}", 303)
        with context.session.begin() as transaction:
            roster_drafts.queue(transaction, who.actor, draft_id)
    except DraftRefused as error:
        return _draft(request, context, draft_id, words.text(f"rosters.{error.why}"), 404 if error.why == "not-there" else 409)
    except FourEyesRefused as error:
        return _draft(request, context, draft_id, words.text(f"four_eyes.{error.why}"), 409)
    issuer = getattr(request.app.state, "issuer", None)
    if issuer is not None:
        issuer.wake()
    return RedirectResponse("/rosters", 303)


@router.post("/rosters/{draft_id}/drop", response_class=HTMLResponse)
def drop_form(request: Request, context: Bureau, who: Own, draft_id: DraftId) -> Response:
    """Throw a draft away."""
    try:
        roster_drafts.drop(context, who.actor, draft_id)
    except DraftRefused as error:
        status = 404 if error.why == "not-there" else 409
        return _rosters(request, context, words_of(request).text(f"rosters.{error.why}"), status)
    return RedirectResponse("/rosters", 303)


@router.post("/rosters/issued/{version}/withdraw", response_class=HTMLResponse)
def withdraw_form(request: Request, context: Bureau, who: Own, version: Annotated[int, Path(ge=1, le=2**53)]) -> Response:
    """Ask for the newest roster to be withdrawn: a second person must agree, then the one before is issued in its place."""
    words = words_of(request)
    issued = roster_drafts.issued(context, 2)
    if len(issued) < 2 or issued[0][0] != version:
        return _rosters(request, context, words.text("rosters.not-newest"), 409)
    try:
        four_eyes.ask(context, who.actor, "roster-withdraw", str(version), {"people": issued[0][1], "back_to": issued[1][0]})
    except FourEyesRefused as error:
        return _rosters(request, context, words.text(f"four_eyes.{error.why}"), 409)
    sessions.leave(context, who.token, words.text("record.asked"))
    return RedirectResponse("/rosters", 303)
