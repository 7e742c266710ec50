"""For all tests: no screen needed, whoever starts them, and no example fails for being slow on a machine with other work."""

from __future__ import annotations

import gc
import os
from typing import Any

import pytest
from argon2 import PasswordHasher, low_level
from hypothesis import HealthCheck, settings
from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEvent, QEventLoop, QTimer
from pytestqt import wait_signal

from kiosk.bureau.process import BureauProcess
from tests.bureau import preloaded

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # read when an application is made

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def _wait_here(blocker: Any) -> None:
    """pytest-qt's wait, ended by this thread alone.

    A signal of an object that lives in another thread calls pytest-qt's slot in that thread. When it comes between the look at
    `signal_triggered` and the loop's start, `quit` is lost and the timer that would end the wait is stopped: it lasts for ever
    (seen under load). Here this thread looks again and again.
    """
    if blocker.signal_triggered:
        return
    if blocker.timeout is None and not blocker._signals:
        raise ValueError("No signals or timeout specified.")
    if blocker.timeout != 0:
        loop, looks, end = QEventLoop(), QTimer(), QDeadlineTimer(-1 if blocker.timeout is None else blocker.timeout)
        looks.timeout.connect(lambda: loop.quit() if blocker.signal_triggered or end.hasExpired() else None)
        looks.start(5)
        loop.exec()
        looks.stop()
        if not blocker.signal_triggered:
            blocker._quit_loop_by_timeout()
    if not blocker.signal_triggered and blocker.raising:
        raise wait_signal.TimeoutError(blocker._timeout_message)


wait_signal._AbstractSignalBlocker.wait = _wait_here


def _quick_hash(hasher: PasswordHasher, password: str | bytes, *, salt: bytes | None = None) -> str:
    """argon2id as the hasher makes it, at a thousandth of its cost; a hash says itself what checking it costs."""
    secret = password.encode() if isinstance(password, str) else password
    made = low_level.hash_secret(secret, salt or os.urandom(16), 1, 64, 1, hasher.hash_len, low_level.Type.ID)
    return made.decode("ascii")


PasswordHasher.hash = _quick_hash


BureauProcess.popen = staticmethod(preloaded.start)

# No test can pull the plug: the power cuts are simulated (tests/updates) or the process is killed, and then what was written stays.
# Waiting for the disk at each of thousands of steps shows nothing. Who counts the calls puts its own function in this place.
os.fsync = lambda _: None


# Files that take longest (docs/figures.md): begun first, so that at the end no worker waits for the other's last long one.
LONG_FIRST = (
    "tests/trust/test_demo_day.py",
    "tests/ui/test_audit.py",
    "tests/demo/test_visits.py",
    "tests/ocr/test_reading.py",
    "tests/liveness/test_seen.py",
    "tests/desk/test_keyboard.py",
    "tests/desk/test_pages.py",
    "tests/camera/test_puppet.py",
    "tests/sync/test_outside.py",
    "tests/ocr/test_gaps.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, whatever is run; all others keep their order."""
    place = {name: number for number, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays: no collection of garbage looks through it any more. Workers ask for one whenever they rest."""
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Let the windows go that a test closed: pytest-qt asks for it, only a running loop does it, and thousands gathered in 5 GB."""
    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
