"""The repository of updates as files (DATA/updates, made by `kiosk release`): public, signed, only read here.

A proxy in front may serve the folder itself (docs/deploying.md); stations trust what is signed in it, not who serves it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from fastapi import Path as PathParameter
from starlette.responses import FileResponse

from kiosk.bureau.context import BureauContext

router = APIRouter(tags=["updates"], responses={404: {"description": "no such file"}})
_NAME = re.compile(r"(metadata|targets|(?:objects|deltas)/[0-9a-f]{2})/[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
Part = Annotated[str, PathParameter(max_length=210)]


@router.get("/updates/{folder}/{name}", response_class=FileResponse)
def listed(request: Request, folder: Part, name: Part) -> FileResponse:
    """Return one of the signed lists or targets."""
    return _file(request.app.state.context, f"{folder}/{name}")


@router.get("/updates/objects/{part}/{name}", response_class=FileResponse)
def packed(request: Request, part: Part, name: Part) -> FileResponse:
    """Return one file of a version, packed."""
    return _file(request.app.state.context, f"objects/{part}/{name}")


@router.get("/updates/deltas/{part}/{name}", response_class=FileResponse)
def delta(request: Request, part: Part, name: Part) -> FileResponse:
    """Return what changed in one file of a version, packed."""
    return _file(request.app.state.context, f"deltas/{part}/{name}")


def _file(context: BureauContext, name: str) -> FileResponse:
    path = Path(context.settings.data) / "updates" / name
    if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise HTTPException(404, "no such file")
    return FileResponse(path, media_type="application/octet-stream")
