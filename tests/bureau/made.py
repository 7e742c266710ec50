"""A bureau opened in this process and kiosks that speak to it without a network: sealed batches as they would come."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kiosk.bureau import database, ingest, tables
from kiosk.bureau.context import BureauContext, BureauSettings, open_context, prepare
from kiosk.canonical import canonical
from kiosk.sync import protocol, seal
from kiosk.sync.keys import Keys
from tests.bureau import template
from tests.suite import SUITE, named

STATION = "SZ-TEST-0001"


def opened(folder: Path, **given: Any) -> BureauContext:
    settings = BureauSettings(data=str(folder), **{"suites": (SUITE.name,), **given})
    with patch.object(database, "upgrade", template.upgrade):
        prepare(settings)
    return open_context(settings)


def record(**changes: Any) -> dict[str, Any]:
    """A record as it travels, plain."""
    return {
        "record_id": str(uuid.uuid4()),
        "visit_id": str(uuid.uuid4()),
        "station_id": STATION,
        "person_id": "P1",
        "benefit_id": "enterprise-employee",
        "policy_id": "deferred-month",
        "policy_period": "2026-11",
        "channel": "self-face",
        "outcome": "passed",
        "reason": "ok",
        "clock": {
            "captured_at_utc": "2026-11-21T02:00:00+00:00",
            "monotonic_s": 12.5,
            "boot_id": "boot-1",
            "high_water_utc": None,
            "suspect": False,
            "confirmed_by": "",
        },
        "identified_by": "reader",
        "roster_version": 1,
        **changes,
    }


@dataclass
class Kiosk:
    """A registered kiosk: its keys, and the numbers it has used."""

    context: BureauContext
    kiosk_id: str
    keys: Keys
    seq: int = 0
    boot_id: str = "boot-1"
    monotonic_s: float = 1000.0
    extra: dict[str, Any] = field(default_factory=dict)

    def sealed(self, records: list[dict[str, Any]], *, seq: int | None = None, **changes: Any) -> bytes:
        self.seq = self.seq + 1 if seq is None else seq
        self.monotonic_s += 1
        now = datetime.now(UTC)
        plain = {
            "schema_version": protocol.SCHEMA_VERSION,
            **named(self.context.suite),
            "kind": "batch",
            "batch_id": str(uuid.uuid4()),
            "kiosk_id": self.kiosk_id,
            "seq": self.seq,
            "created_at": now.isoformat(),
            "way": "network",
            "clock": {"sent_at_utc": now.isoformat(), "monotonic_s": self.monotonic_s, "boot_id": self.boot_id},
            "records": records,
            **self.extra,
            **changes,
        }
        return self.sealed_plain(canonical(plain))

    def sealed_plain(self, plain: bytes, kind: str = "batch") -> bytes:
        signed = seal.sign_plain(plain, kind, self.keys.sign, self.kiosk_id)
        return seal.encrypt(signed, seal.recipient_key(self.context.keys.public), self.context.bureau_id)

    def send(self, *records: dict[str, Any], **changes: Any) -> protocol.Receipt:
        signed = ingest.take_batch(self.context, self.sealed(list(records), **changes))
        return seal.verify(signed, seal.verify_key(self.context.keys.public), self.context.bureau_id, protocol.Receipt)


def register(context: BureauContext, number: int = 1, station: str = STATION, **extra: Any) -> Kiosk:
    keys = Keys(*seal.new_keys(context.suite))
    kiosk_id = f"kiosk-{number}-{uuid.uuid4().hex[:6]}"
    with context.session.begin() as session:
        session.add(
            tables.Kiosk(
                kiosk_id=kiosk_id,
                station_id=station,
                name=f"测试站{number}",
                sign_key=keys.public.sign,
                seal_key=keys.public.seal,
                suite=context.suite.name,
                created_at=datetime.now(UTC),
            )
        )
    return Kiosk(context, kiosk_id, keys, extra=dict(extra))
