"""Bureaus forked from a process that has their libraries loaded: loading them costs more than most tests that need a bureau.

`start` stands in for `subprocess.Popen` in `kiosk.bureau.process` (tests/conftest.py puts it there). Each bureau is a process of
its own, as it would be: with its own files, signals and end. As a program (`python -m tests.bureau.preloaded`) this file is the
process that forks.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import importlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
# Without what counts requests: it asks at its import where to keep its numbers, which only the bureau itself knows.
LIBRARIES = (
    "alembic.command",
    "kiosk.bureau.admin",
    "kiosk.bureau.api",
    "kiosk.bureau.clerks.account_pages",
    "kiosk.bureau.clerks.record_pages",
    "kiosk.bureau.connections",
    "kiosk.commands.bureau",
    "sqlalchemy.dialects.sqlite",
    "uvicorn.protocols.http.h11_impl",
)


class Forked:
    """A process that somebody else forked for us, with the part of subprocess.Popen that the bureau's process asks for."""

    def __init__(self, pid: int, stdin: IO[bytes], ended: int) -> None:
        self.pid, self.stdin, self._ended = pid, stdin, ended
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, or None."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            told = os.read(self._ended, 16)
            os.close(self._ended)
            self.returncode = int(told or b"-9")  # nothing told: the process that forks is gone itself
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal while it lives."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


@functools.cache
def _forking() -> socket.socket:
    """Start the process that forks, once for each process that asks; it ends with us."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = subprocess.Popen([sys.executable, "-m", "tests.bureau.preloaded", str(its.fileno())], cwd=ROOT, pass_fds=[its.fileno()])
    its.close()

    def end() -> None:
        ours.close()
        child.wait()

    atexit.register(end)
    return ours


def start(command: list[str], *, env: dict[str, str], stdout: IO[bytes], start_new_session: bool, **more: Any) -> Any:
    """Start `python -m kiosk bureau ...`. `more` as for subprocess.Popen."""
    plain = command[:4] == [sys.executable, "-m", "kiosk", "bureau"] and more["cwd"] == ROOT and not start_new_session
    if not plain:
        return subprocess.Popen(command, env=env, stdout=stdout, start_new_session=start_new_session, **more)
    its_stdin, our_stdin = os.pipe()
    our_ended, its_ended = os.pipe()
    forking = _forking()
    given = [its_stdin, stdout.fileno(), its_ended]
    asked = json.dumps({"arguments": command[3:], "environment": env}).encode()
    forking.sendmsg([asked], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", given))])
    os.close(its_stdin)
    os.close(its_ended)
    return Forked(int(forking.recv(32)), os.fdopen(our_stdin, "wb", buffering=0), our_ended)


# --- the process that forks


def main(number: int) -> None:
    """Fork what is asked for over the socket with this number, and tell how each ended, until the other end closes."""
    for name in LIBRARIES:
        importlib.import_module(name)
    from kiosk.bureau import database
    from tests.bureau import template

    template.empty()
    database.upgrade = template.upgrade
    asking = socket.socket(fileno=number)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and they end us
    living: dict[int, int] = {}  # pid -> where its end is told
    while True:
        ready, _, _ = select.select([asking, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(living)
        if asking in ready:
            asked, ancillary, _, _ = asking.recvmsg(1 << 20, socket.CMSG_SPACE(3 * array.array("i").itemsize))
            if not asked:
                return
            given = array.array("i")
            given.frombytes(ancillary[0][2])
            stdin, log, ended = given
            pid = os.fork()
            if pid == 0:
                for other in (woken, wake, ended, *living.values()):
                    os.close(other)
                asking.close()
                _become(json.loads(asked), stdin, log)
            os.close(stdin)
            os.close(log)
            living[pid] = ended
            asking.send(str(pid).encode())


def _tell_ends(living: dict[int, int]) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        ended = living.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(ended, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(ended)


def _become(asked: dict[str, Any], stdin: int, log: int) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for source, target in ((stdin, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.close(stdin)
        os.close(log)
        os.environ.clear()
        os.environ.update(asked["environment"])
        time.tzset()
        random.seed()
        from kiosk.__main__ import main as kiosk

        status = kiosk(asked["arguments"])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(int(sys.argv[1]))
