"""Under which suite the tests of the wire run: std-1, or all of `tests/sync` under what KIOSK_SUITE names.

A module whose tests count under both has `BOTH_SUITES = True`: it runs under each of them, whatever KIOSK_SUITE says. One with
`ONLY_SUITE = "gm-1"` (`tests/sync/test_gm.py`) runs under that one.
"""

from __future__ import annotations

import os
from pathlib import Path

from kiosk.bureau.context import key_path
from kiosk.sync import keys, suites
from kiosk.sync.keys import Keys

SUITE = suites.by_name(os.environ.get("KIOSK_SUITE", suites.STD_1.name))


def bureau_keys(folder: Path, suite: suites.Suite | None = None) -> Keys:
    """Return a bureau's private keys of a suite: of the one that it serves, where it serves one."""
    names = (suite.name,) if suite else (SUITE.name, *suites.NAMES)
    path = next(path for name in names if (path := key_path(folder, name)).exists())
    return keys.parse_keys(path.read_text(), str(path))


def named(suite: suites.Suite) -> dict[str, str]:
    """Return what a plain document of this suite says besides: std-1 is named by saying nothing."""
    return {} if suite is suites.STD_1 else {"suite": suite.name}
