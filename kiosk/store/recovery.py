"""Fill a fresh database from the journal's mirror. Called by `engine.database` at every start; idle when nothing is missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.store.engine.database import Recovered, Store
from kiosk.store.engine.journal_file import Frame, JournalFile
from kiosk.store.roster import attach as roster_attach

# Tables that come back, with the columns that name a row. All else is the bureau's, or made anew.
RECOVERED: dict[str, tuple[str, ...]] = {
    "records": ("record_id",),
    "consents": ("consent_id",),
    "staff": ("staff_id",),
    "templates": ("person_id",),
    "erasures": ("person_id",),
    "home_visits": ("person_id",),
    "home_loans": ("loan_id",),
    "borrowed_loans": ("loan_id",),
    "approvals": ("day",),
    "unit_lists": ("list_id",),
    "declarations": ("record_id",),
    "sync_state": ("key",),  # of these only the desk's pause is journalled
}


_TWICE = 64  # how far back an entry may stand once more


def after_open(store: Store, now: datetime, why: str, quarantined: tuple[str, ...]) -> Recovered | None:
    """Bring back what the mirror has when the journal is empty. Returns what was done, None when nothing was amiss."""
    mirror = store.mirror
    if mirror is None or store.db.execute("SELECT 1 FROM journal LIMIT 1").fetchone() is not None:
        return None
    if why:
        quarantined += tuple(mirror.set_aside_foreign())
    seqs = _numbers(mirror)
    if not seqs and not why:
        return None  # a first start
    with store.transaction() as db:
        records = floor = 0
        for frame in _frames(mirror, seqs):
            told = json.loads(frame.body)
            db.execute(
                "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)",
                (
                    frame.seq,
                    told["kind"],
                    frame.body,
                    hashlib.sha256(frame.body.encode()).hexdigest(),
                    frame.signature,
                    frame.key_id,
                ),
            )
            for table, row in frame.rows:
                records += _apply(db, table, row)
            if told["kind"] in ("roster-imported", "roster-changed"):
                floor = max(floor, int(told["data"]["version"]))
        store.mirrored_seq = max(seqs, default=0)
        roster_attach.take_up_again(store, floor)
        journal.append(
            store,
            "store-recovered",
            {"why": why or "missing", "entries": len(set(seqs)), "records": records, "quarantined": list(quarantined)[:8]},
            now,
        )
    return Recovered(now, why or "missing", quarantined, len(set(seqs)), records)


def _numbers(mirror: JournalFile) -> list[int]:
    return [frame.seq for frame in mirror.read()]


def _frames(mirror: JournalFile, seqs: list[int]) -> Iterator[Frame]:
    """Yield every entry once, in order. After a crash the last ones may stand twice.

    Read as they stand, one at a time, for years fit into no memory; sorted only where a clock put months out of order.
    """
    if all(one <= two + _TWICE for one, two in zip(seqs, seqs[1:], strict=False)):
        window: dict[int, Frame] = {}
        done = 0
        for frame in mirror.read():
            if frame.seq > done:
                window[frame.seq] = frame
            while len(window) > 2 * _TWICE:
                done = min(window)
                yield window.pop(done)
        yield from (window[seq] for seq in sorted(window))
        return
    found = {frame.seq: frame for frame in mirror.read()}
    yield from (found[seq] for seq in sorted(found))


def _apply(db: Database, table: str, row: dict[str, Any]) -> int:
    name = table.removeprefix("-")
    key = RECOVERED.get(name)
    if key is None:
        return 0
    values: dict[str, Any] = {
        column: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for column, value in row.items()
    }
    if table.startswith("-"):
        where = " AND ".join(f"{column} = ?" for column in key)
        db.execute(f"DELETE FROM {name} WHERE {where}", tuple(values[column] for column in key))  # noqa: S608  fixed names
        return 0
    content = values.get("content", "")
    known = {column for _, column, *_ in db.execute(f"PRAGMA table_info({name})").fetchall()}
    values = {column: value for column, value in values.items() if column in known}
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT OR REPLACE INTO {name} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
    if name != "records":
        return 0
    from kiosk.store import records

    record = records.from_json(content)
    if db.execute("SELECT 1 FROM outbox WHERE record_id = ?", (record.record_id,)).fetchone() is None:
        # Delivered or not is no longer known: it waits again, and the bureau answers "duplicate" where it has it.
        outbox.enqueue(db, record, datetime.fromisoformat(values["saved_at"]))
    return 1
