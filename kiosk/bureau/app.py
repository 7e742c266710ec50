"""Builds the bureau's web application: /v1 for kiosks, / for clerks. `create_from_environment` is what uvicorn's workers call."""

from __future__ import annotations

import os

from fastapi import Depends, FastAPI

import kiosk
from kiosk.bureau import api, failpoints, web
from kiosk.bureau.office import BureauSettings, Office, open_office

ENVIRONMENT = "KIOSK_BUREAU_SETTINGS"  # JSON of BureauSettings, from the parent to the workers


def build() -> FastAPI:
    """Return the application without a bureau behind it: its OpenAPI."""
    app = FastAPI(
        title="Reference bureau",
        version=kiosk.__version__,
        exception_handlers=api.HANDLERS,
        dependencies=[Depends(api.known_parameters)],
        docs_url=None,
        redoc_url=None,
    )  # those pages load scripts from elsewhere
    app.include_router(api.router)
    app.include_router(web.router)
    return app


def create(office: Office) -> FastAPI:
    """Return the application of an open bureau."""
    app = build()
    app.state.office = office
    return app


def create_from_environment() -> FastAPI:
    """Return the application as `kiosk bureau` asked for it."""
    failpoints.load()
    return create(open_office(BureauSettings.model_validate_json(os.environ[ENVIRONMENT])))
