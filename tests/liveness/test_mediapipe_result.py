"""MediaPipe's answer read from memory is the public one, to the last bit; another binding is met by the public way."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from kiosk import models
from kiosk.camera.frame import Frame
from kiosk.liveness.landmarks import Landmarker
from kiosk.liveness.mediapipe_result import QuickCall, _layout, plain


def test_both_ways_see_the_same():
    portrait = cv2.imread(str(models.path("biden")))
    blank = np.zeros_like(portrait)
    found = []
    for quick in (True, False):
        landmarker = Landmarker(models.path("face-landmarker"))
        assert landmarker._quick is not None
        if not quick:
            landmarker._quick = None
        found.append([landmarker.observe(Frame(image, n / 30, n)) for n, image in enumerate((portrait, portrait, blank, portrait))])
        landmarker.close()
        assert landmarker._quick is None
    for one, other in zip(*found, strict=True):
        assert (one.points is None) == (other.points is None)
        assert (one.box, one.face_count, one.yaw_deg) == (other.box, other.face_count, other.yaw_deg)
        if one.points is not None:
            assert one.points.dtype == np.float32
            for mine, theirs in ((one.points, other.points), (one.blendshapes, other.blendshapes), (one.matrix, other.matrix)):
                assert np.array_equal(mine, theirs)
    assert [one.face_count for one in found[0]][2] == 0


def test_another_binding_is_told_when_it_is_made():
    with pytest.raises(AttributeError):
        QuickCall(SimpleNamespace())

    class Other(ctypes.Structure):
        _fields_ = [("x", ctypes.c_double)]

    class Holder(ctypes.Structure):
        _fields_ = [("landmarks", ctypes.POINTER(Other))]

    with pytest.raises(AttributeError, match="other numbers"):
        _layout(Holder, ("x",))


def test_the_public_answer_without_a_face_is_empty():
    nothing = SimpleNamespace(face_landmarks=[], face_blendshapes=[], facial_transformation_matrixes=[])
    assert plain(nothing).points == ()
