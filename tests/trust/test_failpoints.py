"""Fault injection cannot act in production: compiled out by -O, sealed by `kiosk run`, and the deployed service uses both."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

import pytest

from kiosk import failpoints
from kiosk.config import ROOT
from tests.sources import tree_of

SOURCES = [path for path in (ROOT / "kiosk").rglob("*.py") if path.name != "failpoints.py" and "bench" not in path.parts]


def ask(code: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "KIOSK_FAILPOINTS": "here=error", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)},
    )


def test_every_call_stands_where_the_compiler_drops_it():
    """Parsed, not searched: each `failpoints.…(…)` of the kiosk itself is inside an `if __debug__:`."""
    calls, outside = 0, []
    for path in SOURCES:
        if "bureau" in path.parts:  # the bureau is no kiosk: its own hook is held by test_the_bureaus_own_hook
            continue
        tree = tree_of(path)
        guarded = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "__debug__"
            for part in node.body
            for inner in ast.walk(part)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "failpoints"
                and node.func.attr != "seal"
            ):
                calls += 1
                if id(node) not in guarded:
                    outside.append(f"{path.name}:{node.lineno}")
    assert calls >= 8
    assert outside == []


def test_the_deployed_service_runs_optimised():
    session = (ROOT / "assets" / "deploy" / "session").read_text(encoding="utf-8")
    before, start, _ = session.partition("\nexec ")
    assert start
    assert re.search(r"^export PYTHONOPTIMIZE=1$", before, re.MULTILINE)
    assert re.search(r"^unset KIOSK_FAILPOINTS$", before, re.MULTILINE)
    # The start script must hand it on to the interpreter: -E or -I would drop it.
    assert re.search(r'"\$python" -P -m kiosk "\$@"', (ROOT / "run").read_text(encoding="utf-8"))


def test_run_seals_before_anything_is_loaded():
    """`kiosk run` with a configuration that cannot be: what it imported so far can no longer be armed."""
    code = (
        "import kiosk.failpoints as f, kiosk.commands.run as run\n"
        "from kiosk.errors import ConfigError\n"
        "try:\n    run.main(['--config', 'no-such-file'])\nexcept ConfigError:\n    pass\n"
        "f.hit('here')\n"
        "try:\n    f.arm('here', 'error')\nexcept RuntimeError as error:\n    print(error)\n"
        "try:\n    f.watch(print)\nexcept RuntimeError as error:\n    print(error)\n"
    )
    done = ask(code)
    assert (done.returncode, done.stdout) == (0, "no failpoints in production\n" * 2), done.stderr


@pytest.mark.parametrize(("flags", "stands"), [((), True), (("-O",), False)])
def test_the_environment_arms_only_what_is_not_optimised(flags, stands):
    done = ask("import kiosk.failpoints as f\nf.hit('here')", *flags)
    assert (done.returncode != 0) is stands, done.stderr
    assert ("RuntimeError: failpoint" in done.stderr) is stands


def test_the_bureaus_own_hook_does_nothing_unasked():
    from kiosk.bureau import failpoints as hook

    hook.load("")
    for point in ("before-commit", "after-commit", "ingest", "answer"):
        hook.hit(point)
    hook.load("ingest=full@2")
    hook.hit("ingest")
    with pytest.raises(hook.DiskFull):
        hook.hit("ingest")
    hook.load("")


def test_this_process_is_not_sealed():
    """Or the crash tests would prove nothing."""
    failpoints.arm("only-here", "oserror")
    with pytest.raises(OSError, match="no space"):
        failpoints.hit("only-here")
    failpoints.disarm()
