"""`kiosk update`: look for an update and take it (root; a timer does it every hour), or bring a broken-off one to an end.

Without a network: --stick FOLDER, a copy of the repository. Root keys: /etc/pension-kiosk/update-root.json, from the programme's
owner.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.config import Sync

HOME = Path("/opt/pension-kiosk")
OWN = Path("/var/lib/pension-kiosk-update")
ROOT_FILE = Path("/etc/pension-kiosk/update-root.json")


def main(argv: list[str]) -> int:
    """Run the command; 0 also when there is nothing to do, 1 when an update was refused or went back."""
    parser = argparse.ArgumentParser(prog="kiosk update", description=__doc__)
    parser.add_argument("--stick", type=Path, help="folder of a repository on a removable medium")
    parser.add_argument("--recover", action="store_true", help="only bring a broken-off update to an end (before the kiosk starts)")
    parser.add_argument("--status", action="store_true", help="say what is in force and what the last update came to")
    parser.add_argument("--home", type=Path, default=HOME, help=argparse.SUPPRESS)
    parser.add_argument("--own", type=Path, default=OWN, help=argparse.SUPPRESS)
    parser.add_argument("--root-file", type=Path, default=ROOT_FILE, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.updates.system import SystemdStation
    from kiosk.updates.updater import Places, Updates

    settings = config.load()
    places = Places(options.home, config.resolve(settings.store.directory), options.own)
    updates = Updates(
        places,
        SystemdStation(options.home, settings.station.timezone, ready_s=settings.update.ready_s),
        sm3=not options.recover and _speaks_gm(settings.sync),
    )
    if options.status:
        state = updates.state()
        print(f"in force: {updates.versions.current() or '–'}; phase: {state.phase}; last: {state.told or '–'}")
        return 0
    if options.recover:
        state = updates.recover(boot=True)
        print(f"in force: {updates.versions.current()}; {state.told or 'nothing was broken off'}")
        return 0
    # Not before: a start of the machine waits for `--recover`.
    from tuf.api.exceptions import DownloadError

    from kiosk.errors import ConfigError
    from kiosk.updates.manifest import ManifestError
    from kiosk.updates.sources import BureauSource, FolderSource, Source, SourceError
    from kiosk.updates.trust import NotTrusted

    if not options.root_file.is_file():
        print("no updates: no root keys of the programme's owner here", file=sys.stderr)
        return 0
    source: Source
    if options.stick:
        source = FolderSource(options.stick)
    elif not settings.sync.bureau_url:
        raise ConfigError("no bureau: give --stick FOLDER")
    elif settings.sync.metered and not settings.update.over_metered:
        print("the network is metered ([sync] metered): updates come by stick, or set [update] over_metered")
        return 0
    else:
        source = BureauSource(settings.sync, settings.sync.bureau_url)
    hours = (settings.update.from_hour, settings.update.to_hour)
    try:
        state = updates.run(source, options.root_file.read_bytes(), settings.station.station_id, hours, print)
    except DownloadError as error:
        raise SourceError(str(error)[:200]) from error
    except (NotTrusted, ManifestError) as error:
        updates.tell(updates.versions.current(), "refused", type(error).__name__)  # the bureau must hear of lists that are no good
        raise
    print(state.told)
    return 1 if state.told and not state.told.endswith(": ok") else 0


def _speaks_gm(settings: Sync) -> bool:
    """Whether this kiosk was registered under gm-1: it then asks for SM3 besides SHA-256. Damaged pins count as such."""
    from kiosk.errors import ConfigError
    from kiosk.sync import keys, suites

    try:
        return keys.load_pins(settings).suite == suites.GM_1.name
    except ConfigError:
        return keys.pins_path(settings).exists()
