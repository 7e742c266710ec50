"""Routes of passkeys: what a browser asks for as JSON, and the forms that bring its answers. The rules: `passkeys`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from kiosk.bureau import sessions
from kiosk.bureau.clerks import passkeys, sign_in
from kiosk.bureau.clerks.account_pages import next_of, second_answer, site_of, with_cookie
from kiosk.bureau.clerks.accounts import AccountRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, Own, page, words_of

router = APIRouter(tags=["page"], responses=ANSWERS)
_OPTIONS: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}
Told = Annotated[str, Form(max_length=20_000)]


def _site(request: Request) -> passkeys.Site:
    site = site_of(request)
    if site is None:
        raise HTTPException(400, "no passkeys at this address: they need a name and https")
    return site


@router.post("/sign-in/passkey/ask", response_class=Response, responses=_OPTIONS)
def passkey_ask(request: Request, context: Bureau, who: Own) -> Response:
    """What the browser asks the account's keys by."""
    try:
        return Response(passkeys.ask(context, who, _site(request)), media_type="application/json")
    except AccountRefused as error:
        raise HTTPException(404, error.why) from error


@router.post("/sign-in/passkey", response_class=HTMLResponse)
def passkey_form(request: Request, context: Bureau, who: Own, credential: Told = "") -> Response:
    """Take a key's answer as the second factor."""
    found = sign_in.by_passkey(context, who, _site(request), credential)
    if found.session is None:
        return second_answer(request, context, who, "passkey-wrong" if found.why == "wrong" else found.why)
    return with_cookie(request, found.session, RedirectResponse(next_of(found.session), 303))


@router.post("/account/passkeys/offer", response_class=Response, responses=_OPTIONS)
def passkey_offer(request: Request, context: Bureau, who: Own) -> Response:
    """What the browser makes a key by."""
    return Response(passkeys.offer(context, who, _site(request)), media_type="application/json")


@router.post("/account/passkeys", response_class=HTMLResponse)
def passkey_add(
    request: Request, context: Bureau, who: Own, credential: Told = "", name: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Keep a key that the browser made. The recovery codes are shown once, where there were none."""
    try:
        codes = passkeys.add(context, who, _site(request), credential, name)
    except AccountRefused as error:
        return page(request, "passkey.html", 400, wrong=words_of(request).text(f"sign_in.{error.why}"))
    made = sign_in.after_password(context, who)
    if codes:
        return with_cookie(request, made, page(request, "recovery.html", codes=codes))
    sessions.leave(context, made.token, words_of(request).text("passkey.added"))
    return with_cookie(request, made, RedirectResponse("/account", 303))


@router.post("/account/passkeys/remove", response_class=HTMLResponse)
def passkey_remove(
    request: Request, context: Bureau, who: Own, credential_id: Annotated[str, Form(max_length=1400)] = ""
) -> Response:
    """Take a key away."""
    try:
        passkeys.remove(context, who, credential_id)
    except AccountRefused as error:
        return page(request, "passkey.html", 400, wrong=words_of(request).text(f"sign_in.{error.why}"))
    return RedirectResponse("/account", 303)
