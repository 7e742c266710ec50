"""A new bureau's database, brought up to date once and then copied: the migrations cost more than most tests that need a bureau.

`upgrade` stands in for `kiosk.bureau.database.upgrade` where a bureau is only wanted. A database that is there already, or on a
server, is brought up to date as always; the migrations themselves are tested with the real one (tests/bureau/test_database.py).
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from kiosk.bureau import database

_SQLITE = "sqlite:///"
_real = database.upgrade


def upgrade(url: str) -> None:
    """Bring the schema up to date."""
    path = Path(url.removeprefix(_SQLITE))
    if not url.startswith(_SQLITE) or path.exists():
        _real(url)
    else:
        shutil.copyfile(empty(), path)


@cache
def empty() -> Path:
    """Return a database that is up to date and holds nothing; gone with this process."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk-bureau-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "bureau.db"
    _real(f"{_SQLITE}{made}")
    return made
