"""Branch coverage of all of kiosk/ against its bound: `./run coverage [FOLDER ...]`. Outside CI: some forty minutes of a processor.

One folder of tests after the other, each in a process of its own with a data file of its own: traced in one run a Qt process died,
and took with it what its half had covered. Processes that tests start are traced, too (bureaus, commands); what runs in a thread of
Qt's is not. What is told is therefore a lower bound.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Many rounds of what other tests do once, and whole demonstrations: hours where everything is traced.
LEFT_OUT = (
    "tests/demo",
    "tests/trust/test_demo_day.py",
    "tests/ui/test_large.py",
    "tests/liveness/test_evaluate.py",
    "tests/store/test_crash.py",
    "tests/sync/test_outside.py",
    "tests/sync/test_chaos.py",
    "tests/camera/test_puppet.py",
    "tests/test_directions.py",
)
_FOLDER_S = 3600  # a folder that takes longer hangs


def main(argv: list[str]) -> int:
    """Trace the folders; print rooms and bounds; 1 when a bound is missed or a folder's tests failed."""
    parser = argparse.ArgumentParser(prog="run coverage", description=__doc__)
    parser.add_argument("folders", nargs="*", help="of tests/; all by default, with the tests beside them")
    options = parser.parse_args(argv)
    folders = options.folders or [*sorted(path.parent.name for path in ROOT.glob("tests/*/__init__.py")), "."]
    with tempfile.TemporaryDirectory(prefix="kiosk-coverage-") as held:
        data = Path(held)
        settings = _settings(data)
        failed = [name for name in folders if not _traced(name, settings, data)]
        environment = _environment(settings, data / "whole")
        parts = sorted(str(path) for path in data.glob(".coverage.*"))
        tool = (sys.executable, "-m", "coverage", "combine", f"--rcfile={settings}", "--quiet", *parts)
        subprocess.run(tool, check=True, cwd=ROOT, env=environment)
        told = subprocess.run([sys.executable, "-m", "tests.coverage_bounds"], check=False, cwd=ROOT, env=environment)
    if failed:
        print(f"tests failed, or took too long, in: {', '.join(failed)}")
    return 1 if failed or told.returncode else 0


def _settings(data: Path) -> Path:
    """Return the project's settings of coverage with what it takes to trace the processes that tests start."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.coverage.run]\n", 1)
    more = 'parallel = true\nsigterm = true\npatch = ["subprocess", "fork", "_exit"]\n'
    path = data / "pyproject.toml"
    path.write_text(f"{lines[0]}[tool.coverage.run]\n{more}{lines[1]}", encoding="utf-8")
    return path


def _environment(settings: Path, data: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COVERAGE_FILE": str(data), "COVERAGE_PROCESS_START": str(settings)}


def _traced(name: str, settings: Path, data: Path) -> bool:
    tests = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/test_*.py")) if name == "." else [f"tests/{name}"]
    print(f"tests of {name}", flush=True)
    traced = ("--cov", f"--cov-config={settings}", "--cov-report=", "--timeout=600")
    command = [sys.executable, "-m", "pytest", *tests, *traced, *(f"--ignore={path}" for path in LEFT_OUT)]
    environment = _environment(settings, data / f".coverage.{'beside' if name == '.' else name}")
    try:
        ended = subprocess.run(command, check=False, cwd=ROOT, env=environment, timeout=_FOLDER_S)
        return ended.returncode in (0, pytest.ExitCode.NO_TESTS_COLLECTED)
    except subprocess.TimeoutExpired:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
