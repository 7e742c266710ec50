"""The desk holds its promises over any order of events: nothing without a PIN, nothing beyond the role, nothing after the time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.machine import step
from kiosk.desk.values import Assisted, Declared, Declaring, Place, Role
from kiosk.domain.record import Channel, RecordStatus
from tests.desk import samples as d
from tests.visit import samples as x


def walk(*events, state=None, now_s=0.0, session_id=1, visit=d.GLANCE):
    state, done = state or s.Closed(), []
    for event in events:
        state, commands = step(state, event, d.world(now_s, session_id, visit))
        done += commands
    return state, done


def signed_in(member=d.ANN, *more, **kwargs):
    return walk(e.Opened(), e.StaffCounted(True), e.SignInTouched(member.staff_id, "270518"), e.SignedIn(member), *more, **kwargs)


def test_opening_pauses_the_visit_and_closing_gives_it_back():
    state, done = walk(e.Opened())
    assert done == [c.PauseVisit(), c.CountStaff()]
    state, done = walk(e.StaffCounted(True), e.CloseTouched(), state=state)
    assert state == s.Closed()
    assert done == [c.ResumeVisit()]


def test_signing_in_leads_home_and_closing_signs_out():
    state, _ = signed_in()
    assert isinstance(state, s.Open)
    assert state.page == s.Board(Place.HOME)
    state, done = walk(e.CloseTouched(), state=state)
    assert state == s.Closed()
    assert isinstance(done[0], c.NoteSignOut)
    assert not done[0].automatic
    assert done[-1] == c.ResumeVisit()


def test_a_wrong_pin_opens_nothing_and_a_lock_looks_at_no_pin():
    state, _ = walk(e.Opened(), e.StaffCounted(True), e.SignInTouched("1001", "1"), e.SignInRefused(30.0, 0))
    assert isinstance(state, s.SigningIn)
    assert state.problem == "pin-locked"
    again, done = walk(e.SignInTouched("1001", "270518"), state=state, now_s=29.0)
    assert (again, done) == (state, [])
    _, done = walk(e.SignInTouched("1001", "270518"), state=state, now_s=30.0)
    assert done == [c.CheckPin("1001", "270518")]


def test_an_answer_nobody_asked_for_signs_nobody_in():
    state, done = walk(e.Opened(), e.StaffCounted(True), e.SignedIn(d.SUE))
    assert isinstance(state, s.SigningIn)
    assert not done[2:]


def test_without_staff_the_first_supervisor_is_named_and_only_then():
    state, done = walk(e.Opened(), e.StaffCounted(False), e.FirstNamed("9001", "黄主管", "270518", "270519"))
    assert isinstance(state, s.SettingUp)
    assert state.problem == "pins-differ"
    state, done = walk(e.FirstNamed("9001", "黄主管", "270518", "270518"), state=state)
    assert done == [c.AddFirst("9001", "黄主管", "270518")]
    state, _ = walk(e.SignedIn(d.SUE), state=state)
    assert isinstance(state, s.Open)
    _, done = walk(e.Opened(), e.StaffCounted(True), e.FirstNamed("9001", "黄主管", "270518", "270518"))
    assert not any(isinstance(one, c.AddFirst) for one in done)


def test_a_quarter_of_an_hour_of_quiet_signs_out_and_the_late_touch_does_nothing():
    state, _ = signed_in()
    same, done = walk(e.TimePassed(), state=state, now_s=899.9)
    assert (same, done) == (state, [])
    closed, done = walk(e.Went(Place.TODO), state=state, now_s=900.0)
    assert closed == s.Closed()
    assert [type(one) for one in done] == [c.NoteSignOut, c.ResumeVisit]
    assert done[0].automatic


def test_touches_keep_the_session_and_ticks_do_not():
    state, _ = signed_in()
    state, _ = walk(e.Alive(), state=state, now_s=800.0)
    state, _ = walk(e.TimePassed(), state=state, now_s=1600.0)
    assert isinstance(state, s.Open)
    state, _ = walk(e.TimePassed(), state=state, now_s=1700.0)
    assert state == s.Closed()


def test_taking_over_takes_the_identity_along():
    state, done = signed_in(d.ANN, e.TakeOverTouched())
    assert c.TakeVisit(state.session, "v1") in done
    find = done[-1]
    assert isinstance(find, c.FindPerson)
    assert (find.person, find.visit_id, find.why) == (x.CHEN, "v1", "face-uncertain")
    state, _ = walk(e.PersonFound(1, d.found(visit_id="v1")), state=state)
    assert isinstance(state.page, s.Showing)
    assert state.page.found.visit_id == "v1"


def test_one_touch_of_who_sees_the_person_and_the_visit_goes_on():
    state, _ = signed_in()
    after, done = walk(e.InSightTouched(), state=state)
    assert after == s.Closed()
    assert done == [c.NoteSignOut(state.session), c.ResumeVisit(), c.VouchVisit(state.session, "v1")]
    for visit in (None, replace(d.GLANCE, may_vouch=False)):
        assert step(state, e.InSightTouched(), d.world(visit=visit)) == (state, ())


def test_face_to_face_is_saved_with_reason_and_both_signatures():
    state, _ = signed_in(d.ANN, e.TakeOverTouched(), e.PersonFound(1, d.found()), e.AssistChosen(Channel.FACE_TO_FACE))
    state, done = walk(e.AssistSubmitted(d.FULL), state=state)
    save = done[0]
    assert isinstance(save, c.SaveAssisted)
    assert (save.by.staff_id, save.channel, save.form) == ("1001", Channel.FACE_TO_FACE, d.FULL)
    state, done = walk(
        e.AssistSubmitted(d.FULL), e.Saved(1, ("r1",)), e.RecordStatusMoved("r1", RecordStatus.RECEIVED), state=state
    )
    assert done == [c.NudgeSync()]
    assert isinstance(state.page, s.Done)
    assert state.page.stage is RecordStatus.RECEIVED


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"benefit_ids": ()}, "choose-benefit"),
        ({"benefit_ids": ("b7",)}, "choose-benefit"),
        ({"why": ""}, "choose-why"),
        ({"saw_card": False}, "see-person-and-card"),
        ({"saw_person": False}, "see-person-and-card"),
        ({"person_signature": None}, "person-signs"),
        ({"person_signature": None, "cannot_sign": True}, "person-signs"),
        ({"staff_signature": None}, "staff-signs"),
    ],
)
def test_what_is_missing_face_to_face_is_named_and_nothing_is_saved(change, problem):
    state, _ = signed_in(d.ANN, e.TakeOverTouched(), e.PersonFound(1, d.found()), e.AssistChosen(Channel.FACE_TO_FACE))
    state, done = walk(e.AssistSubmitted(replace(d.FULL, **change)), state=state)
    assert not done
    assert state.page.problem == problem


def test_a_proxy_is_another_person_with_all_papers():
    state, _ = signed_in(d.ANN, e.TakeOverTouched(), e.PersonFound(1, d.found()), e.AssistChosen(Channel.FAMILY_PROXY))
    state, done = walk(e.AssistSubmitted(d.PROXY), state=state)
    assert (state.page.problem, done) == ("agent-missing", [])
    state, _ = walk(e.CardRead(x.CHEN), state=state)
    assert (state.page.problem, state.page.agent) == ("agent-is-principal", None)
    state, done = walk(e.CardRead(x.LI), e.AssistSubmitted(d.PROXY), state=state)
    assert isinstance(done[0], c.SaveAssisted)
    assert done[0].agent.id_number == x.LI.id_number


def test_nobody_is_looked_up_by_a_name_alone():
    state, done = signed_in(d.ANN, e.Went(Place.FIND), e.SearchTouched("", "陈小芳"))
    assert state.page.problem == "name-alone"
    assert not any(isinstance(one, c.FindPerson) for one in done)


def test_a_template_needs_a_consent_of_its_own_and_a_take():
    state, _ = signed_in(d.ANN, e.Went(Place.FIND), e.CardRead(x.CHEN), e.PersonFound(1, d.found()), e.EnrolChosen())
    state, done = walk(e.LookTouched(), e.KeepTouched(), state=state)
    assert not done
    state, done = walk(e.EnrolConsented(), e.LookTouched(), e.TakeEnded(1, 7, "ok"), e.KeepTouched(), state=state)
    assert [type(one) for one in done] == [c.BeginEnrolment]
    state, done = walk(e.TakeEnded(1, 1, "ok"), e.KeepTouched(), state=state)
    assert [type(one) for one in done] == [c.KeepTemplate]


def test_leaving_the_enrolment_drops_the_probe():
    state, _ = signed_in(d.ANN, e.Went(Place.FIND), e.CardRead(x.CHEN), e.PersonFound(1, d.found()), e.EnrolChosen())
    for leave in (e.BackTouched(), e.Went(Place.HOME), e.CloseTouched()):
        _, done = walk(leave, state=state)
        assert done.count(c.EndEnrolment()) == 1


def test_a_death_is_declared_by_somebody_else_with_its_day():
    state, _ = signed_in(d.ANN, e.Went(Place.FIND), e.CardRead(x.CHEN), e.PersonFound(1, d.found()), e.DeclareChosen())
    form = Declaring(Declared.DEATH, d.TODAY, relation="child")
    state, done = walk(e.DeclareSubmitted(form), state=state)
    assert (state.page.problem, done) == ("declarant-missing", [])
    state, done = walk(e.CardRead(x.LI), e.DeclareSubmitted(form), state=state)
    assert isinstance(done[0], c.SaveDeclaration)


def test_nobody_approves_a_day_with_their_own_records():
    from kiosk.desk import boards_data as b

    for authors, allowed in ((("1001",), True), (("1001", "9001"), False)):
        state, _ = signed_in(d.SUE, e.Went(Place.APPROVAL), e.Loaded(1, Place.APPROVAL, b.ApprovalData((d.day(authors),))))
        state, done = walk(e.ApproveTouched(d.TODAY), state=state)
        assert any(isinstance(one, c.ApproveDay) for one in done) is allowed
        assert state.page.problem == ("" if allowed else "own-records")


def test_a_supervisor_cannot_lock_everybody_out():
    state, done = signed_in(d.SUE, e.Went(Place.STAFF), e.StaffRevoked("9001"))
    assert state.page.problem == "revoke-self"
    assert not any(isinstance(one, c.RevokeStaff) for one in done)


# --- over any order of events

_EVENTS = st.one_of(
    st.sampled_from(d.touches()),
    st.sampled_from(d.touches()),
    st.builds(lambda n, t, i: d.answers(n, t)[i % len(d.answers(n, t))], st.integers(1, 3), st.integers(1, 2), st.integers(0, 200)),
)
_TIMES = st.sampled_from([0.0, 0.0, 0.5, 20.0, 400.0, 1000.0])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(_EVENTS, _TIMES), max_size=60), st.sampled_from([d.ANN, d.SUE]))
def test_no_function_without_signing_in_and_none_beyond_the_role(steps, member):
    state, now, sessions = s.Closed(), 0.0, 0
    # Half of the walks begin signed in, so that they get somewhere.
    head = [(e.Opened(), 0.0), (e.StaffCounted(True), 0.0), (e.SignInTouched("1001", "270518"), 0.0), (e.SignedIn(member), 0.0)]
    for event, wait in (head if len(steps) % 2 else []) + steps:
        now += wait
        before = state
        sessions += 1
        state, done = step(before, event, d.world(now, sessions))
        for command in done:
            if isinstance(command, (*c.FREE, c.NudgeSync)):
                continue
            by = command.by
            live = before if isinstance(before, s.Open) else state
            assert isinstance(live, s.Open)
            assert by.staff_id == live.session.staff_id
            assert by.session_id == live.session.session_id
            if isinstance(command, c.FOR_SUPERVISORS):
                assert by.role is Role.SUPERVISOR
            if isinstance(before, s.Open) and not isinstance(command, c.NoteSignOut):
                assert now - before.session.touched_s < 900.0
            if isinstance(command, c.ApproveDay):
                days = {one.day: one for one in before.page.data.days}
                assert by.staff_id not in days[command.day].authors
            if isinstance(command, c.SaveAssisted):
                assert command.form.staff_signature is not None
                assert set(command.form.benefit_ids) <= {item.benefit_id for item in command.found.due}
                assert not command.found.clock_suspect
            if isinstance(command, c.AddFirst):
                assert isinstance(before, s.SettingUp)
        if isinstance(before, s.Open) and isinstance(state, s.Closed):
            assert c.ResumeVisit() in done
        # From anywhere one touch leads back to the visit.
        closed, _ = step(state, e.CloseTouched(), d.world(now, sessions + 1))
        assert closed == s.Closed()


@settings(max_examples=200, deadline=None)
@given(st.lists(_EVENTS, max_size=40))
def test_answers_to_somebody_who_left_change_nothing(events):
    state, _ = signed_in(session_id=7)
    for event in events:
        if getattr(event, "session_id", None) is not None:
            after, done = step(state, event, d.world(0.0, 8))
            assert (after, done) == (state, ())  # 1 to 3 are sessions that are over
        else:
            state, _ = step(state, event, d.world(0.0, 8))
            if not isinstance(state, s.Open):
                break


@pytest.mark.parametrize("place", list(Place))
def test_ticks_and_idle_touches_leave_a_message_where_it_is(place):
    state, _ = signed_in(d.SUE, e.Went(place))
    told = s.Open(state.session, replace(state.page, problem="medium-full", busy=False))
    after, done = walk(e.TimePassed(), e.Alive(), state=told)
    assert (after.page, done) == (told.page, [])


def test_an_empty_form_is_never_enough():
    for channel in (Channel.FACE_TO_FACE, Channel.FAMILY_PROXY, Channel.AGENT, Channel.HOME_VISIT):
        state, _ = signed_in(d.ANN, e.TakeOverTouched(), e.PersonFound(1, d.found()), e.AssistChosen(channel))
        _, done = walk(e.AssistSubmitted(Assisted()), state=state)
        assert not done


def test_the_sign_in_page_goes_back_to_the_visit_when_nobody_touches_it():
    state, _ = walk(e.StaffCounted(True), state=s.Asking(), now_s=100.0)
    assert walk(e.TimePassed(), state=state, now_s=129.0) == (state, [])
    state, _ = walk(e.Alive(), state=state, now_s=125.0)
    assert walk(e.TimePassed(), state=state, now_s=154.0)[0] == state
    assert walk(e.TimePassed(), state=state, now_s=155.0) == (s.Closed(), [c.ResumeVisit()])
