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
# Whole takes by their table, and the pieces by themselves: tests that watch pictures take minutes for what these hold in seconds.
TAKE = tuple(f"tests/liveness/test_{name}.py" for name in ("pieces", "challenge", "exact", "verdict", "take_stories"))
# Properties with hundreds of drawn stories, a minute for each change that nothing else notices; the table holds what they hold.
DRAWN = tuple(
    f"--deselect=tests/visit/test_machine.py::test_{name}"
    for name in (
        "no_order_of_events_saves_a_pass_without_card_rules_consent_liveness_and_match",
        "every_state_has_a_way_home_and_home_knows_nobody",
        "tries_are_bounded_in_a_visit",
        "leaving_for_home_or_for_the_card_always_wipes_the_visit",
    )
)
# Those that run in this process: what a bureau in a process of its own does, no change of ours reaches.
BUREAU = tuple(f"tests/bureau/test_{name}.py" for name in ("taken", "decided", "context"))
ATTACKS = tuple(f"tests/liveness/test_{name}.py" for name in ("attacks", "attack_numbers", "attack_scores", "attack_evidence"))
CAMERA = tuple(f"tests/liveness/test_{name}.py" for name in ("camera_proof", "camera_side", "camera_numbers", "camera_paper"))
# source (a file, or a folder with all of its files) -> the tests that must notice a change of it
ROOMS: dict[str, tuple[str, ...]] = {
    "kiosk/domain/": ("tests/rules", "tests/reader/test_identity.py"),
    "kiosk/visit/": ("tests/visit", *DRAWN),
    "kiosk/desk/": (
        "tests/desk/test_machine.py",
        "tests/desk/test_table.py",
        "tests/desk/test_corners.py",
        "tests/desk/test_last_inch.py",
        "tests/desk/test_paper_steps.py",
        "tests/desk/test_pinyin.py",
    ),
    "kiosk/sync/schedule.py": ("tests/sync/test_schedule.py",),
    "kiosk/idcard_reader/codec.py": ("tests/reader/test_codec.py",),
    "kiosk/idcard_reader/rules.py": ("tests/reader/test_story.py",),
    "kiosk/liveness/challenge.py": TAKE,
    "kiosk/liveness/gestures.py": TAKE,
    "kiosk/liveness/guidance.py": TAKE,
    "kiosk/liveness/take.py": TAKE,
    "kiosk/liveness/doubt.py": TAKE,
    "kiosk/liveness/verdict.py": TAKE,
    "kiosk/liveness/asked.py": TAKE,
    "kiosk/liveness/face_buffer.py": TAKE,
    "kiosk/liveness/pace.py": TAKE,
    "kiosk/liveness/placing.py": TAKE,
    "kiosk/liveness/attacks/": ATTACKS,
    "kiosk/liveness/light/": ("tests/liveness/test_light_numbers.py", "tests/liveness/test_attack_numbers.py"),
    "kiosk/liveness/camera_proof/": CAMERA,
    "kiosk/liveness/digits/": ("tests/liveness/test_digits.py", "tests/liveness/test_listening.py"),
    "kiosk/liveness/glasses.py": ("tests/liveness/test_glasses.py",),
    "kiosk/bureau/ingest.py": BUREAU,
    "kiosk/bureau/decisions.py": BUREAU,
    "kiosk/bureau/context.py": BUREAU,
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
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try each N-th change only: a sample, for the hurried")
    parser.add_argument("--tests", nargs="+", metavar="TEST", help="these alone: quicker, and what they kill is killed")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these changes alone, such as those that survived before")
    options = parser.parse_args(argv)
    which = ",".join(options.only or [str(options.every)])
    survived = 0
    for tests, sources in _asked(options.files or list(ROOMS)).items():
        survived += _try(sources, tuple(options.tests or tests), which)
    return 1 if survived else 0


def _asked(files: list[str]) -> dict[tuple[str, ...], list[str]]:
    """Return tests -> the sources that they watch, which are tried together: the tests are collected and timed once."""
    asked: dict[tuple[str, ...], list[str]] = {}
    for file in files:
        room = next((room for room in ROOMS if file == room or (room.endswith("/") and file.startswith(room))), None)
        if room is None or not (ROOT / file).exists():
            sys.exit(f"{file}: none of the pure rooms ({', '.join(ROOMS)})")
        asked.setdefault(ROOMS[room], []).append(file)
    return asked


def _try(sources: list[str], tests: tuple[str, ...], which: str) -> int:
    """Change the sources, run their tests on each change; print what survived, return how many."""
    command = [sys.executable, "-m", "tests.mutation_loop", which, ",".join(sources), *tests]
    told: list[dict[str, str]] = []
    left: set[str] = set()
    worded: set[str] = set()
    other = ""  # what pytest says
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        for line in running.stdout or ():
            if not line.startswith(('{"name"', '{"error"')):
                other += line
                continue
            told.append(one := json.loads(line))
            if "shown" in one:
                left.add(one["name"])
                if only_words(one["shown"]):
                    worded.add(one["name"])
                else:
                    print(f"--- {one['name']}: {one['verdict']}\n{one['shown']}", flush=True)
    if not told or "error" in told[-1]:
        print(f"{', '.join(sources)}: not tried; {told[-1] if told else other[-2000:]}")
        return 1
    modules: dict[str, list[dict[str, str]]] = {}
    for one in told:
        modules.setdefault(one["name"].rpartition(".")[0], []).append(one)
    for module, ones in (*sorted(modules.items()), ("all", told)):
        words = [one["verdict"] for one in ones if one["name"] not in worded]
        counts = ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))
        noticed = sum(one["name"] not in left for one in ones)
        print(
            f"{module}: {len(words)} changes, {100 * noticed / max(1, len(words)):.1f} % killed ({counts}; "
            f"{len(ones) - len(words)} of words alone)",
            flush=True,
        )
    return len(left) - len(worded)


def only_words(shown: str) -> bool:
    """Whether a difference is of nothing but a text, in a line that raises an error or logs."""
    before, after = ([line[1:] for line in shown.splitlines() if line.startswith(mark)] for mark in "-+")
    raised = all(re.match(r"\s*(raise|log\.)", line) for line in before)
    return raised and bool(before) and [_TEXT.sub("''", line) for line in before] == [_TEXT.sub("''", line) for line in after]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
