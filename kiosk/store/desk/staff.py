"""Attendants and supervisors: who they are, their PINs (argon2id), and a lock-out with growing delay. Works offline.

Called by the desk through `store.worker`, by `kiosk staff`, and by the sync for the bureau's bundle. A typed staff number that
nobody has is answered and locked like a real one, so that trying reveals nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

from kiosk.domain.desk_rules import Role as Role
from kiosk.errors import KioskError
from kiosk.store import clock
from kiosk.store.engine import journal, meta
from kiosk.store.engine.database import Store, store_errors
from kiosk.store.outbox import iso

# OWASP's minimum for argon2id, one pass more; 19 MiB keeps within the kiosk's memory. A PIN's real guard is the lock-out.
_HASHER = PasswordHasher(time_cost=3, memory_cost=19456, parallelism=1)
_MAX_UNKNOWN = 200


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE staff (
        staff_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('attendant', 'supervisor')),
        pin_hash TEXT NOT NULL,
        origin TEXT NOT NULL CHECK (origin IN ('local', 'bureau')),
        created_at TEXT NOT NULL,
        revoked_at TEXT NOT NULL DEFAULT ''
    ) STRICT""")
    db.execute("""CREATE TABLE sign_in (
        staff_id TEXT PRIMARY KEY,       -- as typed; also of people who do not exist
        failures INTEGER NOT NULL,
        lock_s REAL NOT NULL,            -- length of the lock that was set last
        boot_id TEXT NOT NULL,           -- the lock counts on the monotonic clock: turning the wall clock does not shorten it
        locked_at_s REAL NOT NULL
    ) STRICT""")


def _signed_in(db: Database) -> None:
    db.execute("""CREATE TABLE signed_in (
        staff_id TEXT PRIMARY KEY,
        boot_id TEXT NOT NULL,
        at_s REAL NOT NULL,              -- of the last sign-in with the full PIN, on the monotonic clock
        failures INTEGER NOT NULL        -- wrong short PINs since (`quick`)
    ) STRICT""")


MIGRATIONS = (_create, _signed_in)


class WeakPin(KioskError):
    """The PIN is too short, no number, or one that everybody tries first."""

    reason = "weak-pin"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the staff."""

    staff_id: str
    name: str
    role: Role
    active: bool
    origin: str = "local"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The answer to a PIN. `member` None: refused; `wait_s`: how long no PIN is looked at; `tries_left` before the next lock."""

    member: Member | None
    wait_s: float = 0.0
    tries_left: int = 0


