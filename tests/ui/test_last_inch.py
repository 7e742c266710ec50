"""What a page must not do by a hair: agree by itself, promise what was refused, offer what is closed, leave something out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from kiosk.config import Ui
from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus
from kiosk.gallery.scenes import eligibility, sample_settings, scenes
from kiosk.gallery.stage import make_window, show_scene
from kiosk.ui.prompts import prompt_for
from kiosk.visit import states as s

SCENES = {scene.name: scene for scene in scenes()}


def test_the_yes_key_answers_the_question_that_is_seen(qtbot):
    """While "are you still there?" is up, the key says that somebody is there; it agrees to nothing behind it."""
    window = make_window(sample_settings().model_copy(update={"ui": Ui(keys={"F1": "yes"})}))
    qtbot.addWidget(window)
    window.show()
    show_scene(window, SCENES["consent"])
    touched = []
    window.touched.connect(touched.append)
    window.show_countdown(20)
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert touched == []
    assert not window.countdown.isVisible()
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert len(touched) == 1


@pytest.mark.parametrize("stage", list(RecordStatus))
def test_a_tick_stands_only_where_nothing_was_refused(window, stage):
    done = SCENES["result"].state
    show_scene(window, replace(SCENES["result"], state=replace(done, stage=stage)))
    assert window.page.tick.isVisibleTo(window) is (stage not in (RecordStatus.RETURNED, RecordStatus.REFUSED))
    assert bool(window.page.dates.text()) is (stage not in (RecordStatus.RETURNED, RecordStatus.REFUSED))


@pytest.mark.parametrize("stage", [RecordStatus.SAVED, RecordStatus.CONFIRMED, RecordStatus.RETURNED])
def test_whoever_ages_away_from_the_template_is_asked_for_a_fresh_one(window, stage):
    done = replace(SCENES["result-face-ageing"].state, stage=stage)
    show_scene(window, replace(SCENES["result"], state=done))
    asked = stage is not RecordStatus.RETURNED  # who has to do it again hears that, and nothing else
    assert window.page.fresh.isVisibleTo(window) is asked
    assert ("重新拍一张照片" in window.page.fresh.text()) is asked
    show_scene(window, replace(SCENES["result"], state=replace(done, face_ageing=False)))
    assert not window.page.fresh.isVisibleTo(window)


CLOSED = {s.Consenting, s.Finished, s.Referred, s.TakingCard}


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.name)
def test_the_way_without_the_face_is_offered_where_it_leads_somewhere(window, scene):
    """Not behind the face, not while a result is saved, not where somebody waits for the attendant; consent has it in full size."""
    show_scene(window, scene)
    state = scene.state
    closed = (
        type(state) in CLOSED
        or (isinstance(state, s.Checking) and state.saving)
        or s.waits_for_staff(state)
        or s.nothing_left(state)
    )
    offered = window.bottom.no_face.isVisibleTo(window)
    if closed:
        assert not offered
    elif not isinstance(state, s.Idle | s.OutOfService):
        assert offered


def test_every_benefit_has_its_date(window):
    kinds = ("enterprise-employee", "urban-rural-resident", "government-institution")
    days = (date(2027, 2, 1), date(2027, 3, 1), date(2027, 4, 1))
    items = tuple(
        replace(eligibility(kind, may_pass=False, reason=Reason.NOT_YET), earliest_next=day)
        for kind, day in zip(kinds, days, strict=True)
    )
    shown = s.Answered(s.Visit("v1"), Reason.NOT_YET, items)
    show_scene(window, replace(SCENES["confirm"], state=shown))
    text = "\n".join(label.text() for label in window.page.findChildren(QLabel) if label.isVisibleTo(window))
    for day in days:
        assert f"{day.month}月" in text, text


def test_the_last_try_is_announced_before_the_last_try_and_no_other():
    case = SCENES["consent"].state.case
    said = {left: prompt_for(s.Retrying(case, Reason.LIVENESS_FAILED, left)) for left in (1, 2, 3)}
    assert said[1][-1] == "page.retry.say_last"
    assert "page.retry.say_last" not in said[2] + said[3]


@pytest.mark.parametrize("mode", [s.Mode.SELF, s.Mode.QUERY])
def test_a_data_match_is_told_with_until_when_in_a_query_too(window, mode):
    """静默认证: nobody there ever did anything, so "your dates" alone would be no answer."""
    shown = SCENES["answer-data-matched"].state
    shown = replace(shown, visit=replace(shown.visit, mode=mode))
    show_scene(window, replace(SCENES["answer-data-matched"], state=shown))
    text = "\n".join(label.text() for label in window.page.findChildren(QLabel) if label.isVisibleTo(window))
    assert "不用再办" in text
    assert "替您查过" in text
    assert "2027年3月底" in text
    assert window.page.tick.isVisibleTo(window)
    said = prompt_for(shown, today=date(2026, 11, 30))
    assert said == ["reason.data-matched.say", "next_time.next_year.say_until_3"]


def test_a_home_visit_is_offered_from_an_age_on_and_its_telephone_said_aloud(window):
    show_scene(window, SCENES["referred-face"])  # born 1956
    assert not window.page.visit.isVisibleTo(window)
    show_scene(window, SCENES["referred-eighty"])
    assert window.page.visit.isVisibleTo(window)
    booked = SCENES["visit-booked"]
    show_scene(window, booked)
    text = "\n".join(label.text() for label in window.page.findChildren(QLabel) if label.isVisibleTo(window))
    assert "4821" in text
    assert "13800004821" not in text
    assert "8号" not in text
    said = prompt_for(booked.state)
    assert [key.rpartition("_")[2] for key in said if "digit" in key] == ["4", "8", "2", "1"]


@pytest.mark.parametrize(
    "reason", [Reason.STATION_NOT_READY, Reason.CAMERA_CHANGED, Reason.KIOSK_DOUBLED, Reason.SELF_SERVICE_FROZEN]
)
def test_where_attended_work_goes_on_nobody_is_told_aloud_to_go_elsewhere(reason):
    """The page said 今天请工作人员帮您办, and the voice: 请去别的地方办."""
    assert prompt_for(s.OutOfService(reason)) == [f"reason.{reason}.say"]
    assert prompt_for(s.OutOfService(Reason.CONFIG_ERROR)) == ["page.out-of-service.say"]
