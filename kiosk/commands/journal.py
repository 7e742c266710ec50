"""`kiosk journal verify|show`: walk the hash chain and locate tampering; show what happened. Status 1 unless all holds."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.config import Settings


def main(argv: list[str]) -> int:
    """Run the command; 0 when the chain holds."""
    parser = argparse.ArgumentParser(prog="kiosk journal", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    tasks.add_parser("verify", help="check every digest, link and signature")
    show = tasks.add_parser("show", help="the last entries")
    show.add_argument("--last", type=int, default=20)
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.store.engine import journal
    from kiosk.store.opening import open_store

    with open_store(config.load()) as store:
        if options.task == "show":
            last = store.db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0]
            for entry in journal.entries_since(store, max(0, last - options.last), options.last):
                print(f"{entry.seq:6} {entry.body}")
            return 0
        verdict = journal.verify(store, _checker(store.settings))
        if verdict.ok:
            print(f"✓ {verdict.entries} entries ({verdict.first_seq}–{verdict.last_seq}), chain and signatures hold")
            return 0
        if verdict.bad_seq is not None:
            print(f"✗ entry {verdict.bad_seq}: {verdict.why}; {verdict.entries} entries before it hold")
        if verdict.unsigned:
            print(f"✗ {verdict.unsigned} entries are signed by a key that nobody here knows")
        return 1


def _checker(settings: Settings) -> Callable[[str, bytes, str], bool | None] | None:
    from kiosk.commands.store_access import signer_of

    signer = signer_of(settings)
    return None if signer is None else signer.check
