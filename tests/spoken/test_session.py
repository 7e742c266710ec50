"""The keys: moving, choosing, the number by ear, benefits, and what is forgotten with the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.gallery.scenes import NUMBER, scenes
from kiosk.ui.spoken.plan import MOST_COUNTED, Facts
from kiosk.ui.spoken.session import SpokenSession
from kiosk.visit import events as e

SCENES = {scene.name: scene.state for scene in scenes()}
FACTS = Facts(date(2026, 11, 30), private=True)


@pytest.fixture
def session():
    return SpokenSession(FACTS)


def at(session, scene):
    session.show(SCENES[scene], session.facts)
    return session


def test_nothing_is_chosen_before_something_was_heard(session):
    assert at(session, "consent").press("choose").sends is None
    assert session.press("choose").say == ("spoken.say_pick_first",)


def test_next_and_previous_go_through_the_choices_and_say_the_ends(session):
    at(session, "consent")
    names = [choice.name for choice in session.plan.choices]
    assert names == ["agree", "no_face", "back"]
    heard = [session.press("next").say[-1] for _ in range(4)]
    assert heard == [f"spoken.option.say_{name}" for name in ("agree", "no_face", "back", "back")]
    assert session.press("next").say[0] == "spoken.say_last"
    for _ in range(2):
        session.press("previous")
    assert session.press("previous").say == ("spoken.say_first", "spoken.option.say_agree")
    assert session.press("choose").sends == e.Agreed()


def test_previous_at_the_beginning_goes_to_the_last(session):
    at(session, "consent")
    assert session.press("previous").say == ("spoken.option.say_back",)


def test_help_and_repeat_are_always_there(session):
    for scene in SCENES:
        at(session, scene)
        assert session.press("help").sends == e.HelpTouched()
        assert session.press("repeat").say == tuple(session.whole())


def test_a_page_is_said_whole_and_in_order(session):
    at(session, "consent")
    assert session.whole() == [
        "spoken.page.say_consent",
        "spoken.say_choices_3",
        "spoken.option.say_agree",
        "spoken.option.say_no_face",
        "spoken.option.say_back",
    ]


def pick(session, name):
    session.show(session._state, session.facts)
    session._at = [choice.name for choice in session.plan.choices].index(name)
    return session.press("choose")


def test_a_number_is_entered_corrected_and_sent_by_ear(session):
    at(session, "number-empty")
    for digit in NUMBER[:5]:
        pick(session, f"digit-{digit}")
    answer = pick(session, "digit-7")
    assert answer.say[-1] == "spoken.number.say_left_12"
    answer = pick(session, "delete")
    assert answer.say[1:3] == ("spoken.number.say_deleted", "spoken.digit.say_7")
    for digit in NUMBER[5:]:
        answer = pick(session, f"digit-{digit}")
    assert session.entered.number == NUMBER
    assert answer.say[-1] == "spoken.number.say_complete"
    assert pick(session, "number_done").sends == e.NumberEntered(NUMBER)


def test_a_wrong_number_is_not_offered_to_be_sent(session):
    at(session, "number-empty")
    wrong = NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2")
    for digit in wrong:
        answer = pick(session, f"digit-{digit}")
    assert answer.say[-1] == "spoken.number.say_wrong_digit"
    assert "number_done" not in [choice.name for choice in session.plan.choices]
    assert len(session.plan.choices) <= MOST_COUNTED
    pick(session, "clear")
    assert session.entered.number == ""


def test_a_benefit_is_left_out_but_not_all(session):
    at(session, "benefits")
    ids = [item.benefit_id for item in SCENES["benefits"].due]
    assert pick(session, f"benefit-{ids[0]}").say[1] == "spoken.benefits.say_not_chosen"
    assert pick(session, "next").sends == e.BenefitsChosen((ids[1],))
    pick(session, f"benefit-{ids[1]}")
    answer = pick(session, "next")
    assert (answer.sends, answer.say[-1]) == (None, "spoken.benefits.say_need_one")


def test_what_was_entered_is_forgotten_with_the_page_only(session):
    at(session, "number-empty")
    pick(session, "digit-4")
    at(session, "number-not-found")
    assert session.entered.number == "4"
    at(session, "confirm")
    at(session, "number-empty")
    assert session.entered.number == ""


def test_the_countdown_begins_anew_at_the_first_choice(session):
    at(session, "consent").press("next")
    session.show(SCENES["consent"], replace(FACTS, counting_down=True))
    assert session.press("choose").say == ("spoken.say_pick_first",)
