"""Programs of the system that a test runs. Without one it is skipped by hand, and fails in CI: that must not pass untried."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str, package: str) -> str:
    """Return where a program lies. The system's own folders too: a user's PATH need not have them."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))
    if found is None:
        missing(f"{name} is not installed (Debian: {package})")
    return found


def missing(what: str) -> None:
    """Skip the test, or fail it in CI (.ci/run says so)."""
    (pytest.fail if os.environ.get("KIOSK_CI") else pytest.skip)(what)
