"""Two kiosks of one station at a real bureau: one with a roster, and a portable one that has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.domain.identity import check_digit
from kiosk.domain.person import Benefit, RosterEntry, RosterStatus, Template
from kiosk.domain.record import Channel
from kiosk.store import service
from kiosk.store.desk import assisted as desk
from kiosk.store.home_visits import visits as home
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster
from kiosk.sync import home_visits as home_loans
from tests.sync.made import Kiosk, make_kiosk

ANN, BEN = "1001", "1002"  # at the station, and on the road
TABLES = (
    "outbox",
    "outbox_batches",
    "outbox_evidence",
    "receipts",
    "records",
    "home_visits",
    "home_loans",
    "borrowed_loans",
    "borrowed_people",
    "templates",
    "erasures",
    "declarations",
)


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def person(number: int, **changes) -> RosterEntry:
    first = f"44030519{40 + number % 20:02d}0{1 + number % 9}1{number % 10}{number % 1000:03d}"
    values = {
        "status": RosterStatus.ACTIVE,
        "home_visit": True,
        "template": Template(b"\x00\x00\x80\x3e" * 128, "d" * 64, f"c-{number}"),
        "benefits": (Benefit("enterprise-employee", "enterprise-employee", "deferred-month", today() - timedelta(days=350)),),
        **changes,
    }
    return RosterEntry(f"P{number:05d}", f"测试{'甲乙丙丁戊己庚辛壬癸'[number % 10]}", first + check_digit(first), **values)


@dataclass
class Pair:
    """A station's kiosk, a portable one, and the stick that goes between them."""

    station: Kiosk
    portable: Kiosk
    medium: Path

    def give_roster(self, *people: RosterEntry) -> None:
        lines = [roster_format.to_line(one) for one in people]
        version = roster.version(self.station.store) + 1
        roster.import_snapshot(self.station.store, lines, roster.RosterHeader(version, now(), len(lines)), now())

    def export_list(self, *person_ids: str, at: datetime | None = None) -> home_loans.ListExported:
        ids = person_ids or [one.entry.person_id for one in home.booked(self.station.store, today())]
        return home_loans.export_list(
            self.station.run, self.station.identity, self.medium, self.portable.identity.pins.kiosk_id, ids, ANN, at or now()
        )

    def import_lists(self, at: datetime | None = None) -> list[home_loans.FileOutcome]:
        return home_loans.import_lists(self.portable.run, self.portable.identity, self.medium, BEN, at or now())

    def return_results(self, at: datetime | None = None) -> list[home_loans.FileOutcome]:
        return home_loans.return_results(self.portable.run, self.portable.identity, self.medium, BEN, at or now())

    def merge_results(self, at: datetime | None = None) -> list[home_loans.FileOutcome]:
        return home_loans.merge_results(self.station.run, self.station.identity, self.medium, ANN, at or now())

    def visit(self, person_id: str) -> tuple[str, ...]:
        """Make a home visit with the portable kiosk; nothing when there is nobody, or nothing due."""
        store = self.portable.store
        entry = roster.find_person(store, person_id)
        due = [one for one in service.eligibilities(store, entry, today()) if one.may_pass] if entry is not None else []
        if entry is None or not due:
            return ()
        return desk.authenticate(store, entry, due, Channel.HOME_VISIT, BEN, now(), why="very-old")

    def listed(self, kiosk: Kiosk) -> list[str]:
        return [one.entry.person_id for one in home.booked(kiosk.store, today(), now())]

    def empty(self) -> None:
        for kiosk in (self.station, self.portable):
            for table in TABLES:
                kiosk.store.db.execute(f"DELETE FROM {table}")
            kiosk.moved.clear()


def make_pair(bureau, folder: Path, station_id: str) -> Pair:
    station = make_kiosk(bureau, folder / "station", station_id)
    portable = make_kiosk(bureau, folder / "portable", station_id)
    station.feed()
    portable.feed()
    medium = folder / "stick"
    medium.mkdir()
    return Pair(station, portable, medium)


def close(pair: Pair) -> None:
    pair.station.close()
    pair.portable.close()
