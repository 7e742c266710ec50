"""The driver's session against the emulator's chip in simulated time: no port, no thread, no waiting."""

from __future__ import annotations

from pathlib import Path

from kiosk.config import Reader
from kiosk.emulators.reader_cards import load_cards
from kiosk.emulators.reader_chip import Chip, RequestReader
from kiosk.emulators.reader_faults import COMMAND_NAMES, FaultList, disturbed
from kiosk.idcard_reader.asking import Lost, Memory, SwitchBaud
from kiosk.idcard_reader.session import BAUDS, Send, Session

CARDS = load_cards(Path(__file__).resolve().parents[2] / "config" / "demo" / "cards.toml")


class Sim:
    """One reader and one session on a virtual line."""

    def __init__(
        self,
        *faults: str,
        settings: dict | None = None,
        sticky: bool = False,
        baud: int = 115200,
        everything: bool = False,
        out_of_order: int | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.settings = Reader(**(settings or {}))
        self.memory = memory or Memory()
        self.session = Session(self.settings, self.memory, bauds=BAUDS if self.settings.probe_bauds else (), everything=everything)
        self.chip = Chip(sticky=sticky, out_of_order=out_of_order)
        self.chip.faults = FaultList(faults)
        self.reader_baud = baud
        self.now = 100.0
        self.events: list = []
        self.requests: list[tuple[float, str]] = []
        self.lost: Lost | None = None
        self.baud = self.session.baud
        self._parser = RequestReader()
        self._due: list[tuple[float, bytes]] = []
        self._begun = False

    def faults(self, *faults: str) -> None:
        self.chip.faults = FaultList(faults)

    def lay(self, key: str) -> None:
        self.chip.lay(CARDS[key])

    def lift(self) -> None:
        self.chip.lay(None)

    def run(self, seconds: float) -> list:
        """Let time pass; return the events of this time."""
        end, first = self.now + seconds, len(self.events)
        if not self._begun:
            self._begun = True
            self._do(self.session.advance(self.now))
        while self.lost is None:
            arrival = min((at for at, _ in self._due), default=float("inf"))
            wake = max(self.session.wake_at, self.now)
            at = min(arrival, wake)
            if at > end:
                break
            self.now = at
            data = b"".join(piece for when, piece in self._due if when <= at and self.baud == self.reader_baud)
            self._due = [(when, piece) for when, piece in self._due if when > at]
            self._do(self.session.advance(self.now, data))
        self.now = max(self.now, end)
        return self.events[first:]

    def names(self, seconds: float) -> list[str]:
        return [type(event).__name__ for event in self.run(seconds)]

    def _do(self, outputs: list) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self._due = [(at, piece) for at, piece in self._due if at > self.now]  # flushed
                self._answer(output.data)
            elif isinstance(output, SwitchBaud):
                self.baud = output.baud
            elif isinstance(output, Lost):
                self.lost = output
            else:
                self.events.append(output)

    def _answer(self, data: bytes) -> None:
        if self.baud != self.reader_baud:
            return
        for request in self._parser.take(data, self.now):
            name = COMMAND_NAMES.get(request.command, "")
            self.requests.append((self.now, name))
            frame = self.chip.answer(request)
            pieces, vanish = disturbed(frame, request.command + request.data, name, self.chip.faults)
            at = self.now + len(data) * 10 / self.baud
            for delay, piece in pieces:
                at += delay + len(piece) * 10 / self.baud
                if vanish is None:
                    self._due.append((at, piece))
