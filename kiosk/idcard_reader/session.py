"""Life with a reader and its cards, as a sans-I/O machine: what to send next, given bytes and time. Used by `client.py` and tests.

`advance(now, data)` takes what arrived and returns what to do: requests to send, a line speed to switch to, and events for the
kiosk. The rules (which command, how often, when to give up) are written as generators that yield questions and pauses, so each
reads from top to bottom; they never see a port or a clock.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from kiosk.config import Reader
from kiosk.domain.reasons import Reason
from kiosk.idcard_reader import sam, status
from kiosk.idcard_reader.card import CardRecord, parse_card, parse_payload
from kiosk.idcard_reader.codec import Command, Damage, Reply
from kiosk.idcard_reader.events import (
    CardArrived,
    CardRead,
    CardRemoved,
    CardTrouble,
    ReaderEvent,
    ReaderGone,
    ReaderReady,
)
from kiosk.idcard_reader.exchange import Answer, Exchange
from kiosk.idcard_reader.status import Remedy, status_of

BAUDS = (115200, 57600, 38400, 19200, 9600)
_RESEND_PAUSE_S = 0.05      # lets a doubled reply arrive and be dropped
_SHORT_PAUSE_S = 0.3        # readers refuse a faster find (vendor manual)
_KEEPALIVE_S = 3.0
_FORGET_FAILURES_S = 20.0   # no card for this long: the next one belongs to somebody else
_SAM_ID_TRIES = 3
_PATIENCE_MAX = 4.0


@dataclass(frozen=True, slots=True)
class Send:
    """Drop what has arrived unasked, then send these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SwitchBaud:
    """Set the port (not the reader) to this speed."""

    baud: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The session is over: nobody answers on this port. Nothing may be advanced after it."""

    reason: Reason


Output = Send | SwitchBaud | Lost | ReaderEvent


@dataclass(slots=True)
class Memory:
    """What outlives one session: a reader that was unplugged and came back finds the same card lying there.

    `polling` may be set from another thread; everything else belongs to the session.
    """

    polling: bool = True
    ready: bool = False
    gone: Reason | None = None
    sam_id: str = ""
    card: CardRecord | None = field(default=None, repr=False)   # reported, not yet removed
    troubled: bool = False            # trouble was told and the same contact may still be there
    seen_after_trouble: bool = False
    failures: int = 0                 # attempts in a row that failed
    failed_lays: int = 0
    last_card_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: Reason
    sw3: int | None
    remedy: Remedy


class _ReaderIll(Exception):  # noqa: N818 - a jump inside this file, not an error
    """Start over with the reader's status."""


_Step = Command | float | SwitchBaud | Lost | ReaderEvent   # a question, a pause in seconds, or an output
_Script = Generator[_Step, Answer, None]


