"""How the camera hangs and how it is named: what `kiosk doctor` adds about it. Called by `checks.py`."""

from __future__ import annotations

import numpy as np

from kiosk import models
from kiosk.camera.source import steady_path, turned
from kiosk.errors import ModelError
from kiosk.face.detect import FaceDetector, FoundFace


def turn_wanted(image_bgr: np.ndarray, detector: FaceDetector | None = None) -> int:
    """Return by how many degrees clockwise a picture must be turned for its largest face to stand upright; 0 without a face.

    image_bgr: as `camera.rotate` left it. Without the face models nothing is said (0).
    """
    if detector is None:
        try:
            detector = FaceDetector(models.path("face-detector"))
        except ModelError:
            return 0
    scores = {degrees: _upright(detector.detect(turned(image_bgr, degrees))) for degrees in (0, 90, 180, 270)}
    best = max(scores, key=lambda degrees: scores[degrees])
    return best if scores[best] > scores[0] else 0


def _upright(faces: list[FoundFace]) -> float:
    """Return the score of the largest face whose eyes are above its mouth, 0 for none."""
    for face in faces:
        eyes, mouth = face.five[:2].mean(axis=0), face.five[3:].mean(axis=0)
        down, aside = float(mouth[1] - eyes[1]), abs(float(mouth[0] - eyes[0]))
        if down > aside:
            return face.score
    return 0.0


def steady_advice(source: str) -> str:
    """Return what to write for a camera that is named by its number, "" where nothing is better."""
    kind, _, device = source.partition(":")
    if kind != "device" or not device.isdigit():
        return ""
    path = steady_path(device)
    return f'device:{device} may be another camera after re-plugging: set [camera] source = "device:{path or "/dev/v4l/by-id/…"}"'
