"""`kiosk package`: make the Debian packages pension-kiosk and pension-kiosk-bureau (also: ./run package)."""

from __future__ import annotations

import argparse
from pathlib import Path

from kiosk.packaging.build import build, checksums
from kiosk.packaging.contents import BUREAU, KIOSK


def main(argv: list[str]) -> int:
    """Make the packages, their bills of materials and checksums; say how large they are."""
    parser = argparse.ArgumentParser(prog="kiosk package", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/packages"), help="folder for the packages")
    parser.add_argument("--only", choices=(KIOSK.name, BUREAU.name), help="one of the two")
    parser.add_argument("--rpm", action="store_true", help="an .rpm of the same files too (UOS and Kylin servers; not tried there)")
    parser.add_argument("--compression", choices=("xz", "zstd"), default="xz", help="zstd: quicker, larger; for trials")
    options = parser.parse_args(argv)
    for purpose in (KIOSK, BUREAU):
        if options.only not in (None, purpose.name):
            continue
        for made in build(purpose, options.out.resolve(), rpm=options.rpm, compression=options.compression):
            print(f"{made.path.name}: {made.package_mb:.0f} MB, installed {made.installed_mb:.0f} MB")
            for name, megabytes in made.biggest:
                print(f"  {megabytes:6.1f} MB  {name}")
    print(checksums(options.out.resolve()).name)
    return 0
