"""The request guard: who may send a body, how large, how long, and what every answer says to browsers. ASGI, around the bureau.

Nothing of a body is read before the guard knows that its sender may send it; bodies are bounded by size, by time and, all
together, by memory. Kiosks prove who they are inside their sealed bodies: those are small, and their time is short.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from kiosk.bureau import sessions
from kiosk.bureau.connections import RateLimitedLog
from kiosk.bureau.context import BureauContext
from kiosk.sync import json_bounds

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BUFFERED = 32 * 1024 * 1024  # bytes of bodies in memory, all requests together
PUBLIC = ("/sign-in", "/openapi.json")
_PUBLIC_BELOW = ("/static/", "/verify/", "/oidc/", "/updates/")
_SAFE = ("GET", "HEAD", "OPTIONS")
_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
     b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer a browser says of our own forms that they come from "null"
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]  # fmt: skip
_late = RateLimitedLog("requests that took too long")


@dataclass(frozen=True, slots=True)
class Rule:
    """Bounds of one kind of request. `streamed`: the body goes through without being kept (an upload)."""

    max_body: int
    body_s: float
    total_s: float
    streamed: bool = False


class _Turned(Exception):
    def __init__(self, status: int, why: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        super().__init__(why)
        self.status, self.why, self.headers = status, why, headers or []


class RequestGuard:
    """Wraps the bureau's application. One a process."""

    def __init__(self, app: App, context: BureauContext) -> None:
        self._app, self._context = app, context
        self._buffered = 0
        small = 64 * 1024
        self._kiosks = Rule(context.settings.max_body, 120.0, 180.0)
        self._files = Rule(0, 5.0, 6 * 3600.0)  # a roster over a slow line
        self._rosters = Rule(context.settings.max_upload, 1800.0, 3600.0, streamed=True)
        self._bundles = Rule(8 * 1024 * 1024, 60.0, 120.0)
        self._others = Rule(small, 20.0, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        started = False

        async def answered(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": [*_kept(message.get("headers", ())), *_HEADERS]}
            await send(message)

        rule = self._rule(scope)
        kept = 0
        try:
            async with asyncio.timeout(rule.total_s):
                await self._let_in(scope)
                headers = _headers(scope)
                _check_length(headers, rule)
                if rule.streamed:
                    await self._app(scope, _bounded(receive, rule), answered)
                    return
                body = await self._body(receive, rule, headers)
                kept = len(body)
                if headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
                    await run_in_threadpool(_check_json, body)
                await self._app(scope, _replayed(body, receive), answered)
        except _Turned as turned:
            if not started:
                await _refuse(answered, scope, turned)
        except TimeoutError:
            _late.note()
            if not started:
                await _refuse(answered, scope, _Turned(408, "too-slow", [(b"connection", b"close")]))
        finally:
            self._buffered -= kept

    def _rule(self, scope: Scope) -> Rule:
        path = scope["path"]
        if path.startswith(("/v1/roster/files/", "/updates/")):
            return self._files
        if path.startswith("/v1/"):
            return self._kiosks
        if path in ("/admin/rosters", "/rosters/upload"):
            return self._rosters
        return self._bundles if path == "/admin/bundle" else self._others

    # --- who

    async def _let_in(self, scope: Scope) -> None:
        path = scope["path"]
        if path.startswith("/v1/"):
            return
        headers = _headers(scope)
        if scope["method"] not in _SAFE:
            _own_origin(scope, headers)
        if path in PUBLIC or path.startswith(_PUBLIC_BELOW):
            return
        session = await run_in_threadpool(self._session, scope, headers)
        if session is not None:
            scope.setdefault("state", {})["session"] = session
            return
        if path.startswith("/admin/"):
            await run_in_threadpool(self._basic, scope, headers)
            return
        if scope["method"] in ("GET", "HEAD"):
            raise _Turned(303, "sign in", [(b"location", b"/sign-in")])
        raise _Turned(401, "not signed in")

    def _session(self, scope: Scope, headers: dict[str, str]) -> sessions.Session | None:
        for part in headers.get("cookie", "")[:4000].split(";"):
            name, _, token = part.strip().partition("=")
            if name == cookie_name(scope):
                return sessions.of(self._context, token, source_of(scope))
        return None

    def _basic(self, scope: Scope, headers: dict[str, str]) -> None:
        """Programs sign in with each request. No browser is asked to: it would send the password with forms of other sites too."""
        scheme, _, told = headers.get("authorization", "")[:2000].partition(" ")
        user, password = "", ""
        if scheme.lower() == "basic":
            try:
                user, _, password = base64.b64decode(told, validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                raise _Turned(401, "not signed in") from None
        source = source_of(scope)
        if not user or sessions.too_many(self._context, user, source):
            raise _Turned(429 if user else 401, "too many tries" if user else "not signed in")
        if not sessions.right_program_password(self._context, user, password):
            sessions.failed(self._context, user, source)
            raise _Turned(401, "wrong name or password")
        scope.setdefault("state", {})["session"] = sessions.Session(user, "", source=source, program=True)

    # --- how much, how long

    async def _body(self, receive: Receive, rule: Rule, headers: dict[str, str]) -> bytes:
        if "content-length" not in headers and "transfer-encoding" not in headers:
            return b""
        out = bytearray()
        try:
            async with asyncio.timeout(rule.body_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Turned(400, "gone")
                    block = message.get("body", b"")
                    if len(out) + len(block) > rule.max_body:
                        raise _Turned(413, "too-large", [(b"connection", b"close")])
                    if self._buffered + len(block) > MAX_BUFFERED:
                        raise _Turned(503, "busy", [(b"retry-after", b"5"), (b"connection", b"close")])
                    out += block
                    self._buffered += len(block)
                    if not message.get("more_body"):
                        return bytes(out)
        except BaseException:
            self._buffered -= len(out)
            raise


def cookie_name(scope: Scope) -> str:
    """Name of the session's cookie: over TLS one that only this very host can have set."""
    return f"__Host-{sessions.COOKIE}" if scope["scheme"] == "https" else sessions.COOKIE


def source_of(scope: Scope) -> str:
    """Return whence a request comes: the address of the other end, or what a proxy on this machine says of it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _own_origin(scope: Scope, headers: dict[str, str]) -> None:
    """A browser says where a form stands. What comes from another site, or from nowhere (a sandbox, a file), is refused."""
    origin = headers.get("origin")
    if origin is not None and origin != f"{scope['scheme']}://{headers.get('host', '')}":
        raise _Turned(403, "sent from another site")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _Turned(403, "sent from another site")
    if origin is None and "sec-fetch-site" not in headers and "cookie" in headers:
        raise _Turned(403, "no origin")


def _check_length(headers: dict[str, str], rule: Rule) -> None:
    if headers.get("content-encoding", "identity") != "identity":
        raise _Turned(415, "content-encoding", [(b"connection", b"close")])
    told = headers.get("content-length", "0")
    if not told.isascii() or not told.isdigit() or len(told) > 15 or int(told) > rule.max_body:
        raise _Turned(413, "too-large", [(b"connection", b"close")])


def _bounded(receive: Receive, rule: Rule) -> Receive:
    left = rule.max_body
    until = asyncio.get_running_loop().time() + rule.body_s

    async def bounded() -> Message:
        nonlocal left
        async with asyncio.timeout_at(until):
            message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _Turned(413, "too-large", [(b"connection", b"close")])
        return message

    return bounded


def _replayed(body: bytes, receive: Receive) -> Receive:
    told = False

    async def replay() -> Message:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()  # a disconnection

    return replay


def _check_json(body: bytes) -> None:
    try:
        json_bounds.check(body)
    except json_bounds.JsonRefused as error:
        raise _Turned(413 if error.why == "too-large" else 400, error.why) from None


def _kept(headers: Any) -> list[tuple[bytes, bytes]]:
    ours = {name for name, _ in _HEADERS}
    return [(name, value) for name, value in headers if name.lower() not in ours]


async def _refuse(send: Send, scope: Scope, turned: _Turned) -> None:
    key = "reason" if scope["path"].startswith("/v1/") else "detail"
    body = json.dumps({key: turned.why, **({"signed": ""} if key == "reason" else {})}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *turned.headers]
    if scope["method"] not in _SAFE and not any(name == b"connection" for name, _ in headers):
        headers.append((b"connection", b"close"))  # what follows of a body is read by nobody
    await send({"type": "http.response.start", "status": turned.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
