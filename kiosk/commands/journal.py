"""`kiosk journal verify|show|begin-anew`: walk the hash chain and locate tampering; show what happened; a supervisor's word for a
store that was emptied. Status 1 unless all holds."""

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
    anew = tasks.add_parser("begin-anew", help="database and mirror are empty and cannot be had back: begin with nothing")
    anew.add_argument("--by", required=True, help="the supervisor's number")
    anew.add_argument("--why", required=True, help="what happened, for the journal")
    options = parser.parse_args(argv)

    from kiosk import config

    if options.task == "begin-anew":
        return _begin_anew(config.load(), options.by, options.why)
    from kiosk.store.engine import journal
    from kiosk.store.opening import open_store
    from kiosk.sync.keys import check_public

    with open_store(config.load()) as store:
        if options.task == "show":
            last = store.db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0]
            for entry in journal.entries_since(store, max(0, last - options.last), options.last):
                print(f"{entry.seq:6} {entry.body}")
            return 0
        verdict = journal.verify(store, _checker(store.settings), check_public)
        if verdict.ok:
            print(f"✓ {verdict.entries} entries ({verdict.first_seq}–{verdict.last_seq}), chain and signatures hold")
            return 0
        if verdict.bad_seq is not None:
            print(f"✗ entry {verdict.bad_seq}: {verdict.why}; {verdict.entries} entries before it hold")
        if verdict.unsigned:
            print(f"✗ {verdict.unsigned} entries are signed by a key that nobody here knows")
        return 1


def _begin_anew(settings: Settings, by: str, why: str) -> int:
    from kiosk import config
    from kiosk.store import emptied
    from kiosk.store.engine import keys

    folder = config.resolve(settings.store.directory)
    if not folder.is_dir() or not emptied.found(folder, keys.database_key(settings.store, data_there=True)):
        print("✗ the store is not empty, or there never was one: nothing was done")
        return 1
    emptied.give_word(folder, by, why)
    print("✓ the next start begins with nothing, and its journal says so")
    return 0


def _checker(settings: Settings) -> Callable[[str, bytes, str], bool | None] | None:
    from kiosk.commands.store_access import signer_of

    signer = signer_of(settings)
    return None if signer is None else signer.check
