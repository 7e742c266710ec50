"""What stands on a card, from lines of text: tolerant of labels, strict about people. No picture and no model in here."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain.identity import DocumentKind, Sex, check_digit
from kiosk.domain.take_view import Side
from kiosk.ocr.ballot import BackBallot, FrontBallot
from kiosk.ocr.fields import FieldFlag, read_back, read_front, side_of
from kiosk.ocr.lines import MAX_LINES, TextLine, clean, rows_of
from kiosk.ocr.numbers import numbers_in

NUMBER = "440305195603150028"  # invented: config/demo/cards.toml


def line(text, x, y, score=1.0, high=0.07):
    return TextLine(text, (x, y, x + 0.03 * max(len(text), 1), y + high), score)


def front_lines(**other):
    value = {"name": "陈小芳", "sex": "女", "nation": "汉", "born": "1956年3月15日", "number": NUMBER} | other
    return [
        line("姓名", 0.06, 0.11),
        line(value["name"], 0.17, 0.105, other.get("score", 1.0)),
        line("性别", 0.06, 0.24),
        line(value["sex"], 0.17, 0.24),
        line("民族" + value["nation"], 0.28, 0.24),
        line("出生", 0.06, 0.38),
        line(value["born"], 0.17, 0.38),
        line("住址", 0.06, 0.52),
        line("广东省深圳市南山区示", 0.17, 0.52),
        line("范路1号", 0.17, 0.60),
        line("样张", 0.76, 0.56),
        line("公民身份号码", 0.06, 0.84),
        line(value["number"], 0.32, 0.835),
    ]


def back_lines(issuer="深圳市公安局南山分局", term="2006.05.20-长期"):
    return [
        line("中华人民共和国", 0.3, 0.12),
        line("居民身份证", 0.3, 0.3, high=0.16),
        line("签发机关", 0.22, 0.69),
        line(issuer, 0.39, 0.69),
        line("有效期限" + term, 0.22, 0.82),
    ]


def test_a_front():
    front = read_front(front_lines())
    assert front.usable
    assert not front.flags
    assert (front.name, front.sex, front.nation, front.born, front.id_number) == (
        "陈小芳",
        Sex.FEMALE,
        "汉",
        date(1956, 3, 15),
        NUMBER,
    )
    assert front.address == "广东省深圳市南山区示范路1号"
    assert side_of(front_lines()) is Side.FRONT


@pytest.mark.parametrize(
    "joined",
    [
        ["姓名陈小芳", "性别女民族汉", "出生1956年3月15日", "住址广东省", "公民身份号码" + NUMBER],
        ["姓 名 陈 小 芳", "性别 女 民族 汉", "出生 1956 年 3 月 15 日", "住址 广东省", "公民身份号码 4403051956 0315 0028"],
        ["姓各陈小芳", "性割女民族汉", "1956年3月15日", "址广东省", NUMBER],
        ["姓名：陈小芳", "性别：女民族：汉族", "出生：1956年03月15日", "住址：广东省", "公民身份号码：" + NUMBER],
    ],
)
def test_labels_may_be_joined_spaced_damaged_or_missing(joined):
    front = read_front([line(text, 0.06, 0.1 + 0.14 * i) for i, text in enumerate(joined)])
    assert front.usable
    assert (front.name, front.nation, front.id_number) == ("陈小芳", "汉", NUMBER)


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        (NUMBER, "44O305l956O31500Z8"),
        (NUMBER, "4403051956031S0028"),
        ("11010119490307123X", None),
        (NUMBER, "440305I956031500Z8"),
    ],
)
def test_look_alikes_are_put_right_where_the_check_character_agrees(printed, read):
    if read is None:
        first = "11010119490307" + "0" * 3
        order = next(n for n in range(1000) if check_digit(first[:14] + f"{n:03d}") == "X")
        printed, read = first[:14] + f"{order:03d}X", first[:14] + f"{order:03d}x"
    assert [number.number for number in numbers_in(read)] == [printed]


@pytest.mark.parametrize(
    "read",
    [
        NUMBER[:-1],  # a digit lost
        NUMBER + "1",  # one too many
        NUMBER[:-1] + "9",  # the check character does not fit
        "440305195613150028",  # no such month
        "OOOOOO1956O315OO28",  # more guesses than evidence
        "四四零三零五195603150028",
        "990305195603150028",
    ],
)
def test_doubtful_numbers_are_no_numbers(read):
    front = read_front(front_lines(number=read))
    assert front.id_number == ""
    assert not front.usable
    assert front.flags & {FieldFlag.NUMBER_UNSURE, FieldFlag.NUMBER_MISSING}


def test_two_ways_to_read_a_number_are_none():
    """B may be an 8 or a 3. The 5th and the 15th digit weigh the same: 8..3 and 3..8 both fit, and nobody is guessed."""
    one, other = "44038519560315302", "44033519560315802"
    assert check_digit(one) == check_digit(other)
    doubtful = "4403B519560315B02" + check_digit(one)
    assert {number.number[:17] for number in numbers_in(doubtful)} == {one, other}
    front = read_front(front_lines(number=doubtful))
    assert FieldFlag.NUMBER_UNSURE in front.flags
    assert not front.usable


def test_every_single_wrong_digit_is_refused():
    for at in range(17):
        for digit in "0123456789":
            if digit != NUMBER[at]:
                assert not numbers_in(NUMBER[:at] + digit + NUMBER[at + 1 :])


def test_two_wrong_digits_that_fit_the_check_character_meet_the_printed_date():
    """One in eleven double errors passes the arithmetic; in the date they then differ from what is printed above."""
    passed = refused = 0
    for first in range(6, 14):
        for second in range(first + 1, 14):
            for a in "0123456789":
                for b in "0123456789":
                    wrong = list(NUMBER)
                    if a == wrong[first] or b == wrong[second]:
                        continue
                    wrong[first], wrong[second] = a, b
                    if numbers_in("".join(wrong)):
                        passed += 1
                        front = read_front(front_lines(number="".join(wrong)))
                        refused += FieldFlag.BIRTH_DIFFERS in front.flags and not front.usable
    assert passed > 20
    assert refused == passed


@pytest.mark.parametrize(
    ("other", "flag"),
    [
        ({"sex": "男"}, FieldFlag.SEX_DIFFERS),
        ({"sex": "文"}, FieldFlag.SEX_MISSING),
        ({"born": "1956年8月15日"}, FieldFlag.BIRTH_DIFFERS),
        ({"born": "1956年2月30日"}, FieldFlag.BIRTH_MISSING),
        ({"born": "年月日"}, FieldFlag.BIRTH_MISSING),
        ({"score": 0.65}, FieldFlag.NAME_UNSURE),
        ({"name": "陈小芳1"}, FieldFlag.NAME_UNSURE),
        ({"name": "陈"}, FieldFlag.NAME_UNSURE),
        ({"name": "<b>陈小芳"}, FieldFlag.NAME_UNSURE),
        ({"name": "'; DROP--"}, FieldFlag.NAME_UNSURE),
        ({"number": "944036195508210029", "sex": "女", "born": "1955年8月21日"}, FieldFlag.OTHER_DOCUMENT),
    ],
)
def test_what_does_not_fit_is_flagged_and_not_used(other, flag):
    front = read_front(front_lines(**other))
    assert flag in front.flags
    assert not front.usable


def test_a_nation_nobody_knows_is_for_information_only():
    front = read_front(front_lines(nation="某某"))
    assert front.flags == {FieldFlag.NATION_UNKNOWN}
    assert front.usable


def test_names_of_other_shapes():
    assert read_front(front_lines(name="买买提·吐尔逊")).name == "买买提·吐尔逊"
    assert read_front(front_lines(name="买买提•吐尔逊")).name == "买买提·吐尔逊"
    assert read_front(front_lines(name="欧阳建国")).usable
    assert not read_front(front_lines(name="付煥莲", score=0.85)).usable  # a traditional form: more often a misreading
    assert read_front(front_lines(name="付煥莲", score=0.99)).usable


def test_a_long_name_goes_on_in_the_next_line():
    """Half of such a name would be another person's."""
    lines = front_lines(name="阿卜杜热合曼·")
    assert read_front([*lines, line("阿卜杜拉", 0.17, 0.175, high=0.06)]).name == "阿卜杜热合曼·阿卜杜拉"
    assert read_front([*lines, line("阿卜杜拉", 0.17, 0.175, 0.5, high=0.06)]).name == ""
    assert read_front(lines).name == ""  # a name does not end in a dot: the rest was not seen
    between = read_front([*front_lines(), line("Sample", 0.17, 0.175, high=0.06)])
    assert FieldFlag.NAME_UNSURE in between.flags


