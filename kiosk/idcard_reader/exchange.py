"""One request and its answer: which frame answers it, and when to stop waiting. Sans-I/O; used by the session and the client.

A reply does not say what it replies to, so late and doubled replies of earlier requests are told apart by their shape: a
find answers 9F, a select carries a few bytes, a read carries lengths that add up.

A good answer that comes first, behind nothing but zeros or our own request's echo, counts at once. A fault is held for a moment:
the answer proper may be glued to it (a late 80 before the 9F). A frame behind noise counts only when it is the last thing that
comes: the noise may be the damaged head of a larger frame, whose photo can hold the bytes of a whole small one.
"""

from __future__ import annotations

from kiosk.config import Reader
from kiosk.errors import ReaderProtocolError
from kiosk.idcard_reader import status
from kiosk.idcard_reader.card import parse_payload
from kiosk.idcard_reader.codec import Command, Damage, Decoder, Reply, encode_request

Answer = Reply | Damage | None  # None: silence

BITS_PER_BYTE = 10  # 8N1
_GLUED_S = 0.05  # a frame that was sent right behind another is here by then (15 bytes at 9600 baud: 16 ms)
_FLOWING_LIMIT_S = 10.0  # a frame that still trickles in this long after its deadline is given up
_REPLY_BYTES = {Command.READ: 1295, Command.READ_FINGERPRINT: 2321, Command.NEWEST_ADDRESS: 291}


def wire_time_s(count: int, baud: int) -> float:
    """Return how long `count` bytes take on the wire."""
    return count * BITS_PER_BYTE / baud


def timeout_s(command: Command, settings: Reader, baud: int, patience: float = 1.0) -> float:
    """Return the time to wait for the answer to begin and end: the reader's own time and the wire's."""
    if command in (Command.READ, Command.READ_FINGERPRINT):
        patience = 1.0  # long already
    if command is Command.NEWEST_ADDRESS:
        patience = min(patience, 2.0)  # asked while a card lies: waiting here delays the news that it was taken
    own = {
        Command.FIND: settings.find_timeout_s,
        Command.SELECT: settings.find_timeout_s,
        Command.READ: settings.read_timeout_s,
        Command.READ_FINGERPRINT: settings.read_fingerprint_timeout_s,
        Command.NEWEST_ADDRESS: settings.address_timeout_s,
    }.get(command, settings.short_timeout_s)
    return own * patience + wire_time_s(10 + _REPLY_BYTES.get(command, 27), baud)


def fits(command: Command, reply: Reply) -> bool:
    """Return whether a reply can be the answer to this command. Any fault can; a success must have the command's shape."""
    size = len(reply.data)
    if reply.sw3 == status.FOUND:
        return command is Command.FIND
    if reply.sw3 != status.OK:
        return True
    match command:
        case Command.FIND:
            return size == 4
        case Command.SAM_ID:
            return size == 16
        case Command.READ | Command.READ_FINGERPRINT:
            return payload_fits(reply.data, with_fingerprint=command is Command.READ_FINGERPRINT)
        case Command.NEWEST_ADDRESS:
            return size <= 1024 and not payload_fits(reply.data, with_fingerprint=False)
        case Command.CHIP_NUMBER:
            return 0 < size <= 64
        case _:
            return size <= 16


def payload_fits(data: bytes, *, with_fingerprint: bool) -> bool:
    """Return whether the data of a reply is a card's text and photo."""
    try:
        parse_payload(data, with_fingerprint=with_fingerprint)
    except ReaderProtocolError:
        return False
    return True


class Exchange:
    """One outstanding request. Send `request`, then call `advance` with every piece of bytes and at `wake_at` at the latest."""

    def __init__(
        self,
        command: Command,
        settings: Reader,
        baud: int,
        now: float,
        data: bytes = b"",
        *,
        patience: float = 1.0,
    ) -> None:
        """now: seconds on the clock of `advance`. patience: multiplies the time a reader has for a short command."""
        self.command = command
        self.request = encode_request(command, data)
        self.done = False
        self.answer: Answer = None
        self._gap_s = settings.gap_timeout_s
        self._deadline = now + timeout_s(command, settings, baud, patience)
        self._last_byte_at = now
        self._decoder = Decoder(self.request)
        self._damage: Damage | None = None
        self._in_order = True  # nothing but zeros and echoes came so far
        self._fault: Reply | None = None  # the answer, unless a better one follows at once
        self._doubtful: Reply | None = None  # the answer, if nothing follows
        self._fault_until = 0.0

    @property
    def wake_at(self) -> float:
        """When `advance` must be called even if nothing arrives."""
        quiet_at = self._last_byte_at + self._gap_s
        if self._decoder.in_frame or self._doubtful is not None:
            return min(quiet_at, self._deadline + _FLOWING_LIMIT_S)
        if self._fault is not None:
            return self._fault_until
        return min(quiet_at, self._deadline + self._gap_s) if self._damage is not None else self._deadline

    def advance(self, now: float, data: bytes) -> None:
        """Take what arrived (maybe nothing); `done` and `answer` tell the rest."""
        if self.done:
            return
        if data:
            self._last_byte_at = now
            if self._weigh(self._decoder.feed(data), now):
                return
        silent = now >= self._last_byte_at + self._gap_s  # written as in wake_at: a difference would round another way
        if self._decoder.in_frame or self._doubtful is not None:  # it is coming in right now: a slow line is no silence
            over = silent or now >= self._deadline + _FLOWING_LIMIT_S
        elif self._fault is not None:
            over = now >= self._fault_until
        elif self._damage is not None:  # what still flows would be mistaken for the answer to the next request
            over = silent or now >= self._deadline + self._gap_s
        else:
            over = now >= self._deadline
        if over:
            self._weigh(self._decoder.silence(), now)
            echo = Damage.ECHO if self._decoder.echoed else None
            self._end(self._fault or (self._doubtful if silent else None) or self._damage or echo)

    def _end(self, answer: Answer) -> None:
        self.done, self.answer = True, answer

    def _weigh(self, items: list[Reply | Damage], now: float) -> bool:
        """Return whether one of them is the answer."""
        for item in items:
            if isinstance(item, Damage):
                self._damage, self._doubtful, self._in_order = item, None, False
                continue
            fit = fits(self.command, item)
            good = fit and item.sw3 in (status.OK, status.FOUND)
            if good and self._in_order:
                self._end(item)
                return True
            if not fit:
                self._in_order = False
                if len(item.data) > 512 and self.command in (Command.READ, Command.READ_FINGERPRINT):
                    self._damage = Damage.LENGTH  # a card's payload whose own lengths do not add up: ask again, do not wait
            elif self._in_order:  # still in order behind it: the answer proper may be glued to it
                if self._fault is None:
                    self._fault_until = now + _GLUED_S
                self._fault = item
            elif self._doubtful is None or good:
                self._doubtful = item
        return False
