"""Fairness ledger: whom does the machine fail? Counts by day, age band, glasses, light, action, outcome and reason.

No person, no face, no time of day: counts only. Written by `app.visit_records` after each take, put right by the desk
(glasses, by the attendant's word), read by the desk (table, chart, CSV).
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlite_utils import Database

from kiosk.domain.calendar_days import add_months
from kiosk.domain.fairness import UNKNOWN, Counted
from kiosk.store.engine.database import Store, store_errors


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE ledger (
        day TEXT NOT NULL,
        age_band TEXT NOT NULL,
        glasses TEXT NOT NULL,       -- yes | no | unknown
        light TEXT NOT NULL,         -- good | dark | backlit | unknown
        action TEXT NOT NULL,        -- what failed: an action | position | checks | match | all
        outcome TEXT NOT NULL,       -- passed | failed | referred
        reason TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (day, age_band, glasses, light, action, outcome, reason)
    ) STRICT, WITHOUT ROWID""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class LedgerRow:
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


def count(store: Store, one: Counted) -> None:
    """Count one take."""
    with store.transaction() as db:
        _add(db, one)


def correct(store: Store, changes: Sequence[tuple[Counted, Counted]]) -> None:
    """Count takes elsewhere: each pair is (as counted, as it should be). What is not counted (any more) stays away."""
    with store.transaction() as db:
        for before, after in changes:
            key = _key(before)
            taken = db.execute(f"UPDATE ledger SET count = count - 1 WHERE {_SAME}", key).rowcount  # noqa: S608 - a constant
            if taken:
                db.execute(f"DELETE FROM ledger WHERE count = 0 AND {_SAME}", key)  # noqa: S608 - a constant
                _add(db, after)


def erase_before(db: Database, day: date) -> int:
    """Erase the lines of earlier days, within the caller's transaction; return how many. With the records of those days."""
    return int(db.execute("DELETE FROM ledger WHERE day < ?", (day.isoformat(),)).rowcount)


_SAME = "day = ? AND age_band = ? AND glasses = ? AND light = ? AND action = ? AND outcome = ? AND reason = ?"


def _key(one: Counted) -> tuple[str, ...]:
    return one.day.isoformat(), one.age_band, one.glasses.value, one.light, one.action, one.outcome, one.reason


def _add(db: Database, one: Counted) -> None:
    db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1", _key(one))


def rows(store: Store, first: date, last: date) -> list[LedgerRow]:
    """Return the ledger of a span of days, both included."""
    with store_errors():
        return [
            LedgerRow(*row)
            for row in store.db.execute(
                "SELECT * FROM ledger WHERE day BETWEEN ? AND ? ORDER BY day, age_band, glasses, light, action, outcome, reason",
                (first.isoformat(), last.isoformat()),
            ).fetchall()
        ]


def shares(found: Sequence[LedgerRow], by: str) -> list[Share]:
    """Return how often each group failed; by: age_band, glasses, light or action. For the table and the chart.

    An action is no group of people: what failed at it is counted against all takes, for nobody passes by a blink alone.
    """
    if by not in ("age_band", "glasses", "light", "action"):
        raise ValueError(by)
    takes: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    for row in found:
        group = getattr(row, by)
        takes[group] += row.count
        failures[group] += row.count if row.outcome != "passed" else 0
    if by == "action":
        takes = Counter({group: takes.total() for group in takes if failures[group]})
    order = sorted(takes, key=lambda group: (group == UNKNOWN, not group.startswith("<"), group))
    return [Share(group, takes[group], failures[group]) for group in order]


def to_csv(found: Sequence[LedgerRow], first: date, last: date) -> str:
    """Return the ledger of a span as CSV with a header, lines ended by CR LF (RFC 4180).

    Days are added up, and a count under `MIN_SHOWN` leaves the kiosk as "<5": in a village, the one woman over ninety who came
    on a Tuesday is known to everybody.
    """
    groups = ("age_band", "glasses", "light", "action", "outcome", "reason")
    sums: Counter[tuple[str, ...]] = Counter()
    for row in found:
        sums[tuple(getattr(row, name) for name in groups)] += row.count
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["first", "last", *groups, "count"])
    writer.writerows(
        [first, last, *group, number if number >= MIN_SHOWN else f"<{MIN_SHOWN}"] for group, number in sorted(sums.items())
    )
    return out.getvalue()
