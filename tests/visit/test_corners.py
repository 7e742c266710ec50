"""Corners of a visit: the helper without a card, back on the way, a scan that reads half, a card that is due for nothing."""

from __future__ import annotations

import pytest

from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from tests.visit import samples as x

WORLD = World("v-1")
VISIT = s.Visit("v-1", mode=s.Mode.OTHER)
KNOWN = {"beneficiary": x.CHEN, "entry": x.entry_of(x.CHEN), "eligibilities": (x.due(),)}


def test_a_helper_types_the_number_when_the_friend_is_known():
    typing = s.EnteringNumber(VISIT, s.Whose.HELPER, **KNOWN)
    after, commands = step(typing, e.NumberEntered(x.LI.id_number), WORLD)
    assert isinstance(after, s.Consenting)
    assert after.case.visit.helper.id_number == x.LI.id_number
    assert after.case.person == x.CHEN
    assert commands == ()


def test_a_helper_types_the_number_first():
    after, _ = step(s.EnteringNumber(VISIT, s.Whose.HELPER), e.NumberEntered(x.LI.id_number), WORLD)
    assert isinstance(after, s.AwaitingCard)
    assert (after.whose, after.visit.helper.id_number) == (s.Whose.BENEFICIARY, x.LI.id_number)


@pytest.mark.parametrize("again", [x.CHEN.id_number, x.CHEN.id_number.lower()])
def test_nobody_helps_themselves_by_typing(again):
    typing = s.EnteringNumber(VISIT, s.Whose.HELPER, **KNOWN)
    assert step(typing, e.NumberEntered(again), WORLD)[0].problem is Reason.HELPER_IS_BENEFICIARY
    helped = s.EnteringNumber(s.Visit("v-1", mode=s.Mode.OTHER, helper=x.CHEN))
    assert step(helped, e.NumberEntered(again), WORLD)[0].problem is Reason.HELPER_IS_BENEFICIARY


def test_back_from_the_helpers_card_keeps_the_friend():
    after, commands = step(s.AwaitingCard(VISIT, s.Whose.HELPER, **KNOWN), e.BackTouched(), WORLD)
    assert (after, commands) == (s.Confirming(VISIT, x.CHEN, KNOWN["entry"], KNOWN["eligibilities"]), ())


def test_back_from_a_query_goes_home():
    after, commands = step(s.AwaitingCard(s.Visit("v-1", mode=s.Mode.QUERY)), e.BackTouched(), WORLD)
    assert isinstance(after, s.Idle)
    assert c.EndVisit("v-1") in commands


def test_a_scan_reads_the_helpers_card_too():
    after, _ = step(s.ScanningCard(VISIT, s.Whose.HELPER, **KNOWN), e.CardScanned("v-1", x.LI), WORLD)
    assert isinstance(after, s.Consenting)
    assert after.case.visit.helper == x.LI


def test_a_scan_of_the_helpers_own_card_is_refused():
    helped = s.ScanningCard(s.Visit("v-1", mode=s.Mode.OTHER, helper=x.LI))
    after, _ = step(helped, e.CardScanned("v-1", x.LI), WORLD)
    assert (type(after), after.trouble) == (s.AwaitingCard, Reason.HELPER_IS_BENEFICIARY)


def test_a_scan_without_a_name_asks_for_it():
    scanning = s.ScanningCard(s.Visit("v-1"))
    after, commands = step(scanning, e.CardScanned("v-1", Person("", x.CHEN.id_number)), WORLD)
    assert (after, commands) == (scanning, (c.OfferNames("v-1", x.CHEN.id_number),))


@pytest.mark.parametrize(("told", "trouble"), [(None, Reason.NOT_IN_ROSTER), (Reason.BAD_NUMBER, Reason.BAD_NUMBER)])
def test_a_scanned_number_that_nobody_has(told, trouble):
    after, _ = step(s.ScanningCard(s.Visit("v-1")), e.NamesOffered("v-1", x.CHEN.id_number, (), told), WORLD)
    assert (type(after), after.trouble) == (s.AwaitingCard, trouble)
