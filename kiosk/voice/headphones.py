"""Whether headphones are plugged in, where the sound system tells it (ALSA's jack controls). Started by `app`.

`amixer events` waits for changes and costs nothing meanwhile. A kiosk without it, or whose key panel reports headphones by a key,
needs none of this.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import threading
from collections.abc import Callable

JACKS = re.compile(r"iface=CARD,name='((?:Front |Rear )?Headphone(?: Front)? (?:Jack|Mic Jack))'")
_AMIXER = "amixer"
_TIMEOUT_S = 5.0

_log = logging.getLogger(__name__)


def jacks(controls: str) -> list[str]:
    """Return the names of the headphone jacks in what `amixer controls` prints."""
    return list(dict.fromkeys(JACKS.findall(controls)))


def plugged(contents: str) -> bool:
    """Return whether `amixer cget` of a jack says that something is plugged in."""
    return re.search(r": values=on\b", contents) is not None


class HeadphoneWatch:
    """Calls `told(True)` when headphones come, `told(False)` when they go; from its own thread."""

    def __init__(self, told: Callable[[bool], None], card: str = "0") -> None:
        self._told, self._card = told, card
        self._events: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._now = False
        self._ending = threading.Event()

    def start(self) -> bool:
        """Begin to watch; False where the system cannot tell."""
        if shutil.which(_AMIXER) is None:
            return False
        try:
            names = jacks(self._ask("controls"))
            if not names:
                return False
            self._events = subprocess.Popen(  # noqa: S603  a fixed program found on the path
                [_AMIXER, "-c", self._card, "events"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        except (OSError, subprocess.SubprocessError):
            _log.warning("headphones cannot be watched")
            return False
        self._thread = threading.Thread(target=self._watch, args=(names,), name="headphones", daemon=True)
        self._thread.start()
        return True

    def stop(self) -> None:
        """End."""
        self._ending.set()
        events, self._events = self._events, None
        if events is not None:
            events.kill()
            events.wait(_TIMEOUT_S)
            if events.stdout is not None:
                events.stdout.close()
        if self._thread is not None:
            self._thread.join(_TIMEOUT_S)

    def _ask(self, *what: str) -> str:
        done = subprocess.run(  # noqa: S603  a fixed program found on the path
            [_AMIXER, "-c", self._card, *what], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        return done.stdout

    def _watch(self, names: list[str]) -> None:
        events = self._events
        self._look(names)
        try:
            for line in events.stdout if events is not None and events.stdout is not None else ():
                if self._ending.is_set():
                    return
                if "Jack" in line:
                    self._look(names)
        except ValueError:  # closed while it was read
            return

    def _look(self, names: list[str]) -> None:
        try:
            now = any(plugged(self._ask("cget", f"iface=CARD,name={name}")) for name in names)
        except (OSError, subprocess.SubprocessError):
            return
        if now != self._now and not self._ending.is_set():
            self._now = now
            self._told(now)
