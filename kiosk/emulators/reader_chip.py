"""The emulated reader's head: request bytes in, reply bytes out. No port, no thread; time is handed in.

Behaves as readers do: noise between frames is ignored, a wrong checksum answers 10, a wrong length 11, an unknown command 21, a
card command out of order 34, 81 or 41 as configured. Shares no code with the driver.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from kiosk.emulators.reader_cards import EmulatedCard
from kiosk.emulators.reader_faults import COMMAND_NAMES, FaultList

HEAD = bytes([0xAA, 0xAA, 0xAA, 0x96, 0x69])
BAUD_CODES = {0: 115200, 1: 57600, 2: 38400, 3: 19200, 4: 9600}
INTER_BYTE_S = 0.3  # a request that stops for longer is cut off: length error
LONGEST_REQUEST = 256
SAM_ID = struct.pack("<HHIII", 5, 1, 20240101, 1000001, 200000002)  # invented


@dataclass(frozen=True, slots=True)
class Request:
    """What was understood of the bytes: a command with its data, or the status that they earn."""

    command: bytes = b""
    data: bytes = b""
    status: int = 0


class RequestReader:
    """Finds requests in what clients send."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._last_at = 0.0

    @property
    def waiting(self) -> bool:
        """True in the middle of a request."""
        return bool(self._held)

    def take(self, data: bytes, now: float) -> list[Request]:
        """Take bytes (maybe none) at a time in seconds; return what they complete."""
        out: list[Request] = []
        if not data:
            if self._held and now - self._last_at >= INTER_BYTE_S:
                self._cut_off(out)
            return out
        self._last_at = now
        self._held += data
        while (request := self._next()) is not None:
            out.append(request)
        del self._held[: max(0, len(self._held) - 2 * LONGEST_REQUEST)]
        return out

    def _cut_off(self, out: list[Request]) -> None:
        if len(self._held) >= 7:
            out.append(Request(status=0x11))
        del self._held[:1]
        while (request := self._next()) is not None:
            out.append(request)
        if self._held and HEAD not in self._held:
            self._held.clear()

    def _next(self) -> Request | None:
        held = self._held
        start = held.find(HEAD)
        if start < 0:
            del held[: max(0, len(held) - 4)]
            return None
        del held[:start]
        if len(held) < 7:
            return None
        length = held[5] << 8 | held[6]
        if length == 0xC0FF:  # Routon's beep: nine bytes in all, whatever its length says
            if len(held) < 9:
                return None
            del held[:9]
            return Request(status=0x21)
        if length < 3 or length > LONGEST_REQUEST:
            del held[:7]
            return Request(status=0x11)
        frame = held[: 7 + length]
        if len(frame) < 7 + length:
            again = held.find(HEAD, 1)  # no request holds a preamble: the one before was cut short
            if again < 0:
                return None
            del held[:again]
            return self._next()
        check = 0
        for byte in frame[5:]:
            check ^= byte
        if check:
            again = held.find(HEAD, 1)
            if 0 < again < len(frame):  # a half frame, then a whole one: the half is noise
                del held[:again]
                return self._next()
            if len(held) == len(frame) and any(frame.endswith(HEAD[:n]) for n in (2, 3, 4)):
                return None  # perhaps the beginning of the next one; INTER_BYTE_S decides
            del held[: len(frame)]
            return Request(status=0x10)
        del held[: len(frame)]
        return Request(bytes(frame[7:9]), bytes(frame[9:-1]))


