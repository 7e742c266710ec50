"""A record as its canonical JSON: what the outbox holds, the journal binds and the bureau digests."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

from kiosk.canonical import canonical
from kiosk.domain.record import AuthenticationRecord

_NUMBERS_END = 2.0**53  # from here on a whole float is written as an integer that not every reader holds (RFC 8785)


def content_of(record: AuthenticationRecord) -> str:
    """Return the record's canonical JSON: dates ISO 8601, times in UTC. Its SHA-256 never changes."""
    # Not asdict: it copies deeply, which took a third of a save's time.
    plain: dict[str, Any] = {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}
    plain["clock"] = {f.name: getattr(record.clock, f.name) for f in dataclasses.fields(record.clock)}
    # A score that is no number must not prevent the save; JSON has none, and none that is whole beyond 2**53.
    plain["checks"] = [
        (name, score if score is not None and abs(score) < _NUMBERS_END else None, flagged)
        for name, score, flagged in record.checks
    ]
    for part in (plain, plain["clock"]):
        for name, value in part.items():
            if isinstance(value, datetime):
                part[name] = value.astimezone(UTC).isoformat()
            elif isinstance(value, date):
                part[name] = value.isoformat()
    return canonical(plain).decode()
