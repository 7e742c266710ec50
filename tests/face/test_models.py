"""With the real weights: people are told apart, and both alignments agree. Needs `kiosk models fetch`."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kiosk import models
from kiosk.camera.frame import Frame
from kiosk.config import Match
from kiosk.face.align import align, align_five, five_points
from kiosk.face.compare import cosine
from kiosk.face.detect import FaceDetector
from kiosk.face.encoder import Encoder
from kiosk.liveness.landmarks import Landmarker


def test_two_years_of_one_man_match_two_men_do_not() -> None:
    encoder, detector = Encoder(models.path("face-encoder")), FaceDetector(models.path("face-detector"))
    assert encoder.model_digest == models.digest("face-encoder")
    landmarker = Landmarker(models.path("face-landmarker"), stills=True)
    mesh, boxed = {}, {}
    for name in ("obama", "obama2", "biden"):
        image = cv2.imread(str(models.path(name)))
        assert image is not None
        points = landmarker.observe(Frame(image, 0.0, 0)).points
        assert points is not None
        found = detector.detect(image)[0]
        # Two independent detectors put the same five points on the same places.
        size = float(np.hypot(*(found.five[0] - found.five[1])))
        assert np.abs(found.five - five_points(points)).max() < 0.25 * size
        mesh[name] = encoder.embed(align(image, points))
        boxed[name] = encoder.embed(align_five(image, found.five))
        assert np.linalg.norm(mesh[name]) == pytest.approx(1, abs=1e-5)
        assert cosine(mesh[name], boxed[name]) > 0.8
    landmarker.close()
    assert cosine(mesh["obama"], mesh["obama2"]) > Match().accept
    assert cosine(mesh["obama"], mesh["biden"]) < Match().reject
    assert cosine(mesh["obama2"], mesh["biden"]) < Match().reject


def test_an_empty_picture_holds_no_face() -> None:
    assert FaceDetector(models.path("face-detector")).detect(np.zeros((300, 200, 3), np.uint8)) == []


def test_a_face_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="112"):
        Encoder(models.path("face-encoder")).embed(np.zeros((96, 96, 3), np.uint8))