def test_without_its_label_no_name_is_taken_for_one():
    lines = [one for one in front_lines(name="陈名小芳") if one.text != "姓名"]
    front = read_front(lines)
    assert front.name == ""
    assert FieldFlag.NAME_MISSING in front.flags


def test_a_residence_permit_has_no_nation():
    number = "81000019570418011"
    number += check_digit(number)
    front = read_front([one for one in front_lines(number=number, sex="男", born="1957年4月18日") if "民族" not in one.text])
    assert front.usable
    assert front.kind is DocumentKind.HMT_RESIDENCE


@pytest.mark.parametrize(
    ("term", "valid_from", "valid_to", "forever"),
    [
        ("2006.05.20-长期", date(2006, 5, 20), None, True),
        ("2010.02.01-2030.02.01", date(2010, 2, 1), date(2030, 2, 1), False),
        ("2O1O.02.01一2030.O2.01", date(2010, 2, 1), date(2030, 2, 1), False),
    ],
)
def test_a_back(term, valid_from, valid_to, forever):
    back = read_back(back_lines(term=term))
    assert back.usable
    assert (back.issuer, back.valid_from, back.valid_to, back.forever) == ("深圳市公安局南山分局", valid_from, valid_to, forever)
    assert side_of(back_lines(term=term)) is Side.BACK
    assert back.valid_on(date(2026, 1, 1))
    assert back.valid_on(date(2030, 2, 2)) is forever
    assert not back.valid_on(date(2005, 1, 1))


