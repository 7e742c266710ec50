"""The visit controller between window and workers: time, voice, and what is dropped. Time is the only thing that is not real."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QObject, Signal

from kiosk import config
from kiosk.app.visit_controller import VisitController
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.worker import CameraDown, CameraUp
from kiosk.domain.reasons import Reason
from kiosk.idcard_reader.events import CardRemoved, ReaderReady
from kiosk.texts.strings import Strings
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as e
from kiosk.visit import states as s
from tests.visit import samples as x


class SilentStore(QObject):
    """Stands where the store's worker stands; takes questions, never answers by itself."""

    answered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def ask(self, work: object, on_error: object = None) -> None:
        self.asked += 1


@dataclass
class Bench:
    visits: VisitController
    window: KioskWindow
    clock: list[float]
    said: list[list[str]] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            self.clock[0] += 0.25
            self.visits._tick()

    def card(self) -> None:
        self.visits.feed(e.CardLaid())
        self.visits.feed(e.CardWasRead(x.CHEN))
        visit = s.visit_of(self.visits.state)
        assert visit is not None
        self.visits.feed(x.looked_up(visit.visit_id, x.CHEN))


@pytest.fixture
def bench(qtbot):
    window = KioskWindow(config.Settings(), Strings.load("zh_CN"), motion=False)
    qtbot.addWidget(window)
    clock = [1000.0]
    visits = VisitController(
        config.Settings(),
        window,
        SilentStore(),
        Mailbox(),  # type: ignore[arg-type]
        clock=lambda: datetime(2026, 11, 21, tzinfo=UTC),
        monotonic=lambda: clock[0],
    )
    made = Bench(visits, window, clock)
    visits.say.connect(made.said.append)
    visits.devices.on_reader(ReaderReady(""))
    visits.devices.on_camera(CameraUp("c", 1, 1))
    window.show()
    return made


def test_nobody_is_rushed_then_asked_aloud_then_the_visit_ends(bench):
    bench.card()
    bench.wait(89)
    assert not bench.window.countdown.isVisible()
    bench.wait(2)
    assert bench.window.countdown.isVisible()
    assert bench.said[-1] == ["countdown.say"]
    bench.wait(31)
    assert isinstance(bench.visits.state, s.TakingCard)  # the card still lies there
    assert bench.visits.state.notice is Reason.IDLE_TIMEOUT
    bench.visits.devices.on_reader(CardRemoved())
    assert isinstance(bench.visits.state, s.Idle)


def test_one_touch_answers_the_question(bench):
    bench.card()
    bench.wait(95)
    bench.window.countdown.button.click()
    assert not bench.window.countdown.isVisible()
    bench.wait(80)
    assert isinstance(bench.visits.state, s.Confirming)


def test_who_walks_away_is_asked_sooner_and_may_come_back(bench):
    bench.card()
    bench.visits.devices.on_presence(True)
    bench.wait(14)
    assert bench.window.countdown.isVisible()
    bench.visits.devices.on_presence(True)
    assert not bench.window.countdown.isVisible()
    bench.wait(14 + 31)
    assert isinstance(bench.visits.state, s.TakingCard)
    assert bench.visits.state.notice is Reason.WALKED_AWAY


def test_who_holds_up_a_card_is_not_taken_for_gone_and_the_face_models_make_room(bench):
    wanted, watched = [], []
    bench.visits.vision_wanted.connect(wanted.append)
    bench.visits.watch_presence.connect(watched.append)
    bench.visits.feed(e.Started())
    bench.visits.feed(e.SelfChosen())
    bench.visits.devices.on_presence(True)
    bench.visits.feed(e.ScanChosen())
    assert isinstance(bench.visits.state, s.ScanningCard)
    assert (wanted[-1], watched[-1]) == (False, False)
    bench.wait(60)  # the card hides its holder's face all the while
    assert not bench.window.countdown.isVisible()
    bench.visits.feed(e.BackTouched())
    assert (wanted[-1], watched[-1]) == (True, True)


def test_the_card_is_asked_for_until_it_is_taken(bench):
    bench.card()
    bench.visits.feed(e.CancelTouched())
    said = len(bench.said)
    bench.wait(30)
    reminders = bench.said[said:]
    assert len(reminders) >= 3
    assert all(keys == ["page.take-card.say_open"] for keys in reminders)
    assert isinstance(bench.visits.state, s.TakingCard)


def test_a_card_that_nobody_takes_is_the_attendants_in_the_end(bench):
    called = []
    bench.visits.attendant_called.connect(called.append)
    bench.card()
    bench.visits.feed(e.CancelTouched())
    bench.wait(170)
    assert isinstance(bench.visits.state, s.TakingCard)
    bench.wait(15)
    assert bench.visits.state == s.Idle(Reason.CARD_LEFT_BEHIND)
    assert called == [Reason.CARD_LEFT_BEHIND]


