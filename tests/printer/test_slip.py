"""The slip as data: what stands on it, what never does, and that every line fits the paper."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.record import Stage
from kiosk.printer.slip import COLUMNS, layout, width_of, wrap
from tests.printer.samples import NAME, RECORD, slip


def everything(one):
    return "\n".join(
        (one.title, *(f"{label} {value}" for label, value in one.rows), *one.notes, one.qr_text, one.qr_caption, one.footer)
    )


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_holds_what_the_person_needs(language):
    text = everything(slip(language))
    for needed in (RECORD, "12333", "示范社区工作站", "18:30", "陈 * 芳"):
        assert needed in text
    assert text.count("2027") >= 2  # on the paper and in the code
    assert NAME not in text


def test_code_holds_record_date_hotline_and_no_person():
    one = slip()
    assert RECORD in one.qr_text
    assert "2027年12月到2028年11月，来办一次" in one.qr_text
    assert "12333" in one.qr_text
    assert "芳" not in one.qr_text
    assert "陈" not in one.qr_text


def test_says_the_stage_it_is_in_and_promises_no_more():
    saved, confirmed, returned = (everything(slip(stage=stage)) for stage in (Stage.SAVED, Stage.CONFIRMED, Stage.RETURNED))
    assert "会自己送到社保中心" in saved
    assert "中心已经确认" not in saved
    assert "中心已经确认" in confirmed
    assert "工作人员" in returned
    assert len({saved, confirmed, returned}) == 3


def test_unknown_dates_leave_no_empty_row():
    one = slip(next_from=None, next_to=None)
    assert all(label and value for label, value in one.rows)
    assert "来办一次" not in one.qr_text
    assert "2028年11月底前，再来办一次" in everything(slip(next_from=None, next_to=date(2028, 11, 30)))


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("width_mm", [58, 80])
def test_every_line_fits(language, width_mm):
    lines = layout(slip(language), width_mm)
    assert sum(line.qr for line in lines) == 1
    for line in lines:
        assert width_of(line.text) * (2 if line.large else 1) <= COLUMNS[width_mm]


def test_nothing_is_lost_on_narrow_paper():
    text = "".join(line.text for line in layout(slip(), 58)).replace(" ", "")
    for _, value in slip().rows:
        assert value.replace(" ", "") in text


def test_another_width_is_refused():
    with pytest.raises(ValueError, match="58 or 80"):
        layout(slip(), 76)


@given(st.text(max_size=80), st.sampled_from([8, 16, 32, 48]))
def test_wrapping_never_exceeds_and_never_loses(text, columns):
    lines = wrap(text, columns)
    assert all(width_of(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text(max_size=40), st.text(max_size=60))
def test_no_value_brings_a_command_of_its_own(name, station):
    one = slip(name=name, station=station, hotline=station, record_id=name)
    for line in layout(one, 58):
        assert not any(unicodedata.category(c).startswith("C") for c in line.text)
        assert width_of(line.text) * (2 if line.large else 1) <= 32
    assert one.qr_text.count("\n") == 2


def test_with_an_address_of_the_bureau_the_code_is_that_address_alone():
    one = slip(verify_url="https://bureau.example/verify/")
    assert one.qr_text == f"https://bureau.example/verify/{RECORD}"
    assert RECORD in str(one.rows), "the number stands on the paper all the same"
