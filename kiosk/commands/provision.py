"""`kiosk provision --bureau URL`: make this kiosk's keys, register them with the bureau, pin the bureau's keys.

The one-time code is asked for, or read from a file: a command line is seen by every process and kept by the shell.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from kiosk.app.installation_file import UNSET

_LONGEST = 200


def main(argv: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="kiosk provision", description=__doc__, allow_abbrev=False)
    parser.add_argument("--bureau", metavar="URL", default="", help="default: [sync] bureau_url")
    parser.add_argument("--code-file", metavar="FILE", default="", help="read the one-time code from a file; -: standard input")
    parser.add_argument("--new-keys", action="store_true", help="make other keys, as after a revocation")
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="the bureau's certificate (PEM), looked at besides the code"
    )
    parser.add_argument("--authority", type=Path, metavar="FILE", help="certificate of the authority that issued it")
    options = parser.parse_args(argv)
    if (options.certificate is None) != (options.authority is None):
        parser.error("--certificate and --authority go together")

    from kiosk import config
    from kiosk.errors import ConfigError
    from kiosk.sync.provision import provision

    settings = config.load()
    if settings.station.station_id in (config.Station().station_id, UNSET):
        raise ConfigError(f"[station] station_id is no station's ({settings.station.station_id}): give this kiosk its own")
    url = options.bureau or settings.sync.bureau_url
    if not url:
        raise ConfigError("no bureau: give --bureau URL or set [sync] bureau_url")
    certificate = (options.certificate, options.authority) if options.certificate else None
    identity = provision(settings, url, _code(options.code_file), new_keys=options.new_keys, certificate=certificate)
    pins = identity.pins
    print(f"✓ {pins.kiosk_id} of station {pins.station_id} is registered at {pins.bureau_id} ({url}), suite {pins.suite}")
    return 0


def _code(file: str) -> str:
    """Return the code. Raises ConfigError when the file cannot be read, or nobody is there to be asked."""
    from kiosk.errors import ConfigError

    try:
        if file == "-":
            return sys.stdin.readline(_LONGEST).strip()
        if file:
            with Path(file).open(encoding="utf-8") as source:
                return source.read(_LONGEST).strip()
        return getpass.getpass("one-time code of the bureau: ").strip()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"the code cannot be read ({type(error).__name__})") from error
