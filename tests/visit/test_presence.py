"""Presence, one row a rule: what was known, what happened, what is wished for. No kiosk, no clock."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from kiosk.domain.reasons import Reason
from kiosk.visit import events as e
from kiosk.visit import presence as p
from kiosk.visit import states as s
from tests.visit import samples as x

TIMES = p.Times(idle_s=60.0, countdown_s=20.0, result_s=30.0, walk_away_s=8.0, reminder_s=10.0)
VISIT = s.Visit("v1", card_present=True)
CASE = s.Case(VISIT, x.CHEN, x.entry_of(x.CHEN), (x.due(0),), "c1")
CONFIRMING, ACTING, FINISHED = (
    s.Confirming(VISIT, x.CHEN, CASE.entry, CASE.chosen),
    s.Acting(CASE, take_id=1),
    s.Finished(CASE, ("r1",)),
)
SCANNING, TAKING_CARD, LOOKING_UP = s.ScanningCard(VISIT), s.TakingCard(VISIT), s.LookingUp(VISIT, x.CHEN)
PAUSED = p.Tell(e.ServicePaused(Reason.SELF_SERVICE_FROZEN))
NOTHING = (p.ShowCountdown(None),)


def known(state: s.State = CONFIRMING, **more) -> p.Presence:
    """A visit in this state that began, and was touched last, at 100 s."""
    before = p.start(TIMES, 100.0)
    there, _ = p.step(before, p.Changed(s.Idle(), state), 100.0)
    return replace(there, **more)


def wishes(presence: p.Presence, event: p.Event, now_s: float) -> tuple[p.Wish, ...]:
    return p.step(presence, event, now_s)[1]


ROWS = [
    # quiet and the countdown
    ("quiet so far", known(), p.Ticked(), 159.9, NOTHING),
    ("the question comes, and is spoken once", known(), p.Ticked(), 160.0, (p.ShowCountdown(20), p.Speak())),
    ("the question stands", known(counting=True), p.Ticked(), 165.0, (p.ShowCountdown(15),)),
    ("nobody answered", known(counting=True), p.Ticked(), 180.0, (p.ShowCountdown(0), *NOTHING, p.Tell(e.IdleExpired()))),
    ("a result stands its own time", known(FINISHED), p.Ticked(), 130.0, (p.ShowCountdown(20), p.Speak())),
    ("nobody is asked while the store works", known(LOOKING_UP), p.Ticked(), 1000.0, NOTHING),
    ("nobody is asked where nobody is", known(s.Idle()), p.Ticked(), 1000.0, NOTHING),
    ("nobody is asked below the desk", known(desk_open=True), p.Ticked(), 1000.0, NOTHING),
    ("a touch wipes the question", known(counting=True), p.Acted(), 170.0, NOTHING),
    # walking away
    ("seen lately", known(face_seen_s=100.0), p.Ticked(), 108.0, NOTHING),
    ("seen no more: asked at once", known(face_seen_s=100.0), p.Ticked(), 108.1, (p.ShowCountdown(20), p.Speak())),
    ("never seen: the camera may be covered", known(), p.Ticked(), 120.0, NOTHING),
    ("in a take the face in view is somebody", known(ACTING, face_fits=True), p.Ticked(), 1000.0, NOTHING),
    ("in a take nobody in view counts down", known(ACTING), p.Ticked(), 160.0, (p.ShowCountdown(20), p.Speak())),
    ("they are back", known(asked_away=True, counting=True), p.FaceSeen(), 112.0, NOTHING),
    ("a face answers no question of idleness", known(counting=True), p.FaceSeen(), 165.0, ()),
    # the card
    ("the card is asked for", known(TAKING_CARD, spoke_s=100.0), p.Ticked(), 110.0, (p.Speak(), *NOTHING)),
    ("not too often", known(TAKING_CARD, spoke_s=101.0), p.Ticked(), 110.0, NOTHING),
    ("left behind", known(TAKING_CARD), p.Ticked(), 280.0, (p.Tell(e.IdleExpired()),)),
    ("not left behind yet", known(TAKING_CARD, spoke_s=279.0), p.Ticked(), 279.9, NOTHING),
    ("not while the attendant is there", known(TAKING_CARD, desk_open=True, spoke_s=280.0), p.Ticked(), 280.0, NOTHING),
    # the invitation
    ("somebody comes near", known(s.Idle(), spoke_s=100.0), p.MotionSeen(), 145.0, (p.Speak(),)),
    ("just invited", known(s.Idle(), spoke_s=100.0), p.MotionSeen(), 144.9, ()),
    ("a visit is under way", known(), p.MotionSeen(), 200.0, ()),
    ("the attendant is there", known(s.Idle(), desk_open=True), p.MotionSeen(), 200.0, ()),
    # the desk
    ("the desk opens", known(counting=True), p.DeskOpened(), 170.0, (*NOTHING, p.Tell(e.DeskOpened()))),
    ("the desk closes", known(desk_open=True), p.DeskClosed(), 900.0, (*NOTHING, p.Tell(e.DeskClosed()), p.Speak())),
    # the freeze
    (
        "frozen while nobody is there",
        known(s.Idle()),
        p.FreezeTold(True),
        1.0,
        (p.Tell(e.ServicePaused(Reason.SELF_SERVICE_FROZEN)),),
    ),
    ("a visit goes on", known(), p.FreezeTold(True), 1.0, ()),
    (
        "frozen after the visit",
        known(s.Idle(), frozen=frozenset({Reason.KIOSK_DOUBLED})),
        p.Settled(),
        1.0,
        (p.Tell(e.ServicePaused(Reason.KIOSK_DOUBLED)),),
    ),
    ("thawed", known(s.OutOfService(Reason.SELF_SERVICE_FROZEN)), p.FreezeTold(False), 1.0, (p.Tell(e.ServiceResumed()),)),
    (
        "one reason is over, another holds",
        known(s.OutOfService(Reason.KIOSK_DOUBLED), frozen=frozenset({Reason.KIOSK_DOUBLED, Reason.SELF_SERVICE_FROZEN})),
        p.FreezeTold(False, Reason.KIOSK_DOUBLED),
        1.0,
        (p.Tell(e.ServicePaused(Reason.SELF_SERVICE_FROZEN)),),
    ),
    (
        "closed for it already",
        known(s.OutOfService(Reason.CAMERA_CHANGED), frozen=frozenset({Reason.CAMERA_CHANGED, Reason.SELF_SERVICE_FROZEN})),
        p.Settled(),
        1.0,
        (),
    ),
    (
        "another camera in mid-take",
        known(ACTING),
        p.FreezeTold(True, Reason.CAMERA_CHANGED),
        1.0,
        (p.Tell(e.ServicePaused(Reason.CAMERA_CHANGED)),),
    ),
    (
        "another camera, and the attendant is there",
        known(ACTING, desk_open=True),
        p.FreezeTold(True, Reason.CAMERA_CHANGED),
        1.0,
        (),
    ),
    ("another camera before the camera is needed", known(), p.FreezeTold(True, Reason.CAMERA_CHANGED), 1.0, ()),
    ("closed for something else", known(s.OutOfService(Reason.STORE_ERROR)), p.FreezeTold(False), 1.0, ()),
    # the face models
    ("they fail in a take", known(ACTING), p.VisionFailed("model-error"), 1.0, (p.Tell(e.VisionFailed()),)),
    ("they fail behind a page", known(), p.VisionFailed("model-error"), 1.0, ()),
    ("not rested", known(ACTING, vision_rests_until_s=102.0), p.Ticked(), 101.9, NOTHING),
    ("rested", known(ACTING, vision_rests_until_s=102.0), p.Ticked(), 102.0, (p.Tell(e.VisionRested()), *NOTHING)),
    ("rested below the desk", known(ACTING, vision_rests_until_s=102.0, desk_open=True), p.Ticked(), 102.0, NOTHING),
    (
        "given up",
        known(s.Idle(), vision_failures=2),
        p.VisionFailed("model-error"),
        1.0,
        (p.Journal("vision-failed", "model-error"), p.Tell(e.ServicePaused(Reason.MODEL_ERROR))),
    ),
    (
        "given up, journaled once",
        known(s.Idle(), vision_failures=3),
        p.VisionFailed("model-error"),
        1.0,
        (p.Tell(e.ServicePaused(Reason.MODEL_ERROR)),),
    ),
    (
        "back again",
        known(s.OutOfService(Reason.MODEL_ERROR), vision_failures=3),
        p.VisionReady(),
        1.0,
        (p.Journal("vision-recovered"), p.Tell(e.ServiceResumed())),
    ),
    ("ready as ever", known(vision_failures=2), p.VisionReady(), 1.0, ()),
]

STAYING = s.Referred(VISIT, Reason.FACE_UNCERTAIN, CASE, stayed=1)
# By a tenth of a second: what is asked a moment later is not asked yet.
ROWS += [
    ("seen just now, touched long ago", known(face_seen_s=100.0, quiet=p.IdleClock(60, 20, 90.0)), p.Ticked(), 108.0, NOTHING),
    ("touched just now, seen long ago", known(face_seen_s=90.0), p.Ticked(), 108.0, NOTHING),
    ("seen and touched a moment ago", known(face_seen_s=107.0, quiet=p.IdleClock(60, 20, 107.0)), p.Ticked(), 108.1, NOTHING),
    ("seen a moment ago", known(face_seen_s=107.0, quiet=p.IdleClock(60, 20, 90.0)), p.Ticked(), 108.1, NOTHING),
    ("touched a moment ago", known(face_seen_s=90.0, quiet=p.IdleClock(60, 20, 107.0)), p.Ticked(), 108.1, NOTHING),
    (
        "a result is read in peace",
        known(FINISHED, face_seen_s=80.0, quiet=p.IdleClock(30, 20, 90.0), times=replace(TIMES, walk_away_s=0.5)),
        p.Ticked(),
        100.0 + p.RESULT_LEAST_S,
        NOTHING,
    ),
    ("who waits is called for again", known(STAYING, spoke_s=100.0), p.Ticked(), 160.0, (p.Tell(e.StayTouched()), *NOTHING)),
    ("but not yet", known(STAYING, spoke_s=100.1), p.Ticked(), 160.0, NOTHING),
    ("a first failure closes nothing", known(s.Idle()), p.VisionFailed("model-error"), 1.0, ()),
    ("nor the last while somebody is there", known(vision_failures=3), p.VisionFailed("model-error"), 1.0, ()),
]


@pytest.mark.parametrize(("presence", "event", "now_s", "wanted"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_wished_for(presence, event, now_s, wanted):
    assert wishes(presence, event, now_s) == wanted


NOW = p.IdleClock(60.0, 20.0, 170.0)  # somebody was there just now
AFTER = [
    (
        known(counting=True, asked_away=True),
        p.Acted(),
        {"quiet": NOW, "counting": False, "asked_away": False},
    ),
    (known(FINISHED), p.Acted(), {"quiet": p.IdleClock(30.0, 20.0, 170.0)}),
    (known(STAYING), p.Acted(), {"quiet": p.IdleClock(900.0, 20.0, 170.0)}),
    (known(), p.FaceSeen(), {"face_seen_s": 170.0}),
    (
        known(asked_away=True, counting=True),
        p.FaceSeen(),
        {"face_seen_s": 170.0, "quiet": NOW, "counting": False, "asked_away": False},
    ),
    (known(), p.DeskOpened(), {"desk_open": True, "quiet": NOW}),
    (
        known(desk_open=True, face_seen_s=90.0),
        p.DeskClosed(),
        {"desk_open": False, "face_seen_s": None, "quiet": NOW},
    ),
    (known(desk_open=True, counting=True), p.Ticked(), {"quiet": NOW, "counting": False}),
    (known(ACTING, face_fits=True), p.Ticked(), {"quiet": NOW}),
    (
        known(quiet=p.IdleClock(60.0, 20.0, 90.0), counting=True),
        p.Ticked(),
        {"quiet": NOW, "counting": False},
    ),
    (known(), p.Ticked(), {"counting": True}),
    (known(face_seen_s=100.0), p.Ticked(), {"counting": True, "asked_away": True}),
    (known(ACTING), p.VisionFailed("x"), {"vision_failures": 1, "vision_rests_until_s": 172.0}),
    (known(), p.VisionFailed("x"), {"vision_failures": 1}),
    (known(vision_failures=2), p.VisionReady(), {"vision_failures": 0}),
    (known(), p.Spoke(), {"spoke_s": 170.0}),
    (known(), p.TakeShown(True), {"face_fits": True}),
    (known(), p.FreezeTold(True), {"frozen": frozenset({Reason.SELF_SERVICE_FROZEN})}),
]


@pytest.mark.parametrize(("presence", "event", "changed"), AFTER, ids=lambda one: type(one).__name__)
def test_what_is_known_afterwards(presence, event, changed):
    """At 170 s, and nothing else."""
    after, _ = p.step(presence, event, 170.0)
    assert after == replace(presence, **changed)
    assert {name: type(getattr(after, name)) for name in changed} == {name: type(value) for name, value in changed.items()}


def test_a_kiosk_that_was_just_started_knows_nobody():
    assert p.start(TIMES, 5.0) == p.Presence(TIMES, quiet=p.IdleClock(60.0, 20.0, 5.0), entered_s=5.0)


def test_every_event_stands_in_the_table_or_below():
    tabled = {type(row[2]) for row in ROWS} | {p.Changed, p.Spoke, p.TakeShown}
    assert tabled == set(get_args(p.Event))


def test_a_visit_that_begins_is_somebody_and_forgets_who_was_seen_before():
    before = replace(p.start(TIMES, 0.0), face_seen_s=1.0, counting=True)
    after, wished = p.step(before, p.Changed(s.Idle(), s.ChoosingWho(VISIT)), 50.0)
    assert wished == NOTHING
    assert (after.face_seen_s, after.counting, after.quiet.since_s, after.entered_s) == (None, False, 50.0, 50.0)


def test_a_result_is_somebody_and_the_next_touch_keeps_its_time():
    after, wished = p.step(known(), p.Changed(CONFIRMING, FINISHED), 130.0)
    assert wished == NOTHING
    assert (after.quiet.since_s, after.quiet.timeout_s) == (130.0, TIMES.result_s)
    assert wishes(after, p.Changed(FINISHED, replace(FINISHED, roster_stale=True)), 140.0) == ()


@pytest.mark.parametrize(
    "times", [TIMES, replace(TIMES, walk_away_s=0.5), replace(TIMES, result_s=1.0, walk_away_s=0.5, idle_s=1.0)]
)
def test_a_result_lies_open_for_six_seconds_whoever_walks_away(times):
    """Nothing covers it and nothing ends it, though the camera sees nobody and every time of the settings is over."""
    before = replace(known(CONFIRMING, face_seen_s=100.0), times=times)
    shown, _ = p.step(before, p.Changed(CONFIRMING, FINISHED), 100.0)
    for tenth in range(1, 60):
        shown, wished = p.step(shown, p.Ticked(), 100.0 + tenth / 10)
        assert wished == (p.ShowCountdown(None),), f"after {tenth / 10} s"
        assert not shown.asked_away
    later = wishes(shown, p.Ticked(), 100.0 + max(times.walk_away_s, p.RESULT_LEAST_S) + 0.1)
    assert later[0] == p.ShowCountdown(round(times.countdown_s)), "then somebody is asked for, as on any page"


def test_a_page_of_the_same_kind_keeps_its_time():
    taking = replace(TAKING_CARD, visit=replace(VISIT, card_present=False))
    assert p.step(known(TAKING_CARD), p.Changed(TAKING_CARD, taking), 200.0)[0].entered_s == 100.0


def test_a_card_held_up_hides_the_face():
    assert p.step(known(face_seen_s=100.0), p.Changed(CONFIRMING, SCANNING), 101.0)[0].face_seen_s is None


def test_the_next_take_must_find_the_face_anew():
    seen, _ = p.step(known(ACTING), p.TakeShown(True), 101.0)
    assert seen.face_fits
    assert p.step(seen, p.Changed(ACTING, replace(ACTING, camera_ready=False)), 102.0)[0].face_fits
    assert not p.step(seen, p.Changed(ACTING, replace(ACTING, take_id=2)), 102.0)[0].face_fits
    assert not p.step(seen, p.TakeShown(False), 102.0)[0].face_fits


def test_who_walked_away_is_told_apart_from_who_stands_idle():
    asked, _ = p.step(known(face_seen_s=100.0), p.Ticked(), 109.0)
    assert (asked.asked_away, asked.counting) == (True, True)
    over, wished = p.step(asked, p.Ticked(), 129.0)
    assert wished[-1] == p.Tell(e.WalkedAway())
    assert (over.asked_away, over.counting) == (False, False)


def test_what_was_said_is_remembered():
    assert p.step(known(), p.Spoke(), 123.0)[0].spoke_s == 123.0


def test_a_failure_in_a_take_rests_and_the_next_success_counts_anew():
    failed, _ = p.step(known(ACTING), p.VisionFailed("model-error"), 101.0)
    assert (failed.vision_failures, failed.vision_rests_until_s) == (1, 101.0 + p.VISION_REST_S)
    rested, _ = p.step(failed, p.Ticked(), 103.0)
    assert rested.vision_rests_until_s is None
    assert p.step(rested, p.VisionReady(), 104.0)[0].vision_failures == 0


def test_that_the_attendant_is_called_again_is_nobodys_touch():
    quiet = p.IdleClock(900.0, 20.0, 90.0)
    again, wished = p.step(known(STAYING, quiet=quiet), p.Changed(STAYING, replace(STAYING, stayed=2)), 170.0)
    assert (again.quiet, wished) == (quiet, ())
    gone, wished = p.step(known(STAYING, quiet=quiet), p.Changed(STAYING, CONFIRMING), 170.0)
    assert (gone.quiet, wished) == (NOW, NOTHING)


def test_who_waits_for_the_attendant_is_not_sent_away_and_the_call_is_repeated():
    referred = s.Referred(s.Visit("v1"), Reason.NO_FACE_WANTED)
    waits = replace(referred, stayed=1)
    there = replace(p.start(TIMES, 0.0), state=referred)
    there, _ = p.step(there, p.Changed(referred, waits), 1.0)
    there, _ = p.step(there, p.Spoke(), 1.0)
    calls = 0
    for second in range(2, 900):
        there, wishes = p.step(there, p.Ticked(), float(second))
        assert not [wish for wish in wishes if wish == p.Tell(e.IdleExpired())]
        if p.Tell(e.StayTouched()) in wishes:
            calls += 1
            there, _ = p.step(there, p.Spoke(), float(second))
    assert calls >= 12
    _, wishes = p.step(there, p.Ticked(), 10_000.0)
    assert p.Tell(e.IdleExpired()) in wishes, "the page does not stay for ever when nobody comes at all"
