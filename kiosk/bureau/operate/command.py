"""`kiosk bureau backup | restore | retention | work | catchment | keys`: for whoever operates a bureau, on its own machine."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from kiosk.bureau import areas, catchment, counts, elsewhere, months, reminders
from kiosk.bureau.context import BureauContext, BureauSettings, open_context, utcnow
from kiosk.bureau.operate import backup, keys, measures, retention, vault

log = logging.getLogger(__name__)
TASKS = ("backup", "restore", "retention", "work", "catchment", "keys")
_EVERY_S = 30.0  # the worker looks so often whether a roster was issued, or a day has begun
_AGAIN = 120  # looks until duties that failed are tried again: an hour


def main(argv: list[str]) -> int:
    """Run one task; 0 when it was done."""
    parser = argparse.ArgumentParser(prog="kiosk bureau", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    saving = tasks.add_parser("backup", help="everything at one moment, encrypted, into a file; the bureau goes on")
    saving.add_argument("--to", type=Path, required=True, help="the file")
    back = tasks.add_parser("restore", help="a backup back into an empty folder (and an empty database)")
    back.add_argument("--from", dest="source", type=Path, required=True, help="the file")
    for one in (saving, back):
        one.add_argument("--key-file", type=Path, required=True, help="the key; keep it elsewhere than the backups")
    saving.add_argument("--new-key", action="store_true", help="make the key file first")
    saving.add_argument("--cipher", choices=vault.CIPHERS, default="aes", help="AES-256-GCM, or SM4-GCM; restore sees which")
    keeping = tasks.add_parser("retention", help="apply retention.json once; also: count everything anew")
    keeping.add_argument("--recount", action="store_true", help="count everything once and keep counts from that")
    work = tasks.add_parser("work", help="the daily duties beside the web processes, and /metrics on loopback")
    work.add_argument("--metrics-port", type=int, default=0, help="serve /metrics on this port of 127.0.0.1 (0: not)")
    work.add_argument("--once", action="store_true", help="do the duties once, and exit")
    areas_of = tasks.add_parser("catchment", help="which areas a station's kiosks know people of (none given: of all)")
    areas_of.add_argument("--station", required=True)
    areas_of.add_argument("--area", action="append", default=[], help="as in the roster's lines; may be repeated")
    own = tasks.add_parser("keys", help="the bureau's own keys: announce others, use them, retire the old ones; or they are lost")
    keys.add_to(own)
    for one in (saving, back, keeping, work, areas_of, own):
        one.add_argument("--data", type=Path, required=True, help="the bureau's folder")
        one.add_argument("--db", default="", help="its database URL (default: SQLite in the folder)")
    options = parser.parse_args(argv)
    try:
        if options.task == "keys":
            return keys.run(options)
        return _restore(options) if options.task == "restore" else _with_context(options)
    except (vault.VaultRefused, backup.RestoreRefused) as error:
        print(f"kiosk bureau: {error} [{error.why}]", file=sys.stderr)
        return 1


def _with_context(options: argparse.Namespace) -> int:
    context = open_context(BureauSettings(data=str(options.data.resolve()), db=options.db))
    try:
        if options.task == "backup":
            if options.new_key:
                vault.new_key(options.key_file)
            about = backup.backup(context, options.to, vault.read_key(options.key_file), options.cipher)
            print(f"✓ {options.to} ({options.to.stat().st_size} bytes): {len(about['files'])} files of {about['bureau_id']}")
            return 0
        if options.task == "retention":
            if options.recount:
                with context.session.begin() as session:
                    counts.recount(session)
            print(json.dumps(asdict(retention.run(context, retention.keep_of(context), utcnow()))))
            return 0
        if options.task == "catchment":
            areas.put(context, options.station, options.area)
            print(f"✓ {options.station}: {', '.join(sorted(options.area)) or 'the one roster for all'}, from the next roster on")
            return 0
        if options.once:
            duties(context, utcnow())
            catchment.catch_up(context)
            elsewhere.catch_up(context)
            reminders.catch_up(context, utcnow())
            return 0
        return _work(context, options.metrics_port)
    finally:
        context.engine.dispose()


def _restore(options: argparse.Namespace) -> int:
    about = backup.restore(options.source, vault.read_key(options.key_file), options.data, options.db)
    print(
        f"✓ {about['bureau_id']} as of {about['created_at']}; start it with --init once, so that tables of a newer version are made"
    )
    return 0


def duties(context: BureauContext, now: datetime) -> None:
    """What is done once a day: months ahead, retention."""
    with context.engine.begin() as connection:
        made = months.make_ahead(connection, now)
    if made:
        log.info("months made: %s", ", ".join(made))
    retention.run(context, retention.keep_of(context), now)


def _work(context: BureauContext, metrics_port: int) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if metrics_port:
        folder = Path(context.settings.data) / "metrics"
        if folder.is_dir():
            measures.join(folder)
        measures.serve(context, metrics_port)
    day, look = "", 0
    while True:
        if look % _AGAIN == 0 or f"{utcnow():%Y-%m-%d}" != day:
            day = daily(context, day, duties)
        try:
            catchment.catch_up(context)
            elsewhere.catch_up(context)
        except Exception:
            log.exception("rosters by catchment")
        try:
            reminders.catch_up(context, utcnow())
        except Exception:
            log.exception("reminders")
        look += 1
        if stop.wait(_EVERY_S):
            return 0


def daily(context: BureauContext, day: str, work: Callable[[BureauContext, datetime], None]) -> str:
    """Do the duties when a new day has begun; return the day they were done for. What fails is told and tried again."""
    now = utcnow()
    if f"{now:%Y-%m-%d}" == day:
        return day
    try:
        work(context, now)
    except Exception:
        log.exception("the daily duties")
        return day
    return f"{now:%Y-%m-%d}"
