"""Leaving for the province's provider, and coming back."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from kiosk.bureau.clerks import audit, oidc, settings, sign_in
from kiosk.bureau.clerks.account_pages import next_of, sign_in_page, with_cookie
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.oidc import OidcRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, page, words_of
from kiosk.bureau.context import BureauContext
from kiosk.bureau.request_guard import source_of

log = logging.getLogger(__name__)
router = APIRouter(tags=["page"], responses=ANSWERS)


def _given(context: BureauContext) -> settings.Oidc:
    found = settings.of(context).oidc
    if found is None:
        raise HTTPException(404, "no provider is set")
    return found


@router.get("/oidc/start", response_class=HTMLResponse)
def oidc_start(request: Request, context: Bureau) -> Response:
    """Leave for the provider."""
    try:
        leaving = oidc.start(context, _given(context), str(request.base_url) + "oidc/return")
    except OidcRefused as error:
        return _refused(request, context, error)
    answer = RedirectResponse(leaving.url, 303)
    answer.set_cookie(
        oidc.COOKIE,
        oidc.cookie_value(leaving.cookie),
        max_age=int(oidc.LASTS_S),
        path="/oidc",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # it must come back from the provider's site, with a GET
    )
    return answer


@router.get("/oidc/return", response_class=HTMLResponse)
def oidc_return(
    request: Request,
    context: Bureau,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=400)] = "",
    error: Annotated[str, Query(max_length=400)] = "",
    iss: Annotated[str, Query(max_length=400)] = "",
    session_state: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Come back. `iss`, `session_state`: what some providers add; who it is says the signed token alone."""
    source = source_of(request.scope)
    try:
        given = _given(context)
        if error or not code or (iss and iss != given.issuer):
            raise OidcRefused("oidc-failed", "refused over there" if error else "no code")
        sealed = oidc.of_cookie(request.cookies.get(oidc.COOKIE, ""))
        account = oidc.finish(context, given, sealed, code, state)
    except OidcRefused as refused:
        return _refused(request, context, refused)
    made = sign_in.let_in(context, account, source, how="oidc")
    # A page that goes on by itself: a redirection would still belong to the other site, and the strict cookie would stay behind.
    answer = with_cookie(request, made, page(request, "go_on.html", to=next_of(made)))
    answer.delete_cookie(oidc.COOKIE, path="/oidc", secure=request.url.scheme == "https", httponly=True, samesite="lax")
    return answer


def _refused(request: Request, context: BureauContext, error: OidcRefused) -> HTMLResponse:
    log.warning("oidc: %s", error.detail)
    audit.note(context, Actor("oidc", "machine", source_of(request.scope)), "sign-in-failed", "oidc", why=error.detail)
    return sign_in_page(request, wrong=words_of(request).text(f"sign_in.{error.why}"), status=401)
