"""`kiosk models fetch|verify|import DIR`: bring the model weights and demo faces here, or say what is wrong with them."""

from __future__ import annotations

import argparse
from pathlib import Path


def main(argv: list[str]) -> int:
    """Run the command; 0 when everything named is there and right."""
    parser = argparse.ArgumentParser(prog="kiosk models", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    fetch = tasks.add_parser("fetch", help="download what is missing or altered, each file checked by SHA-256")
    fetch.add_argument("name", nargs="*", help="only these (default: all)")
    tasks.add_parser("verify", help="read every file and compare its SHA-256")
    bring = tasks.add_parser("import", help="for stations without a network: take the files from a folder or stick")
    bring.add_argument("folder", type=Path)
    options = parser.parse_args(argv)

    from kiosk import models

    listed = models.manifest()
    if options.task == "fetch":
        models.fetch(listed, _say, names=options.name)
        return 0
    if options.task == "import":
        left = models.import_from(listed, options.folder, _say)
        for file in left:
            _say(f"✗ {file.path.name}: not found in {options.folder} (SHA-256 {file.sha256[:12]}…)")
        return 1 if any(file.kind == "model" for file in left) else 0
    bad = 0
    for file in listed.files:
        state = file.state()
        bad += state != "ok"
        _say(f"{'✓' if state == 'ok' else '✗'} {file.path.name}: {state}, {file.origin}, {file.licence}")
    if bad:
        _say(models.REPAIR)
    return 1 if bad else 0


def _say(line: str) -> None:
    print(line, flush=True)
