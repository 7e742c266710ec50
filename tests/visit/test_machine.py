"""The visit: one whole pass, each way out, and properties over any order of events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome, RecordStatus
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from tests.visit import samples as x

WORLD = World("v1")


def walk(*events: e.Event, world: World = WORLD, state: s.State | None = None) -> tuple[s.State, list[c.Command]]:
    now: s.State = state or s.Idle()
    done: list[c.Command] = []
    for event in events:
        now, commands = step(now, event, world)
        done.extend(commands)
    return now, done


TO_CAMERA: tuple[e.Event, ...] = (
    e.Started(),
    e.SelfChosen(),
    e.CardLaid(),
    e.CardWasRead(x.CHEN),
    x.looked_up("v1", x.CHEN),
    e.Confirmed(),
    e.Agreed(),
    e.BeginTouched(),
)
PASSED_TAKE = e.TakeEnded("v1", 1, True, Reason.OK)


@pytest.mark.parametrize(
    ("due", "told"),
    [
        ((x.due(),), (False, 0)),
        ((x.due(suspended=True),), (True, 0)),
        ((x.due(suspended_months=3, suspended=True),), (True, 3)),
        ((x.due(), x.due(1, suspended=True)), (True, 0)),
        ((x.due(0, suspended_months=2), x.due(1, suspended=True)), (True, 2)),
    ],
)
def test_whoever_was_suspended_is_told_that_payment_resumes(due, told):
    found = replace(x.looked_up("v1", x.CHEN, len(due)), eligibilities=due)
    way = (*TO_CAMERA[:4], found, e.Confirmed(), *((e.BenefitsChosen(("b0", "b1")),) if len(due) > 1 else ()), *TO_CAMERA[6:])
    state, _ = walk(*way, PASSED_TAKE, e.FaceMatched("v1", Reason.OK), e.RecordsSaved("v1", ("r1",)))
    assert isinstance(state, s.Finished)
    assert (state.resumes, state.suspended_months) == told


def test_a_whole_visit_passes_and_asks_for_the_card():
    state, done = walk(*TO_CAMERA, PASSED_TAKE, e.FaceMatched("v1", Reason.OK), e.RecordsSaved("v1", ("r1",), face_ageing=True))
    assert isinstance(state, s.Finished)
    assert (state.record_ids, state.face_ageing) == (("r1",), True)
    saves = [command for command in done if isinstance(command, c.SaveAttempt)]
    assert [(save.outcome, save.reason) for save in saves] == [(Outcome.PASSED, Reason.OK)]
    assert saves[0].case.consent_id == "consent-v1"
    state, _ = walk(
        e.RecordStatusMoved("r1", RecordStatus.RECEIVED), e.RecordStatusMoved("other", RecordStatus.RETURNED), state=state
    )
    assert isinstance(state, s.Finished)
    assert state.stage is RecordStatus.RECEIVED
    state, done = walk(e.DoneTouched(), state=state)
    assert isinstance(state, s.TakingCard)
    assert done == [c.EndVisit("v1")]
    assert walk(e.CardTaken(), state=state)[0] == s.Idle()


def test_a_card_laid_on_the_idle_page_starts_the_visit():
    state, done = walk(e.CardLaid(), e.CardWasRead(x.CHEN))
    assert isinstance(state, s.LookingUp)
    assert done == [c.LookUp("v1", x.CHEN, s.Mode.SELF)]


def test_a_card_laid_before_choosing_is_not_asked_for_again():
    state, done = walk(e.Started(), e.CardLaid(), e.CardWasRead(x.CHEN), e.SelfChosen())
    assert isinstance(state, s.LookingUp)
    assert done == [c.LookUp("v1", x.CHEN, s.Mode.SELF)]


def test_helping_needs_two_people():
    state, _ = walk(e.Started(), e.OtherChosen())
    assert isinstance(state, s.AwaitingCard)
    assert state.whose is s.Whose.HELPER, "the helper first, so that the last card, and the face, are the friend's"
    state, _ = walk(e.CardLaid(), e.CardWasRead(x.LI), state=state)
    assert isinstance(state, s.AwaitingCard)
    assert state.whose is s.Whose.BENEFICIARY
    assert state.visit.helper == x.LI
    same, _ = walk(e.CardTaken(), e.CardLaid(), e.CardWasRead(x.LI), state=state)
    assert isinstance(same, s.AwaitingCard)
    assert same.trouble is Reason.HELPER_IS_BENEFICIARY
    typed, _ = walk(e.ManualChosen(), e.NumberEntered(x.LI.id_number), state=state)
    assert isinstance(typed, s.EnteringNumber)
    assert typed.problem is Reason.HELPER_IS_BENEFICIARY
    back, _ = walk(e.BackTouched(), state=state)
    assert isinstance(back, s.AwaitingCard)
    assert (back.whose, back.visit.helper) == (s.Whose.HELPER, None)
    state, _ = walk(e.CardTaken(), e.CardLaid(), e.CardWasRead(x.CHEN), x.looked_up("v1", x.CHEN), e.Confirmed(), state=state)
    assert isinstance(state, s.Consenting)
    assert state.case.person == x.CHEN
    assert state.case.visit.helper == x.LI


def test_who_says_late_that_they_help_lays_their_own_card_afterwards():
    start = (e.CardLaid(), e.CardWasRead(x.CHEN), x.looked_up("v1", x.CHEN), e.OtherChosen(), e.Confirmed())
    state, _ = walk(*start)
    assert isinstance(state, s.AwaitingCard)
    assert state.whose is s.Whose.HELPER
    state, _ = walk(e.CardTaken(), e.CardLaid(), e.CardWasRead(x.CHEN), state=state)
    assert isinstance(state, s.AwaitingCard)
    assert state.trouble is Reason.HELPER_IS_BENEFICIARY
    state, _ = walk(e.CardTaken(), e.CardLaid(), e.CardWasRead(x.LI), state=state)
    assert isinstance(state, s.Consenting)
    assert (state.case.person, state.case.visit.helper) == (x.CHEN, x.LI)


def test_a_card_laid_before_choosing_to_help_is_the_helpers():
    state, _ = walk(e.Started(), e.CardLaid(), e.CardWasRead(x.LI), e.OtherChosen())
    assert isinstance(state, s.AwaitingCard)
    assert (state.whose, state.visit.helper) == (s.Whose.BENEFICIARY, x.LI)


def test_back_before_the_cue_costs_no_try_a_few_times():
    state, _ = walk(*TO_CAMERA)
    for number in range(2):
        assert isinstance(state, s.Acting)
        state, done = walk(e.BackTouched(before_cue=True), state=state)
        assert isinstance(state, s.Instructing)
        assert state.rested
        assert state.case.visit.tries == 0
        assert not [command for command in done if isinstance(command, c.SaveAttempt)], number
        state, _ = walk(e.BeginTouched(), state=state)
    state, done = walk(e.BackTouched(before_cue=True), state=state)
    assert isinstance(state, s.Instructing), "each new take brings a new challenge: the third one counts"
    assert state.case.visit.tries == 1
    assert [command.reason for command in done if isinstance(command, c.SaveAttempt)] == [Reason.CANCELLED]


def test_nobody_leaves_without_a_pass_believing_that_it_is_done():
    for begin in (e.DoneTouched(), e.IdleExpired(), e.WalkedAway()):
        state, _ = walk(*TO_CAMERA[:5], e.NoFaceTouched())
        assert isinstance(state, s.Referred)
        state, _ = walk(begin, e.CardTaken(), state=state)
        assert isinstance(state, s.Idle)
        assert state.notice is not None
    state, done = walk(*TO_CAMERA[:5], e.NoFaceTouched(), e.StayTouched(), e.StayTouched())
    assert isinstance(state, s.Referred)
    assert state.stayed == 2
    assert [command.reason for command in done if isinstance(command, c.CallAttendant)] == [Reason.NO_FACE_WANTED] * 3


def test_a_typed_number_is_confirmed_by_choosing_the_name():
    state, _ = walk(
        e.Started(),
        e.SelfChosen(),
        e.ManualChosen(),
        e.NumberEntered(x.CHEN.id_number),
        e.NamesOffered("v1", x.CHEN.id_number, (x.CHEN.name, "陈大文")),
        e.NameChosen("王五"),
    )
    assert isinstance(state, s.ChoosingName)
    state, done = walk(e.NameChosen("陈大文"), state=state)
    assert isinstance(state, s.LookingUp)
    assert isinstance(done[0], c.LookUp)
    assert done[0].person.name == "陈大文"


def test_a_card_may_be_held_up_to_the_camera():
    state, done = walk(e.Started(), e.SelfChosen(), e.ScanChosen())
    assert isinstance(state, s.ScanningCard)
    assert done == [c.BeginScan("v1")]
    again, _ = walk(e.CardScanned("v0", x.CHEN), state=state)
    assert again == state
    tried, _ = walk(e.ScanEnded("v1", Reason.CARD_UNREADABLE), state=state)
    assert isinstance(tried, s.AwaitingCard)
    assert tried.trouble is Reason.CARD_UNREADABLE
    found, done = walk(e.CardScanned("v1", x.CHEN), state=state)
    assert isinstance(found, s.LookingUp)
    assert done == [c.LookUp("v1", x.CHEN, s.Mode.SELF)]
    left, done = walk(e.CancelTouched(), state=state)
    assert isinstance(left, s.Idle)
    assert c.CancelScan() in done


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (e.TakeEnded("v1", 1, False, Reason.LIVENESS_FAILED), Reason.LIVENESS_FAILED),
        (e.BackTouched(), Reason.CANCELLED),
    ],
)
def test_a_failed_or_broken_off_take_counts_as_a_try(failure, reason):
    state, done = walk(*TO_CAMERA, failure)
    assert isinstance(state, s.Instructing if reason is Reason.CANCELLED else s.Retrying)
    assert state.case.visit.tries == 1
    assert [(d.outcome, d.reason) for d in done if isinstance(d, c.SaveAttempt)] == [(Outcome.FAILED, reason)]


def test_after_the_last_try_the_attendant_is_called():
    state, _ = walk(*TO_CAMERA)
    calls: list[c.Command] = []
    for take in (1, 2, 3):
        state, calls = walk(e.TakeEnded("v1", take, False, Reason.LIVENESS_FAILED), state=state)
        if take < 3:
            state, _ = walk(e.BeginTouched(), state=state)
    assert isinstance(state, s.Referred)
    assert c.CallAttendant(Reason.LIVENESS_FAILED) in calls
    again, done = walk(e.BeginTouched(), e.BackTouched(), state=state)
    assert not isinstance(again, s.Acting)
    assert not any(isinstance(d, c.BeginTake) for d in done)


def test_practice_records_nothing_and_costs_no_try():
    state, done = walk(*TO_CAMERA[:-1], e.PractiseTouched(), e.TakeEnded("v1", 1, True, Reason.OK))
    assert isinstance(state, s.Instructing)
    assert state.case.visit.tries == 0
    assert not any(isinstance(d, c.SaveAttempt | c.MatchFace) for d in done)
    assert state.practised is True
    failed, _ = walk(*TO_CAMERA[:-1], e.PractiseTouched(), e.TakeEnded("v1", 1, False, Reason.ACTION_TIMEOUT))
    assert failed.practised is False, "how it went is told"
    assert walk(e.PractiseTouched(), e.BackTouched(), state=failed)[0].practised is None, "who stops is told nothing of it"


def test_a_take_of_an_ended_visit_is_dropped():
    state, _ = walk(*TO_CAMERA)
    for late in (e.TakeEnded("v0", 1, True, Reason.OK), e.TakeEnded("v1", 9, True, Reason.OK)):
        assert walk(late, state=state) == (state, [])


def test_an_uncertain_face_goes_to_the_attendant_and_a_wrong_one_may_try_again():
    state, done = walk(*TO_CAMERA, PASSED_TAKE, e.FaceMatched("v1", Reason.FACE_UNCERTAIN))
    assert isinstance(state, s.Referred)
    assert [d.outcome for d in done if isinstance(d, c.SaveAttempt)] == [Outcome.REFERRED]
    state, _ = walk(*TO_CAMERA, PASSED_TAKE, e.FaceMatched("v1", Reason.FACE_MISMATCH))
    assert isinstance(state, s.Retrying)


def test_a_take_that_shows_too_little_goes_to_the_attendant_without_another_try():
    take = e.TakeEnded("v1", PASSED_TAKE.take_id, False, Reason.LIVENESS_UNCERTAIN)
    state, done = walk(*TO_CAMERA, take)
    assert isinstance(state, s.Referred)
    assert state.reason is Reason.LIVENESS_UNCERTAIN
    assert [(d.outcome, d.reason) for d in done if isinstance(d, c.SaveAttempt)] == [(Outcome.REFERRED, Reason.LIVENESS_UNCERTAIN)]
    assert [d.reason for d in done if isinstance(d, c.CallAttendant)] == [Reason.LIVENESS_UNCERTAIN]


def test_the_camera_may_go_and_come_back_without_costing_a_try():
    state, done = walk(*TO_CAMERA, e.CameraWentDown())
    assert isinstance(state, s.Acting)
    assert not state.camera_ready
    assert c.CancelTake(1) in done
    state, done = walk(e.CameraCameUp(), state=state)
    assert done == [c.BeginTake("v1", 2, practice=False)]
    assert isinstance(state, s.Acting)
    assert state.case.visit.tries == 0


def test_breaking_takes_off_again_and_again_costs_tries():
    state, _ = walk(*TO_CAMERA)
    saves: list[c.Command] = []
    for _ in range(3):
        state, done = walk(e.CameraWentDown(), state=state)
        saves += [d for d in done if isinstance(d, c.SaveAttempt)]
        if isinstance(state, s.Acting):
            state, _ = walk(e.CameraCameUp(), state=state)
    assert isinstance(state, s.Retrying)
    assert [(d.outcome, d.reason) for d in saves if isinstance(d, c.SaveAttempt)] == [(Outcome.FAILED, Reason.CANCELLED)]


def test_another_card_in_mid_visit_ends_it():
    state, done = walk(*TO_CAMERA, e.CardWasRead(x.LI))
    assert isinstance(state, s.TakingCard)
    assert state.notice is Reason.CARD_CHANGED
    assert c.EndVisit("v1") in done


def test_the_same_card_laid_again_changes_nothing():
    state, _ = walk(*TO_CAMERA)
    again, done = walk(e.CardTaken(), e.CardLaid(), e.CardWasRead(x.CHEN), state=state)
    assert again == state
    assert done == []


def test_a_save_that_fails_goes_to_the_attendant_never_to_a_result():
    state, done = walk(*TO_CAMERA, PASSED_TAKE, e.FaceMatched("v1", Reason.OK), e.SaveFailed("v1"))
    assert isinstance(state, s.Referred)
    assert state.reason is Reason.STORE_ERROR
    assert c.NudgeSync() not in done


def test_a_query_answers_without_the_face():
    state, _ = walk(e.QueryStarted(), e.CardLaid(), e.CardWasRead(x.CHEN), x.looked_up("v1", x.CHEN))
    assert isinstance(state, s.Answered)
    assert state.reason is Reason.OK
    assert isinstance(walk(e.CardTaken(), e.DoneTouched(), state=state)[0], s.Idle)


# --- properties

ALL_EVENTS = x.touches() + x.device_events() + [a for take in range(1, 4) for a in x.answers("v1", take)]
_ANY = st.lists(st.sampled_from(ALL_EVENTS), max_size=60)
# Random orders seldom get far: most examples start somewhere on the straight way.
EVENTS = st.builds(
    lambda head, tail: [*head, *tail],
    st.integers(0, len(TO_CAMERA)).map(lambda n: list(TO_CAMERA[:n]))
    | st.just([*TO_CAMERA, PASSED_TAKE, e.FaceMatched("v1", Reason.OK)]),
    _ANY,
)


@settings(max_examples=600, deadline=None)
@given(EVENTS)
def test_no_order_of_events_saves_a_pass_without_card_rules_consent_liveness_and_match(events):
    state: s.State = s.Idle()
    proven: set[str] = set()
    for event in events:
        before = state
        state, commands = step(state, event, WORLD)
        if s.visit_of(before) is None or isinstance(state, s.AwaitingCard):
            proven = proven & {"card"} if isinstance(state, s.AwaitingCard) and state.whose is s.Whose.HELPER else set()
        if isinstance(before, s.Acting) and isinstance(event, e.TakeEnded) and not before.practice:
            proven = proven | {"live"} if event.passed and event.take_id == before.take_id else proven - {"live", "match"}
        if isinstance(before, s.Checking) and isinstance(event, e.FaceMatched) and not before.saving:
            proven = proven | {"match"} if event.reason is Reason.OK else proven - {"live", "match"}
        for command in commands:
            if isinstance(command, c.MatchFace):
                assert "live" in proven
            if isinstance(command, c.SaveAttempt) and command.outcome is Outcome.PASSED:
                assert {"live", "match"} <= proven
                assert command.case.consent_id
                assert command.case.chosen
                assert all(item.may_pass for item in command.case.chosen)
                assert command.case.person.id_number == command.case.entry.id_number
                proven -= {"live", "match"}
        if isinstance(state, s.Finished) and not isinstance(before, s.Finished):
            assert isinstance(event, e.RecordsSaved)


@settings(max_examples=400, deadline=None)
@given(EVENTS)
def test_every_state_has_a_way_home_and_home_knows_nobody(events):
    state, _ = walk(*events)
    for way in (e.RecordsSaved("v1", ("r1",)), e.IdleExpired(), e.CardTaken(), e.ServiceResumed()):
        state, _ = walk(way, state=state)
    assert isinstance(state, s.Idle)
    assert x.CHEN.name not in str(state)


@settings(max_examples=400, deadline=None)
@given(EVENTS)
def test_tries_are_bounded_in_a_visit(events):
    state: s.State = s.Idle()
    takes = 0
    for event in events:
        before = state
        state, commands = step(state, event, WORLD)
        if s.visit_of(before) is None:
            takes = 0
        takes += sum(isinstance(command, c.MatchFace) for command in commands)
        assert takes <= WORLD.tries_per_visit
        assert sum(isinstance(command, c.BeginTake) for command in commands) <= 1


@settings(max_examples=400, deadline=None)
@given(EVENTS)
def test_leaving_for_home_or_for_the_card_always_wipes_the_visit(events):
    state: s.State = s.Idle()
    for event in events:
        before = state
        state, commands = step(state, event, WORLD)
        ended = isinstance(state, s.Idle | s.TakingCard | s.OutOfService)
        if s.visit_of(before) is not None and not isinstance(before, s.TakingCard) and ended:
            assert any(isinstance(command, c.EndVisit) for command in commands)


@given(st.sampled_from(ALL_EVENTS))
def test_help_never_loses_the_visit(event):
    state, _ = walk(*TO_CAMERA[:5])
    assert walk(e.HelpTouched(), state=state) == (state, [c.CallAttendant(Reason.ATTENDANT_CALLED)])
    assert step(state, event, WORLD)[0] is not None


def test_the_desk_above_a_take_and_a_failed_model_are_no_try_and_no_fault_of_the_camera():
    for told in (e.DeskOpened(), e.VisionFailed()):
        state, done = walk(*TO_CAMERA, told)
        assert isinstance(state, s.Acting)
        assert not state.camera_ready
        assert state.case.visit.tries == 0
        assert [type(one) for one in done][-1] is c.CancelTake
        back = e.DeskClosed() if isinstance(told, e.DeskOpened) else e.VisionRested()
        again, done = walk(back, state=state)
        assert (again.camera_ready, again.take_id) == (True, state.take_id + 1)
        assert [type(one) for one in done] == [c.BeginTake]


def test_the_desk_above_any_other_page_changes_nothing():
    state, _ = walk(*TO_CAMERA[:-1])
    for told in (e.DeskOpened(), e.VisionFailed()):
        assert step(state, told, World("v2")) == (state, ())
