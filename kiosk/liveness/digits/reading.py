"""One reading of four digits: when it was spoken, how loud, and what follows of it. Pure; driven by `take`.

Time, loudness and lips are handed in; the recogniser's margins come when it is done. What the kiosk itself says lies before the
cue: from the cue on only the person is heard.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

import numpy as np

from kiosk.domain.outcome import CheckScore
from kiosk.domain.reasons import Reason
from kiosk.liveness.digits.mouth import agreement

COUNT = 4
DEAF_S = 0.4  # after the cue: its own tone
LIMIT_S = 10.0  # from the cue
QUIET_S = 1.6  # after the last word: who reads slowly pauses between two
VOICED_S = 0.6  # four digits are not said in less
OVER_NOISE_DB, LEAST_DB = 6.0, -55.0  # what counts as a voice; dB of full scale
FULL_DB = 30.0  # over the noise: the ring is full
WEIGH_LIMIT_S = 12.0
TRIES = 2  # somebody who was not heard, or not well enough, reads others once more
NOISE_PART = 15  # percent of the time are quieter than the voice

# measured: kiosk bench digits; the mouth on real talk (docs/measurements.md). The third catches a face that stays silent; it
# cannot tell one speaker's words from another's.
LEAST_MARGIN = 0.5
WRONG_MARGIN = -6.0  # from here down other digits were read; between both nobody can tell, and others are read once more
LEAST_AGREEMENT = 0.05

State = Literal["listening", "weighing", "over"]


# Neither 0 (零, 洞) nor 1 (一, 幺): people read them differently, and the recogniser tells them worst (docs/measurements.md). That
# leaves 1 680 strings of four different ones (10.7 bits) where all ten digits would be 5 040 (12.3).
DRAWN = "23456789"


def draw_digits(rng: random.Random) -> str:
    """Return four digits of DRAWN, no two of them alike: a doubled one is read as 两个, or runs into one."""
    return "".join(rng.sample(DRAWN, COUNT))


class Reading:
    """From the announcement to the verdict. `digits`: what stands on the screen."""

    def __init__(self, strings: Sequence[str]) -> None:
        """strings: the digits of the first try and of the next."""
        self._strings = strings
        self.tries = 0
        self.digits = strings[0]
        self._mouth: list[tuple[float, float]] = []
        self._levels: list[tuple[float, float]] = []
        self.state: State = "listening"
        self._cued_s: float | None = None
        self._voice: tuple[float, float] | None = None  # first and last moment of it
        self._weighing_s = 0.0
        self.margins: tuple[float, ...] = ()
        self.verdict: Reason | None = None

    def cue(self, t_s: float) -> None:
        """From now on it is read."""
        self._cued_s, self._voice, self.state = t_s, None, "listening"

    def hear(self, levels: Sequence[tuple[float, float]]) -> None:
        """Take in loudness: (seconds of the take, dB of full scale), times rising."""
        self._levels.extend(levels)

    def see(self, t_s: float, mouth: float) -> None:
        """Take in how far the mouth is open (the landmarker's jawOpen, 0..1), where a face is seen."""
        self._mouth.append((t_s, mouth))

    @property
    def cued(self) -> bool:
        """It is read, or was: else its digits are only announced."""
        return self._cued_s is not None

    @property
    def hears(self) -> bool:
        """Sound comes, if only silence."""
        return bool(self._levels)

    @property
    def noise_db(self) -> float:
        """How loud the room is."""
        return float(np.percentile([level for _, level in self._levels], NOISE_PART)) if self._levels else LEAST_DB

    @property
    def loudness(self) -> float:
        """How loud it is now, 0..1 over the room's noise: for the ring."""
        if not self._levels:
            return 0.0
        now = max(level for _, level in self._levels[-5:])
        return float(np.clip((now - self.noise_db) / FULL_DB, 0.0, 1.0)) if now > LEAST_DB else 0.0

    @property
    def spoken(self) -> tuple[float, float] | None:
        """From when to when it was spoken, in the take's seconds; None while it is not over."""
        return self._voice if self.state != "listening" else None

    @property
    def began_s(self) -> float:
        """When the first word came (the cue, where none did)."""
        return self._voice[0] if self._voice is not None else self._cued_s or 0.0

    def step(self, now_s: float) -> None:
        """Go on: notice that the reading is over, or that the recogniser takes too long."""
        if self._cued_s is None or self.state == "over":
            return
        if self.state == "weighing":
            if now_s - self._weighing_s > WEIGH_LIMIT_S:
                self._again_or(Reason.DIGITS_UNHEARD)
            return
        self._voice, voiced_s = self._heard_voice(self._cued_s + DEAF_S)
        late = now_s - self._cued_s > LIMIT_S
        if self._voice is not None and voiced_s >= VOICED_S and (late or now_s - self._voice[1] > QUIET_S):
            self.state, self._weighing_s = "weighing", now_s
        elif late:
            self._again_or(Reason.DIGITS_UNHEARD)

    def weigh(self, margins: tuple[float, ...]) -> None:
        """The recogniser's answer; () where it failed."""
        if self.state != "weighing":
            return
        self.margins = margins
        if len(margins) != len(self.digits):
            self._again_or(Reason.DIGITS_UNHEARD)
            return
        if min(margins) < WRONG_MARGIN:
            self.state, self.verdict = "over", Reason.DIGITS_WRONG
            return
        if min(margins) < LEAST_MARGIN:
            self._again_or(Reason.DIGITS_UNHEARD)
            return
        self.state = "over"
        agreed = self.agreed
        if agreed is None:  # the face was away meanwhile
            self._again_or(Reason.DIGITS_UNHEARD)
        else:
            self.verdict = Reason.OK if agreed >= LEAST_AGREEMENT else Reason.DIGITS_ELSEWHERE

    @property
    def agreed(self) -> float | None:
        """How well the lips followed the voice."""
        if self._voice is None:
            return None
        noise = self.noise_db
        loud = [(t_s, max(0.0, level - noise)) for t_s, level in self._levels]
        return agreement(self._mouth, loud, *self._voice)

    def scores(self) -> tuple[CheckScore, ...]:
        """Return what was measured, for the record."""
        if not self.margins:
            return ()
        worst, agreed = min(self.margins), self.agreed
        return (
            CheckScore("digits", worst, LEAST_MARGIN, "enforce", worst < LEAST_MARGIN),
            CheckScore("digits-mouth", agreed, LEAST_AGREEMENT, "enforce", agreed is not None and agreed < LEAST_AGREEMENT),
        )

    def _heard_voice(self, from_s: float) -> tuple[tuple[float, float] | None, float]:
        """Return (first and last moment of the voice since `from_s`, seconds of it)."""
        least = max(LEAST_DB, self.noise_db + OVER_NOISE_DB)
        loud = [t_s for t_s, level in self._levels if t_s >= from_s and level >= least]
        if len(loud) < 2:
            return None, 0.0
        apart = [after - before for before, after in zip(loud, loud[1:], strict=False)]
        return (loud[0], loud[-1]), sum(gap for gap in apart if gap < 0.1)

    def _again_or(self, reason: Reason) -> None:
        """Other digits once more; after the last try it is over."""
        self.tries += 1
        if self.tries >= min(TRIES, len(self._strings)):
            self.state, self.verdict = "over", reason
            return
        self.digits = self._strings[self.tries]
        self.state, self._cued_s, self._voice, self.margins = "listening", None, None, ()
