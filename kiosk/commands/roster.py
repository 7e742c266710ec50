"""`kiosk roster import|status|find`: bring a roster in, see which one is in use, look somebody up.

`import` takes a roster file with its signed manifest, as the bureau issues them; `--synthetic` takes plain lines of JSON, for
stations that are not provisioned (demonstration, training): it is refused once the kiosk has keys.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.store.engine.database import Store


def main(argv: list[str]) -> int:
    """Run the command; 0 when it did what was asked, 1 when nobody was found."""
    parser = argparse.ArgumentParser(prog="kiosk roster", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    bring = tasks.add_parser("import", help="a roster file and its signed manifest")
    bring.add_argument("file", type=Path)
    bring.add_argument("--manifest", type=Path, help="signed manifest (default: FILE with .manifest)")
    bring.add_argument("--synthetic", action="store_true", help="FILE is plain lines of JSON (or .zst), or a demo roster (.toml)")
    bring.add_argument("--version", type=int, help="with --synthetic: its version (default: one above the one in use)")
    tasks.add_parser("status", help="version, age, people")
    find = tasks.add_parser("find", help="one person by number; the number is read from standard input when it is not given")
    find.add_argument("number", nargs="?", help="visible to others in the process list: prefer standard input")
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.commands.store_access import open_signed

    with open_signed(config.load()) as store:
        if options.task == "status":
            return _status(store)
        if options.task == "find":
            number = options.number or sys.stdin.readline().strip()
            return _find(store, number)
        if options.synthetic:
            return _synthetic(store, options.file, options.version)
        return _sealed(store, options.file, options.manifest or options.file.with_suffix(".manifest"))


def _status(store: Store) -> int:
    from kiosk.store.roster import lookup as roster

    now = datetime.now(UTC)
    info = roster.info(store)
    if not info.version:
        print("no roster")
        return 1
    print(
        f"version {info.version}, issued {info.issued_at:%Y-%m-%d %H:%M} UTC, {info.age_days(now) or 0:.1f} days old"
        f"{' (STALE)' if roster.is_stale(store, now) else ''}"
    )
    print(f"{info.people} people, {info.size_bytes / 1e6:.1f} MB")
    return 0


def _find(store: Store, number: str) -> int:
    from kiosk.domain.calendar_days import local_date
    from kiosk.domain.identity import last_four, mask_name
    from kiosk.store import clock, service
    from kiosk.store.roster import lookup as roster

    now = datetime.now(UTC)
    entry = roster.find(store, number)
    if entry is None:
        print("not in the roster")
        return 1
    print(
        f"{entry.person_id}  {mask_name(entry.name)}  …{last_four(entry.id_number)}  {entry.status}"
        f"{'  home visit' if entry.home_visit else ''}  template: {'yes' if entry.template else 'no'}"
    )
    suspect = clock.observe(store, now).blocks_rules
    for answer in service.eligibilities(store, entry, local_date(now, store.settings.station.timezone), clock_suspect=suspect):
        print(
            f"  {answer.benefit_id} ({answer.policy_id}): {answer.reason}, due {answer.due or '—'}, "
            f"next {answer.earliest_next or '—'}"
        )
    return 0


def _synthetic(store: Store, path: Path, version: int | None) -> int:
    from kiosk import config
    from kiosk.domain.calendar_days import local_date
    from kiosk.errors import SealError
    from kiosk.plain_text import decode, read_text
    from kiosk.store.roster import line as roster_format
    from kiosk.store.roster import lookup as roster

    if config.resolve(store.settings.sync.key_file).exists():
        raise SealError("this kiosk is provisioned: it takes signed rosters only")
    now = datetime.now(UTC)
    if path.suffix == ".toml":
        today = local_date(now, store.settings.station.timezone)
        lines = [roster_format.to_line(one) for one in roster_format.people_of_toml(read_text(path), today)]
    else:
        data = path.read_bytes()
        if path.suffix == ".zst":
            import zstandard

            data = zstandard.ZstdDecompressor().stream_reader(data).read()
        told = decode(data, str(path)).encode().splitlines()
        lines = [_sendable(line, number) for number, line in enumerate(told, 1) if line.strip()]
    header = roster.RosterHeader(version or roster.version(store) + 1, now, len(lines))
    info = roster.import_snapshot(store, lines, header, now)
    print(f"version {info.version} in use: {info.people} people")
    return 0


def _sendable(line: bytes, number: int) -> bytes:
    """Return the line. Raises RosterRefused when the bureau would have to refuse every record about this person."""
    from kiosk.store.roster import line as roster_format
    from kiosk.store.roster import lookup as roster

    try:
        data = json.loads(line)
    except ValueError:
        raise roster.RosterRefused(f"line {number}: not JSON") from None
    wrong = roster_format.check(data)
    if not wrong and (bad := roster_format.unsendable(data)):
        wrong = f"{bad} has other characters than A-Z a-z 0-9 . _ : @ + / = -, or more than 128: the bureau takes no such id"
    if wrong:
        raise roster.RosterRefused(f"line {number}: {wrong}")
    return line


def _sealed(store: Store, path: Path, manifest_path: Path) -> int:
    """The seal is the sync side's; nothing unverified reaches the store."""
    from kiosk.errors import SealError
    from kiosk.store.roster import lookup as roster
    from kiosk.sync import client, keys, protocol, roster_feed

    identity = keys.load_identity(store.settings.sync)
    try:
        manifest = client.open_sealed(identity, manifest_path.read_bytes(), protocol.RosterManifest)
    except client.Failure as error:  # nothing was asked of the network: the seal does not fit
        raise SealError(f"{manifest_path.name}: {error}") from error
    except OSError as error:
        raise SealError(f"{manifest_path.name}: {error.strerror}") from error
    roster_feed.take_roster(lambda work: work(store), manifest, path, datetime.now(UTC))
    info = roster.info(store)
    print(f"version {info.version} in use: {info.people} people")
    return 0
