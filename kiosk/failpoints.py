"""Named places where a test makes the program die or fail. Nothing of it exists in production.

Call sites are written `if __debug__: failpoints.hit("save.committed")`: under `python -O`, as the deployed service runs
(assets/deploy/session), the compiler drops the whole statement. `kiosk run` calls `seal` besides, for whoever starts it without -O.
Otherwise a hit is a dictionary look-up unless the environment arms it:
KIOSK_FAILPOINTS="save.committed=kill,mirror.append=oserror". Actions: kill (SIGKILL to oneself), oserror (disk full), error.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from typing import Any

_VARIABLE = "KIOSK_FAILPOINTS"
_armed: dict[str, Callable[[], None]] = {}
_seen: set[str] = set()
_every: list[Callable[[str], None]] = []
_sealed = not __debug__


def _kill() -> None:
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _oserror() -> None:
    raise OSError(errno.ENOSPC, "no space left (failpoint)")


def _error() -> None:
    raise RuntimeError("failpoint")


_ACTIONS: dict[str, Callable[[], None]] = {"kill": _kill, "oserror": _oserror, "error": _error}


def hit(name: str) -> None:
    """Do what is armed for `name`; nothing when nothing is."""
    if not __debug__:
        return
    _seen.add(name)
    for watcher in _every:
        watcher(name)
    action = _armed.get(name)
    if action is not None:
        action()


def arm(name: str, action: str | Callable[[], None]) -> None:
    """Arm a failpoint from a test. Raises RuntimeError in production: optimised, or sealed."""
    _refuse_when_sealed()
    _armed[name] = _ACTIONS[action] if isinstance(action, str) else action


def watch(watcher: Callable[[str], None]) -> None:
    """Call `watcher(name)` at every hit, and at every SQL statement of connections opened from now on."""
    _refuse_when_sealed()
    _every.append(watcher)


def trace(connection: Any) -> None:
    """Make every statement of a new connection a hit, when somebody watches."""
    if _every:
        connection.set_trace_callback(lambda statement: hit("sql " + statement[:24]))


def disarm() -> None:
    """Disarm all."""
    _armed.clear()
    _every.clear()


def seal() -> None:
    """End it for this process, for good: whatever the environment armed is forgotten, nothing can be armed any more."""
    global _sealed
    disarm()
    _sealed = True


def _refuse_when_sealed() -> None:
    if _sealed:
        raise RuntimeError("no failpoints in production")


def seen() -> frozenset[str]:
    """Return the names hit so far in this process."""
    return frozenset(_seen)


if __debug__:
    for _pair in filter(None, os.environ.get(_VARIABLE, "").split(",")):
        _name, _, _what = _pair.partition("=")
        arm(_name.strip(), _what.strip() or "kill")
