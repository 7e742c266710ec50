"""Fairness ledger: whom does the machine fail? Counts by day, age band, glasses, light, action, outcome and reason.

No person, no face, no time of day: counts only. Written by the conductor after each take, read by the desk (table, chart, CSV).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date

from sqlite_utils import Database

from kiosk.domain.calendar_days import add_months
from kiosk.store.database import Store, store_errors

UNKNOWN = "unknown"


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE ledger (
        day TEXT NOT NULL,
        age_band TEXT NOT NULL,
        glasses TEXT NOT NULL,       -- yes | no | unknown
        light TEXT NOT NULL,         -- good | dark | backlit | unknown
        action TEXT NOT NULL,        -- the action that failed or took longest; "match" for the comparison; "all"
        outcome TEXT NOT NULL,       -- passed | failed | referred
        reason TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (day, age_band, glasses, light, action, outcome, reason)
    ) STRICT, WITHOUT ROWID""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the ledger."""

    day: str
    age_band: str
    glasses: str
    light: str
    action: str
    outcome: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Share:
    """How often one group failed. `rate` is None below `MIN_SHOWN` takes: too few to say anything, and too few to hide in."""

    group: str
    takes: int
    failures: int

    @property
    def rate(self) -> float | None:
        """Share of takes that failed."""
        return self.failures / self.takes if self.takes >= MIN_SHOWN else None


MIN_SHOWN = 5


def age_band(born: date | None, today: date) -> str:
    """Return the five-year band of an age: "<60", "60-64" … "90+", "unknown"."""
    if born is None:
        return UNKNOWN
    if born > add_months(today, -12 * 60):
        return "<60"
    if born <= add_months(today, -12 * 90):
        return "90+"
    low = next(low for low in range(85, 55, -5) if born <= add_months(today, -12 * low))
    return f"{low}-{low + 4}"


def note(store: Store, today: date, *, born: date | None, outcome: str, reason: str, glasses: str = UNKNOWN,
         light: str = UNKNOWN, action: str = "all") -> None:
    """Count one take."""
    with store.transaction() as db:
        db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
                   (today.isoformat(), age_band(born, today), glasses, light, action, str(outcome), str(reason)))


def rows(store: Store, first: date, last: date) -> list[Row]:
    """Return the ledger of a span of days, both included."""
    with store_errors():
        return [Row(*row) for row in store.db.execute(
            "SELECT * FROM ledger WHERE day BETWEEN ? AND ? ORDER BY day, age_band, glasses, light, action, outcome, reason",
            (first.isoformat(), last.isoformat())).fetchall()]


def shares(found: Sequence[Row], by: str) -> list[Share]:
    """Return how often each group failed; by: age_band, glasses, light or action. For the table and the chart."""
    if by not in ("age_band", "glasses", "light", "action"):
        raise ValueError(by)
    takes: dict[str, list[int]] = {}
    for row in found:
        both = takes.setdefault(getattr(row, by), [0, 0])
        both[0] += row.count
        both[1] += row.count if row.outcome != "passed" else 0
    return [Share(group, *takes[group]) for group in sorted(takes)]


def to_csv(found: Sequence[Row]) -> str:
    """Return the ledger as CSV with a header, lines ended by CR LF (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([f.name for f in fields(Row)])
    writer.writerows(astuple(row) for row in found)
    return out.getvalue()
