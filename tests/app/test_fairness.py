"""From a take to a line of the fairness ledger, for every way a visit may end."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kiosk import config
from kiosk.domain.outcome import ActionRecord, Glasses, LivenessResult
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.take_view import TakeView
from kiosk.liveness.verdict import TakeOutcome
from kiosk.store import ledger
from kiosk.store.opening import open_store
from kiosk.visit import events as e
from kiosk.visit import states as s
from tests.app.test_visit_controller import Bench, bench  # noqa: F401 - a fixture
from tests.visit import samples as x

BLINKED, NOT_TURNED = ActionRecord(Action.BLINK, 1.0, 2.0), ActionRecord(Action.TURN_LEFT, 3.0)
TIMED_OUT = LivenessResult(False, Reason.ACTION_TIMEOUT, (BLINKED, NOT_TURNED))


class Counting:
    """A visit in front of the camera, and the ledger that it leaves behind."""

    def __init__(self, made: Bench, folder: Any) -> None:
        self.bench, self.folder = made, folder
        self.work: list[Any] = []
        made.visits._records._store.ask = lambda job, on_error=None: self.work.append(job)  # type: ignore[method-assign, assignment]
        made.card()
        for event in (e.Confirmed(), e.Agreed(), e.BeginTouched()):
            made.visits.feed(event)

    def look(self, *views: TakeView) -> None:
        for view in views:
            self.bench.visits.devices.on_take_view(view)

    def end(self, result: LivenessResult, glasses: Glasses = Glasses.UNKNOWN) -> None:
        state = self.bench.visits.state
        assert isinstance(state, s.Acting)
        self.bench.visits.devices.on_take_finished(TakeOutcome(state.case.visit.visit_id, result, state.take_id, glasses=glasses))

    def rows(self) -> list[tuple[str, ...]]:
        settings = config.Settings.model_validate({"store": {"directory": str(self.folder), "key_file": str(self.folder / "k")}})
        with open_store(settings) as store:
            for job in self.work:
                if "note_fairness" in job.__qualname__:
                    job(store)
            found = ledger.rows(store, date(2026, 1, 1), date(2026, 12, 31))
        assert x.CHEN.name not in str(found)
        return [(row.glasses, row.light, row.action, row.outcome, row.reason) for row in found for _ in range(row.count)]


@pytest.fixture
def counting(bench, tmp_path):  # noqa: F811
    return Counting(bench, tmp_path)


@pytest.mark.parametrize("glasses", list(Glasses))
def test_a_failed_take_counts_with_its_glasses_light_and_action(counting, glasses):
    counting.look(TakeView("positioning", Guidance.BACKLIT), TakeView("cue", action=Action.TURN_LEFT, now=True), TakeView("failed"))
    counting.end(TIMED_OUT, glasses)
    assert counting.rows() == [(glasses.value, "backlit", "turn-left", "failed", "action-timeout")]


def test_a_pass_counts_too(counting, monkeypatch):
    monkeypatch.setattr(counting.bench.visits._memory, "compare", lambda case, settings: Reason.OK)
    counting.look(TakeView("positioning"), TakeView("done"))
    counting.end(LivenessResult(True, Reason.OK, (ActionRecord(Action.BLINK, 1.0, 2.0),)), Glasses.YES)
    assert counting.rows() == [("yes", "good", "all", "passed", "ok")]


@pytest.mark.parametrize(("reason", "outcome"), [(Reason.FACE_MISMATCH, "failed"), (Reason.FACE_UNCERTAIN, "referred")])
def test_a_face_that_does_not_match_counts_as_match(counting, monkeypatch, reason, outcome):
    from kiosk.domain.outcome import MatchDecision, MatchResult

    visits = counting.bench.visits

    def compare(case: object, settings: object) -> Reason:
        visits._memory.match = MatchResult(MatchDecision.UNCERTAIN, reason)
        return reason

    monkeypatch.setattr(visits._memory, "compare", compare)
    counting.look(TakeView("done"))
    counting.end(LivenessResult(True, Reason.OK, (ActionRecord(Action.BLINK, 1.0, 2.0),)), Glasses.NO)
    assert counting.rows() == [("no", "good", "match", outcome, reason.value)]


@pytest.mark.parametrize("way", [e.BackTouched(), e.CancelTouched(), e.WalkedAway()])
def test_a_take_that_is_given_up_counts_with_what_was_asked_and_the_light(counting, way):
    counting.look(TakeView("positioning", Guidance.TOO_DARK), TakeView("wait-cue", action=Action.MOUTH_OPEN))
    counting.bench.visits.feed(way)
    assert counting.rows() == [("unknown", "dark", "mouth-open", "failed", "cancelled")]


def test_practice_counts_for_nothing(counting):
    visits = counting.bench.visits
    visits.feed(e.BackTouched())  # the take that the fixture began
    visits.feed(e.PractiseTouched())
    state = visits.state
    visits.devices.on_take_finished(TakeOutcome(state.case.visit.visit_id, TIMED_OUT, state.take_id, practice=True))
    assert [row[-1] for row in counting.rows()] == ["cancelled"]


def test_each_take_has_a_light_of_its_own(counting):
    counting.look(TakeView("positioning", Guidance.TOO_DARK))
    counting.end(TIMED_OUT, Glasses.YES)
    counting.bench.visits.feed(e.BeginTouched())
    counting.look(TakeView("positioning"))
    counting.end(TIMED_OUT, Glasses.NO)
    assert sorted(row[:2] for row in counting.rows()) == [("no", "good"), ("yes", "dark")]


def test_the_desk_is_told_of_this_visits_takes_and_the_next_visit_of_none(counting):
    visits = counting.bench.visits
    counting.look(TakeView("positioning"))
    counting.end(TIMED_OUT, Glasses.YES)
    assert [(one.glasses, one.action) for one in visits.counted] == [(Glasses.YES, "turn-left")]
    visits.feed(e.CancelTouched())
    assert visits.counted == ()


def test_a_take_under_way_is_told_to_the_desk_as_it_will_be_counted_when_taken_over(counting):
    visits = counting.bench.visits
    counting.look(TakeView("cue", Guidance.BACKLIT, action=Action.BLINK, now=True))
    visits.pause()  # the desk opens: the take waits
    (told,) = visits.counted
    visits.feed(e.AttendantTookOver())
    (row,) = counting.rows()
    assert row == (told.glasses.value, told.light, told.action, told.outcome, told.reason)
    assert row[1:3] == ("backlit", "blink")
