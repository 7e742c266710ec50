"""Pages to sign in and out, of one's own account, of all accounts, and of the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Literal

import segno
from anyio import to_thread
from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, StreamingResponse
from markupsafe import Markup

from kiosk.bureau import sessions
from kiosk.bureau.clerks import accounts, audit, audit_words, passkeys, roles, second_factor, settings, sign_in
from kiosk.bureau.clerks.accounts import AccountRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, Own, Who, page, words_of
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.context import BureauContext
from kiosk.bureau.request_guard import cookie_name, source_of
from kiosk.bureau.sessions import Session
from kiosk.errors import ConfigError
from kiosk.sync import protocol

router = APIRouter(tags=["page"], responses=ANSWERS)


def site_of(request: Request) -> passkeys.Site | None:
    """Return where the browser is, for passkeys; None where there are none."""
    return passkeys.site_of(f"{request.url.scheme}://{request.headers.get('host', '')[:200]}")


_STATIC = FilePath(__file__).parent / "static"
_FILES = {"clerks.css": "text/css", "clerks.js": "text/javascript"}
AUDIT_PAGE = 100


@router.get("/static/{name}", response_class=Response, responses={200: {"content": {kind: {} for kind in _FILES.values()}}})
def static(name: Literal["clerks.css", "clerks.js"]) -> FileResponse:
    """The pages' looks and their keyboard."""
    return FileResponse(_STATIC / name, media_type=_FILES[name])


# --- in and out


@router.get("/sign-in", response_class=HTMLResponse)
def get_sign_in(request: Request) -> HTMLResponse:
    """The page to sign in."""
    return sign_in_page(request)


def sign_in_page(request: Request, wrong: str = "", status: int = 200) -> HTMLResponse:
    """Return the page to sign in. wrong: what was wrong, in words."""
    provider = settings.of(request.app.state.context).oidc
    return page(request, "sign_in.html", status, wrong=wrong, oidc=provider.title if provider else "")