@pytest.mark.parametrize(
    ("term", "flag"),
    [
        ("2010.02.01-2033.02.01", FieldFlag.TERM_ODD),
        ("2010.02.01-2030.08.01", FieldFlag.TERM_ODD),
        ("2010.13.01-2030.13.01", FieldFlag.TERM_MISSING),
        ("2010.02.01-203O.02", FieldFlag.TERM_MISSING),
        ("长期", FieldFlag.TERM_MISSING),
    ],
)
def test_impossible_terms_are_not_used(term, flag):
    back = read_back(back_lines(term=term))
    assert flag in back.flags
    assert not back.usable
    assert back.valid_on(date(2020, 1, 1)) is (flag is FieldFlag.TERM_ODD)


# --- votes


def test_two_pictures_must_agree():
    ballot = FrontBallot()
    ballot.add(read_front(front_lines()))
    assert ballot.settled is None
    assert 0 < ballot.progress < 1
    ballot.add(read_front(front_lines()))
    assert ballot.settled.name == "陈小芳"
    assert ballot.progress == 1


def test_name_and_number_of_two_cards_never_meet():
    other = "440305194810010111"
    ballot = FrontBallot()
    for _ in range(2):
        ballot.add(read_front(front_lines()))
    for _ in range(3):
        ballot.add(read_front(front_lines(name="李建国", number=other, sex="男", born="1948年10月1日")))
        settled = ballot.settled
        assert settled is None or (settled.name, settled.id_number) in {("陈小芳", NUMBER), ("李建国", other)}
    assert ballot.settled is None  # 2 against 3: the card was exchanged, nothing is certain yet


def test_disagreeing_names_settle_only_by_a_clear_majority():
    ballot = FrontBallot()
    for name in ("陈小芳", "陈小方", "陈小芳"):
        ballot.add(read_front(front_lines(name=name)))
    assert ballot.settled.name == "陈小芳"
    ballot.add(read_front(front_lines(name="陈小方")))
    assert ballot.settled is None


def test_unusable_readings_have_no_vote():
    fronts, backs = FrontBallot(), BackBallot()
    for _ in range(5):
        fronts.add(read_front(front_lines(sex="男")))
        backs.add(read_back(back_lines(term="2010.02.01-2033.02.01")))
    assert fronts.settled is None
    assert backs.settled is None
    assert fronts.progress == backs.progress == 0


# --- hostile lines

ANY_LINES = st.lists(st.builds(TextLine, st.text(max_size=90), st.tuples(*[st.floats()] * 4), st.floats()), max_size=30)
WORDS = st.sampled_from(
    [
        "姓名",
        "陈小芳",
        "性别",
        "女",
        "男",
        "民族",
        "汉",
        "出生",
        "1956年3月15日",
        "住址",
        "公民身份号码",
        NUMBER,
        NUMBER[:-1],
        "签发机关",
        "有效期限",
        "公安局",
        "长期",
        "2006.05.20-",
        "\x1b[2J",
        "\u202e",
        "\x00",
        "X",
        "l",
        "·",
        "🂡",
        "①",
    ]
)
NEAR_LINES = st.lists(
    st.builds(
        lambda words, x, y, score: TextLine("".join(words), (x, y, x + 0.2, y + 0.07), score),
        st.lists(WORDS, max_size=6),
        st.floats(0, 0.9),
        st.floats(0, 0.9),
        st.floats(0, 1),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(ANY_LINES, NEAR_LINES))
def test_no_lines_raise_and_what_is_used_was_proven(lines):
    front, back = read_front(lines), read_back(lines)
    side_of(lines)
    if front.usable:
        assert numbers_in(front.id_number)
        assert front.name.replace("·", "").isalpha()
        assert f"{front.born:%Y%m%d}" == front.id_number[6:14]
    if back.usable:
        assert back.issuer.endswith("局") or "公安" in back.issuer or "局" in back.issuer


def test_ten_thousand_lines_are_bounded():
    many = [line("x" * 5000, 0.1, 0.1), *front_lines() * 800]
    assert len(many) > 10_000
    assert len(clean(many)) == MAX_LINES
    assert len(rows_of(clean(many))) <= MAX_LINES
    front = read_front(many)
    assert not front.usable or front.id_number == NUMBER


@pytest.mark.parametrize("bad", ["陈\x00小芳", "陈\x1b[31m小芳", "陈\u202e小芳", "陈\u200b小芳", "陈\ud800小芳", "陈\ue000小芳"])
def test_control_characters_never_reach_a_name(bad):
    front = read_front(front_lines(name=bad))
    assert front.name == ""
    assert not front.usable


def test_boxes_that_are_no_boxes_are_left_out():
    nan, inf = float("nan"), float("inf")
    boxes = [(nan, 0, 1, 1), (0, 0, inf, 1), (0.5, 0.5, 0.5, 0.5), (0, 0, 9, 9), (1, 1, 0, 0), (0, 0, 1)]
    assert clean([TextLine("姓名", box) for box in boxes]) == []
