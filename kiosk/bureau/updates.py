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

from kiosk.bureau.office import Office

router = APIRouter(tags=["updates"], responses={404: {"description": "no such file"}})
_NAME = re.compile(r"(metadata|targets|objects/[0-9a-f]{2})/[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


@router.get("/updates/{name:path}", response_class=FileResponse)
def file(request: Request, name: Annotated[str, PathParameter(max_length=300)]) -> FileResponse:
    """Return one file of the repository."""
    office: Office = request.app.state.office
    folder = Path(office.settings.data) / "updates"
    path = folder / name
    if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise HTTPException(404, "no such file")
    return FileResponse(path, media_type="application/octet-stream")
