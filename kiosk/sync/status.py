"""What the attendant may believe: counts by state, how long the oldest waits, the last receipt, the roster's version and age."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from kiosk.config import Sync
from kiosk.store import outbox, outbox_table
from kiosk.store.engine.database import Store
from kiosk.sync import standing
from kiosk.sync.schedule import Hold, Level, Trouble, level

PAUSED_BY = "paused_by"  # key in `sync_state`: who paused the delivery at the desk; "" or missing: nobody


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """One look at the sync. All counts come from rows that signed receipts moved, or did not."""

    counts: dict[str, int]
    oldest_unsent: datetime | None
    level: Level
    last_receipt: str
    last_receipt_at: datetime | None
    last_contact: datetime | None
    bureau_offset_s: float | None
    roster_version: int
    roster_at: datetime | None
    bundle_version: int
    hold: Hold = Hold.NONE
    trouble: Trouble | None = None
    why: str = ""
    next_try_in_s: float | None = None
    sending: bool = False
    paused_by: str = ""  # staff id, when it was paused at the desk
    twin: bool = False  # the bureau said that another machine seems to work under this kiosk's key, or that it was restored

    @property
    def unsent(self) -> int:
        """Records that no receipt covers."""
        return outbox_table.waiting(self.counts)

    @property
    def frozen(self) -> bool:
        """Whether self-service must stop: too much waited too long, or the bureau wants a person to look. Attended work goes on."""
        return self.level is Level.FROZEN or self.twin

    @property
    def attention(self) -> int:
        """Records that came back: refused or returned."""
        return self.counts["refused"] + self.counts["returned"]

    @property
    def online(self) -> bool:
        """Whether the last try reached the bureau."""
        return self.trouble is None and self.last_contact is not None

    def as_json(self, now: datetime) -> dict[str, Any]:
        """Return plain data for `kiosk sync status --json`."""
        plain = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(self).items()}
        age = (now - self.roster_at).total_seconds() if self.roster_at else None
        oldest = (now - self.oldest_unsent).total_seconds() if self.oldest_unsent else None
        return {**plain, "unsent": self.unsent, "attention": self.attention, "roster_age_s": age, "oldest_unsent_age_s": oldest}


def switches(store: Store, settings: Sync) -> Sync:
    """Return the settings with the desk's own switch laid over them. Runs on the store's thread."""
    return settings.model_copy(update={"paused": True}) if outbox.get(store.db, PAUSED_BY) else settings


def collect(
    store: Store,
    settings: Sync,
    now: datetime,
    *,
    hold: Hold = Hold.NONE,
    trouble: Trouble | None = None,
    why: str = "",
    next_try_in_s: float | None = None,
    sending: bool = False,
) -> SyncStatus:
    """Read the status. Runs on the store's thread."""
    db = store.db
    oldest = outbox.oldest_unsent(db)
    receipt = outbox.last_receipt(db)
    offset = outbox.get(db, "bureau_offset_s")
    return SyncStatus(
        counts=outbox.counts(db),
        oldest_unsent=oldest,
        level=level(settings, oldest, now),
        last_receipt=receipt[0] if receipt else "",
        last_receipt_at=receipt[1] if receipt else None,
        last_contact=_when(outbox.get(db, "last_contact")),
        bureau_offset_s=float(offset) if offset else None,
        roster_version=int(outbox.get(db, "roster_version", "0")),
        roster_at=_when(outbox.get(db, "roster_at")),
        bundle_version=int(outbox.get(db, "bundle_version", "0")),
        hold=hold,
        trouble=trouble,
        why=why,
        next_try_in_s=next_try_in_s,
        sending=sending,
        paused_by=outbox.get(db, PAUSED_BY),
        twin=standing.is_twin(db),
    )


def _when(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
