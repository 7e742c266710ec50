"""Bytes to reply frames of the SAM_V reader protocol, and requests to bytes. Sans-I/O: no port, no clock.

Used by the session and by tests. The wire (both directions): AA AA AA 96 69, length (2 bytes big-endian: the bytes after it,
checksum included), body, checksum (XOR from the length to the last body byte).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

PREAMBLE = b"\xaa\xaa\xaa\x96\x69"
HEADER_SIZE = len(PREAMBLE) + 2
MIN_LENGTH = 4  # SW1 SW2 SW3 CHK
MAX_LENGTH = 4096  # the longest known reply has 0x090A; anything above the cap is a lost byte, not a frame
_SLICE = 4096


class Command(Enum):
    """Requests: command byte, parameter byte."""

    RESET = b"\x10\xff"
    STATUS = b"\x11\xff"
    SAM_ID = b"\x12\xff"
    FIND = b"\x20\x01"
    SELECT = b"\x20\x02"
    READ = b"\x30\x01"
    READ_FINGERPRINT = b"\x30\x10"
    NEWEST_ADDRESS = b"\x30\x03"
    CHIP_NUMBER = b"\x30\x05"
    RF_SIZE = b"\x61\xff"  # one data byte: the longest RF frame, e.g. 0x50

    @property
    def label(self) -> str:
        """Name for logs."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame with a correct checksum. Decide on sw3 alone: sw1 and sw2 may be non-zero on good replies."""

    sw3: int
    data: bytes = field(default=b"", repr=False)  # personal data in read replies
    sw1: int = 0
    sw2: int = 0


class Damage(Enum):
    """Why bytes that began like a frame are none."""

    LENGTH = "length"  # length field impossible
    CHECKSUM = "checksum"
    CUT = "cut"  # the line fell silent inside it
    NOISE = "noise"  # bytes that belong to no frame (another line speed looks like this)
    ECHO = "echo"  # nothing but our own request came back


def xor(data: bytes | bytearray) -> int:
    """Return the XOR of all bytes; 0 for none. Folds one big integer, some 50 times faster than a loop over bytes."""
    value, bits = int.from_bytes(data, "big"), 8
    while bits < len(data) * 8:
        bits *= 2
    while bits > 8:
        bits //= 2
        value = (value >> bits) ^ (value & ((1 << bits) - 1))
    return value


def encode_request(command: Command, data: bytes = b"") -> bytes:
    """Return the bytes of one request."""
    body = command.value + data
    framed = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + framed + bytes([xor(framed)])


class Decoder:
    """Incremental decoder of replies. Feed it bytes in any pieces; it returns what they complete.

    It holds at most one frame's worth of bytes, and raises nothing. What lies inside the announced span of a damaged frame is never
    looked at: a photo may hold the bytes of a whole frame, and that frame is nobody's answer. Hence a preamble with too large a
    length hides what follows it until `silence` says that the rest will not come: whoever has the clock calls that. Bytes outside
    of frames give one `Damage.NOISE` a run; zeros before anything else do not count (some readers begin with them), nor does an
    echo of the request.
    """

    def __init__(self, echo: bytes = b"") -> None:
        """echo: the request, which some lines send back."""
        self._buffer = bytearray()
        self._echo = echo
        self._in_noise = False
        self._begun = False  # something else than zeros came
        self.echoed = False

    @property
    def pending(self) -> int:
        """Bytes held of a frame that is not complete."""
        return len(self._buffer)

    @property
    def in_frame(self) -> bool:
        """True when a whole preamble has arrived and its frame has not."""
        return len(self._buffer) >= len(PREAMBLE)

    def feed(self, data: bytes) -> list[Reply | Damage]:
        """Take bytes; return the frames, and the damages, in the order they came."""
        out: list[Reply | Damage] = []
        for at in range(0, len(data), _SLICE):  # bounds the buffer whatever the caller hands in
            self._buffer += data[at : at + _SLICE]
            self._take(out)
        return out

    def silence(self) -> list[Reply | Damage]:
        """The rest of the pending frame will not come: drop it, with whatever is hidden in it, and begin anew."""
        out: list[Reply | Damage] = []
        if self.in_frame:
            self._damaged(Damage.CUT, len(self._buffer), out)
        else:
            self._drop_noise(len(self._buffer), out)
        self._in_noise = False
        return out

    def _take(self, out: list[Reply | Damage]) -> None:
        buffer = self._buffer
        while True:
            self._to_preamble(out)
            if self._is_echo():
                continue
            if len(buffer) < HEADER_SIZE or (self._echo and self._echo.startswith(buffer)):
                return
            length = int.from_bytes(buffer[len(PREAMBLE) : HEADER_SIZE], "big")
            if not MIN_LENGTH <= length <= MAX_LENGTH:
                self._damaged(Damage.LENGTH, 1, out)  # a span that says nothing
                continue
            end = HEADER_SIZE + length
            if len(buffer) < end:
                return
            if xor(buffer[len(PREAMBLE) : end]) != 0:
                self._damaged(Damage.CHECKSUM, end, out)
                continue
            sw1, sw2, sw3 = buffer[HEADER_SIZE : HEADER_SIZE + 3]
            out.append(Reply(sw3, bytes(buffer[HEADER_SIZE + 3 : end - 1]), sw1, sw2))
            self._in_noise, self._begun = False, True
            del buffer[:end]

    def _is_echo(self) -> bool:
        """Drop our own request at the head of the buffer."""
        if not self._echo or not self._buffer.startswith(self._echo):
            return False
        del self._buffer[: len(self._echo)]
        self.echoed = True
        return True

    def _to_preamble(self, out: list[Reply | Damage]) -> None:
        """Drop bytes until the buffer begins with a preamble or a beginning of one."""
        at = self._buffer.find(PREAMBLE)
        if at < 0:
            keep = next((n for n in range(len(PREAMBLE) - 1, 0, -1) if self._buffer.endswith(PREAMBLE[:n])), 0)
            at = len(self._buffer) - keep
        self._drop_noise(at, out)

    def _drop_noise(self, count: int, out: list[Reply | Damage]) -> None:
        noise = count > 0 if self._begun else any(self._buffer[:count])
        if noise and not self._in_noise:
            self._in_noise = self._begun = True
            out.append(Damage.NOISE)
        del self._buffer[:count]

    def _damaged(self, how: Damage, count: int, out: list[Reply | Damage]) -> None:
        out.append(how)
        self._in_noise = self._begun = True  # what follows belongs to it
        del self._buffer[:count]
