"""A camera with a sensor, a processor and controls, before any source of pictures; and its attackers, who have none of that.

`EmulatedCamera(PuppetSource("obama"))` answers when it is steered, with a delay, and its sensor has a pattern of its own.
`Injected` puts other pictures in its place while the camera itself stays where it is. For the demo, evaluation and tests.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from threading import Lock

import cv2
import numpy as np

from kiosk.camera.frame import Frame, FrameSource
from kiosk.camera.v4l2 import Control

RANGES = {"gain": Control(0, 255, 1, 100), "brightness": Control(-64, 64, 1, 0)}
_GAIN_STEP, _BRIGHTNESS_STEP = 0.004, 0.006  # of the light, for one step


@dataclass(frozen=True, slots=True)
class Optics:
    """What makes one camera another one. prnu: share by which its pixels differ; jpeg: quality of its stream, 0: none."""

    seed: int = 1
    prnu: float = 0.01
    jpeg: int = 85
    delay_frames: int = 3
    answers: bool = True  # False: it has controls, and they do nothing
    controls: bool = True  # False: it has none


class EmulatedCamera:
    """An ordinary `FrameSource` that can be steered and measured. `steer` may be called from any thread."""

    def __init__(self, inner: FrameSource, optics: Optics = Optics()) -> None:
        self.name = inner.name
        self._inner, self._optics = inner, optics
        self._set = {name: one.value for name, one in RANGES.items()}
        self._on_its_way: deque[dict[str, int]] = deque([dict(self._set)] * optics.delay_frames)
        self._lock = Lock()
        self._pattern: np.ndarray | None = None

    @property
    def controls(self) -> EmulatedCamera | None:
        """What can be set on it."""
        return self if self._optics.controls else None

    def find(self, name: str) -> Control | None:
        """Return a control that can be set now."""
        known = RANGES.get(name)
        return None if known is None else replace(known, value=self._set[name])

    def steer(self, control: str, value: int) -> bool:
        """Set a control; it takes effect some frames later."""
        if not self._optics.controls or control not in RANGES:
            return False
        with self._lock:
            self._set[control] = value
        return True

    def open(self) -> None:
        """Open the source behind. Raises CameraUnavailable."""
        self._inner.open()

    def read(self) -> Frame | None:
        """Return the next picture as this sensor and this processor make it."""
        frame = self._inner.read()
        return None if frame is None else replace(frame, image_bgr=self.expose(frame.image_bgr))

    def expose(self, image_bgr: np.ndarray) -> np.ndarray:
        """Return a picture as this sensor and this processor make it now."""
        with self._lock:
            self._on_its_way.append(dict(self._set))
            now = self._on_its_way.popleft()
        return self._made(image_bgr, now)

    def close(self) -> None:
        """Release the source behind; may be called twice."""
        self._inner.close()

    def _made(self, image_bgr: np.ndarray, now: dict[str, int]) -> np.ndarray:
        light = 1.0
        if self._optics.answers:
            light += _GAIN_STEP * (now["gain"] - RANGES["gain"].value) + _BRIGHTNESS_STEP * now["brightness"]
        if self._pattern is None or self._pattern.shape != image_bgr.shape:
            rng = np.random.default_rng(self._optics.seed)
            pattern = 1 + self._optics.prnu * rng.normal(0, 1, image_bgr.shape[:2]).astype(np.float32)
            self._pattern = np.repeat(pattern[:, :, None], 3, axis=2)
        out: np.ndarray = cv2.multiply(image_bgr, self._pattern, scale=light, dtype=cv2.CV_8U)
        return _compressed(out, self._optics.jpeg)


def _compressed(image_bgr: np.ndarray, quality: int) -> np.ndarray:
    if not quality:
        return image_bgr
    _, coded = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    out: np.ndarray | None = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return image_bgr if out is None else out
