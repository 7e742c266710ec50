"""A name that the fonts cannot draw: the page says so, and shows what is known instead of an empty box."""

from __future__ import annotations

import pytest

from kiosk.ui import drawable

NOWHERE = "\ue123"  # a private code: no font has it


@pytest.mark.parametrize("text", ["王芳", "阿依古丽·买买提", "* 芳", "㼆㵘䶮"])
def test_common_and_rare_characters_are_drawn(qapp, text):
    assert drawable.can_draw(text)


@pytest.mark.parametrize("text", [NOWHERE, f"王{NOWHERE}", "\U0010fffd"])
def test_what_no_font_has_is_known(qapp, text):
    assert not drawable.can_draw(text)


@pytest.mark.parametrize(
    ("name", "shown", "whole"),
    [
        ("陈小芳", "陈 * 芳", True),
        ("王芳", "* 芳", True),
        (f"陈{NOWHERE}芳", "陈 * 芳", True),  # hidden anyway
        (f"陈小{NOWHERE}", "陈 * *", False),
        (f"{NOWHERE}小芳", "* * 芳", False),
        (f"王{NOWHERE}", "王 *", False),
        (NOWHERE * 3, "* * *", False),
    ],
)
def test_a_masked_name_shows_what_is_known(qapp, name, shown, whole):
    assert drawable.masked_as_known(name) == (shown, whole)