def check_pin(pin: str, min_length: int) -> None:
    """Raise WeakPin on a PIN that is short, repeated or consecutive (S4: 不能是重复或连续的数字)."""
    if not pin.isascii() or not pin.isdigit() or not min_length <= len(pin) <= 32:
        raise WeakPin(f"at least {min_length} digits")
    steps = {(int(b) - int(a)) % 10 for a, b in zip(pin, pin[1:], strict=False)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise WeakPin("repeated or consecutive digits")
    if len(set(pin)) < 3:
        raise WeakPin("at least three different digits")


def add(store: Store, staff_id: str, name: str, role: Role, pin: str, now: datetime, *, by: str) -> Member:
    """Add a member, or give one that was revoked a new start. Raises WeakPin; ValueError when the number is taken or empty."""
    check_pin(pin, store.settings.desk.pin_min_length)
    if not staff_id.strip() or not name.strip():
        raise ValueError("staff number and name expected")
    with store_errors():
        row = store.db.execute("SELECT revoked_at FROM staff WHERE staff_id = ?", (staff_id,)).fetchone()
    if row is not None and not row[0]:
        raise ValueError(f"staff number {staff_id} is taken")
    _write(
        store,
        {
            "staff_id": staff_id,
            "name": name,
            "role": role.value,
            "pin_hash": hashed(pin),
            "origin": "local",
            "created_at": iso(now),
            "revoked_at": "",
        },
        "staff-added",
        by,
        now,
    )
    return Member(staff_id, name, role, active=True)


def set_pin(store: Store, staff_id: str, pin: str, now: datetime, *, by: str) -> None:
    """Give a member a new PIN. Raises WeakPin, ValueError for an unknown number."""
    check_pin(pin, store.settings.desk.pin_min_length)
    row = _row(store, staff_id)
    if row is None or row["revoked_at"]:
        raise ValueError("no such member")
    _write(store, {**row, "pin_hash": hashed(pin)}, "staff-pin-changed", by, now)


def revoke(store: Store, staff_id: str, now: datetime, *, by: str) -> bool:
    """End a member's access at once. False when there was none."""
    row = _row(store, staff_id)
    if row is None or row["revoked_at"]:
        return False
    _write(store, {**row, "revoked_at": iso(now)}, "staff-revoked", by, now)
    return True


def members(store: Store) -> tuple[Member, ...]:
    """Return everybody, revoked ones too, by number."""
    with store_errors():
        rows = store.db.execute("SELECT staff_id, name, role, revoked_at, origin FROM staff ORDER BY staff_id").fetchall()
    return tuple(Member(staff_id, name, Role(role), not revoked, origin) for staff_id, name, role, revoked, origin in rows)


def find(store: Store, staff_id: str) -> Member | None:
    """Return an active member."""
    return next((one for one in members(store) if one.staff_id == staff_id and one.active), None)


def sign_in(
    store: Store, staff_id: str, pin: str, now: datetime, *, monotonic_s: float | None = None, boot: str | None = None
) -> SignIn:
    """Check a PIN. During a lock no PIN is looked at, and trying does not lengthen it. Takes about 0.1 s on purpose.

    After `[desk] lockout_after` failures in a row each further failure locks, twice as long as the last time, up to
    `[desk] lockout_max_s`; a restart of the machine begins a running lock anew.
    """
    desk = store.settings.desk
    staff_id = staff_id.strip()[:32]
    counter, boot = time.monotonic() if monotonic_s is None else monotonic_s, boot or clock.boot_id()
    with store_errors():
        row = store.db.execute(
            "SELECT failures, lock_s, boot_id, locked_at_s FROM sign_in WHERE staff_id = ?", (staff_id,)
        ).fetchone()
    failures, lock_s, lock_boot, locked_at = row or (0, 0.0, boot, 0.0)
    if lock_s > 0 and lock_boot != boot:
        locked_at = counter
        with store.transaction() as db:
            db.execute("UPDATE sign_in SET boot_id = ?, locked_at_s = ? WHERE staff_id = ?", (boot, counter, staff_id))
    left = lock_s - (counter - locked_at) if lock_s > 0 else 0.0
    if left > 0:
        return SignIn(None, left, 0)
    known = _row(store, staff_id)
    good = fits(known["pin_hash"] if known is not None else _nobody(), pin)
    if known is not None and good and not known["revoked_at"]:
        with store.transaction() as db:
            db.execute("DELETE FROM sign_in WHERE staff_id = ?", (staff_id,))
            db.execute("INSERT OR REPLACE INTO signed_in VALUES (?, ?, ?, 0)", (staff_id, boot, counter))
            journal.append(store, "staff-signed-in", {"staff": staff_id, "role": known["role"]}, now)
        return SignIn(Member(staff_id, known["name"], Role(known["role"]), active=True, origin=known["origin"]))
    failures += 1
    over = failures - desk.lockout_after
    lock = min(desk.lockout_max_s, desk.lockout_first_s * 2.0 ** min(over, 20)) if over >= 0 else 0.0
    with store.transaction() as db:
        db.execute("INSERT OR REPLACE INTO sign_in VALUES (?, ?, ?, ?, ?)", (staff_id, failures, lock, boot, counter))
        db.execute(
            "DELETE FROM sign_in WHERE staff_id NOT IN (SELECT staff_id FROM staff) AND rowid NOT IN "
            "(SELECT rowid FROM sign_in ORDER BY rowid DESC LIMIT ?)",
            (_MAX_UNKNOWN,),
        )
        journal.append(
            store,
            "staff-sign-in-failed",
            {"staff": staff_id if known is not None else "unknown", "failures": failures, "locked_s": lock},
            now,
        )
    return SignIn(None, lock, max(0, -over))


def sign_out(store: Store, staff_id: str, now: datetime, *, automatic: bool = False) -> None:
    """Journal that somebody left the desk."""
    journal.note(store, "staff-signed-out", {"staff": staff_id, "automatic": automatic}, now)


def revoke_all(store: Store, revoked: Iterable[str], version: int, now: datetime) -> int:
    """End the access of the numbers that a verified bundle revokes, in a transaction of its own: before all else of the bundle.

    Also of a member that is only there since. Returns how many were ended.
    """
    ended: list[tuple[str, Mapping[str, Any]]] = []
    with store.transaction() as db:
        for staff_id in revoked:
            row = db.execute(
                f"UPDATE staff SET revoked_at = ? WHERE staff_id = ? AND revoked_at = '' RETURNING {', '.join(_COLUMNS)}",  # noqa: S608  fixed columns
                (iso(now), staff_id),
            ).fetchone()
            if row is not None:
                ended += [*_forget_quick(db, staff_id, cards=True), ("staff", _as_dict(row))]
        for start in range(0, len(ended), 100):
            rows = ended[start : start + 100]
            count = sum(table == "staff" for table, _ in rows)
            journal.append(store, "staff-revoked-by-bureau", {"version": version, "count": count}, now, rows)
    return sum(table == "staff" for table, _ in ended)


def take_bundle(
    store: Store, rows: Iterable[Mapping[str, Any]], revoked: Iterable[str], version: int, now: datetime, *, again: bool = False
) -> bool:
    """Take the bureau's staff from a verified bundle: {staff_id, name, role, pin_hash}, and numbers to revoke.

    again: the same version may be taken once more. False for an old bundle. Raises ValueError when a row is no member; then nothing
    changes.
    """
    members_ = [checked(row) for row in rows]
    gone = [str(one) for one in revoked]
    with store.transaction() as db:
        if version < int(meta.get(db, "staff_version", "0")) + (not again):
            return False
        forgotten: list[tuple[str, Mapping[str, Any]]] = []
        for row in members_:
            before = db.execute("SELECT pin_hash, revoked_at FROM staff WHERE staff_id = ?", (row["staff_id"],)).fetchone()
            if before is not None and before != (row["pin_hash"], ""):
                forgotten += _forget_quick(db, row["staff_id"], cards=bool(before[1]))
            _put(db, {**row, "origin": "bureau", "created_at": iso(now), "revoked_at": ""})
        for staff_id in gone:
            forgotten += _forget_quick(db, staff_id, cards=True)
            db.execute("UPDATE staff SET revoked_at = ? WHERE staff_id = ? AND revoked_at = ''", (iso(now), staff_id))
        meta.put(db, "staff_version", str(version))
        sql = f"SELECT {', '.join(_COLUMNS)} FROM staff WHERE origin = 'bureau' OR revoked_at = ?"  # noqa: S608  fixed columns
        changed = [*forgotten, *(("staff", _as_dict(one)) for one in db.execute(sql, (iso(now),)).fetchall())]
        journal.append(store, "staff-bundle", {"version": version, "members": len(members_), "revoked": len(gone)}, now, changed)
    return True


# --- inside

_COLUMNS = ("staff_id", "name", "role", "pin_hash", "origin", "created_at", "revoked_at")


def _as_dict(row: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(_COLUMNS, row, strict=True))


def _row(store: Store, staff_id: str) -> dict[str, str] | None:
    with store_errors():
        row = store.db.execute(f"SELECT {', '.join(_COLUMNS)} FROM staff WHERE staff_id = ?", (staff_id,)).fetchone()  # noqa: S608
    return None if row is None else _as_dict(row)


def _put(db: Database, row: Mapping[str, Any]) -> None:
    db.execute(f"INSERT OR REPLACE INTO staff ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)})", dict(row))  # noqa: S608


def _write(store: Store, row: Mapping[str, Any], kind: str, by: str, now: datetime) -> None:
    with store.transaction() as db:
        _put(db, row)
        db.execute("DELETE FROM sign_in WHERE staff_id = ?", (row["staff_id"],))
        gone = _forget_quick(db, row["staff_id"], cards=kind != "staff-pin-changed")
        journal.append(store, kind, {"staff": row["staff_id"], "role": row["role"], "by": by}, now, [*gone, ("staff", row)])


def _forget_quick(db: Database, staff_id: str, *, cards: bool) -> list[tuple[str, Mapping[str, Any]]]:
    """End the quick way back of somebody whose PIN or access changed; return what the journal's mirror must forget."""
    db.execute("DELETE FROM signed_in WHERE staff_id = ?", (staff_id,))
    gone: list[tuple[str, Mapping[str, Any]]] = []
    if db.execute("DELETE FROM short_pins WHERE staff_id = ? RETURNING 1", (staff_id,)).fetchall():
        gone.append(("-short_pins", {"staff_id": staff_id}))
    if cards:
        found = db.execute("DELETE FROM staff_cards WHERE staff_id = ? RETURNING card", (staff_id,)).fetchall()
        gone += [("-staff_cards", {"card": card}) for (card,) in found]
    return gone


def checked(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what is kept of a row {staff_id, name, role, pin_hash}; more is ignored. Raises ValueError when it is no member."""
    if not {"staff_id", "name", "role", "pin_hash"} <= set(row):
        raise ValueError("staff: staff_id, name, role and pin_hash expected")
    found = {key: row[key] for key in ("staff_id", "name", "role", "pin_hash")}
    if not all(isinstance(value, str) and value for value in found.values()):
        raise ValueError("staff: texts expected")
    if found["role"] not in (one.value for one in Role):
        raise ValueError("staff: unknown role")
    if not found["pin_hash"].startswith("$argon2id$"):
        raise ValueError("staff: an argon2id hash expected")
    return found


def hashed(pin: str) -> str:
    """Return the argon2id hash of a PIN, salted."""
    return _HASHER.hash(pin)


def fits(pin_hash: str, pin: str) -> bool:
    """Return whether a PIN is the hash's. Takes about 0.1 s on purpose."""
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this PIN")
