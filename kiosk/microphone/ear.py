"""Listens while digits are read: keeps the sound in memory, tells how loud it is, and has it compared. Nothing is stored.

Used by the vision's thread through `kiosk.liveness.digits.listening.Ears`. The microphone is open between `open` and `close` alone;
with `close` the sound is overwritten and the recogniser's process ends.
"""

from __future__ import annotations

import logging
import threading
from collections import deque

import numpy as np

from kiosk.errors import DeviceError
from kiosk.microphone.mel import RATE
from kiosk.microphone.recogniser import Recogniser
from kiosk.microphone.source import BLOCK_S, SoundSource

log = logging.getLogger(__name__)

MARGIN_S = 0.4  # of sound before the first word and after the last
KEPT_S = 90.0  # two readings with all that is said before
QUIETEST_DB = -100.0
START_S = 6.0  # until the first block: a process is started for it
LOST_S = 3.0  # a cable that was pulled, a card that hangs; a busy machine hands blocks over sooner
PACED = 100  # blocks: over so many the least delay tells when sound was heard, however late a busy machine hands it over


class Ear:
    """A microphone and a recogniser. `open`, `now_s`, `levels`, `lost`, `weigh`, `weighed`, `close` belong to one thread."""

    def __init__(self, source: SoundSource, recogniser: Recogniser) -> None:
        self._source, self._recogniser = source, recogniser
        self._lock = threading.Lock()
        self._blocks: list[tuple[float, np.ndarray]] = []
        self._samples = 0
        self._began: deque[float] = deque(maxlen=PACED)  # when the first sample was heard, as each block has it
        self._told = 0
        self._last_s = 0.0
        self._answer: tuple[float, ...] | None = None
        self._asked = 0

    def ready(self) -> bool:
        """Return whether digits can be read here: a microphone, and everything the recogniser needs."""
        return self._recogniser.there() and bool(self._source.there())

    def open(self) -> bool:
        """Begin to listen, and to load the recogniser; False where the microphone does not open."""
        self.close()
        try:
            self._source.open(self._take)
        except DeviceError as error:
            log.warning("microphone-failed", extra={"code": error.reason})
            return False
        self._last_s = self._source.now_s() + START_S
        self._recogniser.wake()
        return True

    def now_s(self) -> float:
        """Return the time now by the clock that levels are timed by."""
        return self._source.now_s()

    def levels(self) -> list[tuple[float, float]]:
        """Return (seconds, dB of full scale) of each block since the last call."""
        with self._lock:
            new, self._told = self._blocks[self._told :], len(self._blocks)
        return [(at_s, level_db(block)) for at_s, block in new]

    def lost(self) -> bool:
        """Return whether the microphone is away, or never opened: nothing comes any more, not even silence."""
        return not self._source.alive() or self._source.now_s() - self._last_s > LOST_S

    def weigh(self, digits: str, begin_s: float, end_s: float) -> None:
        """Have what was said between two moments compared, in a thread of its own."""
        with self._lock:
            parts = [block for at_s, block in self._blocks if begin_s - MARGIN_S <= at_s <= end_s + MARGIN_S]
        self._answer = None
        self._asked += 1
        number, samples = self._asked, np.concatenate(parts) if parts else np.zeros(0, np.float32)

        def ask() -> None:
            answer = self._recogniser.margins(samples, digits)
            samples.fill(0.0)
            if number == self._asked:
                self._answer = answer

        threading.Thread(target=ask, name="recogniser", daemon=True).start()

    def weighed(self) -> tuple[float, ...] | None:
        """Return the margins once; None while they are not known, () where the recogniser failed."""
        answer, self._answer = self._answer, None
        return answer

    def close(self) -> None:
        """Let microphone and recogniser go, and forget what was heard."""
        self._source.close()
        self._recogniser.close()
        self._asked += 1
        self._answer = None
        with self._lock:
            for _, block in self._blocks:
                block.fill(0.0)
            self._blocks, self._told, self._samples = [], 0, 0
            self._began.clear()

    def _take(self, block: np.ndarray) -> None:
        """A block came; in the source's thread. Samples come at an even pace, blocks as the machine has time for them."""
        with self._lock:
            self._samples += len(block)
            self._last_s = self._source.now_s()
            self._began.append(self._last_s - self._samples / RATE)
            at_s = min(self._began) + (self._samples - len(block) / 2) / RATE
            if self._blocks:  # the first blocks came late, as is known now: no time goes backwards
                at_s = max(at_s, self._blocks[-1][0])
            if len(self._blocks) < KEPT_S / BLOCK_S:
                self._blocks.append((at_s, block))


def level_db(block: np.ndarray) -> float:
    """Return how loud a block is, in dB of full scale."""
    power = float(np.mean(block * block)) if len(block) else 0.0
    return max(QUIETEST_DB, 10.0 * float(np.log10(power))) if power > 0 else QUIETEST_DB
