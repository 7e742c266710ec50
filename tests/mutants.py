"""Mutation testing of the pure rooms by mutmut: `./run mutants [FILE ...]`. Outside CI; minutes for a room on a quiet machine.

Each change of the source is tried with the tests of its room alone (`tests.mutation_loop`; nothing of the working tree is changed).
Prints each change that no test noticed, with the difference, and the share that was killed. Changes of nothing but the words of an
error are counted apart: people are told by reason codes, and no test shall hold a sentence.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
# source (a file, or a folder with all of its files) -> the tests that must notice a change of it
ROOMS: dict[str, tuple[str, ...]] = {
    "kiosk/domain/": ("tests/rules", "tests/reader/test_identity.py"),
    "kiosk/visit/": ("tests/visit",),
    "kiosk/desk/": (
        "tests/desk/test_machine.py",
        "tests/desk/test_table.py",
        "tests/desk/test_corners.py",
        "tests/desk/test_pinyin.py",
    ),
    "kiosk/sync/schedule.py": ("tests/sync/test_schedule.py",),
    "kiosk/idcard_reader/codec.py": ("tests/reader/test_codec.py",),
    "kiosk/idcard_reader/rules.py": ("tests/reader/test_session.py", "tests/reader/test_hostile.py"),
    "kiosk/liveness/challenge.py": ("tests/liveness/test_challenge.py",),
    "kiosk/liveness/gestures.py": ("tests/liveness/test_gestures.py",),
    "kiosk/liveness/guidance.py": ("tests/liveness/test_guidance.py",),
    "kiosk/liveness/take.py": ("tests/liveness/test_take.py",),
    "kiosk/liveness/doubt.py": ("tests/liveness/test_doubt.py",),
    "kiosk/liveness/verdict.py": ("tests/liveness/test_verdict.py",),
    "kiosk/liveness/asked.py": ("tests/liveness/test_take.py",),
    "kiosk/liveness/face_buffer.py": ("tests/liveness/test_take.py",),
    "kiosk/liveness/pace.py": ("tests/liveness/test_take.py",),
    "kiosk/liveness/placing.py": ("tests/liveness/test_take.py",),
    "kiosk/liveness/attacks/": ("tests/liveness/test_attacks.py",),
    "kiosk/liveness/light/": ("tests/liveness/test_light.py",),
    "kiosk/liveness/camera_proof/": ("tests/liveness/test_camera_proof.py",),
    "kiosk/bureau/ingest.py": ("tests/bureau",),
    "kiosk/bureau/decisions.py": ("tests/bureau",),
    "kiosk/bureau/context.py": ("tests/bureau",),
}


def main(argv: list[str]) -> int:
    """Run it room by room; 1 when anything survived."""
    parser = argparse.ArgumentParser(prog="run mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="such as kiosk/domain/renewal.py; every pure room by default",
    )
    options = parser.parse_args(argv)
    survived = 0
    for source, tests in _asked(options.files):
        survived += _try(source, tests)
    return 1 if survived else 0


def _asked(files: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    if not files:
        return list(ROOMS.items())
    asked = []
    for file in files:
        room = next((room for room in ROOMS if file == room or (room.endswith("/") and file.startswith(room))), None)
        if room is None or not (ROOT / file).exists():
            sys.exit(f"{file}: none of the pure rooms ({', '.join(ROOMS)})")
        asked.append((file, ROOMS[room]))
    return asked


def _try(source: str, tests: tuple[str, ...]) -> int:
    """Change one source, run its tests on each change; print what survived, return how many."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation_loop", source, *tests], cwd=ROOT, capture_output=True, text=True, check=False
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not told or "error" in told[-1]:
        print(f"{source}: not tried; {told[-1] if told else (done.stdout + done.stderr)[-2000:]}")
        return 1
    left = {one["name"]: one for one in told if "shown" in one}
    worded = {name for name, one in left.items() if only_words(one["shown"])}
    for name, one in left.items():
        if name not in worded:
            print(f"--- {name}: {one['verdict']}\n{one['shown']}")
    verdicts = [one["verdict"] for one in told]
    counts = ", ".join(f"{verdicts.count(word)} {word}" for word in sorted(set(verdicts)))
    tried, noticed = len(told) - len(worded), len(told) - len(left)
    print(
        f"{source}: {tried} changes, {100 * noticed / max(1, tried):.1f} % killed ({counts}; {len(worded)} of words alone)",
        flush=True,
    )
    return tried - noticed


def only_words(shown: str) -> bool:
    """Whether a difference is of nothing but a text, in a line that raises an error or logs."""
    before, after = ([line[1:] for line in shown.splitlines() if line.startswith(mark)] for mark in "-+")
    raised = all(re.match(r"\s*(raise|log\.)", line) for line in before)
    return raised and bool(before) and [_TEXT.sub("''", line) for line in before] == [_TEXT.sub("''", line) for line in after]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
