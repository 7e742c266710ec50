"""The slip as data: what stands on it, what never does, and that every line fits the paper."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import Channel
from kiosk.domain.next_time import next_time
from kiosk.domain.record import RecordStatus
from kiosk.printer.slip import COLUMNS, layout, width_of, wrap
from kiosk.texts.strings import Strings
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
    stages = (RecordStatus.SAVED, RecordStatus.RECEIVED, RecordStatus.CONFIRMED, RecordStatus.RETURNED)
    saved, received, confirmed, returned = (everything(slip(stage=stage)) for stage in stages)
    assert "会自己送到社保中心" in saved
    assert "会自己送到" not in received
    assert not any("中心已经确认" in text for text in (saved, received))
    assert "中心已经确认" in confirmed
    assert "工作人员" in returned
    assert len({saved, received, confirmed, returned}) == 4


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


URL = "https://bureau.example/verify"
FAR = (
    Channel(name="“中国领事”手机APP", address="人在国外，刷脸办", far=True),
    Channel(name="邮政EMS", address="上门取材料", phone="11183", far=True),
)


def printed(one, width_mm):
    """Everything on the paper in one piece, as broken lines are read."""
    return "".join(line.text for line in layout(one, width_mm)).replace(" ", "")


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("width_mm", [58, 80])
def test_warns_of_fraud_and_tells_number_check_month_and_ways_from_afar(width_mm, large):
    one = slip(stage=RecordStatus.CONFIRMED, verify_url=URL, far=FAR, large=large, next_from=None, next_to=date(2027, 11, 30))
    text = printed(one, width_mm)
    for needed in (
        "办认证不收钱，不会叫您转账，也不会问您要密码、验证码。",
        "有人这样要求，就是骗子，请打12333问一问。",
        f"认证编号{RECORD}",
        f"要核对真假，请扫下面的码，或打开：{URL}/{RECORD}",
        "下一次2027年11月底前，再来办一次",
        "家里人在国外、外地，可以这样办：·“中国领事”手机APP人在国外，刷脸办·邮政EMS上门取材料11183",
        "手机扫一扫，核对真假",
    ):
        assert needed in text


@pytest.mark.parametrize("stage", list(RecordStatus))
def test_whoever_ages_away_from_the_template_is_asked_for_a_fresh_one_on_paper_too(stage):
    asked = "下次来，请工作人员给您重新拍一张照片，免得以后认不出。"
    passed = stage not in (RecordStatus.RETURNED, RecordStatus.REFUSED)
    assert (asked in printed(slip(stage=stage, face_ageing=True), 58)) is passed
    assert asked not in printed(slip(stage=stage), 58)


def test_english_says_the_same():
    text = everything(slip("en", stage=RecordStatus.CONFIRMED, verify_url=URL, far=FAR))
    for needed in (
        "a transfer, a password or a code",
        "is a fraud: please call 12333",
        f"Record no. {RECORD}",
        f"{URL}/{RECORD}",
    ):
        assert needed in text
    assert "Family abroad" in text


def test_the_next_time_stands_in_the_words_of_the_screen():
    strings, printed_on = Strings.load("zh_CN"), date(2026, 11, 21)
    for first, last in (
        (None, date(2027, 11, 30)),
        (date(2027, 12, 1), date(2028, 11, 30)),
        (date(2027, 11, 1), date(2027, 11, 30)),
    ):
        upcoming = next_time(first, last, printed_on)
        assert ("下一次", strings.dated(upcoming.key, upcoming.first, upcoming.last)) in slip(next_from=first, next_to=last).rows


def test_nothing_is_checked_that_the_bureau_does_not_answer_for():
    assert "确认以后，可以核对真假" in everything(slip(verify_url=URL))
    assert "确认以后" not in everything(slip(stage=RecordStatus.CONFIRMED, verify_url=URL))
    by_telephone = everything(slip())
    assert "要核对真假，请打 12333，报认证编号" in by_telephone
    assert "https" not in by_telephone
    for stage in (RecordStatus.RETURNED, RecordStatus.REFUSED):
        assert not any("核对真假" in note for note in slip(stage=stage, verify_url=URL).notes)


def test_a_long_address_is_not_cut_and_no_way_from_afar_leaves_no_heading():
    address = f"https://{'a' * 180}.example/v"
    assert f"{address}/{RECORD}" in everything(slip(verify_url=address))
    assert "国外" not in everything(slip())


@pytest.mark.parametrize("language", ["zh_CN", "en", "zh_Hant"])
@pytest.mark.parametrize("width_mm", [58, 80])
def test_large_print_is_large_throughout_and_fits(language, width_mm):
    one = slip(language, verify_url=URL, far=FAR, large=True)
    lines = [line for line in layout(one, width_mm) if not line.qr and set(line.text) != {"-"}]
    assert all(line.large for line in lines)
    assert max(width_of(line.text) for line in lines) <= COLUMNS[width_mm] // 2
    assert not any(line.text.lstrip()[0] in "，。：、！？）" for line in lines), "a line begins with what closes another"
    assert RECORD in printed(one, width_mm)


def test_a_review_is_no_pass_and_names_the_day():
    text = everything(slip(answer_by=date(2026, 12, 3), next_from=None, next_to=None))
    assert "2026年12月3日" in text
    assert "还没有办好" in text
    assert "养老金照常发" not in text
    assert "来办一次" not in text
