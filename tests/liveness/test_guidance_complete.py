"""Every guidance is asked about: it stops a take or it advises, and the evaluation knows it. A new one fails here."""

from __future__ import annotations

from kiosk.domain.reasons import Guidance
from kiosk.evaluate import glasses, stills
from kiosk.liveness.pace import BLOCKING

# Shown while the take goes on: landmarks are there, and such pictures match (kiosk/liveness/pace.py).
ADVICE = {
    Guidance.TOO_NEAR,
    Guidance.OFF_CENTRE,
    Guidance.NOT_STRAIGHT,
    Guidance.BACKLIT,
    Guidance.BLURRED,
    Guidance.EYES_COVERED,
    Guidance.HAT_SHADOW,
    Guidance.LEFT_FRAME,  # NO_FACE, told to somebody who was there before
}
# Where somebody stands, and how still, does not hide the face's lines: such frames count when glasses are measured.
PLACE = {Guidance.TOO_NEAR, Guidance.TOO_FAR, Guidance.OFF_CENTRE, Guidance.NOT_STRAIGHT, Guidance.BLURRED, Guidance.LEFT_FRAME}


def test_every_guidance_blocks_or_advises():
    assert set(BLOCKING) | ADVICE == set(Guidance)
    assert not BLOCKING & ADVICE


def test_every_guidance_is_of_the_place_or_unfit_where_glasses_are_measured():
    assert glasses._UNFIT | PLACE == set(Guidance)
    assert not glasses._UNFIT & PLACE


def test_every_guidance_is_wanted_of_some_kind_of_picture_and_none_is_unknown():
    assert set().union(*stills.WANTED.values()) == {str(one) for one in Guidance} | {"none"}
