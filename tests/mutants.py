"""Mutation testing of the pure rooms by mutmut: `./run mutants [FILE ...]`. Outside CI; hours for everything, minutes for a file.

The project is copied to .mutants/, so that nothing of the working tree is changed. Each change of the source is tried with the
tests of its room alone. Prints each change that no test noticed, with the difference, and the share that was killed. Changes of
nothing but the words of an error are counted apart: people are told by reason codes, and no test shall hold a sentence.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".mutants"
_TEXT = re.compile(r'"[^"]*"')
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
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(argv)
    survived = 0
    for source, tests in _asked(options.files):
        survived += _try(source, tests, options.jobs)
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


def _try(source: str, tests: tuple[str, ...], jobs: int) -> int:
    """Change one source, run its tests on each change; print what survived, return how many."""
    _copy(source, tests)
    command = [sys.executable, "-m", "mutmut"]
    log = FOLDER / "mutmut.log"
    with log.open("wb") as out:
        done = subprocess.run(
            [*command, "run", "--max-children", str(jobs)], cwd=FOLDER, stdout=out, stderr=subprocess.STDOUT, check=False
        )
    verdicts = dict(
        line.strip().rsplit(": ", 1) for line in _told(command, "results", "--all", "true").splitlines() if ": " in line
    )
    counts = {word: sum(one == word for one in verdicts.values()) for word in sorted(set(verdicts.values()))}
    if not verdicts or "not checked" in counts:
        print(f"{source}: mutmut did not finish (status {done.returncode}); see {log}")
        return 1
    left = {
        name: _told(command, "show", name)
        for name, word in verdicts.items()
        if word not in ("killed", "timeout", "caught by type check")
    }
    worded = {name for name, shown in left.items() if only_words(shown)}
    for name in left.keys() - worded:
        print(f"--- {name}: {verdicts[name]}\n{left[name]}")
    tried = len(verdicts) - len(worded)
    share = 100 * (1 - (len(left) - len(worded)) / max(1, tried))
    print(
        f"{source}: {tried} changes, {share:.1f} % killed ({', '.join(f'{n} {word}' for word, n in counts.items())}; "
        f"{len(worded)} of words alone)",
        flush=True,
    )
    return len(left) - len(worded)


def only_words(shown: str) -> bool:
    """Whether a difference is of nothing but a text, in a line that raises an error or logs."""
    before, after = (
        [line[1:] for line in shown.splitlines() if line.startswith(mark) and not line.startswith(mark * 3)] for mark in "-+"
    )
    told = all(re.match(r"\s*(raise|log\.)", line) for line in before)
    return told and bool(before) and [_TEXT.sub('""', line) for line in before] == [_TEXT.sub('""', line) for line in after]


def _copy(source: str, tests: tuple[str, ...]) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, FOLDER / name)
    only = source + "*.py" if source.endswith("/") else source
    with (FOLDER / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(
            "\n[tool.mutmut]\n"
            'source_paths = ["kiosk"]\n'
            f'only_mutate = ["{only}"]\n'
            'also_copy = ["config", "assets", "docs", "requirements", "run", ".ci"]\n'
            'pytest_add_cli_args = ["-p", "no:xdist", "-p", "no:cov", "-x", "-o", "timeout=0", "--hypothesis-seed=1"]\n'
            f"pytest_add_cli_args_test_selection = {list(tests)!r}\n"
            "use_git_change_detection = false\n"
        )


def _told(command: list[str], *arguments: str) -> str:
    return subprocess.run([*command, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
