"""One camera frame and the protocol every source follows. Standard library and numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from kiosk.domain.camera_identity import CameraIdentity


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. `image_bgr`: uint8 (height, width, 3), not mirrored; an array of its own, into which nobody writes afterwards,
    so that it may be kept as it is. `t_s`: seconds on the source's clock (monotonic for a device, media time for a clip); `seq`
    counts up by one for each picture the source made."""

    image_bgr: np.ndarray
    t_s: float
    seq: int


class FrameSource(Protocol):
    """Where frames come from. Used from one thread."""

    name: str

    def open(self) -> None:
        """Open the device. Raises CameraUnavailable."""

    def read(self) -> Frame | None:
        """Block for the next frame; None at the end of a clip. Raises CameraUnavailable when the source is gone."""

    def close(self) -> None:
        """Release the device; may be called twice."""


@runtime_checkable
class Identified(Protocol):
    """A source that can say which camera it is. One that cannot is not believed once another was."""

    def identity(self) -> CameraIdentity | None:
        """Return what the system tells of the camera; None where it tells nothing. Looks, and touches no device."""


@runtime_checkable
class Holdable(Protocol):
    """A source whose exposure and white balance can stand still for a while. Called from any thread."""

    def stand_still(self, on: bool) -> bool:
        """Let them stand still, or go on by themselves; True while any does stand still."""


@runtime_checkable
class Steerable(Protocol):
    """A source whose camera can be steered. Called from any thread."""

    def steer(self, control: str, value: int) -> bool:
        """Set a control (`domain.camera_facts.CONTROLS`); False when there is none of this name, or the camera refuses."""
