"""The card's own photo as a second reference: it may help where the template doubts, it never overrules a no."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.config import Match
from kiosk.domain.outcome import MatchDecision
from kiosk.domain.person import Template
from kiosk.face.compare import compare_with_chip, compare_with_others, pack

SETTINGS = Match()
PROBE = np.zeros(128, np.float32)
PROBE[0] = 1.0


def at(score: float) -> np.ndarray:
    """A reference whose comparison score with the probe is `score`."""
    made = np.zeros(128, np.float32)
    made[0], made[1] = score, np.sqrt(1 - score**2)
    return made


@pytest.mark.parametrize(
    ("template", "chip", "decision"),
    [
        (0.6, None, MatchDecision.ACCEPT),
        (0.6, 0.0, MatchDecision.ACCEPT),
        (0.36, None, MatchDecision.UNCERTAIN),
        (0.36, 0.40, MatchDecision.UNCERTAIN),
        (0.36, 0.5, MatchDecision.ACCEPT),
        (0.2, 0.9, MatchDecision.REJECT),
    ],
)
def test_two_references(template, chip, decision):
    enrolled = Template(pack(at(template)), "d", "c")
    result = compare_with_chip(PROBE, enrolled, None if chip is None else at(chip), SETTINGS, "d")
    assert result.decision is decision


def test_a_template_of_another_model_is_not_rescued():
    result = compare_with_chip(PROBE, Template(pack(at(0.9)), "old", "c"), at(0.9), SETTINGS, "new")
    assert result.decision is MatchDecision.UNCERTAIN


def test_a_chip_photo_of_the_chip_s_size_is_embedded():
    """The whole way of a chip photo: 102 x 126 pixels, found, aligned, embedded; a picture without a face gives none."""
    import cv2

    from kiosk import models
    from kiosk.face.encoder import Encoder
    from kiosk.liveness.landmarks import Landmarker
    from kiosk.liveness.worker import CHIP_PHOTO, ENCODER, _chip_reference

    still = Landmarker(models.path("face_landmarker.task"), max_faces=1, stills=True)
    encoder = Encoder(models.path(ENCODER))
    portrait = cv2.imread(str(models.path("obama")))
    height, width = portrait.shape[:2]
    crop = portrait[: min(height, int(width * CHIP_PHOTO[1] / CHIP_PHOTO[0]))]
    small = cv2.resize(crop, CHIP_PHOTO, interpolation=cv2.INTER_AREA)[:, :, ::-1]
    found = _chip_reference(small.tobytes(), encoder, still)
    assert found is not None
    from kiosk.demo.people import template_of
    from kiosk.face.compare import cosine, vector_of

    assert cosine(found, vector_of(template_of("obama2.jpg", "c"))) > 0.3
    assert cosine(found, vector_of(template_of("biden.jpg", "c"))) < 0.3
    assert _chip_reference(bytes(102 * 126 * 3), encoder, still) is None
    assert _chip_reference(b"short", encoder, still) is None
    still.close()


@pytest.mark.parametrize(
    ("template", "second", "decision"),
    [(0.36, 0.5, MatchDecision.ACCEPT), (0.36, 0.41, MatchDecision.UNCERTAIN), (0.2, 0.9, MatchDecision.REJECT)],
)
def test_the_template_before_helps_only_where_the_first_doubts(template, second, decision):
    result = compare_with_others(PROBE, Template(pack(at(template)), "d", "c"), [at(0.1), at(second)], SETTINGS, "d")
    assert result.decision is decision
