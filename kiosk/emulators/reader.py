"""An ID-card reader without hardware: a thread that plays one on a pseudo-terminal, at the pace of its line speed.

Used by `kiosk emulate-reader`, the demo, training and tests; never in production. Other people's drivers can be tried on it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from kiosk.emulators.reader_cards import EmulatedCard
from kiosk.emulators.reader_chip import Chip, Request, RequestReader
from kiosk.emulators.reader_faults import COMMAND_NAMES, FaultList, disturbed
from kiosk.emulators.reader_line import Line, PtyLine, TcpLine

_STEP_S = 0.001  # pacing grain


class ReaderEmulator:
    """An emulated reader. Every method may be called from any thread."""

    def __init__(
        self,
        cards: Mapping[str, EmulatedCard],
        link: Path | str = "",
        *,
        listen: tuple[str, int] | None = None,
        baud: int = 115200,
        sticky: bool = False,
        faults: Iterable[str] = (),
        out_of_order: int | None = None,
    ) -> None:
        """link: the name of the port to make; or listen: (host, port) for TCP. cards: by key, see `load_cards`. baud: paces the
        bytes, and a client at another speed hears nothing. faults: see `reader_faults`."""
        self.cards = dict(cards)
        self.link = Path(link)
        self.baud = baud
        self.sent: list[tuple[str, float, float]] = []  # command, first request byte, last reply byte (monotonic)
        self._listen = listen
        self._chip = Chip(sticky=sticky, out_of_order=out_of_order)
        self._chip.faults = FaultList(faults)
        self._lock = threading.RLock()
        self._line: Line | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._pulled = threading.Event()
        self._gone = threading.Event()

    @property
    def address(self) -> tuple[str, int]:
        """Where the TCP line listens."""
        if not isinstance(self._line, TcpLine):
            raise RuntimeError("not listening")
        return self._line.address

    def start(self) -> None:
        """Plug it in and begin to answer."""
        self._stop.clear()
        self.plug()
        self._thread = threading.Thread(target=self._run, name="reader-emulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; the port vanishes."""
        self._stop.set()
        self._pulled.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def lay(self, key: str) -> None:
        """Lay the card of this key, in place of the one that lies there. Raises KeyError."""
        with self._lock:
            self._chip.lay(self.cards[key])

    def lift(self) -> None:
        """Take the card away."""
        with self._lock:
            self._chip.lay(None)

    def unplug(self) -> None:
        """Pull the cable: the port vanishes, in the middle of a reply if need be. Returns when it has."""
        self._pulled.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._gone.wait(5.0)

    def plug(self, new_link: Path | str | None = None) -> None:
        """Put the cable back, under another name if given."""
        if self._line is not None:
            self.unplug()
        with self._lock:
            if new_link is not None:
                self.link = Path(new_link)
            self._chip.power_on()
            self._pulled.clear()
            self._gone.clear()
            self._line = TcpLine(*self._listen) if self._listen else PtyLine(self.link, self.baud)

    def set_faults(self, *faults: str) -> None:
        """Replace the faults in force; none clears them. Raises ConfigError."""
        listed = FaultList(faults)
        with self._lock:
            self._chip.faults = listed

    def set_sticky(self, sticky: bool) -> None:
        """Whether find fails after a read until the card is lifted."""
        with self._lock:
            self._chip.sticky = sticky

    # --- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            line = self._line
            if line is None:
                time.sleep(0.005)
                continue
            requests = RequestReader()
            while not self._pulled.is_set():
                data = line.read(0.01)
                arrived = time.monotonic()
                if data and not line.hears(self.baud):
                    data = b""  # another speed: what arrives is nonsense
                for request in requests.take(data, arrived):
                    self._serve(line, request, arrived)
            with self._lock:  # closed by the thread that uses it: elsewhere the descriptor could be somebody else's already
                self._line = None
                line.close()
                self._gone.set()

    def _serve(self, line: Line, request: Request, arrived: float) -> None:
        name = COMMAND_NAMES.get(request.command, "")
        with self._lock:
            frame = self._chip.answer(request)
            new_baud, self._chip.new_baud = self._chip.new_baud, None
            faults = self._chip.faults
            pieces, vanish_at = disturbed(frame, request.command + request.data, name, faults)
        began = arrived + (10 + len(request.data)) * 10 / self.baud  # the request's own time on the wire
        for delay, piece in pieces:
            began = self._send(line, piece, max(began, time.monotonic() if delay else began) + delay, vanish_at)
            if self._pulled.is_set():
                return
        self.sent.append((name, arrived, began))
        if len(self.sent) > 20000:  # a soak of days
            del self.sent[:10000]
        if new_baud is not None:
            self.baud = new_baud

    def _send(self, line: Line, data: bytes, began: float, vanish_at: int | None) -> float:
        """Write at the pace of the line: byte n is out at began + n bytes' time. Returns when the last one is."""
        per_byte, sent = 10 / self.baud, 0
        while sent < len(data) and not self._pulled.is_set():
            due = min(len(data), int((time.monotonic() - began) / per_byte))
            if vanish_at is not None and due >= vanish_at:
                line.write(data[sent:vanish_at])
                self._pulled.set()
                return began
            if due > sent:
                if line.hears(self.baud):  # else the client listens at another speed now, and gets nothing it could read
                    line.write(data[sent:due])
                sent = due
            else:
                wait = began + min(len(data), sent + max(1, int(_STEP_S / per_byte))) * per_byte - time.monotonic()
                time.sleep(max(wait, 0.0001))
        return began + len(data) * per_byte
