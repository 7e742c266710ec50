"""`kiosk sync status|now|schema`: what waits, deliver now, the wire as JSON Schema or OpenAPI."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from kiosk.config import Settings
    from kiosk.store.engine.database import Store

T = TypeVar("T")


def main(argv: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="kiosk sync", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    status = tasks.add_parser("status", help="counts by state, oldest unsent, last receipt, roster version and age")
    status.add_argument("--json", action="store_true")
    now = tasks.add_parser("now", help="one round with the bureau, at once")
    now.add_argument("--json", action="store_true")
    schema = tasks.add_parser("schema", help="print the JSON Schema of every document")
    schema.add_argument("--openapi", action="store_true", help="the bureau's OpenAPI instead")
    options = parser.parse_args(argv)
    if options.task == "schema":
        print(json.dumps(_openapi() if options.openapi else _schema(), indent=1, ensure_ascii=False))
        return 0

    from kiosk import config
    from kiosk.store.opening import open_store

    settings = config.load()
    with open_store(settings) as store:
        if options.task == "now":
            return _now(settings, store, options.json)
        return _status(settings, store, options.json)


def _schema() -> dict[str, Any]:
    from kiosk.sync.protocol import json_schema

    return json_schema()


def _openapi() -> dict[str, Any]:
    from kiosk.bureau.app import build

    return build().openapi()


def _run_in(store: Store) -> Callable[[Callable[[Store], T]], T]:
    # A command is its own only thread.
    def run(work: Callable[[Store], T]) -> T:
        return work(store)

    return run


def _now(settings: Settings, store: Store, as_json: bool) -> int:
    from kiosk.store import outbox
    from kiosk.support.health import gatherer
    from kiosk.sync import schedule, status
    from kiosk.sync.client import Client, Failure
    from kiosk.sync.delivery import Delivery, journal_lines
    from kiosk.sync.keys import load_identity
    from kiosk.sync.roster_feed import Feed

    identity = load_identity(settings.sync)
    local = datetime.now(ZoneInfo(settings.station.timezone))
    held = schedule.hold(status.switches(store, settings.sync), local, provisioned=True, revoked=False, by_hand=True)
    if held is not schedule.Hold.NONE:  # whoever paused it lets it go on, at the desk or in the configuration
        print(
            json.dumps({"sent": 0, "hold": held.value, "counts": outbox.counts(store.db)})
            if as_json
            else f"nothing is sent: {held.value}"
        )
        return 1
    client = Client(settings.sync, identity)
    run: Any = _run_in(store)
    try:
        if store.is_owner:  # else the running kiosk may have a batch on its way
            Delivery(settings.sync, client, run).start()
        delivery = Delivery(settings.sync, client, run, journal_tail=journal_lines, gather=gatherer())
        done = delivery.round(settings.sync.batch_size, by_hand=True)
        failure, changed = done.failure, []
        if failure is None:
            try:
                changed = Feed(settings.sync, client, run).pull(threading.Event())
            except Failure as error:
                failure = error
    finally:
        client.close()
    told = {
        "sent": done.sent,
        "asked": done.asked,
        "moved": [[one.record_id, one.stage.value, one.reason] for one in done.moved],
        "changed": changed,
        "trouble": failure.trouble.value if failure else None,
        "why": failure.why if failure else "",
        "counts": outbox.counts(store.db),
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(f"sent {done.sent}, asked about {done.asked}, moved {len(done.moved)}" + "".join(f", {one}" for one in changed))
        if failure is not None:
            print(f"stopped: {failure}")
    return 0 if failure is None else 1


def _status(settings: Settings, store: Store, as_json: bool) -> int:
    from kiosk.errors import ConfigError
    from kiosk.store import outbox
    from kiosk.sync import schedule, status
    from kiosk.sync.keys import load_pins

    try:
        kiosk_id = load_pins(settings.sync).kiosk_id
    except ConfigError:
        kiosk_id = ""
    hold = schedule.hold(
        status.switches(store, settings.sync),
        datetime.now(ZoneInfo(settings.station.timezone)),
        provisioned=bool(kiosk_id),
        revoked=bool(kiosk_id) and outbox.get(store.db, "revoked") == kiosk_id,
    )
    now = datetime.now(UTC)
    seen = status.collect(store, settings.sync, now, hold=hold).as_json(now)
    if as_json:
        print(json.dumps(seen, ensure_ascii=False))
        return 0
    for key, value in seen["counts"].items():
        print(f"{key:>10}  {value}")
    print(
        f"oldest unsent {seen['oldest_unsent'] or '-'} · level {seen['level']} · last receipt {seen['last_receipt_at'] or '-'}\n"
        f"last contact {seen['last_contact'] or '-'} · roster {seen['roster_version']} of {seen['roster_at'] or '-'}"
        + (f"\nnothing is sent: {seen['hold']}" if seen["hold"] else "")
        + (f" (at the desk, by {seen['paused_by']})" if seen["paused_by"] else "")
    )
    return 0
