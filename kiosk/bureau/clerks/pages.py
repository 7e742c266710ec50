"""What every page of the clerks needs: templates, words, local time, and the check that a form is one of our own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any

import segno
from fastapi import Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from kiosk.bureau import sessions
from kiosk.bureau.api import context_of
from kiosk.bureau.clerks import four_eyes, roles, settings
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.clerks.words import LANGUAGES, Words
from kiosk.bureau.context import BureauContext
from kiosk.bureau.sessions import Session

_templates = Environment(
    loader=PackageLoader("kiosk.bureau.clerks"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HTML: dict[str, Any] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_JSON: dict[str, Any] = {"content": {"application/json": {"schema": {"type": "object"}}}}
# The request guard refuses in JSON, a page as a page.
_EITHER: dict[str, Any] = {"content": {**_HTML["content"], **_JSON["content"]}}
# What a page may answer besides 200, for its OpenAPI.
ANSWERS: dict[int | str, dict[str, Any]] = {
    303: {"description": "Go on there"},
    400: {"description": "Not as it should be", **_HTML},
    401: {"description": "Not signed in", **_EITHER},
    403: {
        "description": "Not for this role, another site, or not of this session",
        "content": {**_HTML["content"], **_JSON["content"]},
    },
    404: {"description": "Not there", **_EITHER},
    408: {"description": "Too slow", **_JSON},
    409: {"description": "Changed meanwhile, or a person must say that it is meant", **_HTML},
    413: {"description": "Too large", **_JSON},
    415: {"description": "A content encoding", **_JSON},
    429: {"description": "Too many tries", **_EITHER},
}


def signed_in(request: Request) -> Session:
    """Return who was let in by the request guard; what they may do was looked up by `roles.allowed`. Raises 401: the guard is
    missing, and without it nothing is served."""
    session = getattr(request.state, "session", None)
    if not isinstance(session, Session):
        raise HTTPException(401, "not signed in")
    return session


def own_form(who: Annotated[Session, Depends(signed_in)], token: Annotated[str, Form(max_length=100)] = "") -> Session:
    """Return the session when the form is one of its own pages. Raises 403."""
    if not who.token or not secrets.compare_digest(token.encode("utf-8", "replace"), who.form_token.encode()):
        raise HTTPException(403, "this form is not of your session: load the page again")
    return who


Bureau = Annotated[BureauContext, Depends(context_of)]
Who = Annotated[Session, Depends(signed_in)]
Own = Annotated[Session, Depends(own_form)]


def words_of(request: Request) -> Words:
    """Return the words of whoever asks: their own language, or what the browser asks for."""
    session = getattr(request.state, "session", None)
    language = session.language if isinstance(session, Session) else _asked_for(request.headers.get("accept-language", ""))
    return Words(language, settings.of(context_of(request)).zone)


def _asked_for(accepted: str) -> str:
    first = accepted[:100].split(",")[0].strip().lower()
    return "en" if first.startswith("en") else LANGUAGES[0]


def page(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Return a page in the reader's language."""
    return HTMLResponse(html(request, template, **values), status)


def picture(text: str) -> Markup:
    """Return a code as a picture. It is ours: of an address whose parts are percent-encoded, or of letters of base64url."""
    return Markup(_picture(text))  # noqa: S704


def _picture(address: str) -> str:
    return str(segno.make(address, error="m").svg_inline(scale=4, border=4, dark="#222", light="#fff", omitsize=False))


def html(request: Request, template: str, /, **values: Any) -> str:
    """Return the text of a page. `may(method, path)`: whether the reader's role reaches a route."""
    context, words = context_of(request), words_of(request)
    session = getattr(request.state, "session", None)
    who = session if isinstance(session, Session) else None
    role = who.role if who is not None and not who.stage else None

    def may(method: str, path: str) -> bool:
        return role is not None and roles.may(roles.needed(method, path), role, "", program=False)

    flash = sessions.take(context, who.token) if who is not None and not who.stage else ""
    told, _, address = flash.partition("\n")
    given: Mapping[str, Any] = {
        "t": words.text,
        "word": words.of,
        "reason": words.reason,
        "when": words.when,
        "lang": "en" if words.language == "en" else "zh-CN",
        "bureau": settings.of(context).name,
        "who": who,
        "role": role,
        "Role": Role,
        "may": may,
        "open_requests": four_eyes.count_for(context, who.user, role) if who is not None and role is not None else 0,
        "token": who.form_token if who is not None else "",
        "flash": told,
        "flash_picture": picture(address) if address else "",
        "here": request.url.path,
        **values,
    }
    return _templates.get_template(template).render(given)


def problem(request: Request, status: int, detail: str) -> HTMLResponse:
    """Return a refusal as a page in the reader's language; `detail` is the code's own word for whoever helps."""
    kind = status if status in (401, 403, 404, 405) else 400
    return page(request, "problem.html", status, title=words_of(request).text(f"problem.of_{kind}"), detail=detail)
