"""Number rules: vectors from the standard's text and public specimens; rules flag, they never refuse."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.identity import (
    DocumentKind,
    IdNumber,
    NumberFlag,
    Sex,
    check_digit,
    check_digit_pr,
    normalise_number,
    old_pr_number,
    parse_date,
)
from kiosk.domain.names import plain_number

RESIDENT, HMT, PR = DocumentKind.RESIDENT, DocumentKind.HMT_RESIDENCE, DocumentKind.PERMANENT_RESIDENCE


@pytest.mark.parametrize(
    ("number", "kind", "born", "sex"),
    [
        ("11010519491231002X", RESIDENT, date(1949, 12, 31), Sex.FEMALE),  # GB 11643's own examples
        ("34052419800101001X", RESIDENT, date(1980, 1, 1), Sex.MALE),
        ("810000199001010019", HMT, date(1990, 1, 1), Sex.MALE),
        ("820000199001010029", HMT, date(1990, 1, 1), Sex.FEMALE),
        ("830000199001010039", HMT, date(1990, 1, 1), Sex.MALE),
        ("932682198501010017", PR, date(1985, 1, 1), Sex.MALE),  # public specimens of 2023
        ("911124198108030024", PR, date(1981, 8, 3), Sex.FEMALE),
        ("931586198001010028", PR, date(1980, 1, 1), Sex.FEMALE),
        ("PAK310080010103", PR, date(1980, 1, 1), Sex.UNKNOWN),  # specimen of 2017
    ],
)
def test_good_numbers(number, kind, born, sex):
    found = IdNumber.parse(number, today=date(2026, 3, 1))
    assert (found.number, found.kind, found.born, found.sex, found.ok) == (number, kind, born, sex, True)
    assert number not in repr(found)


@pytest.mark.parametrize(
    "typed",
    [
        "110105491231002",
        "１１０１０５４９１２３１００２",
        "11010519491231002x",
        " 110105 19491231 002X ",
        "110105-19491231-002X",
    ],
)
def test_what_people_type(typed):
    found = IdNumber.parse(typed)
    assert (found.number, found.ok) == ("11010519491231002X", True)
    assert found.was_15 == (len(plain_number(typed)) == 15)


@pytest.mark.parametrize(
    ("number", "flags"),
    [
        ("110105194912310020", {NumberFlag.CHECK_DIGIT}),
        ("110105194913310022", {NumberFlag.CHECK_DIGIT, NumberFlag.BIRTH_DATE}),
        ("00010519491231002" + check_digit("00010519491231002"), {NumberFlag.REGION}),
        ("PAK310080010104", {NumberFlag.CHECK_DIGIT}),
        ("PAK310080133103", {NumberFlag.CHECK_DIGIT, NumberFlag.BIRTH_DATE}),
        ("", {NumberFlag.SHAPE}),
        ("1234", {NumberFlag.SHAPE}),
        ("1101051949123100XX", {NumberFlag.SHAPE}),
    ],
)
def test_wrong_numbers_are_flagged_not_refused(number, flags):
    found = IdNumber.parse(number)
    assert (found.number, found.flags, found.ok) == (number, flags, False)


def number_of(first17: str) -> str:
    return first17 + check_digit(first17)


def test_birth_in_the_future():
    first17 = "11010520300101002"
    number = first17 + check_digit(first17)
    assert IdNumber.parse(number).ok
    assert IdNumber.parse(number, today=date(2026, 1, 1)).flags == {NumberFlag.BIRTH_DATE}
    assert IdNumber.parse(number, today=date(2030, 1, 1)).ok
    assert IdNumber.parse(number, today=date(2029, 12, 31)).flags == {NumberFlag.BIRTH_DATE}
    assert IdNumber.parse("110105491231002", today=date(1949, 12, 30)).flags == {NumberFlag.BIRTH_DATE}
    assert IdNumber.parse("110105491231002", today=date(1949, 12, 31)).ok


def test_nobody_alive_was_born_before_1850():
    assert IdNumber.parse(number_of("11010518500101002")).ok
    assert IdNumber.parse(number_of("11010518491231002")).flags == {NumberFlag.BIRTH_DATE}


def test_a_number_of_another_shape_is_taken_for_a_residents():
    assert IdNumber.parse("1234").kind is RESIDENT


def test_the_century_of_a_permanent_residents_number():
    """The card of 2017 has none: nobody is born after it was issued, or after today where the day is known."""

    def born(yymmdd: str, today: date | None = None) -> date | None:
        return IdNumber.parse("PAK3100" + yymmdd + "00", today).born

    assert born("171231") == date(2017, 12, 31)
    assert born("180101") == date(1918, 1, 1)
    assert born("260101", date(2026, 3, 1)) == date(2026, 1, 1)
    assert born("270101", date(2026, 3, 1)) == date(1927, 1, 1)


@pytest.mark.parametrize("typed", ["110105491231002", "110105-19491231-002x", "11010519491231002X", " 110105 491231 002 "])
def test_numbers_are_stored_and_compared_in_one_form(typed):
    assert normalise_number(typed) == "11010519491231002X"
    assert normalise_number("110105491231002X") == "110105491231002X"  # sixteen: none of the two


@given(st.text(max_size=20))
def test_any_text_is_answered(text):
    found = IdNumber.parse(text)
    assert found.ok or found.flags
    assert IdNumber.parse(found.number).flags == found.flags


@given(st.from_regex(r"[1-6][0-9]{14}", fullmatch=True))
def test_15_to_18_keeps_every_digit(number):
    found = IdNumber.parse(number)
    assert found.was_15
    assert found.number[:6] + found.number[8:17] == number
    assert NumberFlag.CHECK_DIGIT not in found.flags


def test_old_number_of_a_permanent_resident():
    assert old_pr_number("PAK", "931586198001010028", "000") == "PAK310080010103"
    assert old_pr_number("PAK", "93158619800101002X", "000") == "PAK310080010103"
    assert old_pr_number("PAK", "931586198001010028", "") == ""
    assert old_pr_number("", "931586198001010028", "000") == ""
    assert old_pr_number("PAK", "93158619800101", "000") == ""


def test_check_digits_refuse_other_characters():
    for wrong in ("", "1234567890123456", "1234567890123456X", "１２３４５６７８９０１２３４５６７"):
        with pytest.raises(ValueError, match="17 digits"):
            check_digit(wrong)
    with pytest.raises(ValueError, match="expected"):
        check_digit_pr("pak")
    assert check_digit_pr("PAK31008001010") == "3"


def test_dates():
    assert parse_date("19480229") == date(1948, 2, 29)
    assert parse_date("19490229") is None
    assert parse_date("1949-1-1") is None
    assert parse_date("") is None
