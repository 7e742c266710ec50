"""The quick way back to the desk: a short PIN of four digits, or the attendant's own card. Never the first way in.

Both count only for `[desk] short_pin_s` after the same person signed in with number and PIN at this kiosk since it started,
and what they open is an attendant's session, a supervisor's too. Three wrong short PINs end the way back until the next full
sign-in: four digits are no secret to somebody who may go on guessing. Of a card a keyed digest is kept, which names nobody.

Called by the desk through `store.worker`. The tables are this module's; `staff` empties them with a member's access.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from kiosk.domain.desk_rules import SHORT_PIN_DIGITS
from kiosk.store import clock
from kiosk.store.desk import staff
from kiosk.store.engine import journal, keys
from kiosk.store.engine.database import Store, store_errors
from kiosk.store.outbox import iso

TRIES = 3  # wrong short PINs in a row; then the full PIN


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE short_pins (
        staff_id TEXT PRIMARY KEY,
        pin_hash TEXT NOT NULL,
        set_at TEXT NOT NULL
    ) STRICT""")
    db.execute("""CREATE TABLE staff_cards (
        card TEXT PRIMARY KEY,           -- keyed digest of what the card says of itself
        staff_id TEXT NOT NULL,
        bound_by TEXT NOT NULL,
        bound_at TEXT NOT NULL
    ) STRICT""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class Unlock:
    """The answer to a short PIN or a card. `member` None: refused, `problem` says why (short-pin-wrong, short-pin-over,
    staff-card-unknown, full-sign-in-first); `tries_left` before only the full PIN helps."""

    member: staff.Member | None
    problem: str = ""
    tries_left: int = 0


def set_short_pin(store: Store, staff_id: str, pin: str, now: datetime) -> None:
    """Give a member a short PIN, in place of an older one. Raises staff.WeakPin, ValueError for somebody without access."""
    staff.check_pin(pin, SHORT_PIN_DIGITS)
    if len(pin) != SHORT_PIN_DIGITS:
        raise staff.WeakPin(f"{SHORT_PIN_DIGITS} digits expected")
    if staff.find(store, staff_id) is None:
        raise ValueError("no such member")
    row = {"staff_id": staff_id, "pin_hash": staff.hashed(pin), "set_at": iso(now)}
    with store.transaction() as db:
        db.execute("INSERT OR REPLACE INTO short_pins VALUES (:staff_id, :pin_hash, :set_at)", row)
        journal.append(store, "staff-short-pin-set", {"staff": staff_id}, now, [("short_pins", row)])


def bind_card(store: Store, staff_id: str, card: str, now: datetime, *, by: str) -> None:
    """Let a card open the way back for a member; an older card of theirs opens it no more.

    card: what the card says of itself (`card_name`). Raises ValueError for somebody without access, or a card of somebody else.
    """
    if not card or staff.find(store, staff_id) is None:
        raise ValueError("no such member, or no card")
    digest = _digest(store, card)
    with store_errors():
        holder = store.db.execute("SELECT staff_id FROM staff_cards WHERE card = ?", (digest,)).fetchone()
    if holder is not None and holder[0] != staff_id:
        raise ValueError("the card is somebody else's")
    row = {"card": digest, "staff_id": staff_id, "bound_by": by, "bound_at": iso(now)}
    with store.transaction() as db:
        older = [
            ("-staff_cards", {"card": one})
            for (one,) in db.execute("SELECT card FROM staff_cards WHERE staff_id = ? AND card <> ?", (staff_id, digest)).fetchall()
        ]
        db.execute("DELETE FROM staff_cards WHERE staff_id = ?", (staff_id,))
        db.execute("INSERT INTO staff_cards VALUES (:card, :staff_id, :bound_by, :bound_at)", row)
        journal.append(store, "staff-card-bound", {"staff": staff_id, "by": by}, now, [*older, ("staff_cards", row)])


def with_card(store: Store) -> frozenset[str]:
    """Return the staff numbers that have a card."""
    with store_errors():
        return frozenset(row[0] for row in store.db.execute("SELECT staff_id FROM staff_cards").fetchall())


def offered(store: Store, *, monotonic_s: float | None = None, boot: str | None = None) -> staff.Member | None:
    """Return who may come back with a short PIN now: of those who have one, who signed in last. None: nobody."""
    with store_errors():
        rows = store.db.execute(
            "SELECT staff_id FROM signed_in JOIN short_pins USING (staff_id) ORDER BY at_s DESC, staff_id"
        ).fetchall()
    return next((staff.find(store, one) for (one,) in rows if _window(store, one, monotonic_s, boot) is not None), None)


def by_short_pin(
    store: Store, staff_id: str, pin: str, now: datetime, *, monotonic_s: float | None = None, boot: str | None = None
) -> Unlock:
    """Look at a short PIN. Outside the time, or after TRIES wrong ones, none is looked at: short-pin-over."""
    failures = _window(store, staff_id, monotonic_s, boot)
    with store_errors():
        row = store.db.execute("SELECT pin_hash FROM short_pins WHERE staff_id = ?", (staff_id,)).fetchone()
    member = staff.find(store, staff_id)
    if failures is None or row is None or member is None:
        return Unlock(None, "short-pin-over")
    if staff.fits(row[0], pin):
        with store.transaction() as db:
            db.execute("UPDATE signed_in SET failures = 0 WHERE staff_id = ?", (staff_id,))
            journal.append(store, "staff-unlocked", {"staff": staff_id, "how": "short-pin"}, now)
        return Unlock(member)
    failures += 1
    with store.transaction() as db:
        db.execute("UPDATE signed_in SET failures = ? WHERE staff_id = ?", (failures, staff_id))
        journal.append(store, "staff-unlock-failed", {"staff": staff_id, "failures": failures}, now)
    left = max(0, TRIES - failures)
    return Unlock(None, "short-pin-wrong" if left else "short-pin-over", left)


def by_card(store: Store, card: str, now: datetime, *, monotonic_s: float | None = None, boot: str | None = None) -> Unlock:
    """Look whose card was laid. A card that is nobody's is not journalled: retirees lay theirs here by mistake."""
    with store_errors():
        row = store.db.execute("SELECT staff_id FROM staff_cards WHERE card = ?", (_digest(store, card),)).fetchone()
    member = staff.find(store, row[0]) if row is not None and card else None
    if member is None:
        return Unlock(None, "staff-card-unknown")
    if _window(store, member.staff_id, monotonic_s, boot) is None:
        return Unlock(None, "full-sign-in-first")
    journal.note(store, "staff-unlocked", {"staff": member.staff_id, "how": "card"}, now)
    return Unlock(member)


def card_name(chip_number: bytes, id_number: str) -> str:
    """Return what a card is told by: its chip's own number where the reader says it, else the number printed on it."""
    return f"chip:{chip_number.hex()}" if chip_number else f"number:{id_number}" if id_number else ""


def _window(store: Store, staff_id: str, monotonic_s: float | None, boot: str | None) -> int | None:
    """Return the wrong short PINs since the full sign-in; None when that is too long ago, of before a restart, or used up."""
    counter, boot = time.monotonic() if monotonic_s is None else monotonic_s, boot or clock.boot_id()
    with store_errors():
        row = store.db.execute("SELECT boot_id, at_s, failures FROM signed_in WHERE staff_id = ?", (staff_id,)).fetchone()
    if row is None or row[0] != boot or not 0 <= counter - row[1] < store.settings.desk.short_pin_s or row[2] >= TRIES:
        return None
    return int(row[2])


def _digest(store: Store, card: str) -> str:
    return hmac.new(keys.derive(store.key, "staff-card"), card.encode(), hashlib.sha256).hexdigest()
