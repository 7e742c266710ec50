"""The reading of digits as one action of a take: what `Take` hands through, so that it knows nothing of sound. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kiosk.domain.outcome import CheckScore
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.liveness.challenge import Step
from kiosk.liveness.digits.reading import Reading
from kiosk.liveness.gestures import GestureEvent
from kiosk.liveness.landmarks import FaceObservation


class DigitsStep:
    """At most one reading runs at a time; without one everything here is silent."""

    def __init__(self) -> None:
        self._reading: Reading | None = None
        self._step: Step | None = None
        self._scores: tuple[CheckScore, ...] = ()

    @property
    def reading(self) -> Reading | None:
        """The reading that is announced or under way."""
        return self._reading

    @property
    def scores(self) -> tuple[CheckScore, ...]:
        """What was measured so far."""
        return self._scores

    @property
    def hears(self) -> bool:
        """Nothing is read, or something is heard (if only silence), or never will be: the cue may come."""
        reading = self._reading
        return reading is None or reading.hears or reading.verdict is not None

    def begin(self, step: Step | None) -> None:
        """This is asked now; None: nothing is."""
        if step is not self._step:
            self._step = step
            self._reading = Reading(step.digits) if step is not None and step.action is Action.READ_DIGITS else None

    def follow(self, observation: FaceObservation) -> None:
        """A frame came: watch the mouth."""
        if self._reading is not None and observation.points is not None:
            self._reading.see(observation.t_s, observation.blend("jawOpen"))

    def cue(self, t_s: float) -> None:
        """The action counts from now on."""
        if self._reading is not None:
            self._reading.cue(t_s)

    def hear(self, levels: Sequence[tuple[float, float]]) -> None:
        """Loudness: (seconds of the take, dB of full scale)."""
        if self._reading is not None:
            self._reading.hear(levels)

    def weigh(self, margins: tuple[float, ...]) -> None:
        """The recogniser's answer."""
        if self._reading is not None:
            self._reading.weigh(margins)

    def deaf(self) -> None:
        """The microphone does not open."""
        if self._reading is not None:
            self._reading.verdict = Reason.DIGITS_UNHEARD

    def advance(self, t_s: float) -> GestureEvent | Reason | bool:
        """Go on while the cue stands: the finished reading, why the take ends, True where other digits are announced, or False."""
        reading = self._reading
        if reading is None:
            return False
        reading.step(t_s)
        if reading.verdict is None:
            return not reading.cued
        self._scores = (*self._scores, *reading.scores())
        if reading.verdict is not Reason.OK:
            return reading.verdict
        return GestureEvent(Action.READ_DIGITS, reading.began_s, reading.began_s, t_s, reading.agreed or 0.0)

    def show(self, view: TakeView) -> TakeView:
        """Return the view with the digits, the loudness, and whether they are being compared."""
        reading = self._reading
        if reading is None or view.action is not Action.READ_DIGITS:
            return view
        left = None if reading.state == "weighing" else view.seconds_left
        level = reading.loudness if view.now and reading.state == "listening" else 0.0
        return replace(
            view, digits=reading.digits, loudness=level, progress=level, weighing=reading.state == "weighing", seconds_left=left
        )
