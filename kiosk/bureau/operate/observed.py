"""Around the bureau's request guard: health for a proxy, measures and an access log of every request. ASGI.

The log says which operation, never which path: a path may name a person's record. `/health/live` and `/health/ready` are answered
here, to this machine alone; nothing of them is behind the sign-in, and nothing of them says more than that it is well.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import shutil
import time
from collections.abc import MutableMapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from kiosk.bureau.context import BureauContext
from kiosk.bureau.operate import measures
from kiosk.bureau.request_guard import App, Message, Receive, Scope, Send, source_of

access = logging.getLogger("kiosk.bureau.access")
LEAST_FREE = 200 * 1024 * 1024  # ours: bytes of free disk below which the bureau is not ready for more
_LOCAL = ("127.0.0.1", "::1", "testclient", "")


class Observed:
    """Wraps the request guard. One a process."""

    def __init__(self, app: App, context: BureauContext) -> None:
        self._app, self._context = app, context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] in ("/health/live", "/health/ready"):
            await self._health(scope, send)
            return
        began, status, sent = time.perf_counter(), 0, 0

        async def noted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = int(message["status"])
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            seconds = time.perf_counter() - began
            operation = operation_of(scope)
            measures.request(scope["method"], operation, status, seconds)
            if access.isEnabledFor(logging.INFO):
                line: dict[str, Any] = {
                    "method": scope["method"],
                    "operation": operation,
                    "status": status,
                    "ms": round(seconds * 1000, 1),
                    "bytes": sent,
                }
                access.info(json.dumps(line)[1:])

    async def _health(self, scope: Scope, send: Send) -> None:
        why = "" if source_of(scope) in _LOCAL else "ask on this machine"
        status = 403 if why else 200
        if not why and scope["path"] == "/health/ready":
            why = await run_in_threadpool(unready, self._context)
            status = 503 if why else 200
        body = json.dumps({"status": "ok"} if not why else {"status": "no", "why": why}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def log_to(where: str) -> None:
    """Have every request written to a file (appended to, closed to others), "-" for standard error, or nowhere ("")."""
    if not where:
        return
    handler = logging.StreamHandler() if where == "-" else logging.handlers.WatchedFileHandler(where, encoding="utf-8")
    handler.setFormatter(logging.Formatter('{"at": "%(asctime)s", %(message)s', "%Y-%m-%dT%H:%M:%S%z"))
    access.handlers[:] = [handler]
    access.propagate = False
    access.setLevel(logging.INFO)


def operation_of(scope: MutableMapping[str, Any]) -> str:
    """Return the route as it was written down ("/v1/roster/files/{digest}"); "other" for what met none."""
    return str(getattr(scope.get("route"), "path", "") or "other")


def unready(context: BureauContext) -> str:
    """Return "" when the bureau can take and give, else why not: database-away, disk-full."""
    try:
        with context.reading.begin() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "database-away"
    return "disk-full" if shutil.disk_usage(context.settings.data).free < LEAST_FREE else ""
