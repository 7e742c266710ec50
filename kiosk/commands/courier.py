"""`kiosk courier export DIR` / `import DIR`: carry sealed batches to the bureau on a stick, and what it says back."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def main(argv: list[str]) -> int:
    """Run the command; 1 when a file was refused."""
    parser = argparse.ArgumentParser(prog="kiosk courier", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    for name, text in (
        ("export", "put everything that no receipt covers on the stick"),
        ("import", "apply what the bureau answered"),
    ):
        task = tasks.add_parser(name, help=text)
        task.add_argument("folder", type=Path, help="the stick")
        task.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.store.engine.database import Store
    from kiosk.store.opening import open_store
    from kiosk.support.health import gatherer
    from kiosk.sync import courier
    from kiosk.sync.delivery import journal_lines
    from kiosk.sync.keys import load_identity

    settings = config.load()
    identity = load_identity(settings.sync)
    with open_store(settings) as store:

        def run(work: Any) -> Any:
            return work(opened)

        opened: Store = store
        if options.task == "export":
            done = courier.export(run, identity, options.folder, journal_tail=journal_lines, gather=gatherer())
            if options.json:
                print(
                    json.dumps(
                        {"new": done.new_batches, "kept": done.kept_batches, "repaired": done.repaired, "records": done.records}
                    )
                )
            else:
                print(
                    f"{done.records} records on the stick: {done.new_batches} new batches, {done.kept_batches} kept, "
                    f"{done.repaired} partial copies replaced ({done.folder})"
                )
            return 0
        told = courier.import_from(run, identity, options.folder)
        for one in told:
            line: dict[str, Any] = {"file": one.name, "outcome": one.outcome, "why": one.why, "moved": len(one.moved)}
            print(json.dumps(line) if options.json else f"{one.name}: {one.outcome} {one.why}".rstrip())
        return 1 if any(one.outcome == "refused" for one in told) else 0
