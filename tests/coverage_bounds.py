"""Branch coverage against its bounds: `python -m tests.coverage_bounds`, after a run of pytest with --cov. Part of `./run test`.

Prints a line a room; ends with 1 when one is below its bound. What counts and what is left out: pyproject.toml, [tool.coverage].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from coverage import Coverage
from coverage.results import Numbers

ROOT = Path(__file__).resolve().parent.parent
# By the core's own tests; a branch that nothing reaches is taken out, not left out of the count.
CORE = {"domain": 100.0, "visit": 100.0, "desk": 100.0}
WHOLE = 92.0  # of all of kiosk/, by all tests (`tests.coverage_whole`)


def measured() -> dict[str, Numbers]:
    """Return room -> what was run of it, from the data of the last run."""
    coverage = Coverage(config_file=str(ROOT / "pyproject.toml"))
    coverage.load()
    rooms: dict[str, Numbers] = {}
    for file in sorted(name for name in coverage.get_data().measured_files() if name.endswith(".py")):  # not a page's template
        room = Path(file).relative_to(ROOT / "kiosk").parts[0].removesuffix(".py")
        numbers = coverage._analyze(file).numbers
        rooms[room] = rooms[room] + numbers if room in rooms else numbers
    return rooms


def main(argv: list[str]) -> int:
    """Print the rooms and their bounds; 1 when one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", action="store_true", help="only the rooms that have a bound")
    options = parser.parse_args(argv)
    rooms = measured()
    whole = sum(rooms.values(), Numbers())
    lines = [(room, numbers, CORE.get(room)) for room, numbers in rooms.items() if room in CORE or not options.core]
    if not options.core:
        lines.append(("kiosk/", whole, WHOLE))
    missed = False
    for room, numbers, bound in lines:
        below = bound is not None and numbers.pc_covered < bound
        missed |= below
        asked = "" if bound is None else f"  bound {bound:g} %{'  MISSED' if below else ''}"
        print(f"branch coverage  {room:<14} {numbers.pc_covered:6.2f} %{asked}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
