"""Frames to face observations with MediaPipe's FaceLandmarker (VIDEO mode). The only file of `liveness` that knows
MediaPipe.

Called by the vision worker, `kiosk watch`, `kiosk evaluate` and the benches; everything after it is pure. Import is
cheap: MediaPipe itself is loaded by the first `Landmarker`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from kiosk.camera.frame import Frame
from kiosk.errors import ModelError
from kiosk.liveness.mediapipe_import import import_mediapipe
from kiosk.liveness.mediapipe_result import FoundFaces, QuickCall, plain

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels of the frame

# The 52 blendshapes of the model, in its order (checked against its output when the first face is seen).
BLENDSHAPES: tuple[str, ...] = (
    "_neutral",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
)
_INDEX = {name: i for i, name in enumerate(BLENDSHAPES)}

# The primary face stays the primary one while it is at least this share of the largest face's area: a helper leaning in
# for a moment does not take over, a person stepping in front does.
_KEEP_PRIMARY_SHARE = 0.5
_KEEP_PRIMARY_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """What one frame shows. Angles in degrees: yaw > 0 when the nose points to the right of the unmirrored picture (the
    person's own left), pitch > 0 when it points down, roll > 0 when the head leans to the right of the picture. Pixels
    are of the frame as it came from the camera. Without a face, `points` is None and the angles are 0."""

    t_s: float
    size: tuple[int, int]  # width, height
    face_count: int = 0
    points: np.ndarray | None = field(default=None, repr=False)  # float32 (478, 3): x, y, z in pixels
    blendshapes: np.ndarray | None = field(default=None, repr=False)  # float32 (52,), order of BLENDSHAPES
    matrix: np.ndarray | None = field(default=None, repr=False)  # float32 (4, 4)
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    box: Box | None = None  # of the primary face's points
    other_boxes: tuple[Box, ...] = ()
    small_box: Box | None = None  # a face too small for the mesh, seen by the second detector when the mesh found none

    def blend(self, name: str) -> float:
        """Return one blendshape's score in 0..1 (0 without a face)."""
        return 0.0 if self.blendshapes is None else float(self.blendshapes[_INDEX[name]])


class Landmarker:
    """FaceLandmarker in VIDEO mode. Used from one thread; close it, or MediaPipe complains when Python ends. Time may
    jump backwards (a looped clip): it is made monotonic inside."""

    def __init__(self, model_path: Path, max_faces: int = 3, frame_width: int = 0, stills: bool = False) -> None:
        """Load the model. `frame_width`: wider frames are scaled down to it first; 0 keeps them. `stills`: frames have
        nothing to do with each other (evaluation); otherwise faces are tracked from frame to frame.

        Raises ModelError when the file is missing or not this model.
        """
        self._frame_width, self._stills = frame_width, stills
        self._last_ms = -1
        self._offset_ms = 0
        self._primary: Box | None = None
        self._task: Any = None
        self._quick: QuickCall | None = None
        self._rgb: np.ndarray | None = None
        if not model_path.is_file():
            raise ModelError(f"{model_path.name} is missing: run `kiosk models fetch`")
        try:
            self._mp, self._task, self._quick = _load(model_path, max_faces, stills)
        except (RuntimeError, ValueError, ImportError, OSError) as error:
            raise ModelError(f"{model_path.name} cannot be loaded: {error}") from error

    def observe(self, frame: Frame) -> FaceObservation:
        """Return what `frame` shows. Raises ModelError when MediaPipe fails: build a new Landmarker then."""
        image = self.prepare(frame.image_bgr)
        try:
            found = self.find(image, frame.t_s)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"the face landmarker failed: {error}") from error
        return self.convert(found, frame)

    def prepare(self, image_bgr: np.ndarray) -> Any:
        """Return the MediaPipe image of a frame (scaled, RGB)."""
        height, width = image_bgr.shape[:2]
        if self._frame_width and width > self._frame_width:
            new = (self._frame_width, max(1, round(height * self._frame_width / width)))
            image_bgr = cv2.resize(image_bgr, new, interpolation=cv2.INTER_LINEAR)
        if self._rgb is None or self._rgb.shape != image_bgr.shape:
            self._rgb = np.empty_like(image_bgr)
        # One buffer for all frames: MediaPipe is done with it when `detect` returns, and fresh pages cost more than the colours.
        return self.wrap(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB, dst=self._rgb))

    def wrap(self, rgb: np.ndarray) -> Any:
        """Return the MediaPipe image of an RGB picture."""
        return self._mp.Image(image_format=self._mp.ImageFormat.SRGB, data=rgb)

    def find(self, image: Any, t_s: float) -> FoundFaces:
        """Return all faces of a MediaPipe image."""
        quick = self._quick
        return plain(self.detect(image, t_s)) if quick is None else quick(image, self._stamp(t_s))

    def detect(self, image: Any, t_s: float) -> Any:
        """Run the bare FaceLandmarker call (what `kiosk bench vision` compares with)."""
        return self._task.detect(image) if self._stills else self._task.detect_for_video(image, self._stamp(t_s))

    def _stamp(self, t_s: float) -> int:
        stamp = round(t_s * 1000) + self._offset_ms
        if stamp <= self._last_ms:  # MediaPipe refuses equal or falling stamps
            self._offset_ms += self._last_ms + 1 - stamp
            stamp = self._last_ms + 1
        self._last_ms = stamp
        return stamp

    def convert(self, found: FoundFaces, frame: Frame) -> FaceObservation:
        """Return MediaPipe's result as an observation of the primary face."""
        height, width = frame.image_bgr.shape[:2]
        clouds = [points * np.array((width, height, width), np.float32) for points in found.points]
        if not clouds:
            self._primary = None
            return FaceObservation(t_s=frame.t_s, size=(width, height))
        boxes = [_box(cloud) for cloud in clouds]
        chosen = self._choose(boxes)
        self._primary = boxes[chosen]
        if len(found.names) != len(BLENDSHAPES) or found.names[_INDEX["jawOpen"]] != "jawOpen":
            raise ModelError("the landmark model has other blendshapes than expected")
        matrix = found.matrixes[chosen]
        yaw, pitch, roll = angles(matrix)
        return FaceObservation(
            t_s=frame.t_s,
            size=(width, height),
            face_count=len(clouds),
            points=clouds[chosen],
            blendshapes=found.blendshapes[chosen],
            matrix=matrix,
            yaw_deg=yaw,
            pitch_deg=pitch,
            roll_deg=roll,
            box=boxes[chosen],
            other_boxes=tuple(box for i, box in enumerate(boxes) if i != chosen),
        )

    def close(self) -> None:
        """Free the model; may be called twice."""
        task, self._task, self._quick = self._task, None, None
        if task is not None:
            task.close()

    def _choose(self, boxes: list[Box]) -> int:
        areas = [area(box) for box in boxes]
        largest = max(range(len(boxes)), key=areas.__getitem__)
        primary = self._primary
        if primary is not None and not self._stills:
            kept = max(range(len(boxes)), key=lambda i: overlap(boxes[i], primary))
            same = overlap(boxes[kept], primary) >= _KEEP_PRIMARY_OVERLAP
            if same and areas[kept] >= _KEEP_PRIMARY_SHARE * areas[largest]:
                return kept
        return largest


