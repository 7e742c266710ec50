"""Numbers and terms of documents that no reader reads, and a passport's MRZ. The passport is ICAO's specimen of Utopia."""

from __future__ import annotations

from datetime import date

import pytest

from kiosk.domain import documents
from kiosk.domain.identity import DocumentKind as K

TODAY = date(2026, 11, 30)
SPECIMEN = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"


@pytest.mark.parametrize(
    ("kind", "number", "odd"),
    [
        (K.RESIDENT, "440305194806170017", True),
        (K.RESIDENT, "11010519491231002X", False),
        (K.PASSPORT, "E12345678", False),
        (K.PASSPORT, "ea 1234567", False),
        (K.PASSPORT, "ABCDEFG", True),
        (K.PASSPORT, "E123456789", True),
        (K.HM_PERMIT, "H12345678", False),
        (K.HM_PERMIT, "M1234567801", False),
        (K.HM_PERMIT, "K12345678", True),
        (K.TW_PERMIT, "12345678", False),
        (K.TW_PERMIT, "1234567890A", False),
        (K.TW_PERMIT, "1234567", True),
        (K.SOCIAL_SECURITY_CARD, "11010519491231002X", False),
        (K.SOCIAL_SECURITY_CARD, "A1B2C3D4E", False),
        (K.SOCIAL_SECURITY_CARD, "12345", True),
        (K.PASSPORT, "Ｅ１２３４ ５６７８", False),  # typed with a Chinese keyboard left wide
        (K.HM_PERMIT, "ｈ１２３４５６７８", False),
        (K.SOCIAL_SECURITY_CARD, "Ａ1B2C3D4E", False),
        (K.TW_PERMIT, "1234—5678", False),
    ],
)
def test_each_kind_has_its_own_rule(kind, number, odd):
    assert documents.odd(kind, number) is odd
    assert documents.problem(kind, number, None, TODAY) == ("number-odd" if odd else "")


def test_a_document_is_valid_on_its_last_day_and_not_after():
    assert documents.problem(K.PASSPORT, "E12345678", TODAY, TODAY) == ""
    assert documents.problem(K.PASSPORT, "E12345678", date(2026, 11, 29), TODAY) == "document-expired"


def test_the_specimens_mrz_is_read_with_one_line_or_both():
    wide = SPECIMEN.replace("<", "＜").replace("1", "１")
    for text in (SPECIMEN, SPECIMEN.splitlines()[1], SPECIMEN.replace("\n", "").lower(), wide):
        assert documents.read_mrz(text, TODAY) == documents.Passport("L898902C3", date(2012, 4, 15), whole=True)


@pytest.mark.parametrize("four", ["<", "0"])
def test_a_passport_without_a_personal_number_is_whole(four):
    """Its check digit may be left out then, and the number may be shorter than its nine places."""
    text = {"<": "L89891X<<5UTO7408122F2904157<<<<<<<<<<<<<<<8", "0": "L89891X<<5UTO7408122F2904157<<<<<<<<<<<<<<08"}[four]
    for typed in (text, text[:12] + " " + text[12:]):
        assert documents.read_mrz(typed, TODAY) == documents.Passport("L89891X", date(2029, 4, 15), whole=True)
    assert not documents.read_mrz(text[:-1] + "5", TODAY).whole
    assert not documents.read_mrz(text.replace("<<<<" + four, "<<<<7"), TODAY).whole


def test_the_century_of_an_expiry_is_the_present_one():
    assert documents.read_mrz(SPECIMEN, date(2099, 12, 31)).valid_to == date(2012, 4, 15)
    assert documents.read_mrz(SPECIMEN, date(2100, 1, 1)).valid_to == date(2112, 4, 15)


@pytest.mark.parametrize("at", [0, 9, 13, 19, 21, 27, 42, 43])
def test_one_wrong_digit_anywhere_shows(at):
    line = SPECIMEN.splitlines()[1]
    wrong = line[:at] + ("7" if line[at] != "7" else "8") + line[at + 1 :]
    found = documents.read_mrz(wrong, TODAY)
    assert found is None or not found.whole


@pytest.mark.parametrize("text", ["", "E12345678", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "11010519491231002X", "<" * 44])
def test_what_is_no_passport_is_none(text):
    assert documents.read_mrz(text, TODAY) is None


LINE = SPECIMEN.split("\n")[1]


@pytest.mark.parametrize(
    "lines",
    [
        [LINE],
        ["P<UT0ERIKSS0N<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", LINE.replace("UTO", "UT0")],  # as our text recognition reads it
        ["护照 PASSPORT", "", LINE.replace("7408122", "74O8I22")],
        [LINE.replace("L898902C3", "L8989O2C3")],  # a letter that may stand there, and does not fit
        [LINE.replace("<<<<<", "«<<<")],
        [f" {LINE[:20]} {LINE[20:]}".lower()],
    ],
)
def test_an_mrz_read_from_a_picture_is_put_right_where_every_check_fits(lines):
    assert documents.mrz_of(lines, TODAY) == LINE


@pytest.mark.parametrize(
    "line", [LINE.replace("C36", "C46"), LINE[:-1] + "9", LINE[:40], "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", ""]
)
def test_a_picture_that_is_read_wrong_gives_nothing(line):
    assert documents.mrz_of([line], TODAY) == ""
