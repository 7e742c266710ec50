"""The page of what waits for a second person, and agreeing or refusing there."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from kiosk.bureau import sessions
from kiosk.bureau.clerks import audit, doing, four_eyes
from kiosk.bureau.clerks.four_eyes import FourEyesRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, Own, Who, page, words_of
from kiosk.bureau.context import BureauContext
from kiosk.bureau.sessions import Session
from kiosk.sync import protocol

router = APIRouter(tags=["page"], responses=ANSWERS)


@router.get("/requests", response_class=HTMLResponse)
def requests_page(request: Request, context: Bureau, who: Who) -> HTMLResponse:
    """What waits for a second person."""
    return _requests(request, context, who, "", 200)


def _requests(request: Request, context: BureauContext, who: Session, wrong: str, status: int) -> HTMLResponse:
    rows = four_eyes.waiting(context)
    mine = {
        one.proposal_id: one.asked_by != who.user and who.role is not None and who.role >= four_eyes.AGREES[one.kind]
        for one in rows
    }
    return page(request, "requests.html", status, rows=rows, mine=mine, wrong=wrong)


@router.post("/requests/{proposal_id}/settle", response_class=HTMLResponse)
def settle_form(
    request: Request,
    context: Bureau,
    who: Own,
    proposal_id: Annotated[protocol.Id, Path()],
    answer: Annotated[Literal["agree", "refuse"], Form()],
) -> Response:
    """Agree or refuse."""
    words = words_of(request)
    try:
        if answer == "agree":
            doing.do(context, who.actor, four_eyes.one(context, proposal_id))
            _wake(request)
        else:
            four_eyes.refuse(context, who.actor, proposal_id)
    except FourEyesRefused as error:
        audit.note(context, who.actor, "four-eyes-refused", proposal_id, why=error.why)
        status = {"not-there": 404, "own-request": 403, "not-for-this-role": 403}.get(error.why, 409)
        return _requests(request, context, who, words.text(f"four_eyes.{error.why}"), status)
    sessions.leave(context, who.token, words.text(f"requests.{answer}d"))
    return RedirectResponse("/requests", 303)


def _wake(request: Request) -> None:
    issuer = getattr(request.app.state, "issuer", None)
    if issuer is not None:
        issuer.wake()
