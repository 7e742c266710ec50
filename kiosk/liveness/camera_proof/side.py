"""What takes ask of the camera while they run: pulses that it must answer, and that it stands still while the light is on.

Owned by the vision worker, used in its thread.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kiosk.config import Checks
from kiosk.domain.camera_facts import CameraFacts
from kiosk.liveness.camera_proof.proof import CameraProof

_STRIDE = 16
_SETTLED_S = (0.25, 0.6)  # after a camera was told to stand still: what it shows by then
_LEAP = 0.15  # of the light: then it does not stand still, it goes back to something that was set by hand


class Hold:
    """Exposure and white balance stand still from the baseline to the end of a take, where the camera can."""

    def __init__(self, ask: Callable[[bool], bool]) -> None:
        """ask: lets the camera stand still, or go on; returns whether it does stand still."""
        self._ask = ask
        self._useless = False  # this camera leaps when it is told to
        self._since_s: float | None = None
        self._before = 0.0

    def look(self, t_s: float, image_bgr: np.ndarray, wanted: bool) -> None:
        """Take in a frame. wanted: the light is on, or will be."""
        if not wanted or self._useless:
            self.end()
            return
        light = float(image_bgr[::_STRIDE, ::_STRIDE].mean())
        if self._since_s is None:
            self._before = light
            self._since_s = t_s if self._ask(True) else float("inf")  # it cannot: not asked again in this take
        elif _SETTLED_S[0] <= t_s - self._since_s <= _SETTLED_S[1] and abs(light - self._before) > _LEAP * self._before:
            self._useless = True
            self.end()

    def end(self) -> None:
        """Let the camera go on by itself."""
        if self._since_s is not None:
            self._since_s = None
            self._ask(False)


class CameraSide:
    """One camera, take after take."""

    def __init__(self, steer: Callable[[float], None], hold: Callable[[bool], bool]) -> None:
        """steer: moves the measured control to a level, -1 to 1. hold: see `Hold`."""
        self._steering, self._hold = steer, Hold(hold)
        self.facts: CameraFacts | None = None
        self._proof: CameraProof | None = None
        self._level = 0.0

    def begin(self, checks: Checks, *, practice: bool) -> CameraProof | None:
        """Return what the next take asks; None where nothing was measured, or nothing is at stake."""
        self.end()
        self._proof = None if self.facts is None or practice else CameraProof(self.facts, checks)
        return self._proof

    def follow(self, t_s: float, image_bgr: np.ndarray, *, lit: bool) -> None:
        """Steer the camera as the take wants it. lit: the light passcode runs."""
        self._hold.look(t_s, image_bgr, lit)
        self._steer(self._proof.level if self._proof is not None else 0.0)

    def end(self) -> None:
        """Ask nothing more, and let the camera go back."""
        self._proof = None
        self._steer(0.0)
        self._hold.end()

    def _steer(self, level: float) -> None:
        if level != self._level:
            self._level = level
            self._steering(level)
