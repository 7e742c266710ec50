"""Which camera this kiosk believes: pinned when it is first seen, or by a supervisor who looked and gave a reason.

Another one, a second source of pictures, or one that is not told any more stops self-service until then. Runs on the store's
thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from kiosk.domain import camera_facts
from kiosk.domain import camera_identity as ci
from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store

SET_UP = "set-up"  # who pinned the first camera


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE camera_pin (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        identity TEXT NOT NULL,     -- JSON of the camera that is believed; empty: this system tells of none
        pinned_at TEXT NOT NULL,    -- UTC
        pinned_by TEXT NOT NULL,    -- staff id, or set-up
        why TEXT NOT NULL DEFAULT ''
    ) STRICT""")
    # Seen last, and what was told of it: a kiosk that is started again every morning does not say the same every morning.
    db.execute(
        "CREATE TABLE camera_seen (one INTEGER PRIMARY KEY CHECK (one = 1), identity TEXT NOT NULL, told TEXT NOT NULL) STRICT"
    )


def _add_facts(db: Database) -> None:
    db.execute("""CREATE TABLE camera_facts (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        facts TEXT NOT NULL,         -- JSON of what was measured of the pinned camera
        pattern BLOB NOT NULL        -- of its sensor; empty: not taken
    ) STRICT""")


MIGRATIONS = (_create, _add_facts)


@dataclass(frozen=True, slots=True)
class CameraState:
    """What stands before the kiosk. `why`: codes of `domain.camera_identity`, the reasons why it is not believed."""

    believed: bool
    why: tuple[str, ...] = ()
    pinned: CameraIdentity | None = None
    seen: CameraIdentity | None = None
    pinned_by: str = ""
    pinned_at: datetime | None = None
    facts: CameraFacts | None = None  # what was measured of it; None: nothing, or it is another one


def see(store: Store, seen: CameraIdentity | None, now: datetime) -> CameraState:
    """Look at the camera that is there, pin the first one that raises no suspicion, and journal whatever changed.

    seen: None where the system does not tell. Then nothing can be pinned, and nothing is asked; but a camera that was told once
    must go on being told.
    """
    row = _pin(store.db)
    if row is None and seen is not None and not ci.suspicions(seen):
        with store.transaction() as db:
            _write(store, db, seen, now, SET_UP, "", "camera-pinned", {"camera": seen.digest})
        row = _pin(store.db)
    state = _with_facts(store, _judge(row, seen))
    told = ",".join(state.why)
    before = store.db.execute("SELECT identity, told FROM camera_seen").fetchone() or ("", "")
    text = seen.to_json() if seen is not None else ""
    if (text, told) != before:
        with store.transaction() as db:
            db.execute("INSERT OR REPLACE INTO camera_seen VALUES (1, ?, ?)", (text, told))
            digest = seen.digest if seen is not None else ""
            if told:
                journal.append(store, "camera-changed", {"camera": digest, "why": told}, now)
            elif before[1]:
                journal.append(store, "camera-back", {"camera": digest}, now)
    return state


def state(store: Store) -> CameraState:
    """Return what was seen last, judged anew."""
    row = store.db.execute("SELECT identity FROM camera_seen").fetchone()
    return _with_facts(store, _judge(_pin(store.db), ci.from_json(row[0]) if row is not None and row[0] else None))


def pinned(db: Database) -> CameraIdentity | None:
    """Return the camera that is pinned in a database; None where none is."""
    row = _pin(db)
    return ci.from_json(row[0]) if row is not None and row[0] else None


def confirm(store: Store, staff_id: str, why: str, now: datetime) -> CameraState:
    """A supervisor looked at the camera that is there now and answers for it: it is pinned. why: one of `camera_identity.WHYS`.

    Raises ValueError on another reason.
    """
    if why not in ci.WHYS:
        raise ValueError(why)
    before = state(store)
    if before.believed:
        return before
    with store.transaction() as db:
        facts = {"staff": staff_id, "why": why, "camera": before.seen.digest if before.seen is not None else ""}
        _write(store, db, before.seen, now, staff_id, why, "camera-confirmed", facts)
        db.execute("UPDATE camera_seen SET told = ''")
    return state(store)


def keep_facts(store: Store, facts: CameraFacts, now: datetime) -> None:
    """Keep what was measured of the camera that is believed. Raises ValueError where none is."""
    known = state(store)
    if not known.believed or known.pinned is None:
        raise ValueError("no camera is pinned")
    with store.transaction() as db:
        db.execute("INSERT OR REPLACE INTO camera_facts VALUES (1, ?, ?)", (facts.to_json(), facts.pattern))
        journal.append(store, "camera-measured", {"camera": known.pinned.digest, "control": facts.control}, now)


def _with_facts(store: Store, known: CameraState) -> CameraState:
    row = store.db.execute("SELECT facts, pattern FROM camera_facts").fetchone() if known.believed else None
    return known if row is None else replace(known, facts=camera_facts.from_json(row[0], row[1]))


def _write(
    store: Store,
    db: Database,
    camera: CameraIdentity | None,
    now: datetime,
    by: str,
    why: str,
    kind: str,
    facts: dict[str, str],
) -> None:
    row: dict[str, Any] = {
        "one": 1,
        "identity": camera.to_json() if camera is not None else "",
        "pinned_at": now.isoformat(),
        "pinned_by": by,
        "why": why,
    }
    before = db.execute("SELECT identity FROM camera_pin").fetchone()
    if camera is None or before is None or not before[0] or not ci.same_sensor(ci.from_json(before[0]), camera):
        db.execute("DELETE FROM camera_facts")  # of another camera nothing holds that was measured
    db.execute("INSERT OR REPLACE INTO camera_pin VALUES (?, ?, ?, ?, ?)", tuple(row.values()))
    journal.append(store, kind, facts, now, [("camera_pin", row)])


def _pin(db: Database) -> tuple[str, str, str] | None:
    row = db.execute("SELECT identity, pinned_at, pinned_by FROM camera_pin").fetchone()
    return None if row is None else (row[0], row[1], row[2])


def _judge(row: tuple[str, str, str] | None, seen: CameraIdentity | None) -> CameraState:
    if row is None:
        why = ci.suspicions(seen) if seen is not None else ()
        return CameraState(not why, why, None, seen)
    pinned = ci.from_json(row[0]) if row[0] else None
    if pinned is None:
        why = ci.suspicions(seen) or ("new",) if seen is not None else ()
    else:
        why = ci.differences(pinned, seen)
        if why and seen is not None:  # what makes the other one odd is worth knowing, too
            why = (*why, *(one for one in ci.suspicions(seen) if one not in (*why, *ci.suspicions(pinned))))
    return CameraState(not why, why, pinned, seen, row[2], datetime.fromisoformat(row[1]))
