"""What a visit writes down: one record a benefit, which the bureau's wire accepts as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kiosk.config import Checks
from kiosk.domain.outcome import ActionRecord, CheckScore, LivenessResult, MatchDecision, MatchResult
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome
from kiosk.store.content import content_of
from kiosk.sync.protocol import Record
from kiosk.visit.recording import records_of
from kiosk.visit.states import Case, Mode, Visit
from tests.visit import samples as x

CLOCK = ClockEvidence(datetime(2026, 11, 21, tzinfo=UTC), 12.5, "boot", None)
LIVENESS = LivenessResult(
    True,
    Reason.OK,
    tuple(ActionRecord(action, 1.0, 2.0) for action in Action),
    checks=tuple(CheckScore(name, 0.123456, 0.5, "record", False) for name in (*Checks.model_fields, "same-face")),
)
MATCH = MatchResult(MatchDecision.ACCEPT, Reason.OK, 0.7, 0.424, "0" * 64, 5)


def case(mode: Mode = Mode.SELF) -> Case:
    visit = Visit("v1", mode, helper=x.LI if mode is Mode.OTHER else None)
    return Case(visit, x.CHEN, x.entry_of(x.CHEN, 2), (x.due(0), x.due(1)), "consent-v1")


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("mode", [Mode.SELF, Mode.OTHER])
def test_every_record_fits_the_wire(outcome, mode):
    made = records_of(case(mode), outcome, Reason.OK, CLOCK, "SZ-1", 3, LIVENESS, MATCH)
    assert [record.benefit_id for record in made] == ["b0", "b1"]
    for record in made:
        Record.model_validate(json.loads(content_of(record)))
        assert (record.valid_from is not None) == (outcome is Outcome.PASSED)
        assert record.channel is (Channel.HELPED_FACE if mode is Mode.OTHER else Channel.SELF_FACE)
    assert made[0].record_id != made[1].record_id


def test_a_record_carries_no_name_and_no_match_score():
    text = content_of(records_of(case(), Outcome.PASSED, Reason.OK, CLOCK, "SZ-1", 3, LIVENESS, MATCH)[0])
    assert x.CHEN.name not in text
    assert x.CHEN.id_number not in text
    assert "0.7" not in text


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("mode", [Mode.SELF, Mode.OTHER])
def test_a_record_tells_all_of_its_attempt_and_nothing_else(outcome, mode):
    checks = (CheckScore("two_words_more", 0.123456, 0.5, "record", True), CheckScore("unmeasured", None, 0.5, "record", False))
    shown = case(mode)
    (made, _) = records_of(shown, outcome, Reason.OK, CLOCK, "SZ-1", 3, replace(LIVENESS, checks=checks), MATCH)
    item, helped, passed = shown.chosen[0], mode is Mode.OTHER, outcome is Outcome.PASSED
    assert made == AuthenticationRecord(
        record_id=made.record_id,
        visit_id="v1",
        station_id="SZ-1",
        person_id=shown.entry.person_id,
        benefit_id="b0",
        policy_id=item.policy_id,
        policy_period=item.period,
        channel=Channel.HELPED_FACE if helped else Channel.SELF_FACE,
        outcome=outcome,
        reason="ok",
        clock=CLOCK,
        identified_by=x.CHEN.identified_by.value,
        roster_version=3,
        consent_id="consent-v1",
        actions=tuple(action.value for action in Action),
        checks=(("two-words-more", 0.1235, True),),
        model_digest="0" * 64,
        valid_from=item.if_passed_from if passed else None,
        valid_to=item.if_passed_to if passed else None,
        helper_name=x.LI.name if helped else "",
        helper_id_number=x.LI.id_number if helped else "",
    )
    assert None not in (item.if_passed_from, item.if_passed_to), "or the two lines above compare nothing"


def test_a_record_without_a_take_tells_of_none():
    made = records_of(case(), Outcome.REFERRED, Reason.NO_FACE_WANTED, CLOCK, "SZ-1", 3)[0]
    assert (made.actions, made.checks, made.model_digest, made.helper_name, made.helper_id_number) == ((), (), "", "", "")


@pytest.mark.parametrize("liveness", [None, LIVENESS])
def test_an_expired_card_is_written_down(liveness):
    shown = case()
    expired = replace(shown, chosen=(replace(shown.chosen[0], card_expired=True), shown.chosen[1]))
    first, second = records_of(expired, Outcome.PASSED, Reason.OK, CLOCK, "SZ-1", 3, liveness, MATCH)
    assert first.checks[-1] == ("card-expired", 1.0, True)
    assert first.checks[:-1] == second.checks
    Record.model_validate(json.loads(content_of(first)))
