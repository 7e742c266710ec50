"""The station's own kiosk in the demonstration of a portable one: its store and its way to the bureau, without a screen.

Everything it does is what `kiosk home-visits` and `kiosk sync now` do. Its store is opened for each piece of work, in whatever
thread does it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from kiosk import config
from kiosk.bureau.process import BureauProcess
from kiosk.config import Settings
from kiosk.domain.person import RosterEntry
from kiosk.domain.record import RecordStatus
from kiosk.store.engine.database import Store
from kiosk.store.opening import open_store
from kiosk.sync.client import Client
from kiosk.sync.keys import load_identity

T = TypeVar("T")
_ROUNDS = 10  # of delivery, until the bureau's decision is heard


class Station:
    """A second kiosk of the same station, which has the roster."""

    def __init__(self, like: Settings, folder: Path, bureau: BureauProcess) -> None:
        own = {
            "store": {"directory": str(folder / "store"), "key_file": str(folder / "keys" / "database.key")},
            "sync": {"key_file": str(folder / "keys" / "kiosk.json")},
            "station": {"name": "街道工作站"},
        }
        self.settings = Settings.model_validate(config.merged(like.model_dump(mode="json"), own))
        self._bureau = bureau

    def prepare(self, entries: Sequence[RosterEntry], bookings: dict[str, str], staff_id: str) -> None:
        """Register, take the roster, hear of the other kiosk, book visits (person id -> note). Raises KioskError."""
        from kiosk.store.home_visits import visits as home
        from kiosk.store.roster import line as roster_format
        from kiosk.store.roster import lookup as roster
        from kiosk.sync.provision import provision
        from kiosk.sync.roster_feed import Feed

        now, lines = datetime.now(UTC), [roster_format.to_line(one) for one in entries]
        provision(self.settings, self._bureau.url, self._bureau.enrolment_code(self.settings.station.station_id))

        def fill(store: Store, client: Client) -> None:
            roster.import_snapshot(store, lines, roster.RosterHeader(1, now, len(lines)), now)
            Feed(self.settings.sync, client, lambda work: work(store)).pull(threading.Event())
            for person_id, note in bookings.items():
                home.book(store, person_id, note, staff_id, now)

        self._online(fill)

    def export_list(self, medium: Path, to_kiosk: str, person_ids: Sequence[str], staff_id: str) -> int:
        """Put a list on the stick; returns how many people it has."""
        from kiosk.sync import home_visits

        identity, now = load_identity(self.settings.sync), datetime.now(UTC)
        done = self._open(
            lambda store: home_visits.export_list(lambda work: work(store), identity, medium, to_kiosk, person_ids, staff_id, now)
        )
        return done.people

    def merge_results(self, medium: Path, staff_id: str) -> list[str]:
        """Take the results from the stick; returns what was wrong."""
        from kiosk.sync import home_visits

        identity, now = load_identity(self.settings.sync), datetime.now(UTC)
        told = self._open(lambda store: home_visits.merge_results(lambda work: work(store), identity, medium, staff_id, now))
        return [] if [one.outcome for one in told] == ["applied"] else [f"brought in: {[(one.outcome, one.why) for one in told]}"]

    def cancel_visit(self, person_id: str, medium: Path, staff_id: str) -> list[str]:
        """Cancel a visit whose list is out, and put that on the stick; returns what was wrong."""
        from kiosk.store.home_visits import changes

        told = changes.Change(person_id, datetime.now(UTC), changes.CANCELLED)
        self._open(lambda store: changes.change(store, told, staff_id))
        return self.write_news(medium)

    def write_news(self, medium: Path) -> list[str]:
        """Put changes and receipts on the stick; returns what was wrong."""
        from kiosk.sync import home_news

        identity, now = load_identity(self.settings.sync), datetime.now(UTC)
        told = self._open(lambda store: home_news.write(lambda work: work(store), identity, medium, now))
        return [] if [one.outcome for one in told] == ["applied"] else [f"news: {[(one.outcome, one.why) for one in told]}"]

    def deliver(self, record_id: str) -> list[str]:
        """Deliver what was brought in, and hear what was decided; returns what was wrong."""
        from kiosk.store import outbox
        from kiosk.sync.delivery import Delivery

        def rounds(store: Store, client: Client) -> RecordStatus | None:
            delivery = Delivery(self.settings.sync, client, lambda work: work(store))
            for _ in range(_ROUNDS):
                delivery.round(self.settings.sync.batch_size, by_hand=True)
                found = outbox.status_of(store.db, record_id)
                if found is not None and found.stage is RecordStatus.CONFIRMED:
                    return found.stage
            return found.stage if found is not None else None

        stage = self._online(rounds)
        return [] if stage is RecordStatus.CONFIRMED else [f"at the station the record is {stage}"]

    def at_the_bureau(self, record_id: str) -> list[str]:
        """Return what is wrong with what the bureau has: there must be one record and one pass."""
        records = self._bureau.records()
        passes = self._bureau.summary()["passes"]
        good = len(records) == 1 and passes == 1 and (records[0]["record_id"], records[0]["verdict"]) == (record_id, "accepted")
        return [] if good else [f"the bureau has {len(records)} records and {passes} passes"]

    def _open(self, work: Callable[[Store], T]) -> T:
        with open_store(self.settings) as store:
            return work(store)

    def _online(self, work: Callable[[Store, Client], T]) -> T:
        client: Any = Client(self.settings.sync, load_identity(self.settings.sync))
        try:
            return self._open(lambda store: work(store, client))
        finally:
            client.close()
