"""The station's report on its way to the bureau: when one is due, and how it is sealed. Used by `delivery` and `courier`.

What it says is gathered elsewhere (`Gather`); the sync knows of no device.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.store import outbox
from kiosk.sync import protocol, seal
from kiosk.sync.batches import RunInStore
from kiosk.sync.keys import Identity

EVERY_S = 1800.0  # ours: so often when nothing changed
NAME = re.compile(r"report-now-([0-9a-f]{16})\.jwe")
_LAST = "report_at"  # key in `sync_state`: when the bureau last received one …
_SAID = "report_said"  # … and what of it is told at once when it changes
Gather = Callable[[RunInStore, datetime], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """One report, ready to leave. `mark`: what is told at once when it changes."""

    sealed: bytes
    mark: str


def due(run: RunInStore, identity: Identity, gather: Gather, now: datetime) -> Report | None:
    """Return the report that is to be sent now; None when the last one still says it."""
    facts = gather(run, now)
    mark = _mark(facts)
    last, said = run(lambda store: (outbox.get(store.db, _LAST), outbox.get(store.db, _SAID)))
    age_s = (now - datetime.fromisoformat(last)).total_seconds() if last else EVERY_S
    if said == mark and 0 <= age_s < EVERY_S:
        return None
    return make(identity, facts, now)


def make(identity: Identity, facts: dict[str, Any], now: datetime) -> Report:
    """Sign and seal a report."""
    told = {name: value for name, value in facts.items() if name != "settings_started"}
    report = protocol.StationReport(suite=identity.suite.name, kiosk_id=identity.pins.kiosk_id, at=now, **told)
    signed = seal.sign(report, identity.keys.sign, identity.pins.kiosk_id)
    return Report(seal.encrypt(signed, identity.bureau_seal, identity.pins.bureau_id), _mark(facts))


def received(run: RunInStore, report: Report, now: datetime) -> None:
    """Remember that the bureau has it."""

    def note(store: Any) -> None:
        with store.db.atomic():
            outbox.put(store.db, _LAST, now.isoformat())
            outbox.put(store.db, _SAID, report.mark)

    run(note)


def _mark(facts: dict[str, Any]) -> str:
    update = facts.get("update")
    told = [update.version, update.state, update.at.isoformat()] if update is not None else []
    settings = [str(facts.get("settings_version", 0)), str(facts.get("settings_state", "")), str(facts.get("settings_started", ""))]
    return " ".join([str(facts.get("software", "")), *told, *settings])
