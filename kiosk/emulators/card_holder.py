"""A camera in front of which somebody holds up an identity card: wraps any frame source. For the demo, training and tests.

`holder = CardHolder(PuppetSource("obama"))`, then `holder.hold(card, "front")`, `holder.hold(card, "back")`, `holder.put_away()`.
The program sees pixels and has to find and read the card itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any, Literal

import numpy as np

from kiosk.camera.frame import Frame, FrameSource, Steerable
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.emulators import paper_picture
from kiosk.emulators.card_picture import draw_back, draw_front, hold_up


class CardHolder:
    """An ordinary `FrameSource`; `hold` and `put_away` may be called from any thread."""

    def __init__(
        self,
        inner: FrameSource,
        *,
        width: float = 0.8,
        tremor: float = 1.0,
        identify: Callable[[], CameraIdentity | None] = lambda: None,
    ) -> None:
        """width: of the card, in shares of the frame's. tremor: 1 is an unhurried hand, 0 a stand. identify: which camera it is."""
        self._identify = identify
        self.name = inner.name
        self._inner, self._width, self._tremor = inner, width, tremor
        self._lock = Lock()
        self._card: np.ndarray | None = None
        self._page: np.ndarray | None = None
        self._laid: np.ndarray | None = None  # the frame with the page, drawn once

    @property
    def inner(self) -> FrameSource:
        """The source behind the card, for those who play the person on it."""
        return self._inner

    def hold(self, card: Mapping[str, Any], side: Literal["front", "back"]) -> None:
        """Hold one side of a card (as in config/demo/cards.toml) in front of the camera from the next frame on."""
        drawn = draw_front(card) if side == "front" else draw_back(card)
        with self._lock:
            self._card = drawn

    def lay(self, page_bgr: np.ndarray) -> None:
        """Lay a sheet of paper (`paper_picture.draw_page`) under the camera from the next frame on."""
        with self._lock:
            self._page, self._laid = page_bgr, None

    def put_away(self) -> None:
        """Take card and paper out of the picture."""
        with self._lock:
            self._card = self._page = self._laid = None

    def open(self) -> None:
        """Open the source behind. Raises CameraUnavailable."""
        self._inner.open()

    def read(self) -> Frame | None:
        """Return the next frame with the card before it. Raises CameraUnavailable."""
        frame = self._inner.read()
        with self._lock:
            card, page = self._card, self._page
            if frame is not None and page is not None:
                if self._laid is None:
                    height, width = frame.image_bgr.shape[:2]
                    self._laid = paper_picture.lay(page, (width, height), roll_deg=4.0, pitch=0.08)
                return replace(frame, image_bgr=self._laid)
        if frame is None or card is None:
            return frame
        t, unrest = frame.t_s, self._tremor
        image = hold_up(
            card,
            frame.image_bgr,
            width=self._width,
            centre=(0.5 + 0.004 * unrest * math.sin(2.1 * t), 0.52),
            roll_deg=unrest * (2.0 + 1.2 * math.sin(1.3 * t)),
            yaw_deg=4.0 * unrest * math.sin(0.7 * t + 1.0),
            pitch_deg=unrest * (-5.0 + 2.0 * math.sin(0.9 * t)),
        )
        return replace(frame, image_bgr=image)

    def steer(self, control: str, value: int) -> bool:
        """Set a control of the source behind; False where it has none."""
        inner: object = self._inner
        return isinstance(inner, Steerable) and inner.steer(control, value)

    def identity(self) -> CameraIdentity | None:
        """Return which camera it is, as the made-up system tells."""
        return self._identify()

    def close(self) -> None:
        """Release the source behind; may be called twice."""
        self._inner.close()
