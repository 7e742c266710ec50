"""One open port as a sans-I/O machine: what to send next, given bytes and time. Used by `client.py` and tests.

`advance(now, data)` takes what arrived and returns what to do: requests to send, a line speed to switch to, and events for the
kiosk. What is asked, and what the answers mean, is in `rules.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.config import Reader
from kiosk.idcard_reader.asking import Lost, Memory, SwitchBaud
from kiosk.idcard_reader.codec import Command
from kiosk.idcard_reader.events import ReaderEvent
from kiosk.idcard_reader.exchange import Answer, Exchange
from kiosk.idcard_reader.rules import Rules

BAUDS = (115200, 57600, 38400, 19200, 9600)


@dataclass(frozen=True, slots=True)
class Send:
    """Drop what has arrived unasked, then send these bytes."""

    data: bytes


Output = Send | SwitchBaud | Lost | ReaderEvent


class Session:
    """One open port. Call `advance(now)` once to begin, then with every piece of bytes, and at `wake_at` at the latest."""

    def __init__(self, settings: Reader, memory: Memory, *, bauds: Sequence[int] = (), everything: bool = False) -> None:
        """bauds: speeds to try in order, the first is the port's now. everything: also fingerprint, address, chip number."""
        self._settings = settings
        self._rules = Rules(settings, memory, bauds=tuple(bauds) or (settings.baud,), everything=everything)
        self._script = self._rules.run()
        self._now = 0.0
        self._exchange: Exchange | None = None
        self._pause_until: float | None = None
        self._begun = self._over = False

    @property
    def baud(self) -> int:
        """The speed the port should have now."""
        return self._rules.baud

    @property
    def wake_at(self) -> float:
        """When `advance` must be called even if nothing arrives."""
        if self._exchange is not None:
            return self._exchange.wake_at
        return self._pause_until if self._pause_until is not None else self._now

    def advance(self, now: float, data: bytes = b"") -> list[Output]:
        """Take bytes (maybe none) at a time in seconds; return what to do, in order."""
        self._now = self._rules.now = now
        out: list[Output] = []
        if self._over:
            return out
        if not self._begun:
            self._begun = True
            self._proceed(None, out)
        elif self._exchange is not None:
            self._exchange.advance(now, data)
            if self._exchange.done:
                answer, self._exchange = self._exchange.answer, None
                self._proceed(answer, out)
        elif self._pause_until is not None and now >= self._pause_until:
            self._pause_until = None
            self._proceed(None, out)
        return out

    def _proceed(self, answer: Answer, out: list[Output]) -> None:
        while True:
            try:
                step = self._script.send(answer)
            except StopIteration:
                self._over = True
                return
            answer = None
            if isinstance(step, Command):
                self._exchange = Exchange(step, self._settings, self.baud, self._now, patience=self._rules.patience)
                out.append(Send(self._exchange.request))
                return
            if isinstance(step, float):
                self._pause_until = self._now + step
                return
            if isinstance(step, SwitchBaud):
                self._rules.baud = step.baud
            out.append(step)
            if isinstance(step, Lost):
                self._over = True
                return
