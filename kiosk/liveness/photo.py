"""A face in a still photograph: an old one-inch photo before the desk's camera, or the photo of a card's chip.

Nothing of the picture is kept.

Called by `app.desk_photo` in a thread of its own, which lets the models go afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from kiosk import models
from kiosk.camera.frame import Frame
from kiosk.camera.opencv import import_cv2
from kiosk.face.align import align, five_points
from kiosk.face.encoder import Encoder
from kiosk.liveness.landmarks import Landmarker
from kiosk.liveness.worker import CHIP_PHOTO, ENCODER, FACE_LANDMARKER

cv2 = import_cv2()

_WIDE_PX = 60.0  # between the eyes: from here on more pixels tell no more (the aligned face has 35)
_CRISP = 120.0  # variance of the Laplacian of an aligned face in focus
LEAST_EYES_PX = 28.0  # ours: below, the photo is too far away
LEAST_CRISP = 12.0  # ours: below, it is out of focus
SAME = 0.75  # ours: two looks at one photograph agree at least so far


@dataclass(frozen=True, slots=True)
class PhotoFace:
    """What one look found. `vector` float32 (128,), norm 1. `flaw`: no-face | too-far | blurred, "" for a good one."""

    flaw: str = ""
    quality: float = 0.0  # 0..1
    vector: np.ndarray | None = field(default=None, repr=False)


class PhotoReader:
    """Landmarks and encoder for stills. Used from one thread; close it."""

    def __init__(self) -> None:
        """Load the models. Raises ModelError."""
        self._encoder = Encoder(models.path(ENCODER))
        self._still = Landmarker(models.path(FACE_LANDMARKER), max_faces=1, stills=True)

    @property
    def model_digest(self) -> str:
        """Of the encoder."""
        return self._encoder.model_digest

    def look(self, image_bgr: np.ndarray) -> PhotoFace:
        """Look at a frame with a photograph in it."""
        seen = self._still.observe(Frame(image_bgr, 0.0, 0))
        if seen.points is None:
            return PhotoFace("no-face")
        eyes = five_points(seen.points)
        wide = float(np.linalg.norm(eyes[0] - eyes[1]))
        if wide < LEAST_EYES_PX:
            return PhotoFace("too-far")
        face = align(image_bgr, seen.points)
        crisp = float(cv2.Laplacian(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())
        quality = min(1.0, wide / _WIDE_PX) * min(1.0, crisp / _CRISP)
        if crisp < LEAST_CRISP:
            return PhotoFace("blurred", quality)
        return PhotoFace("", quality, self._encoder.embed(face))

    def look_at_chip(self, photo_rgb: bytes) -> PhotoFace:
        """Look at the photo of a card's chip (102 x 126, RGB)."""
        if len(photo_rgb) != CHIP_PHOTO[0] * CHIP_PHOTO[1] * 3:
            return PhotoFace("no-face")
        image = np.frombuffer(photo_rgb, np.uint8).reshape(CHIP_PHOTO[1], CHIP_PHOTO[0], 3)[:, :, ::-1]
        return self.look(cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC))  # the detector looks for larger faces

    def close(self) -> None:
        """Let the models go."""
        self._still.close()
