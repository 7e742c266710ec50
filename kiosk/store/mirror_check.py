"""Database and mirror compared at a start, each filled from the other; damage is journalled. Called by `store.recovery`.

What is compared are the entries. Rows are looked at only when entries were lost from the mirror, with them what they had written.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiosk.durable import sync_folder
from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.engine.journal_file import Damage, JournalFile, MirrorFrame, frame_text
from kiosk.store.mirrored_rows import RECOVERED, apply_row, insert_entry, rows_of

log = logging.getLogger(__name__)
_ROWS_AT_ONCE = 50  # of one entry


@dataclass(slots=True)
class _Look:
    """What a walk through the mirror found. `entries`: digest by number, of the frame that stands last."""

    entries: dict[int, bytes] = field(default_factory=dict)
    damaged: list[Damage] = field(default_factory=list)


def compare(store: Store, now: datetime) -> None:
    """Fill the database from the mirror and the mirror from the database, and journal what was amiss. Runs as the owner."""
    mirror = store.mirror
    if mirror is None:
        return
    look = _look(mirror)
    here = {seq: bytes.fromhex(digest) for seq, digest in store.db.execute("SELECT seq, digest FROM journal").fetchall()}
    queued = {seq for (seq,) in store.db.execute("SELECT seq FROM mirror_queue").fetchall()}
    lost_there = sorted(seq for seq in here if seq not in look.entries and seq not in queued)
    other = {seq for seq, digest in look.entries.items() if seq in here and here[seq] != digest}
    through = journal.retired_through(store.db)
    lost_here = {seq for seq in look.entries if seq not in here and seq > through}
    if not (lost_there or other or lost_here or any(not one.torn for one in look.damaged)):
        return
    log.warning("the journal and its mirror differ", extra={"count": len(lost_there) + len(lost_here) + len(other)})
    told = {
        "damaged": len(look.damaged),
        "bytes": sum(one.end - one.start for one in look.damaged),
        "missing_in_mirror": len(lost_there),
        "missing_in_database": len(lost_here),
        "other_content": len(other),
    }
    with store.transaction() as db:
        filled = _fill_database(store, mirror, lost_here, other)
        if lost_here or other:
            outbox.go_on_numbering(db, now)
        rows: list[tuple[str, dict[str, Any]]] = []
        if lost_there or other or look.damaged:
            _clean(store, mirror, look, other, now)
            _write_entries(store, mirror, [*lost_there, *sorted(other)])
            rows = _differing_rows(store, mirror)
        journal.append(store, "mirror-compared", {**told, **filled, "rows": len(rows)}, now, rows[:_ROWS_AT_ONCE])
        for start in range(_ROWS_AT_ONCE, len(rows), _ROWS_AT_ONCE):
            journal.append(store, "mirror-filled", {"from": start}, now, rows[start : start + _ROWS_AT_ONCE])


def _look(mirror: JournalFile) -> _Look:
    look = _Look()
    for one in mirror.walk():
        if isinstance(one, Damage):
            look.damaged.append(one)
        else:
            look.entries[one.seq] = bytes.fromhex(journal.digest_of(one.body, one.key_id))
    return look


def _fill_database(store: Store, mirror: JournalFile, lost: set[int], other: set[int]) -> dict[str, int]:
    """Insert entries that continue the chain here, with the rows they wrote; of a chain that parted from ours only its records."""
    if not lost and not other:
        return {"entries_back": 0, "records_back": 0}
    frames = {frame.seq: frame for frame in mirror.read() if frame.seq in lost or frame.seq in other}
    entries = records = 0
    last = store.db.execute("SELECT max(seq) FROM journal").fetchone()[0]
    for seq in sorted(frames):
        frame = frames[seq]
        before = store.db.execute("SELECT digest FROM journal WHERE seq = ?", (seq - 1,)).fetchone()
        if seq in lost and before is not None and json.loads(frame.body)["previous"] == before[0]:
            insert_entry(store.db, frame)
            entries += 1
            wanted = (
                frame.rows if seq > last else _records_only(store, frame)
            )  # later entries here may have changed such rows since
        else:
            wanted = _records_only(store, frame)
        records += sum(apply_row(store.db, table, row) for table, row in wanted)
    return {"entries_back": entries, "records_back": records}


def _records_only(store: Store, frame: MirrorFrame) -> tuple[tuple[str, dict[str, Any]], ...]:
    ids = {row["record_id"] for table, row in frame.rows if table == "records"}
    known = {one for one in ids if store.db.execute("SELECT 1 FROM outbox WHERE record_id = ?", (one,)).fetchone() is not None}
    if ids <= known:
        return ()
    wanted = ("records", "consents")
    return tuple((table, row) for table, row in frame.rows if table in wanted and row.get("record_id") not in known)


def _clean(store: Store, mirror: JournalFile, look: _Look, other: set[int], now: datetime) -> None:
    """Keep the damaged files for whoever investigates, and leave the damage and what parted from our chain out of those in use."""
    named = {one.path for one in look.damaged if not one.torn}
    if other:
        named |= set(mirror.files())
    folder = store.folder / "quarantine"
    folder.mkdir(exist_ok=True, mode=0o700)
    for path in sorted(named):
        copy = folder / f"{now:%Y%m%dT%H%M%S}-{path.name}"
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o600)
    sync_folder(folder)
    mirror.rewrite(lambda frame: None if frame.seq in other else frame, damaged_too=True)


def _write_entries(store: Store, mirror: JournalFile, seqs: list[int]) -> None:
    by_month: dict[str, list[bytes]] = {}
    for seq in seqs:
        row = store.db.execute("SELECT body, signature, key_id FROM journal WHERE seq = ?", (seq,)).fetchone()
        if row is not None:
            by_month.setdefault(row[0][7:14], []).append(frame_text(seq, row[0], row[1], row[2], "[]"))
    for month, frames in by_month.items():
        mirror.append(month, frames)


def _differing_rows(store: Store, mirror: JournalFile) -> list[tuple[str, dict[str, Any]]]:
    """Return what must be written into the mirror so that it leads to the rows of the database."""
    there: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {table: {} for table in RECOVERED}
    for frame in mirror.read():
        for table, row in frame.rows:
            name = table.removeprefix("-")
            if name not in RECOVERED:
                continue
            key = tuple(str(row[column]) for column in RECOVERED[name])
            if table.startswith("-"):
                there[name].pop(key, None)
            else:
                there[name][key] = row
    found: list[tuple[str, dict[str, Any]]] = []
    for table, key_columns in RECOVERED.items():
        here = {key: journal.plain_row(row) for key, row in rows_of(store.db, table).items()}
        if table != "records":  # what retention erased there is taken out by itself
            found += [(f"-{table}", dict(zip(key_columns, key, strict=True))) for key in there[table] if key not in here]
        for key, row in here.items():
            before = there[table].get(key)
            if before is None or (table != "records" and any(row.get(name) != value for name, value in before.items())):
                found.append((table, row))
    return found
