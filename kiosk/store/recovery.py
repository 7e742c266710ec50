"""Fill a fresh database from the journal's mirror, or have both compared. Called by `store.opening` at every start of the owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from kiosk.store import mirror_check, outbox
from kiosk.store.engine import journal
from kiosk.store.engine.database import Recovered, Store
from kiosk.store.engine.journal_file import JournalFile, MirrorFrame
from kiosk.store.mirrored_rows import apply_row, insert_entry
from kiosk.store.roster import attach as roster_attach

_TWICE = 64  # how far back an entry may stand once more


def after_open(store: Store, now: datetime, why: str, quarantined: tuple[str, ...]) -> Recovered | None:
    """Fill database and mirror from each other. Returns what a lost database got back, None when it was there."""
    mirror = store.mirror
    if mirror is None:
        return None
    if store.db.execute("SELECT 1 FROM journal LIMIT 1").fetchone() is not None:
        mirror_check.compare(store, now)
        return None
    if why:
        quarantined += tuple(mirror.set_aside_foreign())
    seqs = _numbers(mirror)
    if not seqs and not why:
        return None  # a first start
    with store.transaction() as db:
        records = floor = 0
        through = _retired(mirror)
        for frame in _frames(mirror, seqs):
            told = json.loads(frame.body)
            if frame.seq > through:
                insert_entry(db, frame)
            for table, row in frame.rows:
                records += apply_row(db, table, row)
            if told["kind"] in ("roster-imported", "roster-changed"):
                floor = max(floor, int(told["data"]["version"]))
        store.mirrored_seq = max(seqs, default=0)
        roster_attach.take_up_again(store, floor)
        outbox.go_on_numbering(db, now)
        journal.append(
            store,
            "store-recovered",
            {"why": why or "missing", "entries": len(set(seqs)), "records": records, "quarantined": list(quarantined)[:8]},
            now,
        )
    mirror_check.compare(store, now)
    return Recovered(now, why or "missing", quarantined, len(set(seqs)), records)


def _retired(mirror: JournalFile) -> int:
    """Return the number up to which retention has taken entries out of the journal; rows of such entries may still be kept."""
    told = [json.loads(frame.body) for frame in mirror.read() if '"kind":"retention"' in frame.body]
    return max((int(one["data"].get("through", 0)) for one in told if one["kind"] == "retention"), default=0)


def _numbers(mirror: JournalFile) -> list[int]:
    return [frame.seq for frame in mirror.read()]


def _frames(mirror: JournalFile, seqs: list[int]) -> Iterator[MirrorFrame]:
    """Yield every entry once, in order. After a crash the last ones may stand twice.

    Read as they stand, one at a time, for years fit into no memory; sorted only where a clock put months out of order.
    """
    if all(one <= two + _TWICE for one, two in zip(seqs, seqs[1:], strict=False)):
        window: dict[int, MirrorFrame] = {}
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
