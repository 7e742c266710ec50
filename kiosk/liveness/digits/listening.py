"""Between a take and the ear: opens it when digits are announced, hands over what was heard, closes it. For the vision worker."""

from __future__ import annotations

from typing import Protocol

from kiosk.camera.frame import Frame
from kiosk.config import Liveness
from kiosk.domain.take_view import TakeView
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.take import Take


class Ears(Protocol):
    """What listens: `kiosk.microphone.ear.Ear`, which this package may not import."""

    def ready(self) -> bool:
        """Return whether digits can be read here."""

    def open(self) -> bool:
        """Begin to listen."""

    def now_s(self) -> float:
        """Return the time now by the clock of levels."""

    def levels(self) -> list[tuple[float, float]]:
        """Return (seconds, dB) since the last call."""

    def lost(self) -> bool:
        """Return whether the microphone is away."""

    def weigh(self, digits: str, begin_s: float, end_s: float) -> None:
        """Have what was said compared with the digits."""

    def weighed(self) -> tuple[float, ...] | None:
        """Return the answer once."""

    def close(self) -> None:
        """Listen no more, and forget."""


class Listening:
    """Follows one take after another."""

    def __init__(self, ears: Ears | None) -> None:
        """ears: None on a machine that has none."""
        self._ears = ears
        self._open = self._asked = False
        self._behind_s: float | None = None  # frames are timed by the camera: the least delay seen relates its clock to ours

    def begin(self, settings: Liveness) -> bool:
        """A take will begin; return whether digits can be read in it. The doctor says why not."""
        self.end()
        return settings.digits != "off" and self._ears is not None and self._ears.ready()

    def step(self, take: Take, observation: FaceObservation, frame: Frame) -> TakeView:
        """Let a take look at a frame, with what was heard meanwhile."""
        self.before(take, frame.t_s)
        view = take.step(observation, frame.image_bgr)
        self.after(take)
        return view

    def before(self, take: Take, t_s: float) -> None:
        """A frame of the take is about to be looked at: hand over what was heard meanwhile."""
        if self._ears is None or not self._open:
            return
        behind = self._ears.now_s() - t_s
        self._behind_s = behind if self._behind_s is None else min(self._behind_s, behind)
        offset = self._behind_s
        take.digits.hear([(at_s - offset, level) for at_s, level in self._ears.levels()])
        answer = self._ears.weighed() if self._asked else None
        if answer is not None:
            self._asked = False
            take.digits.weigh(answer)

    def after(self, take: Take) -> None:
        """A frame was looked at: open, ask, or close."""
        reading = take.digits.reading
        if self._ears is None or reading is None or reading.verdict is not None or take.result is not None:
            self.end()
            return
        if not self._open:
            self._open = self._ears.open()
            self._asked, self._behind_s = False, None
            if not self._open:
                self._give_up(take)
            return
        if reading.state == "listening" and self._ears.lost():
            self.end()
            self._give_up(take)
            return
        if reading.state == "weighing" and not self._asked and reading.spoken is not None and self._behind_s is not None:
            begin, end = reading.spoken
            self._asked = True
            self._ears.weigh(reading.digits, begin + self._behind_s, end + self._behind_s)
        elif reading.state != "weighing":
            self._asked = False

    @staticmethod
    def _give_up(take: Take) -> None:
        """The microphone does not open, or is gone: another action, where there is one."""
        if not take.swap_action():
            take.digits.deaf()

    def end(self) -> None:
        """No take, or none that reads: the microphone is closed."""
        if self._ears is not None and self._open:
            self._open = self._asked = False
            self._ears.close()
