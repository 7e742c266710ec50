"""Which groups a take counts for: at what it failed, in what light, and what the attendant's word changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.domain.fairness import Counted, Watched, corrected, failed_at
from kiosk.domain.outcome import ActionRecord, Glasses
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.record import Outcome

BLINKED, NOT_TURNED = ActionRecord(Action.BLINK, 1.0, 2.0), ActionRecord(Action.TURN_LEFT, 3.0)
ONE = Counted(date(2026, 11, 21), "80-84", Glasses.UNKNOWN, "good", "blink", "failed", "action-timeout")
YES, NO = replace(ONE, glasses=Glasses.YES), replace(ONE, glasses=Glasses.NO)


def shown(*views: tuple[Guidance | None, str, Action | None]) -> Watched:
    watched = Watched()
    for view in views:
        watched = watched.after(*view)
    return watched


@pytest.mark.parametrize(
    ("outcome", "reason", "views", "actions", "compared", "group"),
    [
        (Outcome.PASSED, Reason.OK, [(None, "done", None)], (BLINKED,), True, "all"),
        (Outcome.FAILED, Reason.FACE_MISMATCH, [(None, "done", None)], (BLINKED,), True, "match"),
        (Outcome.REFERRED, Reason.FACE_UNCERTAIN, [(None, "done", None)], (BLINKED,), True, "match"),
        (Outcome.FAILED, Reason.ACTION_TIMEOUT, [(None, "cue", Action.TURN_LEFT)], (BLINKED, NOT_TURNED), False, "turn-left"),
        (Outcome.FAILED, Reason.LIVENESS_FAILED, [(None, "failed", None)], (BLINKED,), False, "checks"),
        (Outcome.FAILED, Reason.FACE_CHANGED, [(None, "failed", None)], (BLINKED,), False, "checks"),
        (Outcome.FAILED, Reason.NO_GOOD_FRAME, [(Guidance.NO_FACE, "positioning", None)], (), False, "position"),
        # what was missed and what was wrong tell more than what stood on the screen
        (Outcome.FAILED, Reason.ACTION_TIMEOUT, [(None, "cue", Action.NOD)], (BLINKED, NOT_TURNED), False, "turn-left"),
        (Outcome.FAILED, Reason.NO_GOOD_FRAME, [(None, "between", Action.NOD)], (BLINKED,), False, "position"),
        # given up: what was asked for at that moment
        (Outcome.FAILED, Reason.CANCELLED, [(Guidance.TOO_FAR, "positioning", None)], (), False, "position"),
        (Outcome.FAILED, Reason.CANCELLED, [(None, "positioning", None), (None, "wait-cue", Action.BLINK)], (), False, "blink"),
        (Outcome.FAILED, Reason.CANCELLED, [(None, "cue", Action.BLINK), (None, "between", None)], (), False, "all"),
        (Outcome.FAILED, Reason.CANCELLED, [], (), False, "all"),
        # the last view of a take tells that it ended, not where
        (Outcome.FAILED, Reason.FACE_LOST, [(None, "wait-cue", Action.NOD), (None, "failed", None)], (BLINKED,), False, "nod"),
    ],
)
def test_what_a_take_failed_at(outcome, reason, views, actions, compared, group):
    assert failed_at(outcome, reason, shown(*views), actions, compared) == group


@pytest.mark.parametrize(
    ("hints", "light"),
    [
        ((), "unknown"),
        ((None, Guidance.BLURRED), "good"),
        ((Guidance.TOO_DARK, None), "dark"),
        ((Guidance.BACKLIT, None, Guidance.NO_FACE), "backlit"),
        ((Guidance.BACKLIT, Guidance.TOO_DARK), "dark"),
    ],
)
def test_light_is_what_the_hints_said(hints, light):
    assert shown(*((hint, "positioning", None) for hint in hints)).light == light


@pytest.mark.parametrize(
    ("counted", "machine", "word", "after"),
    [
        ((ONE, ONE), Glasses.UNKNOWN, Glasses.UNKNOWN, []),
        ((ONE, ONE), Glasses.UNKNOWN, Glasses.YES, [YES, YES]),
        ((YES, ONE), Glasses.UNKNOWN, Glasses.YES, [YES]),
        ((YES, NO), Glasses.NO, Glasses.NO, []),  # taken off between the takes: both are as the machine saw them
        ((ONE, NO), Glasses.NO, Glasses.NO, [NO]),
        ((ONE, NO, YES), Glasses.YES, Glasses.NO, [NO, NO]),  # the attendant saw better
    ],
)
def test_the_attendants_word_fills_in_and_corrects(counted, machine, word, after):
    changes = corrected(counted, machine, word)
    assert [new for _, new in changes] == after
    assert all(old in counted and old is not new for old, new in changes)
