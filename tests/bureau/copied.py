"""A bureau that is made once and copied for each test, so that one costs milliseconds; and looks into its tables."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from kiosk.bureau import context as context_room
from kiosk.bureau import counts, decisions, ingest, tables
from kiosk.bureau.context import BureauContext, BureauSettings, prepare
from kiosk.sync import protocol, seal
from tests.bureau.made import Kiosk

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
SENT = {"sent_at_utc": "2026-11-30T07:59:30+00:00", "monotonic_s": 1000.0, "boot_id": "boot-1"}
# Made 100 s ago by the clock that runs, and by the other one.
CLOCK = {
    "captured_at_utc": "2026-11-30T07:58:20+00:00",
    "monotonic_s": 900.0,
    "boot_id": "boot-1",
    "high_water_utc": None,
    "suspect": False,
    "confirmed_by": "",
}


@cache
def template() -> Path:
    """Return a prepared bureau's folder: bringing a database up to date takes a second, copying it none."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk-bureau-copied-")) / "bureau"
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    prepare(BureauSettings(data=str(folder)))
    return folder


def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., BureauContext]]:
    """Yield what opens a copy of it, with settings; time stands still at NOW."""
    for room in (ingest, decisions, context_room):
        monkeypatch.setattr(room, "utcnow", lambda: NOW)
    shutil.copytree(template(), folder / "bureau")
    contexts = []

    def open_one(**given: Any) -> BureauContext:
        contexts.append(context_room.open_context(BureauSettings(data=str(folder / "bureau"), **given)))
        return contexts[-1]

    yield open_one
    for one in contexts:
        one.engine.dispose()


def rows(context: BureauContext, table: Any, *left_out: str) -> list[dict[str, Any]]:
    names = [column.name for column in table.__table__.columns if column.name not in left_out]
    with context.session.begin() as session:
        return [{name: getattr(one, name) for name in names} for one in session.scalars(select(table))]


def kiosk_row(context: BureauContext, kiosk: Kiosk, *names: str) -> tuple[Any, ...]:
    with context.session.begin() as session:
        row = session.get_one(tables.Kiosk, kiosk.kiosk_id)
        return tuple(getattr(row, name) for name in names)


def change(context: BureauContext, kiosk: Kiosk, **values: Any) -> None:
    with context.session.begin() as session:
        row = session.get_one(tables.Kiosk, kiosk.kiosk_id)
        for name, value in values.items():
            setattr(row, name, value)


def told(context: BureauContext) -> dict[str, Any]:
    with context.session.begin() as session:
        return counts.read(session)


def refused(call: Any, *given: Any) -> tuple[int, str, str]:
    with pytest.raises(ingest.Turned) as caught:
        call(*given)
    assert str(caught.value) == caught.value.why
    return caught.value.status, caught.value.why, caught.value.kiosk_id


def opening(context: BureauContext, signed: str, model: Any) -> Any:
    return seal.verify(signed, seal.verify_key(context.keys.public), context.bureau_id, model)


def verdicts(receipt: protocol.Receipt) -> list[tuple[str, str]]:
    return [(one.verdict, one.reason) for one in receipt.verdicts]
