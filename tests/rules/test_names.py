"""One normal form of names and numbers: every pair that people, chips and spreadsheets write differently is one name."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import names
from kiosk.domain.identity import IdNumber, NumberFlag

PAIRS = [
    ("刘䶮", "刘\ue863", "a private code of GBK"),
    ("张㧟", "张\ue828", "another one"),
    ("吴𠂇", "吴\ue816", "a code that Python's own GB 18030 leaves private"),
    ("李\u9fb4", "李\ue81e", "given a code in Unicode 4.1"),
    ("王\u200b建国", "王建国", "zero-width space"),
    ("\ufeff王建国", "王建国", "byte order mark"),
    ("王\u2060建\u00ad国\u202c", "王建国", "word joiner, soft hyphen, embedding"),
    ("葛\U000e0100英", "葛英", "ideographic variation selector"),
    ("葛\ufe00英", "葛英", "variation selector"),
    ("王　　芳", "王芳", "wide blanks"),
    ("⽺小兰", "羊小兰", "Kangxi radical"),
    ("⻢秀珍", "马秀珍", "CJK radical"),
    ("⻳山", "龟山", "CJK radical that has a compatibility form"),
    ("\uf90a桂兰", "金桂兰", "compatibility ideograph"),
    ("金\U0002f800兰", "金丽兰", "compatibility ideograph of the supplement"),
    *((f"阿依古丽{dot}买买提", "阿依古丽·买买提", f"U+{ord(dot):04X}") for dot in "•‧∙⋅⸱・･●◦．.。｡﹒․·"),
    ("阿依古丽 · 买买提", "阿依古丽·买买提", "blanks beside the dot"),
    ("ＭＡＲＩＡ　ＳＡＮＴＯＳ", "MARIA SANTOS", "wide letters"),
]


@pytest.mark.parametrize(("one", "two", "why"), PAIRS, ids=[why for _, _, why in PAIRS])
def test_the_same_name_in_two_codes(one, two, why):
    if why == "compatibility ideograph of the supplement":
        two = "金" + unicodedata.normalize("NFC", "\U0002f800") + "兰"
    if why == "CJK radical that has a compatibility form":
        two = unicodedata.normalize("NFKC", "⻳") + "山"
    assert names.same_name(one, two)
    assert names.tidy_name(one) == names.tidy_name(two)


@pytest.mark.parametrize(("one", "two"), [("徐㼆华", "徐华"), ("李㵘明", "李淼明"), ("王芳", "王方"), ("", ""), ("\u200b", "·")])
def test_other_names_stay_others(one, two):
    assert not names.same_name(one, two)


def test_all_eighty_private_codes_fold():
    folded = [names.plain_name(chr(0xE815 + at)) for at in range(80)]
    assert len(set(folded)) == 80
    assert not any(unicodedata.category(char) == "Co" for char in "".join(folded))
    # Where Python's table has a Unicode character for the two bytes, it is ours.
    for at, trail in enumerate([*range(0x50, 0x7F), *range(0x80, 0xA1)]):
        known = bytes([0xFE, trail]).decode("gb18030")
        assert names.plain_name(known) == folded[at]


def test_a_name_of_latin_words_keeps_its_blanks_on_the_page():
    assert names.tidy_name(" J.R.  Smith ") == "J.R. Smith"
    assert names.tidy_name("王 芳") == "王芳"
    assert names.tidy_name("阿依古丽 . 买买提") == "阿依古丽·买买提"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("王 Smith", "王Smith"),  # beside an ideograph no blank, between Latin words one
        ("Smith 王", "Smith王"),
        ("AB王 Smith", "AB王Smith"),
        ("王 Ann Lee", "王Ann Lee"),
        ("Ann \ue123 Lee", "Ann\ue123Lee"),  # a private code stands for an ideograph
        ("J.王", "J.王"),  # a full stop of a Latin word stays, a dot between ideographs is the name's own
        ("王.J", "王.J"),
        (".王芳.", ".王芳."),
    ],
)
def test_blanks_and_dots_of_mixed_names(written, shown):
    assert names.tidy_name(written) == shown


def test_dots_around_a_name_are_none_of_it():
    assert names.plain_name("·X王..·。芳X ·") == "X王·芳X"


def test_what_has_no_width_is_left_out_and_what_breaks_a_line_is_not():
    assert names.visible("王\x00\x07\ud800\u200b芳\n李\t") == "王芳\n李\t"


@given(st.text(st.characters(codec=None), max_size=12))
def test_the_form_is_stable_and_one(text):
    plain, tidy = names.plain_name(text), names.tidy_name(text)
    assert names.plain_name(plain) == plain == names.plain_name(tidy)
    assert names.tidy_name(tidy) == tidy
    assert names.plain_number(names.plain_number(text)) == names.plain_number(text)
    assert names.visible(plain) == plain


@given(st.text(st.characters(codec=None), max_size=20))
def test_a_number_of_any_characters_is_answered(text):
    IdNumber.parse(text, date(2026, 11, 20))
    IdNumber.parse("440305" + text)


@pytest.mark.parametrize(
    "text",
    [
        "༤༤༠༣༠༥༡༩༥༡༠༢༠༣༠༠༣༦",
        "４４０３０５１９５１０２０３００３６",
        "٤٤٠٣٠٥١٩٥١٠٢٠٣٠٠٣٦",
        "४४०३०५१९५१०२०३००३६",
        "\u202d440305195102030036\u202c",
        "440305 19510203 0036",
        "440305–19510203—0036",
        "440305510203003",
        "༤༤༠༣༠༥༥༡༠༢༠༣༠༠༣",
    ],
)
def test_digits_of_any_script_are_the_same_number(text):
    number = IdNumber.parse(text)
    assert (number.number, number.flags) == ("440305195102030036", frozenset())


@pytest.mark.parametrize("x", "xXｘＸхХ×ⅹ")
def test_what_looks_like_an_x_is_one(x):
    assert IdNumber.parse("44030519530405006" + x).number == "44030519530405006X"


@pytest.mark.parametrize("text", ["", "一二三", "44030519510203003", "4403051951020300361", "Ⅳ" * 18, "①" * 17 + "½"])
def test_what_is_no_number_is_flagged_by_its_shape(text):
    assert NumberFlag.SHAPE in IdNumber.parse(text).flags


def test_characters_that_nothing_can_draw_are_named():
    assert names.odd_characters("刘\ue863") == ()
    assert names.odd_characters("王\ue123\ufffd\u0378") == ("\ue123", "\ufffd", "\u0378")
