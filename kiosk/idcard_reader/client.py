"""The blocking driver: port, session and photo decoder put together. Shared by the worker and `kiosk read-card`; no Qt.

One thread runs `events`; `polling` may be set from any other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from kiosk.config import Reader
from kiosk.domain.reasons import Reason
from kiosk.errors import DeviceError, ReaderProtocolError, ReaderTimeout, ReaderUnavailable
from kiosk.idcard_reader import photo
from kiosk.idcard_reader.asking import Lost, Memory, SwitchBaud
from kiosk.idcard_reader.codec import Command, Damage, Reply
from kiosk.idcard_reader.events import CardRead, ReaderEvent, ReaderGone, ReaderReady
from kiosk.idcard_reader.exchange import Answer, Exchange
from kiosk.idcard_reader.session import BAUDS, Send, Session
from kiosk.idcard_reader.transport import Port, candidates


class ReaderClient:
    """A reader that gets well by itself."""

    def __init__(
        self,
        settings: Reader,
        *,
        everything: bool = False,
        ports: Callable[[Reader], list[str]] = candidates,
        clock: Callable[[], float] = time.monotonic,
        on_send: Callable[[bytes], None] | None = None,
    ) -> None:
        """everything: also read fingerprint, newest address and chip number. ports: where to look, best first. on_send: called
        with each request just before it goes out (bench)."""
        self._settings = settings
        self._everything = everything
        self._ports = ports
        self._clock = clock
        self._memory = Memory()
        self._good_baud = settings.baud
        self._on_send = on_send

    @property
    def polling(self) -> bool:
        """Whether cards are looked for."""
        return self._memory.polling

    @polling.setter
    def polling(self, on: bool) -> None:
        self._memory.polling = on

    def events(self, stop: threading.Event) -> Iterator[ReaderEvent]:
        """Yield what happens until `stop` is set; returns within a tenth of a second of that. Raises nothing of devices."""
        delay = self._settings.reopen_delay_s
        while not stop.is_set():
            lost, opened = Reason.READER_UNPLUGGED, False
            for name in self._ports(self._settings):
                try:
                    port = Port(name, self._good_baud)
                    opened = True
                    try:
                        why = yield from self._session(port, stop)
                    finally:
                        port.close()
                except ReaderUnavailable as error:
                    why = Reason(error.reason)
                if stop.is_set():
                    return
                if self._memory.ready:  # it had worked: say so now, look for it again at once
                    delay, opened, lost = self._settings.reopen_delay_s, False, why
                    break
                if lost is Reason.READER_UNPLUGGED:  # the best candidates come first: what is wrong with them is told
                    lost = why
            if self._memory.gone != lost:
                self._memory.ready, self._memory.gone = False, lost
                yield ReaderGone(lost)
            stop.wait(delay)
            # Looking whether a port is there costs nothing; opening one that stays silent is worth backing off from.
            delay = min(delay * 2, self._settings.reopen_delay_max_s) if opened else self._settings.reopen_delay_s

    def command(self, command: Command, data: bytes = b"") -> Reply:
        """Send one command to the first port that answers, and return the answer. Raises DeviceError: see `ask`."""
        return self.ask(command, data)[1]

    def ask(self, command: Command, data: bytes = b"") -> tuple[str, Reply]:
        """Send one command to each port in turn until one answers; return the port's name and the answer.

        Raises what was wrong with the best port: ReaderTimeout, ReaderProtocolError, ReaderBusy, ReaderDenied, or, when there is no
        port at all, ReaderUnavailable.
        """
        wrong: list[DeviceError] = []
        for name in self._ports(self._settings):
            try:
                return name, self._ask_port(name, command, data)
            except DeviceError as error:
                wrong.append(error)
        there = [error for error in wrong if Reason(error.reason) is not Reason.READER_UNPLUGGED]
        named = self._settings.port or "port: none is set"
        raise (there or wrong or [ReaderUnavailable(f"{named}: no such port")])[0]

    def _ask_port(self, name: str, command: Command, data: bytes) -> Reply:
        port, bad = Port(name, self._settings.baud), None
        try:
            for baud in self._bauds(port, self._settings.baud):
                port.switch_baud(baud)
                answer = self._exchange(port, command, data, baud)
                if isinstance(answer, Reply):
                    return answer
                bad = bad or answer
        finally:
            port.close()
        if bad is Damage.ECHO:
            raise ReaderProtocolError(f"{name}: sends back what it gets, and nothing else")
        if bad is not None:
            raise ReaderProtocolError(f"{name}: garbled answer to {command.label}")
        raise ReaderTimeout(f"{name}: no answer to {command.label}")

    def _bauds(self, port: Port, first: int) -> list[int]:
        others = [baud for baud in BAUDS if baud != first] if self._settings.probe_bauds and not port.is_url else []
        return [first, *others]

    def _exchange(self, port: Port, command: Command, data: bytes, baud: int) -> Answer:
        exchange = Exchange(command, self._settings, baud, self._clock(), data)
        port.send(exchange.request)
        while not exchange.done:
            received = port.read()
            exchange.advance(self._clock(), received)
        return exchange.answer

    def _session(self, port: Port, stop: threading.Event) -> Generator[ReaderEvent, None, Reason]:
        bauds = self._bauds(port, self._good_baud)
        session = Session(self._settings, self._memory, bauds=bauds, everything=self._everything)
        data = b""
        while not stop.is_set():
            for output in session.advance(self._clock(), data):
                match output:
                    case Send():
                        if self._on_send is not None:
                            self._on_send(output.data)
                        port.send(output.data)
                    case SwitchBaud():
                        port.switch_baud(output.baud)
                    case Lost():
                        return output.reason
                    case CardRead():
                        self._good_baud = session.baud
                        yield self._with_photo(output)
                    case ReaderReady():
                        self._good_baud = session.baud
                        yield replace(output, port=port.name)
                    case _:
                        self._good_baud = session.baud
                        yield output
            data = port.read()
        return Reason.READER_UNPLUGGED

    def _with_photo(self, event: CardRead) -> CardRead:
        """Decode the chip photo when a vendor's decoder is configured; whatever it does, the card has been read."""
        if not self._settings.wlt.library or not event.card.photo_wlt:
            return event
        try:
            rgb = photo.decode(event.card.photo_wlt, self._settings.wlt)
        except DeviceError:
            return event
        return CardRead(replace(event.card, photo_rgb=rgb))
