"""`kiosk home-visits list|export|import|return|merge`: the booked list, and lists between two kiosks of a station on a stick.

`export` and `merge` are for the kiosk that has the roster, `import` and `return` for the portable one; the desk does the same by
touch. Each may be done twice. Nobody's name is printed: ids, and masked names with the last four digits.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiosk.store.engine.database import Store
    from kiosk.sync.home_visits import FileOutcome

_BY = "command"


def main(argv: list[str]) -> int:
    """Run the command; 1 when something was refused, or nothing was there."""
    parser = argparse.ArgumentParser(prog="kiosk home-visits", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    listed = tasks.add_parser("list", help="booked visits, and who is out with which kiosk")
    export = tasks.add_parser("export", help="put a list for a portable kiosk on the stick")
    export.add_argument("--to", default="", help="the kiosk: its id or the end of it (default: the only other one of the station)")
    export.add_argument(
        "--person", action="append", default=[], metavar="ID", help="a person's id; may be repeated (default: all booked)"
    )
    medium = {
        "export": export,
        "import": tasks.add_parser("import", help="take the lists on the stick that are for this kiosk"),
        "return": tasks.add_parser("return", help="put this kiosk's results on the stick"),
        "merge": tasks.add_parser("merge", help="take the results on the stick that are for this kiosk"),
    }
    for task in medium.values():
        task.add_argument("folder", type=Path, help="the stick")
    for task in (listed, *medium.values()):
        task.add_argument("--staff", default=_BY, help="staff number for the journal")
        task.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.commands.store_access import open_signed

    with open_signed(config.load()) as store:
        if options.task == "list":
            return _list(store, options.json)
        return _carry(store, options)


def _list(store: Store, as_json: bool) -> int:
    from kiosk.domain.calendar_days import local_date
    from kiosk.domain.identity import last_four, mask_name
    from kiosk.store.home_visits import visits as home
    from kiosk.sync import home_visits, roster_feed

    now = datetime.now(UTC)
    for one in home.booked(store, local_date(now, store.settings.station.timezone), now):
        due = min((item.due for item in one.due if item.due), default=None)
        line = {
            "person": one.entry.person_id,
            "due": due.isoformat() if due else "",
            "note": one.note,
            "booked_by": one.booked_by,
            "lender": one.lender,
            "out": one.out.kiosk_name if one.out else "",
        }
        where = f"  out with {line['out']}" if one.out else f"  from {one.lender}" if one.lender else ""
        who = f"{one.entry.person_id}  {mask_name(one.entry.name)} …{last_four(one.entry.id_number)}"
        print(json.dumps(line, ensure_ascii=False) if as_json else f"{who}  due {line['due'] or '—'}{where}")
    if not as_json:
        for peer in roster_feed.peers(store):
            print(f"other kiosk of this station: {home_visits.label(peer)} ({peer.kiosk_id})")
    return 0


def _carry(store: Store, options: argparse.Namespace) -> int:
    from kiosk.sync import home_news, home_visits
    from kiosk.sync.keys import load_identity

    identity, now = load_identity(store.settings.sync), datetime.now(UTC)

    def run(work: Any) -> Any:
        return work(store)

    if options.task == "export":
        done = home_visits.export_list(
            run, identity, options.folder, _peer(store, options.to), _people(store, options.person, now), options.staff, now
        )
        told = {"loan": done.loan_id, "to": done.peer.kiosk_id, "people": done.people, "left_out": done.left_out}
        home_news.write(run, identity, options.folder, now)
        print(
            json.dumps(told)
            if options.json
            else f"{done.people} people for {home_visits.label(done.peer)} until "
            f"{done.until:%Y-%m-%d}{f', {done.left_out} left out' if done.left_out else ''} ({done.path.name})"
        )
        return 0
    work = {"import": home_visits.import_lists, "return": home_visits.return_results, "merge": home_visits.merge_results}[
        options.task
    ]
    found = work(run, identity, options.folder, options.staff, now)
    if options.task == "import":
        found += home_news.take(run, identity, options.folder, now)
    if options.task == "merge":
        home_news.write(run, identity, options.folder, now)
    return _tell(found, options.json)


def _peer(store: Store, wanted: str) -> str:
    from kiosk.errors import ConfigError
    from kiosk.sync import home_visits, roster_feed

    peers = roster_feed.peers(store)
    found = [one for one in peers if wanted in (one.kiosk_id, home_visits.short(one.kiosk_id))] if wanted else list(peers)
    if len(found) != 1:
        known = ", ".join(f"{home_visits.label(one)} ({one.kiosk_id})" for one in peers) or "none: let both reach the bureau once"
        raise ConfigError(f"which kiosk? --to one of: {known}")
    return found[0].kiosk_id


def _people(store: Store, wanted: list[str], now: datetime) -> list[str]:
    from kiosk.domain.calendar_days import local_date
    from kiosk.store.home_visits import visits as home

    today = local_date(now, store.settings.station.timezone)
    return wanted or [one.entry.person_id for one in home.booked(store, today) if not one.lender]


def _tell(told: list[FileOutcome], as_json: bool) -> int:
    for one in told:
        line = {"file": one.name, "outcome": one.outcome, "why": one.why, "count": one.count}
        print(json.dumps(line) if as_json else f"{one.name}: {one.outcome} {one.why or one.count}")
    if not told and not as_json:
        print("nothing for this kiosk")
    return 0 if told and all(one.outcome != "refused" for one in told) else 1
