"""An ID-card reader without hardware: a thread that plays one on a pseudo-terminal, at the pace of its line speed.

Used by `kiosk emulate-reader`, the demo, training and tests; never in production. Other people's drivers can be tried on it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from kiosk.emulators.reader_cards import EmulatedCard
from kiosk.emulators.reader_chip import Chip, Request, RequestReader
from kiosk.emulators.reader_faults import COMMAND_NAMES, FaultList
from kiosk.emulators.reader_line import Line, PtyLine, TcpLine

_STEP_S = 0.001        # pacing grain
_FOREIGN = bytes.fromhex("AAAAAA6996000400009094" "6666666996000400009094" "55AA0102")


class ReaderEmulator:
    """An emulated reader. Every method may be called from any thread."""

    def __init__(
        self, cards: Mapping[str, EmulatedCard], link: Path | str = "", *, listen: tuple[str, int] | None = None,
        baud: int = 115200, sticky: bool = False, faults: Iterable[str] = (), out_of_order: int | None = None,
    ) -> None:
        """link: the name of the port to make; or listen: (host, port) for TCP. cards: by key, see `load_cards`. baud: paces the
        bytes, and a client at another speed hears nothing. faults: see `reader_faults`."""
        self.cards = dict(cards)
        self.link = Path(link)
        self.baud = baud
        self.sent: list[tuple[str, float, float]] = []   # command, first request byte, last reply byte (monotonic)
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
                    data = b""   # another speed: what arrives is nonsense
                for request in requests.take(data, arrived):
                    self._serve(line, request, arrived)
            with self._lock:   # closed by the thread that uses it: elsewhere the descriptor could be somebody else's already
                self._line = None
                line.close()
                self._gone.set()

    def _serve(self, line: Line, request: Request, arrived: float) -> None:
        name = COMMAND_NAMES.get(request.command, "")
        with self._lock:
            frame = self._chip.answer(request)
            new_baud, self._chip.new_baud = self._chip.new_baud, None
            faults = self._chip.faults
            pieces, vanish_at = _disturbed(frame, request, name, faults)
        began = arrived + (10 + len(request.data)) * 10 / self.baud   # the request's own time on the wire
        for delay, piece in pieces:
            began = self._send(line, piece, max(began, time.monotonic() if delay else began) + delay, vanish_at)
            if self._pulled.is_set():
                return
        self.sent.append((name, arrived, began))
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
                line.write(data[sent:due])
                sent = due
            else:
                wait = began + min(len(data), sent + max(1, int(_STEP_S / per_byte))) * per_byte - time.monotonic()
                time.sleep(max(wait, 0.0001))
        return began + len(data) * per_byte


def _disturbed(frame: bytes, request: Request, name: str, faults: FaultList) -> tuple[list[tuple[float, bytes]], int | None]:
    """Return the reply as [(seconds to wait, bytes)] with the line's faults, and after how many bytes the port vanishes."""
    if faults.take("silent", name) is not None:
        return [], None
    altered = bytearray(frame)
    if (value := faults.take("corrupt", name)) is not None:
        altered[int(value) % len(altered)] ^= 0x5A
    if faults.take("bad-checksum", name) is not None:
        altered[-1] ^= 0xFF
    for fault, sign in (("short-length", -1), ("long-length", 1)):
        if (value := faults.take(fault, name)) is not None:
            altered[5:7] = (max(0, int.from_bytes(altered[5:7], "big") + sign * int(value))).to_bytes(2, "big")
    if (value := faults.take("truncated", name)) is not None:
        del altered[int(len(altered) * float(value)):]
    out = bytes(altered)
    if faults.take("double", name) is not None:
        out = out + out
    before = b""
    if (value := faults.take("garbage", name)) is not None:
        before += os.urandom(int(value))
    if (value := faults.take("zeros", name)) is not None:
        before += bytes(int(value))
    if faults.take("foreign", name) is not None:
        before += _FOREIGN
    if faults.take("stray-preamble", name) is not None:
        before += bytes.fromhex("AAAAAA96690800")
    if faults.take("oversized", name) is not None:
        before += bytes.fromhex("AAAAAA9669FFFF0000")
    if (value := faults.take("huge", name)) is not None:
        before += _huge(int(value))
    if faults.take("echo", name) is not None:
        body = (len(request.command + request.data) + 1).to_bytes(2, "big") + request.command + request.data
        before += bytes.fromhex("AAAAAA9669") + body + bytes([_xor(body)])
    out = before + out
    if (value := faults.take("garbage-after", name)) is not None:
        out += os.urandom(int(value))
    late = float(faults.take("late", name) or 0)
    vanish = faults.take("unplug-at", name)
    vanish_at = None if vanish is None else int(vanish)
    size, gap = len(out), 0.0
    if (value := faults.take("split", name)) is not None:
        size, gap = 7, float(value)
    elif (value := faults.take("slow", name)) is not None:
        size, gap = 1, float(value)
    pieces = [(gap, out[at:at + size]) for at in range(0, len(out), max(1, size))]
    if pieces:
        pieces[0] = (late, pieces[0][1])
    return pieces, vanish_at


def _huge(size: int) -> bytes:
    body = (size + 4).to_bytes(2, "big") + bytes([0, 0, 0x90]) + bytes(size)
    return bytes.fromhex("AAAAAA9669") + body + bytes([_xor(body)])


def _xor(data: bytes) -> int:
    check = 0
    for byte in data:
        check ^= byte
    return check