def test_who_goes_on_by_face_or_has_passed_is_not_told_to_wait_for_somebody(bench):
    bench.card()
    bench.visits.feed(e.Confirmed())
    bench.visits.feed(e.NoFaceTouched())
    bench.visits.feed(e.BackTouched())
    assert isinstance(bench.visits.state, s.Consenting)
    assert not bench.window._help_called
    bench.visits.feed(e.HelpTouched())
    assert bench.window._help_called, "who asks for somebody is told that somebody comes"
    case = bench.visits.state.case
    bench.visits._showing.enter(s.Checking(case), s.Finished(case, ("r1",)))
    assert not bench.window._help_called


def test_an_answer_of_an_ended_visit_is_dropped(bench):
    bench.visits.feed(e.CardLaid())
    bench.visits.feed(e.CardWasRead(x.CHEN))
    visit = s.visit_of(bench.visits.state)
    bench.visits.feed(e.CancelTouched())
    bench.visits.devices.on_reader(CardRemoved())
    bench.visits.on_store_answered(x.looked_up(visit.visit_id, x.CHEN))
    assert isinstance(bench.visits.state, s.Idle)


def test_a_camera_that_comes_and_goes_is_told_once_each(bench):
    bench.card()
    bench.visits.feed(e.Confirmed())
    bench.visits.feed(e.Agreed())
    bench.visits.devices.on_camera(CameraDown())
    bench.visits.devices.on_camera(CameraDown())
    assert isinstance(bench.visits.state, s.Instructing)
    assert not bench.visits.state.camera_ready
    bench.visits.devices.on_camera(CameraUp("c", 1, 1))
    assert bench.visits.state.camera_ready


def test_a_visit_under_way_is_not_frozen(bench):
    bench.card()
    bench.visits.on_frozen(True)
    assert isinstance(bench.visits.state, s.Confirming)
    bench.visits.feed(e.CancelTouched())
    bench.visits.devices.on_reader(CardRemoved())
    assert isinstance(bench.visits.state, s.OutOfService)


def test_service_stops_when_the_centre_was_not_reached_for_too_long(bench):
    bench.visits.on_frozen(True)
    assert isinstance(bench.visits.state, s.OutOfService)
    assert bench.visits.state.reason is Reason.SELF_SERVICE_FROZEN
    bench.visits.on_frozen(False)
    assert isinstance(bench.visits.state, s.Idle)


@pytest.mark.parametrize("early", [0, 2])
def test_who_was_too_early_is_told_so_and_nobody_else(bench, early):
    from kiosk.domain.outcome import ActionRecord, LivenessResult
    from kiosk.domain.reasons import Action
    from kiosk.liveness.verdict import TakeOutcome

    bench.card()
    for event in (e.Confirmed(), e.Agreed(), e.BeginTouched()):
        bench.visits.feed(event)
    state = bench.visits.state
    seen, missed = ActionRecord(Action.BLINK, 1.0, 1.5, 0.8, too_early=1), ActionRecord(Action.NOD, 4.0, too_early=early)
    result = LivenessResult(False, Reason.ACTION_TIMEOUT, (seen, missed))
    bench.visits.devices.on_take_finished(TakeOutcome(state.case.visit.visit_id, result, state.take_id))
    after = bench.visits.state
    assert isinstance(after, s.Retrying)
    assert (after.action, after.early) == (Action.NOD, early > 0)


def test_whom_the_machine_fails_is_counted_without_saying_who(bench, qtbot, tmp_path):
    from kiosk.domain.outcome import ActionRecord, LivenessResult
    from kiosk.domain.reasons import Action
    from kiosk.domain.take_view import TakeView
    from kiosk.liveness.verdict import TakeOutcome
    from kiosk.store import ledger
    from kiosk.store.opening import open_store

    work = []
    bench.visits._records._store.ask = lambda job, on_error=None: work.append(job)
    bench.card()
    for event in (e.Confirmed(), e.Agreed(), e.BeginTouched()):
        bench.visits.feed(event)
    state = bench.visits.state
    bench.visits.devices.on_take_view(TakeView("cue", action=Action.TURN_LEFT, now=True))
    missed = LivenessResult(False, Reason.ACTION_TIMEOUT, (ActionRecord(Action.TURN_LEFT, 1.0),))
    bench.visits.devices.on_take_finished(TakeOutcome(state.case.visit.visit_id, missed, state.take_id))
    settings = config.Settings.model_validate({"store": {"directory": str(tmp_path), "key_file": str(tmp_path / "k")}})
    with open_store(settings) as store:
        work[-1](store)
        rows = ledger.rows(store, datetime(2026, 1, 1).date(), datetime(2026, 12, 31).date())
    assert [(row.action, row.outcome, row.reason, row.light) for row in rows] == [("turn-left", "failed", "action-timeout", "good")]
    assert x.CHEN.name not in str(rows)