class Chip:
    """The reader's memory: which card lies, and how far the client has come with it."""

    def __init__(self, *, sticky: bool = False, out_of_order: int | None = None) -> None:
        """sticky: after a read, find fails until the card is lifted. out_of_order: the status for it; None: 81 to select, 41 to
        read."""
        self.sticky = sticky
        self.out_of_order = out_of_order
        self.faults = FaultList()
        self.card: EmulatedCard | None = None
        self.new_baud: int | None = None
        self._found = self._selected = self._done = self._hung = False
        self._sam_id_asked = False

    def lay(self, card: EmulatedCard | None) -> None:
        """Put a card on the reader; None lifts it."""
        self.card = card
        self._found = self._selected = self._done = False
        self._hung = card is not None

    def power_on(self) -> None:
        """As after plugging in."""
        self._sam_id_asked = False
        self._found = self._selected = self._done = False

    def answer(self, request: Request) -> bytes:
        """Return the reply frame, without faults of the line."""
        name = COMMAND_NAMES.get(request.command, "")
        if request.status:
            return reply(request.status)
        if self.faults.take("self-test", name) is not None:
            return reply(0x60)
        if self.faults.take("unauthorised", name) is not None:
            return reply(0x66)
        forced = self.faults.take("sw3", name)
        if forced is not None:
            understood = int(forced, 16) not in (0x10, 0x11)
            if understood and name in ("find", "select", "read", "read-fingerprint"):
                self._found = self._selected = False
                self._done = self._done or (self.card is not None and name != "find")  # sticky readers want it lifted now
            return reply(int(forced, 16))
        sw1, sw2 = bytes.fromhex(self.faults.take("sw12", name) or "0000")
        sw3, data = self._obey(request, name)
        return reply(sw3, data, sw1, sw2)

    def _obey(self, request: Request, name: str) -> tuple[int, bytes]:
        if request.command[:1] == b"\x60":
            if request.command[1] not in BAUD_CODES:
                return 0x21, b""
            self.new_baud = BAUD_CODES[request.command[1]]
            return 0x90, b""
        if not name:
            return 0x21, b""
        if len(request.data) != (1 if name == "rf-size" else 0):
            return 0x11, b""
        match name:
            case "status" | "rf-size":
                return 0x90, b""
            case "reset":
                self._found = self._selected = self._done = self._hung = False
                return 0x90, b""
            case "sam-id":
                first, self._sam_id_asked = not self._sam_id_asked, True
                wrong = first and self.faults.take("sam-id-first-wrong", name) is not None
                return 0x90, bytes(16) if wrong else SAM_ID
            case "find":
                return self._find()
            case "select":
                return self._select()
            case _:
                return self._read(name)

    def _find(self) -> tuple[int, bytes]:
        self._selected = False
        failing = self.faults.take("find-fails", "find") is not None
        if self.card is None or failing or (self.sticky and self._done):
            self._found = failing and self.card is not None
            self._selected = self._done and self.card is not None  # the card that was read goes on answering
            return 0x80, b""
        self._found = True
        return 0x9F, self._filler("find", 4)

    def _select(self) -> tuple[int, bytes]:
        if self.faults.take("select-fails", "select") is not None:
            self._selected = self._found
            return 0x81, b""
        if self.card is None or not self._found:
            return self.out_of_order or 0x81, b""
        if self._hung and self.faults.take("rf-hang", "select") is not None:
            return 0x81, b""
        self._selected = True
        return 0x90, self._filler("select", 8)

    def _read(self, name: str) -> tuple[int, bytes]:
        if name == "newest-address" and self.faults.take("no-30-03", name) is not None:
            return 0x21, b""
        if name == "read-fingerprint" and self.faults.take("no-30-10", name) is not None:
            return 0x21, b""
        if name == "newest-address" and self.faults.take("always-91", name) is not None:
            return 0x91, b""
        if self.card is None or not self._selected:
            return self.out_of_order or 0x41, b""
        self._done = True
        if name == "newest-address":
            return (0x91, b"") if self.card.newest_address is None else (0x90, self.card.newest_address)
        if name == "chip-number":
            return 0x90, self.card.chip_number
        parts = [self.card.text, self.card.photo]
        if name == "read-fingerprint":
            parts.append(self.card.fingerprint)
        wrong = 1 if self.faults.take("inner-length", name) is not None else 0
        lengths = b"".join(struct.pack(">H", len(part) + wrong) for part in parts)
        return 0x90, lengths + b"".join(parts)

    def _filler(self, name: str, size: int) -> bytes:
        value = self.faults.take("iin", name)
        return bytes([int(value, 16)] if value else [0]) * size


def reply(sw3: int, data: bytes = b"", sw1: int = 0, sw2: int = 0) -> bytes:
    """Return a reply frame."""
    body = struct.pack(">H", len(data) + 4) + bytes([sw1, sw2, sw3]) + data
    check = 0
    for byte in body:
        check ^= byte
    return HEAD + body + bytes([check])