class Session:
    """One open port. Call `advance(now)` once to begin, then with every piece of bytes, and at `wake_at` at the latest."""

    def __init__(self, settings: Reader, memory: Memory, *, bauds: Sequence[int] = (), everything: bool = False) -> None:
        """bauds: speeds to try in order, the first is the port's now. everything: also fingerprint, address, chip number."""
        self._settings = settings
        self._memory = memory
        self._bauds = tuple(bauds) or (settings.baud,)
        self._everything = everything
        self.baud = self._bauds[0]
        self._now = 0.0
        self._exchange: Exchange | None = None
        self._pause_until: float | None = None
        self._script = self._run()
        self._begun = self._over = False
        self._has_30_03 = True
        self._patience = 1.0

    @property
    def wake_at(self) -> float:
        """When `advance` must be called even if nothing arrives."""
        if self._exchange is not None:
            return self._exchange.wake_at
        return self._pause_until if self._pause_until is not None else self._now

    @property
    def idle(self) -> bool:
        """True while nothing is outstanding."""
        return self._exchange is None

    def advance(self, now: float, data: bytes = b"") -> list[Output]:
        """Take bytes (maybe none) at a time in seconds; return what to do, in order."""
        self._now = now
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
                self._exchange = Exchange(step, self._settings, self.baud, self._now, patience=self._patience)
                out.append(Send(self._exchange.request))
                return
            if isinstance(step, float):
                self._pause_until = self._now + step
                return
            if isinstance(step, SwitchBaud):
                self.baud = step.baud
            out.append(step)
            if isinstance(step, Lost):
                self._over = True
                return

    # --- the scripts ---------------------------------------------------------------------------------------------------

    def _run(self) -> _Script:
        while True:
            lost = yield from self._hello()
            if lost is not None:
                yield Lost(lost)
                return
            try:
                yield from self._live()
            except _ReaderIll:
                yield _SHORT_PAUSE_S

    def _live(self) -> _Script:
        memory, pause = self._memory, 0.0
        while True:
            if pause:
                yield pause
            pause = self._settings.poll_interval_s
            if not memory.polling:
                pause = yield from self._rest()
            elif memory.card is not None:
                yield from self._watch_card()
            elif memory.troubled:
                yield from self._await_lift()
            else:
                yield from self._look()

    def _hello(self) -> Generator[_Step, Answer, Reason | None]:
        """Find the speed, wait for a healthy SAM, learn its id. Returns why there is no use in going on, or None."""
        memory, reason = self._memory, Reason.READER_SILENT
        answer: Answer = None
        for baud, patience in ((self.baud, 1.0), (self.baud, 3.0), *((b, 1.0) for b in self._bauds if b != self.baud)):
            if baud != self.baud:
                yield SwitchBaud(baud)
            self._patience = patience
            answer = yield Command.STATUS
            if isinstance(answer, Reply):
                break
            if answer is not None:
                reason = Reason.READER_GARBLED
        if not isinstance(answer, Reply):
            return reason
        pause = 1.0
        while isinstance(answer, Reply) and status_of(answer.sw3).remedy is Remedy.READER:
            yield from self._ill(status_of(answer.sw3).reason)
            yield from self._ask(Command.RESET)
            yield pause
            pause = min(pause * 2, self._settings.reopen_delay_max_s)
            answer = yield from self._ask(Command.STATUS)
        if not isinstance(answer, Reply):
            return Reason.READER_SILENT
        if not memory.ready:
            memory.sam_id = yield from self._ask_sam_id()
            yield from self._well()
        return None

    def _well(self) -> _Script:
        memory = self._memory
        if not memory.ready:
            memory.ready, memory.gone = True, None
            yield ReaderReady(memory.sam_id)

    def _ill(self, reason: Reason) -> _Script:
        memory = self._memory
        if memory.gone != reason:
            memory.ready, memory.gone = False, reason
            yield ReaderGone(reason)

    def _ask_sam_id(self) -> Generator[_Step, Answer, str]:
        """Two equal answers of three: the first is wrong on some readers (S10)."""
        seen: set[bytes] = set()
        for _ in range(_SAM_ID_TRIES):
            answer = yield from self._ask(Command.SAM_ID)
            if isinstance(answer, Reply) and answer.sw3 == status.OK:
                if answer.data in seen:
                    return sam.dotted(answer.data)
                seen.add(answer.data)
        return ""

    def _rest(self) -> Generator[_Step, Answer, float]:
        """Polling is switched off: only see that the reader still lives."""
        waited = 0.0
        while not self._memory.polling and waited < _KEEPALIVE_S:
            yield 0.1
            waited += 0.1
        if not self._memory.polling and not isinstance((yield from self._ask(Command.STATUS)), Reply):
            raise _ReaderIll
        return 0.0

    def _look(self) -> _Script:
        memory = self._memory
        if memory.failed_lays and self._now - memory.last_card_at > _FORGET_FAILURES_S:
            memory.failed_lays = memory.failures = 0
        answer = yield from self._ask(Command.FIND)
        if _found(answer):
            yield from self._well()
            yield CardArrived()
            yield from self._attempt()
            return
        if self._settings.lenient and isinstance(answer, Reply):  # S4, S10: find or select fails but read works
            got = yield from self._select_and_read()
            if isinstance(got, CardRecord):
                yield from self._well()
                yield CardArrived()
                yield from self._report(got)
                return
        if isinstance(answer, Reply) and answer.sw3 in (0x80, 0x40):
            yield from self._well()
            if not memory.failed_lays:   # failures of a card count on over its lays: a hung one needs the reset
                memory.failures = 0
            if answer.sw3 == 0x40:  # something lies there, and it is no identity card
                memory.troubled, memory.seen_after_trouble = True, True
                yield CardTrouble(status_of(0x40).reason, 0x40, lift=False)
            return
        yield from self._count_failure(answer)
        if memory.failures >= 2 * self._settings.reset_after_failures:  # neither card nor no card, and a reset did not help
            what = _failure(answer)
            yield from self._ill(Reason.READER_SILENT if answer is None else what.reason)

    def _attempt(self) -> _Script:
        """A card was found: read it, once more in place if need be, and tell what came of it."""
        memory = self._memory
        memory.last_card_at = self._now
        still_there, found_again = True, False
        got = yield from self._select_and_read()
        if isinstance(got, _Failure):
            yield from self._count_failure(got)
            if got.remedy is not Remedy.GIVE_UP:
                yield max(_SHORT_PAUSE_S, self._settings.poll_interval_s)
                still_there = found_again = _found((yield from self._ask(Command.FIND)))
                if still_there:
                    got = yield from self._select_and_read()
                    if isinstance(got, _Failure):
                        yield from self._count_failure(got)
        if isinstance(got, CardRecord):
            yield from self._report(got)
            return
        memory.failed_lays += 1
        memory.troubled, memory.seen_after_trouble = still_there, found_again
        if got.remedy is Remedy.GIVE_UP:
            yield CardTrouble(got.reason, got.sw3, lift=False)
        elif memory.failed_lays >= self._settings.max_lift_and_retry:
            yield CardTrouble(Reason.CARD_UNREADABLE, got.sw3, lift=False)
        else:
            yield CardTrouble(got.reason, got.sw3, lift=True)

    def _report(self, card: CardRecord) -> _Script:
        memory = self._memory
        memory.card, memory.troubled = card, False
        memory.failures = memory.failed_lays = 0
        memory.last_card_at = self._now
        yield CardRead(card)

    def _await_lift(self) -> _Script:
        """Trouble was told. While find goes on finding, it is the same contact: reading it again would fail again."""
        memory = self._memory
        answer = yield from self._ask(Command.FIND)
        if _found(answer) or (isinstance(answer, Reply) and answer.sw3 == 0x40):
            memory.seen_after_trouble, memory.last_card_at = True, self._now
            return
        if isinstance(answer, Reply):
            memory.troubled = False
            if memory.seen_after_trouble:
                yield CardRemoved()
        else:
            yield from self._count_failure(answer)

    def _watch_card(self) -> _Script:
        """A card was read: is it still there? 30 03 answers 90 or 91 as long as it is (three drivers rely on it)."""
        memory = self._memory
        if self._has_30_03:
            for _ in range(2):  # twice: one disturbed answer must not end a visit
                answer = yield from self._ask(Command.NEWEST_ADDRESS)
                if isinstance(answer, Reply) and answer.sw3 in (status.OK, status.NO_SUCH_ITEM):
                    memory.last_card_at, memory.failures = self._now, 0
                    return
                if not isinstance(answer, Reply):
                    yield from self._count_failure(answer)
                    return
                if status_of(answer.sw3).remedy is Remedy.READER:
                    raise _ReaderIll
                if status_of(answer.sw3).remedy is Remedy.GIVE_UP:
                    self._has_30_03 = False
                    break
                yield _RESEND_PAUSE_S
        found = yield from self._ask(Command.FIND)
        if not isinstance(found, Reply):
            yield from self._count_failure(found)
            return
        got: CardRecord | _Failure | None = None
        if _found(found):
            got = yield from self._select_and_read()
        elif not self._has_30_03:  # a sticky reader finds nothing while the card lies, but reads it
            got = yield from self._read_only()
        if isinstance(got, CardRecord) and memory.card is not None and got.raw_text == memory.card.raw_text:
            memory.last_card_at, memory.failures = self._now, 0
            return  # disturbed, or the reader restarted: it never left
        memory.card = None
        yield CardRemoved()
        if isinstance(got, CardRecord):
            yield CardArrived()
            yield from self._report(got)
        elif _found(found):
            yield CardArrived()
            yield from self._attempt()

    def _select_and_read(self) -> Generator[_Step, Answer, CardRecord | _Failure]:
        answer = yield from self._ask(Command.SELECT)
        if not (isinstance(answer, Reply) and answer.sw3 == status.OK) and not self._settings.lenient:
            return _failure(answer)
        return (yield from self._read_only())

    def _read_only(self) -> Generator[_Step, Answer, CardRecord | _Failure]:
        with_fingerprint = self._everything
        answer: Answer = None
        if with_fingerprint:
            answer = yield from self._ask(Command.READ_FINGERPRINT)
        if not _ok(answer):
            with_fingerprint = False
            answer = yield from self._ask(Command.READ)
        if not isinstance(answer, Reply) or answer.sw3 != status.OK:
            return _failure(answer)
        payload = parse_payload(answer.data, with_fingerprint=with_fingerprint)
        address = chip = b""
        if self._everything or self._settings.read_newest_address:
            more = yield from self._ask(Command.NEWEST_ADDRESS)
            address = more.data if isinstance(more, Reply) and more.sw3 == status.OK else b""
        if self._everything:  # after the read: asked before it, some readers fail the read
            more = yield from self._ask(Command.CHIP_NUMBER)
            chip = more.data if isinstance(more, Reply) and more.sw3 == status.OK else b""
        return parse_card(payload, address, chip)

    def _ask(self, command: Command) -> Generator[_Step, Answer, Answer]:
        """Ask; ask again where the wire, not the card, was at fault."""
        answer: Answer = None
        for pause in (_RESEND_PAUSE_S, _SHORT_PAUSE_S, 0.0):
            answer = yield command
            damaged = isinstance(answer, Damage)
            refused = isinstance(answer, Reply) and status_of(answer.sw3).remedy is Remedy.RESEND
            if not (damaged or refused) or not pause:
                break
            yield _SHORT_PAUSE_S if command is Command.FIND else pause
        if answer is None:
            self._patience = min(_PATIENCE_MAX, self._patience * 2)   # a slow reader, perhaps: its late replies come in order
        return answer

    def _count_failure(self, what: Answer | _Failure) -> _Script:
        """Count it; after so many in a row reset the SAM (a card can hang while the field stays on) and look at its health."""
        memory = self._memory
        memory.failures += 1
        sw3 = what.sw3 if isinstance(what, Reply | _Failure) else None
        if sw3 is not None and status_of(sw3).remedy is Remedy.READER:
            health = yield from self._ask(Command.STATUS)   # ill, or only this command says so?
            if not isinstance(health, Reply) or status_of(health.sw3).remedy is Remedy.READER:
                raise _ReaderIll
        if memory.failures % self._settings.reset_after_failures == 0:
            reset = yield from self._ask(Command.RESET)
            if not isinstance(reset, Reply):
                raise _ReaderIll


def _ok(answer: Answer) -> bool:
    return isinstance(answer, Reply) and answer.sw3 == status.OK


def _found(answer: Answer) -> bool:
    return isinstance(answer, Reply) and answer.sw3 in (status.FOUND, status.OK)


def _failure(answer: Answer) -> _Failure:
    if isinstance(answer, Reply):
        known = status_of(answer.sw3)
        return _Failure(known.reason, answer.sw3, known.remedy)
    return _Failure(Reason.CARD_LIFT_AND_RETRY if answer is None else Reason.READER_GARBLED, None, Remedy.LIFT)
