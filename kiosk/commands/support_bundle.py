"""`kiosk support-bundle [--out FOLDER]`: one ZIP for whoever helps from afar, without a name, a number or a key.

Versions, doctor, units, errors, times, devices with their descriptors, settings without secrets. By touch: 设备, 求助文件.
"""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo


def main(argv: list[str]) -> int:
    """Write the bundle and print its path."""
    parser = argparse.ArgumentParser(prog="kiosk support-bundle", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where to write it (default: here)")
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.support import bundle

    settings = config.load()
    now = datetime.now(ZoneInfo(settings.station.timezone))

    def of_store() -> dict[str, Any]:
        from kiosk.store.opening import open_store
        from kiosk.support import troubles

        if not (config.resolve(settings.store.directory) / "kiosk.db").exists():
            return {}
        with open_store(settings) as store:
            return troubles.of_store(store, now)

    print(bundle.write(options.out, settings, of_store, now))
    return 0