def angles(matrix: np.ndarray) -> tuple[float, float, float]:
    """Return (yaw, pitch, roll) in degrees of a 4x4 facial transformation matrix; signs as in FaceObservation."""
    m = matrix
    yaw = math.atan2(m[0, 2], m[2, 2])
    pitch = math.atan2(-m[1, 2], math.hypot(m[0, 2], m[2, 2]))
    roll = math.atan2(-m[1, 0], m[1, 1])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def area(box: Box) -> float:
    """Return the area of a box in square pixels."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def overlap(one: Box, two: Box) -> float:
    """Return intersection over union of two boxes."""
    both = area((max(one[0], two[0]), max(one[1], two[1]), min(one[2], two[2]), min(one[3], two[3])))
    total = area(one) + area(two) - both
    return both / total if total > 0 else 0.0


def _load(model_path: Path, max_faces: int, stills: bool) -> tuple[Any, Any, QuickCall | None]:
    mp = import_mediapipe()
    from mediapipe.tasks.python import vision
    from mediapipe.tasks.python.core.base_options import BaseOptions

    # The bytes are handed over because MediaPipe's own file opener fails on non-ASCII Windows paths.
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model_path.read_bytes()),
        running_mode=vision.RunningMode.IMAGE if stills else vision.RunningMode.VIDEO,
        num_faces=max_faces,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    task = vision.FaceLandmarker.create_from_options(options)
    try:
        return mp, task, None if stills else QuickCall(task)
    except AttributeError:  # another version of the binding: the public way, which is slower
        return mp, task, None


def _box(points: np.ndarray) -> Box:
    x, y = points[:, 0], points[:, 1]  # one after the other: a quarter of the time of both along an axis
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
