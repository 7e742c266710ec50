"""What a page says and offers without being seen: every page whole, every choice of the screen, nothing that points at it."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import kiosk.ui.spoken as room
from kiosk.domain.reasons import Guidance
from kiosk.domain.record import RecordStatus
from kiosk.gallery.scenes import NUMBER, reason_scenes, scenes
from kiosk.gallery.stage import show_scene
from kiosk.texts.said import bare, follows
from kiosk.texts.strings import CATALOGUES, Strings
from kiosk.ui.spoken.guide import hint
from kiosk.ui.spoken.pieces import after, day_said, digits
from kiosk.ui.spoken.plan import Entered, Facts, number_said, plan_for
from kiosk.ui.widgets.button import Button
from kiosk.visit import events as e
from kiosk.visit import states as s

FACTS = Facts(date(2026, 11, 30), reader_place="right-below", hotline="12333", printer=True, private=True)
ALOUD = replace(FACTS, private=False)
SCENES = {scene.name: scene for scene in scenes()}
ALL = [*scenes(), *reason_scenes()]


def lines_of(plan):
    return [*plan.lines, *(line for choice in plan.choices for line in choice.say)]


def heard(lines, strings):
    """The text of what is said, pieces joined as they are said."""
    out = ""
    for line in lines:
        key = bare(line)
        if key.startswith("chime."):
            continue
        text = key.removeprefix("text:") if key.startswith("text:") else strings.text(key)
        out += text if follows(line) else " " + text
    return out.strip()


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_line_of_every_page_stands_in_the_catalogues(language):
    strings = Strings.load(language)
    places = ("left-below", "right-below", "below", "left", "right", "")
    lines = {
        bare(line)
        for scene in ALL
        for place in places
        for facts in (FACTS, ALOUD)
        for line in lines_of(plan_for(scene.state, replace(facts, reader_place=place, can_swap=True)))
    }
    lines |= {line for code in Guidance for line in hint(code, (0.1, 0.2, 0.4, 0.5))}
    missing = {line for line in lines if not line.startswith(("chime.", "text:")) and line not in strings}
    assert missing == set()


def test_every_state_has_a_plan_and_a_way_on():
    for kind in s.State.__args__:
        states = [scene.state for scene in ALL if type(scene.state) is kind]
        assert states, kind
        for state in states:
            plan = plan_for(state, FACTS)
            assert plan.lines, kind
            assert plan.choices or getattr(state, "saving", False), f"{kind}: nothing can be chosen"


def sent_by_the_buttons(window):
    """What the buttons of page and bottom bar send, each pressed once (the page's own number pad aside)."""
    sent = []
    window.touched.connect(sent.append)
    for button in [*window.page.findChildren(Button), window.bottom.leave, window.bottom.no_face]:
        if button.isVisibleTo(window) and not button.objectName().startswith(("key-", "benefit-")):
            button.click()
    window.touched.disconnect(sent.append)
    return sent


@pytest.mark.parametrize("name", [name for name, scene in SCENES.items() if scene.countdown is None])
def test_what_the_screen_offers_is_offered_to_the_ear(window, name):
    scene = SCENES[name]
    show_scene(window, scene)
    before_cue = getattr(window.leave_event(), "before_cue", False)
    born_by = date(1946, 11, 30)
    facts = replace(FACTS, can_swap=window.can_swap, before_cue=before_cue, review=True, visits_born_by=born_by)
    offered = [choice.does for choice in plan_for(scene.state, facts, Entered(scene.typed)).choices]
    elsewhere = ("PrintSlip", "HelpTouched")  # … and help has a key of its own
    missing = [event for event in sent_by_the_buttons(window) if event not in offered and type(event).__name__ not in elsewhere]
    assert missing == []


def test_the_question_whether_somebody_is_there():
    plan = plan_for(SCENES["consent"].state, Facts(FACTS.today, counting_down=True))
    assert plan.lines == ("countdown.say",)
    assert [choice.does for choice in plan.choices] == ["still-here"]


def test_an_answer_that_came_needs_no_day_of_an_answer_any_more():
    waiting, passed = (plan_for(SCENES[name].state, FACTS).lines for name in ("review-sent", "review-sent-confirmed"))
    state = SCENES["review-sent"].state
    returned = plan_for(replace(state, stage=RecordStatus.RETURNED), FACTS).lines
    by, again = (tuple(after(day_said(day, english=False))) for day in (state.answer_by, state.case.chosen[0].next_to))
    assert " ".join(by) in " ".join(waiting)
    assert " ".join(by) not in " ".join((*passed, *returned))
    assert " ".join(again) in " ".join(passed), "when to come again"


def test_no_page_points_at_the_screen():
    """Who does not see is never sent to "the picture on the left" or to a date "on the screen"."""
    strings = Strings.load("zh_CN")
    pointing = re.compile("左边的图|右边的图|圆圈|屏幕上写|写在屏幕|在屏幕上|跟着屏幕")
    found = {}
    for scene in ALL:
        said = heard(lines_of(plan_for(scene.state, FACTS)), strings)
        if pointing.search(said):
            found[scene.name] = said
    assert found == {}


def test_who_it_is_is_said_masked_and_digit_by_digit():
    said = heard(plan_for(SCENES["confirm"].state, FACTS).lines, Strings.load("zh_CN"))
    assert "陈小芳" not in said
    assert re.search(r"姓名， 陈某芳 身份证号码后四位， .{4} 今天要办的是", said)


def test_without_headphones_nothing_private_is_said():
    """No name, no place of a number, no benefit on any page: but the hotline, and what the page says instead."""
    own = re.compile(r"text:|spoken\.(benefit\.|confirm\.say_(name|last_four|benefits))")
    found = {}
    for scene in ALL:
        for entered in (Entered(), Entered(scene.typed or NUMBER[:7])):
            said = lines_of(plan_for(scene.state, ALOUD, entered))
            if [line for line in said if own.search(line)]:
                found[scene.name] = said
            # The end of the phone number that will ring is asked for aloud, so that a wrong one is noticed.
            mine = str(said).split("spoken.result.say_hotline")[0].split("spoken.date")[0].split("page.visit-booked.say_phone")[0]
            if "spoken.digit" in mine:
                found[scene.name] = said
    assert found == {}


@pytest.mark.parametrize(
    ("scene", "instead"),
    [
        ("confirm", "spoken.private.say_confirm"),
        ("number-empty", "spoken.private.say_number"),
        ("name", "spoken.private.say_name"),
        ("benefits", "spoken.private.say_benefits"),
    ],
)
def test_without_headphones_a_page_says_what_it_leaves_out(scene, instead):
    plan = plan_for(SCENES[scene].state, ALOUD)
    assert instead in plan.lines
    assert instead not in plan_for(SCENES[scene].state, FACTS).lines
    assert plan.choices, "there is a way on"


def test_benefits_are_told_apart_without_being_named():
    said = heard(lines_of(plan_for(SCENES["benefits"].state, ALOUD)), Strings.load("zh_CN"))
    assert "要办，第一项，" in said
    assert "要办，第二项，" in said


def test_the_result_says_its_date_in_full():
    strings = Strings.load("zh_CN")
    said = heard(plan_for(SCENES["result"].state, FACTS).lines, strings)
    assert "从二零二六年十二月一日" in said
    assert "最晚到二零二七年十一月三十日" in said
    assert "有事请打电话，一二三三三" in said
    assert "身份证还在机器上" in said


def test_a_records_number_is_spelled_into_headphones_alone():
    state = replace(SCENES["result"].state, record_ids=("3a7f90be-0000-4000-8000-000000000000",))
    strings = Strings.load("zh_CN")
    assert "记录编号，三字母诶七字母艾弗九零字母比字母依 " in heard(plan_for(state, FACTS).lines, strings) + " "
    assert "记录编号" not in heard(plan_for(state, ALOUD).lines, strings)


@pytest.mark.parametrize(
    ("language", "said"), [("zh_CN", "二零二七年十一月三十日"), ("en", "the thirtiethNovembertwenty twenty-seven")]
)
def test_a_date_is_said_as_the_language_says_it(language, said):
    assert heard(day_said(date(2027, 11, 30), language == "en"), Strings.load(language)) == said


def test_a_number_is_said_place_by_place_with_what_is_missing():
    strings = Strings.load("zh_CN")
    assert heard(digits("4403X"), strings) == "四四零三叉"
    assert heard(number_said("4403"), strings) == "已经输入的号码是，四四零三 还差十四位。"
    assert heard(number_said(""), strings) == "还没有输入。"


def test_the_plan_knows_no_widgets():
    for path in Path(room.__file__).parent.glob("*.py"):
        names = [
            node.module or "" for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
        ]
        if path.name != "keys.py":
            assert not [name for name in names if name.startswith(("PySide6", "kiosk.ui.widgets", "kiosk.ui.pages"))], path.name


def test_events_are_the_pages_own():
    consent = plan_for(SCENES["consent"].state, FACTS)
    assert [choice.does for choice in consent.choices] == [e.Agreed(), e.NoFaceTouched(), e.BackTouched()]
