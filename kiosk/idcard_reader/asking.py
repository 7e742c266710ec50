"""Asking a reader: single questions, repeated where the wire was at fault, and the read of one card. Sans-I/O generators.

Used by `rules.py`, which tells the story of a card with them. A generator yields a command (and is sent its answer), a pause in
seconds, or something for the session to hand out.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from kiosk.config import Reader
from kiosk.domain.reasons import Reason
from kiosk.idcard_reader import sam, status
from kiosk.idcard_reader.card import CardRecord, Payload, looks_damaged, parse_card, parse_payload
from kiosk.idcard_reader.codec import Command, Damage, Reply
from kiosk.idcard_reader.events import ReaderEvent
from kiosk.idcard_reader.exchange import Answer
from kiosk.idcard_reader.status import Remedy, status_of

_RESEND_PAUSE_S = 0.05  # lets a doubled reply arrive and be dropped
SHORT_PAUSE_S = 0.3  # readers refuse a faster find (vendor manual)
_SAM_ID_TRIES = 3
_PATIENCE_MAX = 4.0


@dataclass(frozen=True, slots=True)
class SwitchBaud:
    """Set the port (not the reader) to this speed."""

    baud: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The session is over: nobody answers on this port. Nothing may be advanced after it."""

    reason: Reason


@dataclass(slots=True)
class Memory:
    """What outlives one session: a reader that was unplugged and came back finds the same card lying there.

    `polling` may be set from another thread; everything else belongs to the session.
    """

    polling: bool = True
    ready: bool = False
    gone: Reason | None = None
    sam_id: str = ""
    card: CardRecord | None = field(default=None, repr=False)  # reported, not yet removed
    troubled: bool = False  # trouble was told and the same contact may still be there
    seen_after_trouble: bool = False
    failures: int = 0  # attempts in a row that failed
    failed_lays: int = 0
    last_card_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a card was not read."""

    reason: Reason
    sw3: int | None
    remedy: Remedy


class ReaderIll(Exception):
    """Start over with the reader's status."""


Step = Command | float | SwitchBaud | Lost | ReaderEvent  # a question, a pause in seconds, or an output
Script = Generator[Step, Answer, None]


class Asking:
    """Questions to one open port."""

    def __init__(self, settings: Reader, memory: Memory, *, everything: bool) -> None:
        self._settings = settings
        self._memory = memory
        self._everything = everything
        self.patience = 1.0  # read by the session: multiplies the time that a short command has

    def ask(self, command: Command) -> Generator[Step, Answer, Answer]:
        """Ask; ask again where the wire, not the card, was at fault."""
        answer: Answer = None
        for pause in (_RESEND_PAUSE_S, SHORT_PAUSE_S, 0.0):
            answer = yield command
            damaged = isinstance(answer, Damage)
            refused = isinstance(answer, Reply) and status_of(answer.sw3).remedy is Remedy.RESEND
            if not (damaged or refused) or not pause:
                break
            yield SHORT_PAUSE_S if command is Command.FIND else pause
        if answer is None:
            self.patience = min(_PATIENCE_MAX, self.patience * 2)  # a slow reader, perhaps: its late replies come in order
        return answer

    def ask_sam_id(self) -> Generator[Step, Answer, str]:
        """Two equal answers of three: the first is wrong on some readers."""
        seen: set[bytes] = set()
        patience = self.patience
        for _ in range(_SAM_ID_TRIES):
            answer = yield from self.ask(Command.SAM_ID)
            if answer is None:  # a reader that does not know its number: no reason to wait longer for everything else
                self.patience = patience
            if isinstance(answer, Reply) and answer.sw3 == status.OK:
                if answer.data in seen:
                    return sam.dotted(answer.data)
                seen.add(answer.data)
        return ""

    def select_and_read(self) -> Generator[Step, Answer, CardRecord | Failure]:
        """Select the card that was found, then read it."""
        answer = yield from self.ask(Command.SELECT)
        if not (isinstance(answer, Reply) and answer.sw3 == status.OK) and not self._settings.lenient:
            return failure_of(answer)
        return (yield from self.read_only())

    def read_only(self) -> Generator[Step, Answer, CardRecord | Failure]:
        """Read the card that was selected; a reading that cannot be right is compared with a second one, and a third."""
        first = yield from self._read()
        if isinstance(first, Failure):
            return first
        payload = first
        if looks_damaged(payload):
            second = yield from self._read()
            if isinstance(second, Payload) and second != first:
                payload = second
                if looks_damaged(second):
                    third = yield from self._read()
                    if isinstance(third, Failure) or (third not in (first, second) and looks_damaged(third)):
                        return Failure(Reason.READER_GARBLED, None, Remedy.LIFT)
                    payload = third
        address = chip = b""
        if self._everything or self._settings.read_newest_address:
            more = yield from self.ask(Command.NEWEST_ADDRESS)
            address = more.data if isinstance(more, Reply) and more.sw3 == status.OK else b""
        if self._everything:  # after the read: asked before it, some readers fail the read
            more = yield from self.ask(Command.CHIP_NUMBER)
            chip = more.data if isinstance(more, Reply) and more.sw3 == status.OK else b""
        return parse_card(payload, address, chip)

    def _read(self) -> Generator[Step, Answer, Payload | Failure]:
        with_fingerprint = self._everything
        answer: Answer = None
        if with_fingerprint:
            answer = yield from self.ask(Command.READ_FINGERPRINT)
        if not is_ok(answer):
            with_fingerprint = False
            answer = yield from self.ask(Command.READ)
        if not isinstance(answer, Reply) or answer.sw3 != status.OK:
            return failure_of(answer)
        return parse_payload(answer.data, with_fingerprint=with_fingerprint)

    def count_failure(self, what: Answer | Failure) -> Script:
        """Count it; after so many in a row reset the SAM (a card can hang while the field stays on) and look at its health."""
        memory = self._memory
        memory.failures += 1
        sw3 = what.sw3 if isinstance(what, Reply | Failure) else None
        if sw3 is not None and status_of(sw3).remedy is Remedy.READER:
            health = yield from self.ask(Command.STATUS)  # ill, or only this command says so?
            if not isinstance(health, Reply) or status_of(health.sw3).remedy is Remedy.READER:
                raise ReaderIll
        if memory.failures % self._settings.reset_after_failures == 0:
            reset = yield from self.ask(Command.RESET)
            if not isinstance(reset, Reply):
                raise ReaderIll


def is_ok(answer: Answer) -> bool:
    """Whether the reader did what it was asked."""
    return isinstance(answer, Reply) and answer.sw3 == status.OK


def is_found(answer: Answer) -> bool:
    """Whether an answer to FIND says that a card lies there."""
    return isinstance(answer, Reply) and answer.sw3 in (status.FOUND, status.OK)


def is_presence(answer: Answer) -> bool:
    """Whether an answer to 30 03 says that the card that was read still lies there."""
    return isinstance(answer, Reply) and answer.sw3 in (status.OK, status.NO_SUCH_ITEM)


def failure_of(answer: Answer) -> Failure:
    """Return why a card could not be read, and what helps: by the reader's status, by its silence (None), or by its noise."""
    if isinstance(answer, Reply):
        known = status_of(answer.sw3)
        return Failure(known.reason, answer.sw3, known.remedy)
    return Failure(Reason.CARD_LIFT_AND_RETRY if answer is None else Reason.READER_GARBLED, None, Remedy.LIFT)
