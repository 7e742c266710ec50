"""Measures for Prometheus. Requests are counted by every web process into files of the bureau's folder; the worker shows them all.

`kiosk bureau work` serves /metrics on a loopback port of its own (`serve`): the web processes show nothing to anybody.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select

from kiosk.bureau import counts, months, tables
from kiosk.bureau.context import BureauContext, utcnow

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_requests = Counter("bureau_requests", "Requests by operation and status", ["method", "operation", "status"])
_seconds = Histogram("bureau_request_seconds", "Time of requests by operation", ["operation"], buckets=_BUCKETS)
SILENT = timedelta(hours=24)


def join(folder: Path) -> None:
    """Read the web processes' files, which another process has made."""
    os.environ[FOLDER] = str(folder)


def request(method: str, operation: str, status: int, seconds: float) -> None:
    """Count one request."""
    _requests.labels(method, operation, str(status)).inc()
    _seconds.labels(operation).observe(seconds)


class Stock:
    """What the database says, asked when somebody looks."""

    def __init__(self, context: BureauContext) -> None:
        self._context = context

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield gauges."""
        for name, (help_text, value) in stock(self._context).items():
            if isinstance(value, dict):
                family = GaugeMetricFamily(name, help_text, labels=["of"])
                for label, number in value.items():
                    family.add_metric([label], float(number))
                yield family
            else:
                yield GaugeMetricFamily(name, help_text, value=float(value))


def stock(context: BureauContext) -> dict[str, tuple[str, Any]]:
    """Return name -> (what it is, number, or numbers by label)."""
    now = utcnow()
    with context.reading.begin() as session:
        kept = counts.read(session)
        alive = tables.Kiosk.revoked_at.is_(None)
        kiosks = session.scalar(select(func.count()).select_from(tables.Kiosk).where(alive)) or 0
        silent = (
            session.scalar(
                select(func.count())
                .select_from(tables.Kiosk)
                .where(alive, (tables.Kiosk.last_contact < now - SILENT) | tables.Kiosk.last_contact.is_(None))
            )
            or 0
        )
        backlog = session.scalar(select(func.coalesce(func.sum(tables.Kiosk.backlog), 0)).where(alive)) or 0
        findings = session.scalar(select(func.count()).select_from(tables.Finding).where(tables.Finding.cleared_at.is_(None))) or 0
        cannot = session.scalar(select(func.count()).select_from(tables.Kiosk).where(alive, tables.Kiosk.cannot_follow != "")) or 0
        newest = session.scalar(select(func.max(tables.RosterFile.created_at)))
        behind = session.scalar(select(func.max(tables.RosterFile.version))) or 0
        stale = (
            session.scalar(select(func.count()).select_from(tables.Kiosk).where(alive, tables.Kiosk.roster_version < behind)) or 0
        )
        rest = months.in_rest(session.connection())
    if isinstance(newest, str):  # an aggregate of SQLite has lost its type
        newest = datetime.fromisoformat(newest).replace(tzinfo=UTC)
    disk = shutil.disk_usage(context.settings.data)
    return {
        "bureau_records": ("Records by verdict and decision", kept["verdicts"]),
        "bureau_passes": ("Passes", kept["passes"]),
        "bureau_batches": ("Batches", kept["batches"]),
        "bureau_journal_conflicts": ("Lines of kiosks' journals that were rewritten", kept["journal_conflicts"]),
        "bureau_kiosks": ("Kiosks that are not revoked", kiosks),
        "bureau_kiosks_silent": ("Kiosks that were not heard of for 24 hours", silent),
        "bureau_kiosks_cannot_follow": ("Kiosks that did not understand the newest bundle", cannot),
        "bureau_kiosks_behind": ("Kiosks without the newest roster", stale),
        "bureau_backlog": ("Records that kiosks say they still have", backlog),
        "bureau_findings": ("Kiosks that look restored or doubled, not cleared", findings),
        "bureau_roster_age_seconds": ("Age of the newest roster", (now - newest).total_seconds() if newest else 0.0),
        "bureau_rows_in_no_month": ("Rows in the default partition (1000: at least)", rest),
        "bureau_disk_free_bytes": ("Free disk where the bureau's folder lies", disk.free),
    }


def registry(context: BureauContext) -> CollectorRegistry:
    """Return all measures: the web processes' together, and what the database says."""
    found = CollectorRegistry()
    if os.environ.get(FOLDER):
        collector: Any = MultiProcessCollector  # the library does not say its types
        collector(found)
    found.register(Stock(context))
    return found


def serve(context: BureauContext, port: int) -> Any:
    """Serve /metrics on loopback; return (server, thread)."""
    return start_http_server(port, addr="127.0.0.1", registry=registry(context))
