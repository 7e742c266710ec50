"""Canonical JSON: the examples of RFC 8785, and that nothing is written that another language would write otherwise."""

from __future__ import annotations

import json
import math
from enum import StrEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from kiosk.canonical import canonical


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # RFC 8785, appendix B: numbers
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740991, "9007199254740991"),
        (295147905179352830000.0, "295147905179352830000"),
        (1e21, "1e+21"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (333333333.3333332, "333333333.3333332"),
        # 3.2.3: order by UTF-16 code units, so the surrogates of U+1F600 stand before U+FB33
        (
            {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\u00f6": 7},
            '{"\\r":2,"1":4,"\x80":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}',
        ),
        ({"姓名": "陈小芳", "a": [None, True, (1, 2)]}, '{"a":[null,true,[1,2]],"姓名":"陈小芳"}'),
    ],
)
def test_examples_of_the_standard(value, text):
    assert canonical(value).decode() == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**53, -(2**53), "\ud800", {1: 2}, {"a": {"b": b"x"}}])
def test_what_json_cannot_say_everywhere_alike_is_refused(value):
    with pytest.raises(ValueError, match=r".+"):
        canonical(value)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-(2.0**53) + 1, 2.0**53 - 1)  # beyond, a whole float is read back as an integer that is refused
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_reading_gives_the_value_and_writing_it_again_the_text(value):
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text


class Word(StrEnum):
    """A text that is more than one."""

    ONE = "o\nne"


ODD = (
    VALUES | st.floats() | st.text() | st.integers() | st.sampled_from([Word.ONE, b"x", {1: 2}, 0.1 + 0.2, 1e15, 1e16, -1e-5, 1e-4])
)


@given(st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6))
def test_the_quick_way_writes_what_the_slow_one_does_or_refuses_alike(value):
    try:
        slow = rfc8785.dumps(value)
    except ValueError:
        with pytest.raises(ValueError, match=r".+"):
            canonical(value)
        return
    assert canonical(value) == slow


def test_every_character_is_escaped_as_the_standard_says():
    for start in range(0, 0x11000, 0x400):
        text = "".join(chr(at) for at in range(start, start + 0x400) if not 0xD800 <= at < 0xE000)
        assert canonical([text]) == rfc8785.dumps([text])


def test_words_of_enumerations_go_the_quick_way_too():
    assert canonical({"a": Word.ONE}) == b'{"a":"o\\nne"}'
