"""A provisioned kiosk on a real encrypted store, and records that never were."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from kiosk import config
from kiosk.bureau.process import BureauProcess
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome, new_record_id
from kiosk.store import clock, outbox, records
from kiosk.store.engine.database import Store
from kiosk.store.opening import open_store
from kiosk.sync.client import Client
from kiosk.sync.delivery import Clocks, Delivery, Round, journal_lines
from kiosk.sync.keys import Identity
from kiosk.sync.provision import provision
from kiosk.sync.reports import Gather
from kiosk.sync.roster_feed import Feed

STATION = "SZ-TEST-0001"


def settings(folder: Path, url: str = "", station: str = STATION, **sync: Any) -> config.Settings:
    return config.Settings(
        station=config.Station(station_id=station, name="测试站"),
        store=config.Store(directory=str(folder), key_file=str(folder / "database.key")),
        sync=config.Sync(**{"bureau_url": url, "key_file": str(folder / "kiosk.json"), "timeout_s": 5.0, **sync}),
    )


def record(
    number: int = 0, *, station: str = STATION, person: str = "", now: datetime | None = None, **changes: Any
) -> AuthenticationRecord:
    made = AuthenticationRecord(
        record_id=new_record_id(),
        visit_id=str(uuid.uuid4()),
        station_id=station,
        person_id=person or f"P{uuid.uuid4().hex[:10]}",
        benefit_id="enterprise-employee",
        policy_id="deferred-month",
        policy_period="2026-11",
        channel=Channel.SELF_FACE,
        outcome=Outcome.PASSED,
        reason="ok",
        clock=ClockEvidence(now or datetime.now(UTC), 1000.0 + number, clock.boot_id(), None),
        identified_by="reader",
        roster_version=1,
        consent_id=f"consent-{number}",
        checks=(("depth", 0.25, False),),
    )
    return replace(made, **changes)


@dataclass
class Kiosk:
    """Everything of one kiosk that a test touches."""

    settings: config.Settings
    identity: Identity
    store: Store
    client: Client
    moved: list[outbox.Moved]

    def run(self, work: Callable[[Store], Any]) -> Any:
        return work(self.store)

    def save(self, *made: AuthenticationRecord) -> list[str]:
        return [records.save_visit(self.store, [one], datetime.now(UTC))[0] for one in made]

    def delivery(self, clocks: Clocks | None = None, gather: Gather | None = None) -> Delivery:
        return Delivery(
            self.settings.sync,
            self.client,
            self.run,
            clocks=clocks,
            on_moved=self.moved.append,
            journal_tail=journal_lines,
            gather=gather,
        )

    def round(self, limit: int = 20, *, clocks: Clocks | None = None, gather: Gather | None = None) -> Round:
        return self.delivery(clocks, gather).round(limit)

    def feed(self) -> list[str]:
        return Feed(self.settings.sync, self.client, self.run).pull(threading.Event())

    def counts(self) -> dict[str, int]:
        return {key: value for key, value in outbox.counts(self.store.db).items() if value}

    def point_at(self, url: str) -> None:
        """Speak with the bureau through another address."""
        self.client.close()
        self.client = Client(self.settings.sync.model_copy(update={"bureau_url": url}), self.identity)

    def close(self) -> None:
        self.client.close()
        self.store.close()


def make_kiosk(bureau: BureauProcess, folder: Path, station: str = STATION, *, suite: str = "", **sync: Any) -> Kiosk:
    """suite: of the code; the bureau's first by default."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = settings(folder, bureau.url, station, **sync)
    identity = provision(chosen, bureau.url, bureau.enrolment_code(station, suite))
    return Kiosk(chosen, identity, open_store(chosen), Client(chosen.sync, identity), [])


def bureau_record(bureau: BureauProcess, record_id: str) -> dict[str, Any] | None:
    try:
        return bureau.record(record_id)
    except httpx.HTTPStatusError as error:
        if error.response.status_code == 404:
            return None
        raise
