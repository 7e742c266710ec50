"""Small changes of the camera that nobody but the kiosk can know of, and whether the pixels answered. Pure.

At drawn moments one control goes a drawn way by a drawn amount for some frames. A camera answers with its own delay; a program that
plays a video, a capture box or a recording does not. The answer is read from the mean of the whole picture: movement changes that
slowly, and not at these moments.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from kiosk.domain.camera_facts import CameraFacts

PAUSE_S = (0.3, 0.7)  # between two pulses; with a pulse's length never more than three changes in a second (WCAG 2.3.1)
LENGTH_S = (0.2, 0.34)
LEVEL = (0.6, 1.0)  # of the calibrated step
MOST = 24  # pulses of one take
_STRIDE = 16  # every so many rows and columns are enough for a mean
_MARGIN_S = 0.045  # about the edges of a pulse: rolling shutter, and a frame that is half old
_BESIDE_S = 0.25  # before and after a pulse: what the pixels would have been without it
_KEPT_S = 60.0
MIN_PULSES = 4
MAX_ERROR = 0.15  # of the answer: above, nothing can be said of it
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Pulse:
    """One change: from, to (seconds on the frames' clock), and which way and how far."""

    begin_s: float
    end_s: float
    level: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: 1 is the whole calibrated response at its delay, 0 none. `error`: its standard error. `pulses`: measured."""

    share: float
    error: float
    pulses: int

    @property
    def says_something(self) -> bool:
        """Enough pulses, and little enough of everything else that moves the picture's mean."""
        return self.pulses >= MIN_PULSES and self.error <= MAX_ERROR


class Pulses:
    """Draws the pulses, and keeps what the pixels did."""

    def __init__(self, rng: random.Random | None = None) -> None:
        """rng: for demonstrations and tests; else the operating system's source."""
        self._rng = rng or random.SystemRandom()
        self._pulses: list[Pulse] = []
        self._next: Pulse | None = None
        self._seen: deque[tuple[float, float, float]] = deque()

    @property
    def played(self) -> tuple[Pulse, ...]:
        """The pulses so far."""
        return tuple(self._pulses)

    def level(self, now_s: float, quiet: bool) -> float:
        """Return where the control belongs now, -1 to 1. quiet: a pulse may begin; one that began is always ended."""
        pulse = self._next
        begun = bool(self._pulses) and self._pulses[-1] is pulse
        if pulse is None or not (begun or quiet):
            self._next = self._draw(now_s)
            return 0.0
        if now_s < pulse.begin_s:
            return 0.0
        if not begun:
            if len(self._pulses) >= MOST:
                return 0.0
            # Frames come when they come: what counts is when it was asked for.
            pulse = self._next = Pulse(now_s, now_s + pulse.end_s - pulse.begin_s, pulse.level)
            self._pulses.append(pulse)
        if now_s < pulse.end_s:
            return pulse.level
        self._pulses[-1] = Pulse(pulse.begin_s, now_s, pulse.level)
        self._next = self._draw(now_s)
        return 0.0

    def look(self, t_s: float, image_bgr: np.ndarray) -> None:
        """Take in one frame."""
        blue, green, red, _ = cv2.mean(np.ascontiguousarray(image_bgr[::_STRIDE, ::_STRIDE]))
        light = (blue + 2 * green + red) / 4
        self._seen.append((t_s, math.log(max(light, 1.0)), math.log(max(red, 1.0) / max(blue, 1.0))))
        while self._seen[0][0] < t_s - _KEPT_S:
            self._seen.popleft()

    def seen(self) -> np.ndarray:
        """Return what was seen: float (frames, 3), time, log of the light, log of red over blue."""
        return np.array(self._seen)

    def answer(self, facts: CameraFacts) -> Answer:
        """Return how much of the calibrated response came back at its delay."""
        column = 2 if facts.control == "white-balance" else 1
        return answer(self.seen(), tuple(self._pulses), column, facts.delay_s, facts.response)

    def _draw(self, now_s: float) -> Pulse:
        begin_s = now_s + self._rng.uniform(*PAUSE_S)
        way = 1.0 if self._rng.random() < 0.5 else -1.0
        return Pulse(begin_s, begin_s + self._rng.uniform(*LENGTH_S), way * self._rng.uniform(*LEVEL))


def answer(seen: np.ndarray, pulses: tuple[Pulse, ...], column: int, delay_s: float, response: float) -> Answer:
    """Return the answer at one delay. seen: float (frames, 3), time, log of light, log of red over blue. response: at level 1."""
    changes, levels = _changes(seen, pulses, column, delay_s)
    if len(levels) < 2 or abs(response) < _FLAT:
        return Answer(0.0, np.inf, len(levels))
    expected = levels * response
    share = float(changes @ expected / (expected @ expected))
    # The error is what the changes scatter around the answer that was found; a median, so that one jerk does not hide a fraud.
    rest = changes - share * expected
    spread = float(np.median(np.abs(rest)) * 1.4826) if len(rest) > 2 else float(np.abs(rest).max())
    return Answer(share, spread / float(np.sqrt(expected @ expected)), len(levels))


def _changes(seen: np.ndarray, pulses: tuple[Pulse, ...], column: int, delay_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return for each pulse that was seen whole: by how much the picture differed from before and after it; and its level."""
    found, levels = [], []
    times = seen[:, 0] if len(seen) else np.empty(0)
    for pulse in pulses:
        begin_s, end_s = pulse.begin_s + delay_s, pulse.end_s + delay_s
        inside = (times >= begin_s + _MARGIN_S) & (times < end_s - _MARGIN_S / 3)
        before = (times >= begin_s - _BESIDE_S) & (times < begin_s - _MARGIN_S / 3)
        after = (times >= end_s + _MARGIN_S) & (times < end_s + _BESIDE_S)
        if inside.sum() < 2 or before.sum() < 2 or after.sum() < 2:
            continue
        # A line through before and after takes out whatever goes on steadily.
        rest = before | after
        line = np.polyfit(times[rest] - begin_s, seen[rest, column], 1)
        found.append(float(np.mean(seen[inside, column] - np.polyval(line, times[inside] - begin_s))))
        levels.append(pulse.level)
    return np.array(found), np.array(levels)


def calibrate(seen: np.ndarray, pulses: tuple[Pulse, ...], column: int) -> tuple[float, float, float]:
    """Return (delay in seconds, response at level 1, its noise from pulse to pulse) where the answer is clearest."""
    found = []
    for delay_s in np.arange(0.0, 0.601, 0.01):
        changes, levels = _changes(seen, pulses, column, float(delay_s))
        if len(levels) >= MIN_PULSES:
            response = float(changes @ levels / (levels @ levels))
            found.append((float(delay_s), response, float(np.std(changes - response * levels))))
    if not found:
        return 0.0, 0.0, np.inf
    # Between two frames the response is the same: the middle of where it is largest.
    most = max(abs(response) for _, response, _ in found)
    top = [one for one in found if abs(one[1]) >= 0.97 * most]
    return top[len(top) // 2]
