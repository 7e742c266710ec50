"""A store in a folder of its own, and people and records made up for it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from kiosk.config import Settings
from kiosk.domain.fairness import UNKNOWN, Counted
from kiosk.domain.outcome import Glasses
from kiosk.domain.person import Benefit, Person, RosterEntry, RosterStatus, Template
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome, new_record_id
from kiosk.store import ledger
from kiosk.store.engine.database import Store
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # 10:00 in Shenzhen
TODAY = date(2026, 11, 21)
DIGEST = "d" * 64
NUMBER = "440305195603150028"
PERSON = Person("陈小芳", NUMBER)


def settings(folder: Path, **sections) -> Settings:
    return Settings.model_validate(
        {
            "store": {"directory": str(folder), "key_file": str(folder / "keys" / "database.key")},
            "sync": {"key_file": str(folder / "keys" / "kiosk.json")},
            **sections,
        }
    )


def vector(fill: bytes = b"\x00\x00\x80\x3e") -> bytes:
    return fill * 128


def entry(number: str = NUMBER, name: str = "陈小芳", person_id: str = "p-1", **changes) -> RosterEntry:
    values = {
        "status": RosterStatus.ACTIVE,
        "born": date(1956, 3, 15),
        "benefits": (Benefit("enterprise-employee", "enterprise-employee", "deferred-month", date(2025, 12, 3)),),
        "template": Template(vector(), DIGEST, "c-roster", date(2024, 1, 1)),
        **changes,
    }
    return RosterEntry(person_id=person_id, name=name, id_number=number, **values)


def give_roster(store: Store, *people: RosterEntry, version: int = 1, at: datetime = NOW) -> None:
    lines = [roster_format.to_line(one) for one in people]
    roster.import_snapshot(store, lines, roster.RosterHeader(version, at, len(lines)), at)


def record(visit_id: str = "v-1", outcome: Outcome = Outcome.PASSED, at: datetime = NOW, **changes) -> AuthenticationRecord:
    values = {
        "record_id": new_record_id(),
        "visit_id": visit_id,
        "station_id": "S-1",
        "person_id": "p-1",
        "benefit_id": "enterprise-employee",
        "policy_id": "deferred-month",
        "policy_period": "2026-11",
        "channel": Channel.SELF_FACE,
        "outcome": outcome,
        "reason": "ok",
        "clock": ClockEvidence(at, 12.5, "boot", at),
        "identified_by": "reader",
        "roster_version": 1,
        "actions": ("blink", "turn-left"),
        "checks": (("depth", 0.5, False),),
        "valid_from": date(2026, 12, 1),
        "valid_to": date(2027, 11, 30),
        **changes,
    }
    return AuthenticationRecord(**values)


def count_take(
    store: Store,
    today: date,
    *,
    born: date | None,
    outcome: str,
    reason: str,
    glasses: str = UNKNOWN,
    light: str = UNKNOWN,
    action: str = "all",
) -> None:
    """Count one take of somebody born on a day in the fairness ledger."""
    ledger.count(store, Counted(today, ledger.age_band(born, today), Glasses(glasses), light, action, outcome, reason))
