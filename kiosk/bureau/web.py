"""The clerks' page: sign-in, one page, plain forms, no scripts. Whoever comes here was let in at the door (`bureau.door`).

Each form brings the session's token along; what is to be seen once (a code) is left in the session, never in an address.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from kiosk.bureau import decisions, rosters, sessions, standing, views
from kiosk.bureau.admin import Clerk, Who, issue, signed_in
from kiosk.bureau.api import office_of
from kiosk.bureau.door import cookie_name, source_of
from kiosk.bureau.office import make_code, revoke
from kiosk.bureau.sessions import Session
from kiosk.sync import protocol

_pages = Environment(loader=PackageLoader("kiosk.bureau"), autoescape=select_autoescape(default=True))
router = APIRouter(include_in_schema=False)


def own_form(who: Annotated[Session, Depends(signed_in)], token: Annotated[str, Form(max_length=100)] = "") -> Session:
    """Return the session when the form is one of its own pages. Raises 403."""
    if not who.token or not secrets.compare_digest(token.encode("utf-8", "replace"), who.form_token.encode()):
        raise HTTPException(403, "this form is not of your session: load the page again")
    return who


Form_ = Annotated[Session, Depends(own_form)]


@router.get("/static/bureau.css")
def style() -> FileResponse:
    """The page's looks."""
    return FileResponse(Path(__file__).parent / "static" / "bureau.css", media_type="text/css")


@router.get("/sign-in", response_class=HTMLResponse)
def sign_in_page() -> str:
    """The page to sign in."""
    return _pages.get_template("sign_in.html").render(wrong="")


@router.post("/sign-in")
def sign_in(
    request: Request, user: Annotated[str, Form(max_length=100)] = "", password: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Begin a session, or say that name or password is wrong."""
    office, source = office_of(request), source_of(request.scope)
    wrong = ""
    if sessions.too_many(office, user, source):
        wrong = "试得太多了，一小时后再试"
    elif not sessions.right_password(office, user, password):
        sessions.failed(office, user, source)
        wrong = "名字或密码不对"
    if wrong:
        return HTMLResponse(_pages.get_template("sign_in.html").render(wrong=wrong), 401)
    made = sessions.sign_in(office, user)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        cookie_name(request.scope),
        made.token,
        max_age=int(sessions.LASTS.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/sign-out")
def sign_out(request: Request, who: Form_) -> Response:
    """End the session."""
    sessions.sign_out(office_of(request), who.token)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(
        cookie_name(request.scope), path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict"
    )
    return answer


@router.get("/", response_class=HTMLResponse)
def page(office: Clerk, who: Who) -> str:
    """The page."""
    return _pages.get_template("bureau.html").render(
        **views.summary(office),
        records=views.records(office, 50, ""),
        returned=views.records(office, 50, "returned"),
        flash=sessions.take(office, who.token),
        token=who.form_token,
        evidence=views.evidence(office, 50),
        bureau_id=office.bureau_id,
        reasons=decisions.RETURN_REASONS,
    )


@router.post("/forms/code")
def form_code(office: Clerk, who: Form_, station_id: Annotated[protocol.Id, Form()]) -> Response:
    """Form: a code, shown once by the next page."""
    code = make_code(office, station_id)
    sessions.leave(office, who.token, f"{station_id} 的一次性登记码（七天内有效，只显示这一次）：{code}")
    return RedirectResponse("/", 303)


@router.post("/forms/decide")
def form_decide(
    office: Clerk,
    _: Form_,
    record_id: Annotated[protocol.Id, Form()],
    decided: Annotated[Literal["confirmed", "returned"], Form()],
    reason: Annotated[protocol.Code, Form()] = "",
) -> Response:
    """Form: a decision."""
    decisions.decide(office, record_id, decided, reason)
    return RedirectResponse("/#records", 303)


@router.post("/forms/revoke")
def form_revoke(office: Clerk, _: Form_, kiosk_id: Annotated[protocol.Id, Form()]) -> Response:
    """Form: revoke."""
    revoke(office, kiosk_id, "revoked")
    return RedirectResponse("/", 303)


@router.post("/forms/clear")
def form_clear(office: Clerk, who: Form_, finding_id: Annotated[protocol.Id, Form()]) -> Response:
    """Form: a finding is cleared."""
    standing.clear(office, finding_id, who.user)
    return RedirectResponse("/", 303)


@router.post("/forms/roster")
def form_roster(
    office: Clerk, who: Form_, file: Annotated[UploadFile, File()], meant: Annotated[str, Form(max_length=10)] = ""
) -> Response:
    """Form: a roster."""
    sessions.leave(office, who.token, f"已发布花名册 {issue(office, file, meant == 'yes')}")
    return RedirectResponse("/", 303)


@router.post("/forms/message")
def form_message(
    office: Clerk, who: Form_, text: Annotated[protocol.Text, Form()], station_id: Annotated[str, Form(max_length=128)] = ""
) -> Response:
    """Form: a message."""
    rosters.add_message(office, station_id, text, None)
    sessions.leave(office, who.token, "消息已发送")
    return RedirectResponse("/", 303)
