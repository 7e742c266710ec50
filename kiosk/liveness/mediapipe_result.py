"""MediaPipe's answer as arrays. Used by `landmarks` alone.

WORKAROUND for the Python binding of mediapipe 0.10.31: it makes an object of each of 478 points, which costs a twentieth of the
whole call, and we made an array of them again. Here the C structure is read as it lies in memory. These are parts of the binding
that it does not promise: the version is pinned (docs/decisions/004), a test compares both ways, and where a part is missing the
public way is gone.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """All faces of a picture, in one order. points: float32 (478, 3), x and y in shares of the picture; blendshapes: (52,)."""

    points: tuple[np.ndarray, ...] = ()
    blendshapes: tuple[np.ndarray, ...] = ()
    matrixes: tuple[np.ndarray, ...] = ()
    names: tuple[str, ...] = ()  # of the blendshapes, where they were asked for


def plain(result: Any) -> FoundFaces:
    """Return the public answer of MediaPipe as arrays."""
    return FoundFaces(
        tuple(np.array([(p.x, p.y, p.z) for p in face], np.float32) for face in result.face_landmarks),
        tuple(np.fromiter((b.score for b in blend), np.float32, len(blend)) for blend in result.face_blendshapes),
        tuple(np.asarray(one, np.float32) for one in result.facial_transformation_matrixes),
        tuple(b.category_name for b in result.face_blendshapes[0]) if result.face_blendshapes else (),
    )


class QuickCall:
    """`detect_for_video` without the objects. Raises AttributeError when it is made, where the binding is another one."""

    def __init__(self, task: Any) -> None:
        """task: an open FaceLandmarker in video mode."""
        module: Any = sys.modules[type(task).__module__]
        self._handle = task._handle
        self._detect: Callable[..., None] = task._lib.MpFaceLandmarkerDetectForVideo
        self._close: Callable[..., None] = task._lib.MpFaceLandmarkerCloseResult
        self._result: Callable[[], Any] = module.FaceLandmarkerResultC
        empty = module.FaceLandmarkerResultC()
        self._points = _layout(empty.face_landmarks._type_, ("x", "y", "z"))
        self._scores = _layout(empty.face_blendshapes._type_, ("score",))
        self._names: tuple[str, ...] = ()

    def __call__(self, image: Any, stamp_ms: int) -> FoundFaces:
        """Return what the picture shows. Raises RuntimeError or ValueError as MediaPipe does."""
        raw = self._result()
        self._detect(self._handle, image._image_ptr, None, stamp_ms, ctypes.byref(raw))
        try:
            points = tuple(
                _read(face.landmarks, face.landmarks_count, self._points)
                for face in (raw.face_landmarks[i] for i in range(raw.face_landmarks_count))
            )
            shapes = [raw.face_blendshapes[i] for i in range(raw.face_blendshapes_count)]
            if shapes and not self._names:
                self._names = tuple(shapes[0].categories[i].category_name.decode() for i in range(shapes[0].categories_count))
            return FoundFaces(
                points,
                tuple(_read(one.categories, one.categories_count, self._scores)[:, 0] for one in shapes),
                tuple(
                    np.asarray(raw.facial_transformation_matrixes[i].to_numpy(), np.float32)
                    for i in range(raw.facial_transformation_matrixes_count)
                ),
                self._names,
            )
        finally:
            self._close(ctypes.byref(raw))


def _layout(holder: Any, names: tuple[str, ...]) -> np.dtype[Any]:
    """Return where the floats of these names lie in the structures that `holder` points to."""
    one = holder._fields_[0][1]._type_
    if any(dict(one._fields_).get(name) is not ctypes.c_float for name in names):
        raise AttributeError("the binding keeps other numbers")
    return np.dtype(
        {
            "names": list(names),
            "formats": ["<f4"] * len(names),
            "offsets": [getattr(one, name).offset for name in names],
            "itemsize": ctypes.sizeof(one),
        }
    )


def _read(start: Any, count: int, layout: np.dtype[Any]) -> np.ndarray:
    """Return the floats of `count` structures: float32 (count, names), a copy."""
    names = layout.names or ()
    if not count:
        return np.empty((0, len(names)), np.float32)
    memory = (ctypes.c_char * (layout.itemsize * count)).from_address(ctypes.addressof(start.contents))
    table = np.frombuffer(memoryview(memory), layout)
    out = np.empty((count, len(names)), np.float32)
    for column, name in enumerate(names):
        out[:, column] = table[name]
    return out
