"""Drawn people for the demonstration: as old and of the sex that their card says, in the manner of the kiosk's own pictures.

Nobody's photograph stands for an invented retiree. The encoder takes all such drawings for one person (0.51 to 0.82), so they
are never told apart: where somebody else stands before the camera, that is a photograph (demo/scenarios.py).
"""

from __future__ import annotations

from pathlib import Path

from kiosk.errors import KioskError
from kiosk.ui.theme import Look
from kiosk.ui.widgets.face import Pose, face_image

PORTRAIT_PX = 720
YOUNG_FROM = 1960  # born in this year or later: dark hair, no lines
_MOUTH = (0.5, 0.681, 0.156)  # of the drawn face: middle and width, as shares of the picture


def pose_of(id_number: str) -> Pose:
    """Return how somebody is drawn: by the year of birth and the sex that the number of 18 characters tells."""
    return Pose(young=int(id_number[6:10]) >= YOUNG_FROM, woman=int(id_number[16]) % 2 == 0)


def draw_portrait(path: Path, pose: Pose | None = None) -> Path:
    """Draw the person before the camera as a picture that landmarks, depth check and encoder accept. Returns `path`.

    A plain drawing has nothing that could be followed from picture to picture, so a turn shows no depth (measured: 0.8 to 1.1 of
    what is wanted, with texture 1.6 to 2.8); around the mouth texture would hide that it opens.
    """
    import cv2
    import numpy as np

    image = face_image(PORTRAIT_PX, pose or Pose(), Look())
    rows = np.frombuffer(image.constBits(), np.uint8, image.sizeInBytes()).reshape(PORTRAIT_PX, image.bytesPerLine())
    plain = rows[:, : PORTRAIT_PX * 3].reshape(PORTRAIT_PX, PORTRAIT_PX, 3)[:, :, ::-1].astype(np.float32)
    random, grain = np.random.default_rng(7), np.ones((PORTRAIT_PX, PORTRAIT_PX), np.float32)
    for strength, size in ((0.04, 22), (0.025, 6), (0.012, 2)):
        noise = cv2.GaussianBlur(random.normal(0, 1, grain.shape).astype(np.float32), (0, 0), size)
        grain *= 1 + strength * noise / noise.std()
    down, across = np.mgrid[0:PORTRAIT_PX, 0:PORTRAIT_PX] / PORTRAIT_PX
    from_mouth = np.hypot((across - _MOUTH[0]) / (1.1 * _MOUTH[2]), (down - _MOUTH[1]) / (0.8 * _MOUTH[2]))
    share = np.clip((from_mouth - 0.8) / 0.5, 0, 1)
    drawn = plain * (1 + share * (grain - 1))[:, :, None]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not cv2.imwrite(str(path), np.clip(drawn, 0, 255).astype(np.uint8)):
        raise KioskError(f"{path.name} cannot be written")
    return path
