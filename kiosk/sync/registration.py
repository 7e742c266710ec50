"""A kiosk that was registered anew: other keys, another id, perhaps another suite, and records of before that are still under way;
and a bureau whose keys are others.

Called at the start of a round (`delivery`) and of a stick's visit (`courier`), on the store's thread; does nothing when all is as
before.
"""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.sync.keys import Identity

_KIOSK = "kiosk_id"  # keys in `sync_state`: under which id the bureau knew us last
_BUREAU = "bureau_id"  # which of its keys the bureau used last
_ASK_FROM = "ask_from"  # behind which record the bureau is asked once more; missing or "": it is not asked
_START = "-"  # before every id


def follow(store: Store, identity: Identity, now: datetime) -> bool:
    """Let the store follow the identity; returns whether anything changed.

    Another suite: what is here is digested anew, so that receipts fit it; journalled. Another id: decisions are counted from
    the start, and the bureau is asked about records that it has and has not decided, or it would never tell the new id of them.
    """
    with store.transaction() as db:
        before, kiosk_id = outbox.get(db, _KIOSK), identity.pins.kiosk_id
        bureau, bureau_id = outbox.get(db, _BUREAU), identity.pins.bureau_id
        if bureau != bureau_id:
            outbox.put(db, _BUREAU, bureau_id)
            if bureau and before == kiosk_id:
                journal.append(store, "bureau-keys", {"in_force": bureau_id, "before": bureau}, now)
        suite, digest = identity.suite, identity.suite.digest_name
        other = outbox.digest_name(db) != digest
        if before == kiosk_id and not other:
            return False
        if other:
            outbox.use_digest(db, digest)
            journal.append(store, "suite-changed", {"suite": suite.name, "digest": digest}, now)
        if before and before != kiosk_id:
            outbox.put(db, "decisions_after", "0")
            outbox.put(db, outbox.BATCHES_FROM, outbox.get(db, "seq", "0"))
            outbox.put(db, _ASK_FROM, _START)
            outbox.doubt_with_evidence(db)
        outbox.put(db, _KIOSK, kiosk_id)
    return True


def to_ask(db: Database, limit: int) -> list[str]:
    """Return records to ask the bureau about under the new id; empty when that is done."""
    after = outbox.get(db, _ASK_FROM)
    return outbox.received_undecided(db, after, limit) if after else []


def asked(db: Database, ids: list[str]) -> None:
    """The bureau answered about these; without any: about all."""
    outbox.put(db, _ASK_FROM, ids[-1] if ids else "")
