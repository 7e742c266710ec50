"""`kiosk texts traditional [--check]`: make zh_Hant (繁體) anew from zh_CN, or say which of its files are outdated."""

from __future__ import annotations

import argparse
import sys

from kiosk.texts import traditional


def main(argv: list[str]) -> int:
    """Return 0; with --check 1 when a file is outdated."""
    parser = argparse.ArgumentParser(prog="kiosk texts", description=__doc__)
    parser.add_argument("what", choices=["traditional"])
    parser.add_argument("--check", action="store_true", help="change nothing; needs no OpenCC")
    args = parser.parse_args(argv)
    if args.check:
        old = traditional.outdated()
        for name in old:
            print(f"zh_Hant/{name} was made of other texts than zh_CN/{name}: kiosk texts traditional", file=sys.stderr)
        return 1 if old else 0
    changed = traditional.make()
    print("\n".join(f"zh_Hant/{name}" for name in changed) or "zh_Hant is current")
    return 0
