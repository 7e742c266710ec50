"""How the bench counts what a recogniser gives back, and that it is run by name only."""

from __future__ import annotations

import pytest

from kiosk.bench.voice import share
from kiosk.commands.bench import BENCHES, BY_NAME


@pytest.mark.parametrize(
    ("heard", "right"),
    [
        ("qing ba shen fen zheng", 5),
        ("qing ba shen wen zheng", 4),
        ("", 0),
        ("zheng fen shen ba qing", 1),
        ("a qing ba b shen fen zheng c", 5),
    ],
)
def test_syllables_count_in_their_order(heard, right):
    assert share("qing ba shen fen zheng".split(), heard.split()) == (right, 5)


def test_it_is_asked_for_by_name():
    assert "voice" in BENCHES
    assert "voice" in BY_NAME