@router.post("/sign-in", response_class=HTMLResponse)
async def sign_in_form(
    request: Request,
    context: Bureau,
    user: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Begin a session, or say that name or password is wrong."""
    source = source_of(request.scope)
    found = await to_thread.run_sync(sign_in.by_password, context, user.strip(), password, source, limiter=sign_in.hashing())
    if found.session is None:
        wrong = words_of(request).text(f"sign_in.{found.why}")
        return sign_in_page(request, wrong, 429 if found.why == "too-many" else 401)
    return with_cookie(request, found.session, RedirectResponse(next_of(found.session), 303))


def next_of(session: Session) -> str:
    """Return where somebody goes from here: the step that is due, or the first page."""
    return roles.STEPS[session.stage] if session.stage else "/"


def with_cookie(request: Request, session: Session, answer: Response) -> Response:
    """Return the answer with the session's cookie."""
    lasts = sessions.STAGE_LASTS if session.stage else sessions.LASTS
    answer.set_cookie(
        cookie_name(request.scope),
        session.token,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.get("/sign-in/second", response_class=HTMLResponse)
def second_page(request: Request, context: Bureau, who: Who) -> HTMLResponse:
    """The page for the second factor."""
    return second_answer(request, context, who)


def second_answer(request: Request, context: BureauContext, who: Session, why: str = "") -> HTMLResponse:
    """Return the page for the second factor: of codes, of passkeys, or of both. why: what was wrong with the last try."""
    site = site_of(request)
    with context.session.begin() as transaction:
        by_key = site is not None and any(one.site == site.name for one in passkeys.of(transaction, who.account_id))
        by_code = bool(accounts.locked(transaction, who.account_id).totp_sealed)
    status = 200 if not why else 429 if why == "too-many" else 401
    wrong = words_of(request).text(f"sign_in.{why}") if why else ""
    return page(request, "second.html", status, wrong=wrong, by_key=by_key, by_code=by_code)


@router.post("/sign-in/second", response_class=HTMLResponse)
def second_form(request: Request, context: Bureau, who: Own, code: Annotated[str, Form(max_length=40)] = "") -> Response:
    """Take the second factor."""
    found = sign_in.by_second_factor(context, who, code)
    if found.session is None:
        return second_answer(request, context, who, "code-wrong" if found.why == "wrong" else found.why)
    return with_cookie(request, found.session, RedirectResponse(next_of(found.session), 303))


@router.post("/sign-out", response_class=HTMLResponse)
def sign_out(request: Request, context: Bureau, who: Own) -> Response:
    """End this session."""
    sessions.sign_out(context, who.token)
    audit.note(context, who.actor, "signed-out", who.user)
    return _out(request)


@router.post("/sign-out/everywhere", response_class=HTMLResponse)
def sign_out_everywhere(request: Request, context: Bureau, who: Own) -> Response:
    """End all sessions of this account."""
    with context.session.begin() as transaction:
        accounts.end_sessions(transaction, who.account_id)
        audit.write(transaction, who.actor, "signed-out", who.user, everywhere=True)
    return _out(request)


def _out(request: Request) -> Response:
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(
        cookie_name(request.scope), path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict"
    )
    return answer


# --- one's own account


@router.get("/account", response_class=HTMLResponse)
def account_page(request: Request, context: Bureau, who: Who) -> HTMLResponse:
    """One's own account."""
    with context.session.begin() as transaction:
        keys = passkeys.of(transaction, who.account_id)
    return page(request, "account.html", keys=keys, site=site_of(request))


@router.post("/account/language", response_class=HTMLResponse)
def language_form(context: Bureau, who: Own, language: Annotated[Literal["zh_CN", "en"], Form()]) -> Response:
    """Choose a language."""
    accounts.set_language(context, who.account_id, language)
    return RedirectResponse("/account", 303)


@router.get("/account/password", response_class=HTMLResponse)
def password_page(request: Request, _: Who) -> HTMLResponse:
    """The page to choose a password."""
    return page(request, "password.html", wrong="")


@router.post("/account/password", response_class=HTMLResponse)
async def password_form(
    request: Request,
    context: Bureau,
    who: Own,
    old: Annotated[str, Form(max_length=200)] = "",
    new: Annotated[str, Form(max_length=200)] = "",
    again: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Choose a password: the old one proves that it is not somebody at a desk that was left."""
    why = await to_thread.run_sync(_change_password, context, who, old, new, again, limiter=sign_in.hashing())
    if why:
        return page(request, "password.html", 429 if why == "too-many" else 400, wrong=words_of(request).text(f"password.{why}"))
    made = sign_in.after_password(context, who)
    if not made.stage:
        sessions.leave(context, made.token, words_of(request).text("password.changed"))
    return with_cookie(request, made, RedirectResponse(next_of(made), 303))


def _change_password(context: BureauContext, who: Session, old: str, new: str, again: str) -> str:
    if new != again:
        return "not-the-same"
    if sessions.too_many(context, who.user, who.source):
        return "too-many"
    if not accounts.right_password(context, who.account_id, old):
        sessions.failed(context, who.user, who.source)
        return "old-wrong"
    try:
        accounts.set_password(context, who.actor, who.account_id, new, sessions.hash_of(who.token))
    except AccountRefused as error:
        return error.why
    return ""


@router.get("/account/second", response_class=HTMLResponse)
def enrol_page(request: Request, context: Bureau, who: Who) -> HTMLResponse:
    """The page to set up a second factor."""
    return _enrol(request, context, who, "", 200)


def _enrol(request: Request, context: BureauContext, who: Session, wrong: str, status: int) -> HTMLResponse:
    secret = _pending(context, who)
    uri = second_factor.address(secret, who.user, settings.of(context).name)
    picture = segno.make(uri, error="m").svg_inline(scale=4, border=2, dark="#222", light="#fff", omitsize=False)
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    # The picture is ours: made of an address whose parts are percent-encoded.
    told = {"wrong": wrong, "picture": Markup(picture), "secret": groups, "site": site_of(request)}  # noqa: S704
    return page(request, "enrol.html", status, **told)


def _pending(context: BureauContext, who: Session) -> str:
    with context.session.begin() as transaction:
        row = sessions.row_of(transaction, who.token)
        if row is None:
            raise HTTPException(401, "not signed in")
        if row.pending:
            try:
                return second_factor.open_secret(context, who.account_id, row.pending)
            except ConfigError:
                pass
        secret = second_factor.new_secret()
        row.pending = second_factor.seal_secret(context, who.account_id, secret)
        return secret


@router.post("/account/second", response_class=HTMLResponse)
def enrol_form(request: Request, context: Bureau, who: Own, code: Annotated[str, Form(max_length=20)] = "") -> Response:
    """Set up a second factor: one code shows that the app has it. The recovery codes are shown once."""
    if sessions.too_many(context, who.user, who.source):
        return _enrol(request, context, who, words_of(request).text("sign_in.too-many"), 429)
    try:
        codes = accounts.set_second_factor(context, who.actor, who.account_id, _pending(context, who), code)
    except AccountRefused:
        sessions.failed(context, who.user, who.source)
        return _enrol(request, context, who, words_of(request).text("sign_in.code-wrong"), 400)
    made = sign_in.after_password(context, who)
    return with_cookie(request, made, page(request, "recovery.html", codes=codes))


# --- all accounts


@router.get("/accounts", response_class=HTMLResponse)
def accounts_page(request: Request, context: Bureau, _: Who) -> HTMLResponse:
    """All accounts."""
    return page(request, "accounts.html", rows=accounts.listed(context), wrong="")


RoleCode = Annotated[Literal["viewer", "clerk", "supervisor", "administrator"], Form()]


@router.post("/accounts/add", response_class=HTMLResponse)
async def account_add(
    request: Request,
    context: Bureau,
    who: Own,
    role: RoleCode,
    name: Annotated[str, Form(max_length=100)] = "",
    shown_name: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Make an account; its first password is shown once."""
    try:
        first = await to_thread.run_sync(
            accounts.add, context, who.actor, name.strip(), shown_name, Role.of(role), limiter=sign_in.hashing()
        )
    except AccountRefused as error:
        return _refused(request, context, error)
    sessions.leave(context, who.token, words_of(request).text("accounts.first", name=name.strip(), password=first))
    return RedirectResponse("/accounts", 303)


@router.post("/accounts/{account_id}/change", response_class=HTMLResponse)
async def account_change(
    request: Request,
    context: Bureau,
    who: Own,
    account_id: Annotated[protocol.Id, Path()],
    change: Annotated[Literal["disable", "enable", "reset", "role"], Form()],
    role: RoleCode = "viewer",
) -> Response:
    """Disable, enable or reset an account, or give it another role."""
    try:
        if change == "reset":
            first = await to_thread.run_sync(accounts.reset, context, who.actor, account_id, limiter=sign_in.hashing())
            name = next((one.name for one in accounts.listed(context) if one.account_id == account_id), "")
            sessions.leave(context, who.token, words_of(request).text("accounts.first", name=name, password=first))
        elif change == "role":
            accounts.change_role(context, who.actor, account_id, Role.of(role))
        else:
            (accounts.disable if change == "disable" else accounts.enable)(context, who.actor, account_id)
    except AccountRefused as error:
        return _refused(request, context, error)
    return RedirectResponse("/accounts", 303)


def _refused(request: Request, context: BureauContext, error: AccountRefused) -> HTMLResponse:
    status = 404 if error.why == "unknown-account" else 400
    return page(
        request, "accounts.html", status, rows=accounts.listed(context), wrong=words_of(request).text(f"accounts.{error.why}")
    )


# --- the audit log


@router.get("/audit", response_class=HTMLResponse)
def audit_page(
    request: Request,
    context: Bureau,
    _: Who,
    before: Annotated[int, Query(ge=0, le=2**53)] = 0,
    actor: Annotated[str, Query(max_length=64)] = "",
    subject: Annotated[str, Query(max_length=128)] = "",
) -> HTMLResponse:
    """The log, newest first, a page by number."""
    rows = audit.newest(context, before, actor.strip(), subject.strip(), AUDIT_PAGE + 1)
    words = words_of(request)
    for row in rows:
        row["local"] = words.when(datetime.fromisoformat(row["at"]))
        row["told"] = audit_words.told(words, row["detail"])
    more = rows[AUDIT_PAGE - 1]["seq"] if len(rows) > AUDIT_PAGE else 0
    return page(request, "audit.html", rows=rows[:AUDIT_PAGE], more=more, actor=actor, subject=subject)


@router.get(
    "/audit/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, "application/jsonl": {}}}},
)
def audit_export(
    context: Bureau, who: Who, form: Annotated[Literal["jsonl", "csv"], Query(alias="form")] = "jsonl"
) -> StreamingResponse:
    """The whole log as a file; that it was taken is logged first."""
    audit.note(context, who.actor, "audit-exported", "audit", form=form)
    found: Iterator[str] = audit.as_csv(context) if form == "csv" else audit.as_jsonl(context)
    return StreamingResponse(
        found,
        media_type="text/csv; charset=utf-8" if form == "csv" else "application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="audit.{form}"'},
    )
