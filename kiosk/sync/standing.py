"""What the bureau thinks of this kiosk itself: two machines under one key, or a restored one, and self-service waits for a person.

It also tells how many batches of this kiosk it has: a bureau that was restored from an older backup is asked about, and sent anew,
what it had signed for and lost.

Asked by `delivery` at the end of a round, brought by `courier`. Runs on the store's thread.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.sync import protocol, seal

_KEY = "standing"


def take(store: Store, told: protocol.Standing, now: datetime) -> bool:
    """Keep a verified word of the bureau; returns whether it changes anything. Raises seal.Refused for one that is not newer."""
    with store.transaction() as db:
        before = _kept(db)
        if before and told.at <= datetime.fromisoformat(before["at"]):
            raise seal.Refused("stale")
        outbox.put(db, _KEY, json.dumps(told.model_dump(mode="json")))
        since = outbox.lost_since(db, told.batches, told.at) if told.batches is not None else None
        if told.batches is not None and since is not None:
            count = outbox.doubt(db, told.batches, since)
            data = {"batches": told.batches, "since": outbox.iso(since), "records": count}
            journal.append(store, "bureau-restored", data, now)
        changed = bool(told.state != (before.get("state") or "good"))
        if changed:
            journal.append(store, "standing-changed", {"state": told.state, "why": told.why, "about": told.about}, now)
    return changed


def is_twin(db: Database) -> bool:
    """Return whether the bureau said that another machine seems to work under this kiosk's key, and has not taken it back."""
    return _kept(db).get("state") == "twin"


def comes_in_chunks(db: Database) -> bool:
    """Return whether the bureau said that this station's roster comes in chunks."""
    return _kept(db).get("roster") == "chunks"


def _kept(db: Database) -> dict[str, Any]:
    return dict(json.loads(outbox.get(db, _KEY, "{}")))
