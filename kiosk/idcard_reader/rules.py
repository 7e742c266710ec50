"""The rules of life with a reader and its cards, as generators that read from top to bottom. Sans-I/O; run by `session.py`.

They decide which command, how often and when to give up; they never see a port or a clock (`now` is handed in).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from kiosk.config import Reader
from kiosk.domain.reasons import Reason
from kiosk.idcard_reader.asking import (
    SHORT_PAUSE_S,
    Asking,
    Failure,
    Lost,
    Memory,
    ReaderIll,
    Script,
    Step,
    SwitchBaud,
    failure_of,
    is_found,
    is_presence,
)
from kiosk.idcard_reader.card import CardRecord
from kiosk.idcard_reader.codec import Command, Reply
from kiosk.idcard_reader.events import CardArrived, CardRead, CardRemoved, CardTrouble, ReaderGone, ReaderReady
from kiosk.idcard_reader.exchange import Answer
from kiosk.idcard_reader.status import Remedy, status_of

_PROBE_PAUSE_S = 0.05
_KEEPALIVE_S = 3.0
# 30 03 answers as if a card lay there, on some readers, for ever: after so many such answers a find is asked as well. On a reader
# whose 30 03 was seen to tell the two apart that is seldom: each find means another read of the card.
_ANSWERS_BELIEVED = 4
_ANSWERS_BELIEVED_HONEST = 10
_ANSWERS_BELIEVED_PROVEN = 40
_FORGET_FAILURES_S = 20.0  # no card for this long: the next one belongs to somebody else


class Rules(Asking):
    """One open port's story. `run` is the whole of it."""

    def __init__(self, settings: Reader, memory: Memory, *, bauds: Sequence[int], everything: bool) -> None:
        super().__init__(settings, memory, everything=everything)
        self._bauds = tuple(bauds)
        self.baud = self._bauds[0]
        self.now = 0.0  # set by the session before each step
        self._has_30_03 = True
        self._presence_proven = False
        self._believed = 0  # answers of 30 03 since the last find
        self._believed_most = _ANSWERS_BELIEVED
        self._asked_without_card = False

    def run(self) -> Script:
        """Yield what to send and what became known, for ever: hello, look for cards, read them, begin anew."""
        while True:
            lost = yield from self._hello()
            if lost is not None:
                yield Lost(lost)
                return
            try:
                yield from self._live()
            except ReaderIll:
                yield SHORT_PAUSE_S

    def _live(self) -> Script:
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

    def _hello(self) -> Generator[Step, Answer, Reason | None]:
        """Find the speed, wait for a healthy SAM, learn its id. Returns why there is no use in going on, or None."""
        memory, reason = self._memory, Reason.READER_SILENT
        answer: Answer
        first, others = self.baud, [baud for baud in self._bauds if baud != self.baud]
        tries = [(first, 1.0, Command.STATUS), (first, 3.0, Command.STATUS), (first, 1.0, Command.FIND)]  # some know no status
        for baud, patience, command in (*tries, *((baud, 1.0, Command.STATUS) for baud in others)):
            if baud != self.baud:
                yield SwitchBaud(baud)
            self.patience = patience
            answer = yield command
            if isinstance(answer, Reply):
                if command is Command.FIND:
                    yield SHORT_PAUSE_S
                break
            if answer is not None:
                reason = Reason.READER_GARBLED
        if not isinstance(answer, Reply):
            return reason
        pause = 1.0
        while isinstance(answer, Reply) and status_of(answer.sw3).remedy is Remedy.READER:
            yield from self._ill(status_of(answer.sw3).reason)
            yield from self.ask(Command.RESET)
            yield pause
            pause = min(pause * 2, self._settings.reopen_delay_max_s)
            answer = yield from self.ask(Command.STATUS)
        if not isinstance(answer, Reply):
            return Reason.READER_SILENT
        if not memory.ready:
            memory.sam_id = yield from self.ask_sam_id()
            yield from self._well()
        return None

    def _well(self) -> Script:
        memory = self._memory
        if not memory.ready:
            memory.ready, memory.gone = True, None
            yield ReaderReady(memory.sam_id)

    def _ill(self, reason: Reason) -> Script:
        memory = self._memory
        if memory.gone != reason:
            memory.ready, memory.gone = False, reason
            yield ReaderGone(reason)

    def _rest(self) -> Generator[Step, Answer, float]:
        """Polling is switched off: only see that the reader still lives."""
        waited = 0.0
        while not self._memory.polling and waited < _KEEPALIVE_S:
            yield 0.1
            waited += 0.1
        if not self._memory.polling and not isinstance((yield from self.ask(Command.STATUS)), Reply):
            raise ReaderIll
        return 0.0

    def _look(self) -> Script:
        memory = self._memory
        if memory.failed_lays and self.now - memory.last_card_at > _FORGET_FAILURES_S:
            memory.failed_lays = memory.failures = 0
        answer = yield from self.ask(Command.FIND)
        if is_found(answer):
            yield from self._well()
            yield CardArrived()
            yield from self._attempt()
            return
        if self._settings.lenient and isinstance(answer, Reply):  # on some readers find or select fails, and read works
            got = yield from self.select_and_read()
            if isinstance(got, CardRecord):
                yield from self._well()
                yield CardArrived()
                yield from self._report(got)
                return
        if isinstance(answer, Reply) and answer.sw3 in (0x80, 0x40):
            yield from self._well()
            if not memory.failed_lays:  # failures of a card count on over its lays: a hung one needs the reset
                memory.failures = 0
            if answer.sw3 == 0x40:  # something lies there, and it is no identity card
                memory.troubled, memory.seen_after_trouble = True, True
                yield CardTrouble(status_of(0x40).reason, 0x40, lift=False)
            elif not self._asked_without_card:
                self._asked_without_card = True
                if not is_presence((yield from self.ask(Command.NEWEST_ADDRESS))):
                    self._believed_most = max(self._believed_most, _ANSWERS_BELIEVED_HONEST)
            return
        yield from self.count_failure(answer)
        if memory.failures >= 2 * self._settings.reset_after_failures:  # neither card nor no card, and a reset did not help
            what = failure_of(answer)
            yield from self._ill(Reason.READER_SILENT if answer is None else what.reason)

    def _attempt(self, got: CardRecord | Failure | None = None) -> Script:
        """A card was found: read it, once more in place if need be, and tell what came of it. got: the first attempt, if made."""
        memory = self._memory
        memory.last_card_at = self.now
        still_there, found_again = True, False
        if got is None:
            got = yield from self.select_and_read()
        if isinstance(got, Failure):
            yield from self.count_failure(got)
            if got.remedy is not Remedy.GIVE_UP:
                yield max(SHORT_PAUSE_S, self._settings.poll_interval_s)
                still_there = found_again = is_found((yield from self.ask(Command.FIND)))
                if still_there:
                    got = yield from self.select_and_read()
                    if isinstance(got, Failure):
                        yield from self.count_failure(got)
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

    def _report(self, card: CardRecord) -> Script:
        memory = self._memory
        memory.card, memory.troubled = card, False
        memory.failures = memory.failed_lays = 0
        memory.last_card_at = self.now
        yield CardRead(card)

    def _await_lift(self) -> Script:
        """Trouble was told. While find goes on finding, it is the same contact: reading it again would fail again."""
        memory = self._memory
        answer = yield from self.ask(Command.FIND)
        if is_found(answer) or (isinstance(answer, Reply) and answer.sw3 == 0x40):
            memory.seen_after_trouble, memory.last_card_at = True, self.now
            return
        if isinstance(answer, Reply):
            memory.troubled = False
            if memory.seen_after_trouble:
                yield CardRemoved()
        else:
            yield from self.count_failure(answer)

    def _watch_card(self) -> Script:
        """A card was read: is it still there? 30 03 answers 90 or 91 as long as it is (three drivers rely on it)."""
        memory = self._memory
        answer: Answer = None
        if self._has_30_03:
            for _ in range(2):  # twice: one disturbed answer must not end a visit
                answer = yield from self.ask(Command.NEWEST_ADDRESS)
                if is_presence(answer):
                    self._presence_proven = True
                    self._believed += 1
                    if self._believed >= self._believed_most:
                        yield from self._make_sure()
                    else:
                        memory.last_card_at, memory.failures = self.now, 0
                    return
                if not isinstance(answer, Reply):
                    yield from self.count_failure(answer)
                    continue
                if status_of(answer.sw3).remedy is Remedy.READER:
                    raise ReaderIll
                if status_of(answer.sw3).remedy is Remedy.GIVE_UP:
                    self._has_30_03 = False
                    break
                yield _PROBE_PAUSE_S
        found = yield from self.ask(Command.FIND)
        if not isinstance(found, Reply):
            yield from self.count_failure(found)
            return
        got: CardRecord | Failure | None = None
        if is_found(found):
            got = yield from self.select_and_read()
        elif not self._presence_proven or not isinstance(answer, Reply):  # a sticky reader finds nothing, but reads it
            got = yield from self.read_only()
        elif self._has_30_03:
            self._believed_most = _ANSWERS_BELIEVED_PROVEN  # both said that it is gone
        if not self._is_same(got):
            yield from self._gone(found, got)

    def _make_sure(self) -> Script:
        """30 03 says that the card lies there: ask by find and read too. Gone only when that fails twice."""
        self._believed = 0
        for again in (True, False):
            found = yield from self.ask(Command.FIND)
            if not isinstance(found, Reply):
                yield from self.count_failure(found)
                return
            got = yield from (self.select_and_read() if is_found(found) else self.read_only())
            if self._is_same(got):
                return
            if again and isinstance(got, Failure):
                yield self._settings.poll_interval_s
                continue
            yield from self._gone(found, got)
            return

    def _is_same(self, got: CardRecord | Failure | None) -> bool:
        """Whether it is the card that was told; disturbed, or the reader restarted: it never left."""
        memory = self._memory
        if not isinstance(got, CardRecord) or memory.card is None or got.raw_text != memory.card.raw_text:
            return False
        memory.last_card_at, memory.failures, self._believed = self.now, 0, 0
        return True

    def _gone(self, found: Reply, got: CardRecord | Failure | None) -> Script:
        """The card that was told is gone; another may lie there."""
        self._memory.card = None
        self._believed = 0
        yield CardRemoved()
        if isinstance(got, CardRecord):
            yield CardArrived()
            yield from self._report(got)
        elif is_found(found):
            yield CardArrived()
            yield from self._attempt(got)
