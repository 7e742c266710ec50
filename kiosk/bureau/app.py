"""Builds the bureau's web application: /v1 for kiosks, /admin and / for clerks, all behind one request guard.

`create_from_environment` is what uvicorn's workers call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

import kiosk
from kiosk import memory
from kiosk.bureau import admin, api, connections, failpoints, updates
from kiosk.bureau.clerks import (
    account_pages,
    oidc_pages,
    pages,
    passkey_pages,
    policy_pages,
    record_pages,
    request_pages,
    roles,
    roster_pages,
    setting_pages,
    station_pages,
    verify,
)
from kiosk.bureau.clerks.alarms import Watch
from kiosk.bureau.clerks.roster_drafts import Issuer
from kiosk.bureau.context import BureauContext, BureauSettings, open_context
from kiosk.bureau.operate import observed
from kiosk.bureau.operate.observed import Observed
from kiosk.bureau.request_guard import RequestGuard

ENVIRONMENT = "KIOSK_BUREAU_SETTINGS"  # JSON of BureauSettings, from the parent to the workers


def build() -> FastAPI:
    """Return the application without a bureau behind it: its OpenAPI."""
    app = FastAPI(
        title="Reference bureau",
        version=kiosk.__version__,
        exception_handlers={**api.HANDLERS, RequestValidationError: on_invalid, HTTPException: on_refused},
        lifespan=_lifespan,
        dependencies=[Depends(roles.allowed), Depends(api.known_parameters)],
        docs_url=None,
        redoc_url=None,
    )  # those pages load scripts from elsewhere
    app.include_router(api.router)
    app.include_router(admin.router)
    app.include_router(updates.router)
    for part in (
        account_pages,
        passkey_pages,
        oidc_pages,
        record_pages,
        request_pages,
        station_pages,
        setting_pages,
        roster_pages,
        policy_pages,
        verify,
    ):
        app.include_router(part.router)
    return app


async def on_invalid(_: Request, error: Exception) -> Response:
    """Say where a request is wrong, and never what it held: that may be personal, long, or no text at all."""
    found = error.errors()[:20] if isinstance(error, RequestValidationError) else []
    told = [{"type": one["type"], "loc": [str(part)[:100] for part in one["loc"]], "msg": str(one["msg"])[:200]} for one in found]
    return JSONResponse({"detail": told}, 422)


async def on_refused(request: Request, error: Exception) -> Response:
    """Refuse a program in JSON, a person on a page."""
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == 303:
        return RedirectResponse(headers["Location"], 303)
    if request.url.path.startswith(("/v1/", "/admin/")):
        return JSONResponse({"detail": error.detail}, error.status_code, headers)
    answer = await run_in_threadpool(pages.problem, request, error.status_code, str(error.detail))
    answer.headers.update(headers)
    return answer


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    connections.fit_to_files()
    connections.quiet_loop(asyncio.get_running_loop())
    context: BureauContext = app.state.context
    app.state.issuer, watch = Issuer(context), Watch(context)
    yield
    watch.close()
    app.state.issuer.close()


def create(context: BureauContext) -> Observed:
    """Return the application of an open bureau, behind its request guard."""
    app = build()
    app.state.context, app.state.bands = context, None
    return Observed(RequestGuard(app, context), context)


def create_from_environment() -> Observed:
    """Return the application as `kiosk bureau` asked for it."""
    memory.stay_small()  # many threads of a pool: each would keep an arena of what it freed
    failpoints.load()
    settings = BureauSettings.model_validate_json(os.environ[ENVIRONMENT])
    observed.log_to(settings.access_log)
    made = create(open_context(settings))
    memory.keep_what_is_there()
    return made
