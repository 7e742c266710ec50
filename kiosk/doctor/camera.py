"""How the camera hangs and how it is named: what `kiosk doctor` adds about it. Called by `checks.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from kiosk import models
from kiosk.camera import sysfs
from kiosk.camera.frame import FrameSource
from kiosk.camera.source import DeviceSource, steady_path, turned
from kiosk.doctor.finding import Phrase
from kiosk.domain import camera_identity
from kiosk.domain.camera_facts import CONTROLS
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.errors import ModelError
from kiosk.face.detect import FaceDetector, FoundFace


def turn_wanted(image_bgr: np.ndarray, detector: FaceDetector | None = None) -> int:
    """Return by how many degrees clockwise a picture must be turned for its largest face to stand upright; 0 without a face.

    image_bgr: as `[camera] rotate` left it. Without the face models nothing is said (0).
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
    return Phrase(
        'device:{device} may be another camera after re-plugging: set [camera] source = "device:{id}"',
        device=device,
        id=path or "/dev/v4l/by-id/…",
    )


_ODD = {
    "no-bus": Phrase("it is no device that is plugged in: a program may be playing a camera"),
    "not-uvc": Phrase("its driver is not that of a USB camera (uvcvideo)"),
    "no-camera-terminal": Phrase("it says itself that its pictures come over a cable"),
    "no-lens-controls": Phrase("nothing on it steers a lens or a sensor: a capture box?"),
    "video-modes": Phrase("its sizes are those of televisions and monitors: a capture box?"),
    "second-node": Phrase("there is another source of pictures"),
}


def identity_told(
    source: str, root: Path = sysfs.SYS, pinned: CameraIdentity | None = None
) -> tuple[Literal["ok", "bad", "idle"], str]:
    """Return (state, what) of the camera's identity: what is pinned at set-up, and what a supervisor would have to answer for.

    pinned: the camera that is believed; whatever is odd about it was answered for.
    """
    kind, _, device = source.partition(":")
    if kind != "device":
        return "idle", Phrase("{kind}: is no device; nothing can be pinned", kind=kind)
    if not sysfs.readable(root):
        return "idle", Phrase("unavailable: this system does not tell which camera it is; another one would not be noticed")
    seen = sysfs.identify(device, root)
    if seen is None:
        return "bad", Phrase("device:{device} is not there", device=device)
    answered = pinned is not None and not camera_identity.differences(pinned, seen)
    odd = () if answered else camera_identity.suspicions(seen)
    what = Phrase(
        "{vendor}:{product} serial {serial} at {place}, {driver}",
        vendor=seen.vendor,
        product=seen.product,
        serial=seen.serial or "-",
        place=seen.usb_path or "-",
        driver=seen.driver or "no driver",
    )
    if odd:
        return "bad", Phrase("{what}: {odd}", what=what, odd=Phrase.joined(_ODD[one] for one in odd))
    return "ok", Phrase("{what}, {modes} modes, {controls} controls", what=what, modes=len(seen.modes), controls=len(seen.controls))


def steering_told(source: FrameSource) -> str:
    """Return by which controls an open camera can be steered, so that it can prove itself in a take."""
    controls = source.controls if isinstance(source, DeviceSource) else None
    found = [name for name in CONTROLS if controls is not None and controls.find(name) is not None]
    return (
        Phrase("steered by {names}", names=", ".join(found))
        if found
        else Phrase("cannot be steered: the check camera is unavailable")
    )
