"""Words and tones before the camera: the right way round, calm, and never in the way of the cue."""

from __future__ import annotations

import pytest

from kiosk.domain.reasons import Action, Guidance
from kiosk.domain.take_view import TakeView
from kiosk.ui.spoken.guide import CameraGuide, direction, hint


def view_of(guidance: Guidance | None = None, **shown) -> TakeView:
    return TakeView(**{"phase": "cue", "guidance": guidance, "action_count": 2, "can_swap": True, **shown})


MIDDLE = (0.4, 0.35, 0.6, 0.65)


@pytest.mark.parametrize(
    ("box", "way"),
    [
        ((0.7, 0.4, 0.9, 0.6), "right"),  # seen right in the picture: stands towards their own left, goes to the right
        ((0.1, 0.4, 0.3, 0.6), "left"),
        ((0.4, 0.7, 0.6, 0.95), "up"),
        ((0.4, 0.0, 0.6, 0.2), "down"),
        (None, "no_face"),
    ],
)
def test_the_way_is_the_persons_own(box, way):
    assert direction(box) == way


def test_the_tone_rises_as_the_middle_comes_near():
    assert hint(Guidance.OFF_CENTRE, (0.75, 0.4, 0.95, 0.6))[0] == "chime.far"
    assert hint(Guidance.OFF_CENTRE, (0.6, 0.4, 0.8, 0.6))[0] == "chime.near"


def test_a_hint_is_said_at_once_then_again_after_a_while_and_good_at_the_end():
    guide, off = CameraGuide(), (0.7, 0.4, 0.9, 0.6)
    said = {round(t * 0.1, 1): guide.step(t * 0.1, view_of(Guidance.OFF_CENTRE), off) for t in range(80)}
    assert {t: keys[-1] for t, keys in said.items() if keys} == {
        0.0: "spoken.position.say_right",
        3.5: "spoken.position.say_right",
        7.0: "spoken.position.say_right",
    }
    assert guide.step(8.0, view_of(), MIDDLE) == ["chime.done", "spoken.position.say_good"]
    assert guide.step(8.1, view_of(), MIDDLE) == []


def test_another_hint_lets_the_one_before_be_heard():
    guide = CameraGuide()
    guide.step(0.0, view_of(Guidance.TOO_FAR), MIDDLE)
    assert guide.step(0.5, view_of(Guidance.TOO_NEAR), MIDDLE) == []
    assert guide.step(1.5, view_of(Guidance.TOO_NEAR), MIDDLE)[-1] == "spoken.position.say_back"


def test_the_cue_is_a_tone_and_the_action_said_once():
    guide = CameraGuide()
    guide.step(0.0, view_of(), MIDDLE)
    assert guide.step(1.0, view_of(action=Action.BLINK), MIDDLE) == []
    assert guide.step(2.0, view_of(action=Action.BLINK, now=True), MIDDLE) == ["chime.cue", "action.blink.say"]
    assert guide.step(2.1, view_of(action=Action.BLINK, now=True), MIDDLE) == []
    assert guide.step(3.0, view_of(action=Action.BLINK, done_actions=(Action.BLINK,)), MIDDLE) == [
        "chime.done",
        "spoken.action.say_seen",
    ]
    assert guide.step(5.0, view_of(action=Action.TURN_LEFT, action_index=1, now=True, done_actions=(Action.BLINK,)), MIDDLE) == [
        "chime.cue",
        "action.turn-left.say",
    ]


@pytest.mark.parametrize(
    ("remark", "key"),
    [
        ("returning", "spoken.action.say_return"),
        ("too_early", "spoken.action.say_early"),
        ("wrong_way", "page.camera.say_wrong_way"),
        ("larger", "page.camera.say_larger"),
    ],
)
def test_remarks_are_said_once(remark, key):
    guide = CameraGuide()
    guide.step(0.0, view_of(), MIDDLE)
    view = view_of(action=Action.TURN_LEFT, **{remark: True})
    assert guide.step(2.0, view, MIDDLE) == [key]
    assert guide.step(6.0, view, MIDDLE) == []


def test_a_face_that_left_is_called_back_from_where_it_went():
    guide = CameraGuide()
    guide.step(0.0, view_of(), (0.7, 0.4, 0.9, 0.6))
    assert guide.step(3.0, view_of(Guidance.LEFT_FRAME), None)[-1] == "spoken.position.say_right"
