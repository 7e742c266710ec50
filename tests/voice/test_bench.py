"""How the bench counts what a recogniser gives back, what it lets it hear, and how it takes times; that it is run by name only."""

from __future__ import annotations

import wave

import pytest

from kiosk.bench import hearing
from kiosk.bench.hearing import readings, share, utterances
from kiosk.commands.bench import BENCHES, BY_NAME
from kiosk.emulators import sound_player
from kiosk.voice.rendered import Rendered
from tests.voice.conftest import write_silence

RENDERED = Rendered.load("zh_CN")


def syllables(sounds):
    return [(f"{sound}{number}", sound) for number, sound in enumerate(sounds.split())]


@pytest.mark.parametrize(
    ("heard", "right"),
    [
        ("qing ba shen fen zheng", 5),
        ("qing ba shen wen zheng", 4),
        ("", 0),
        ("zheng fen shen ba qing", 1),
        ("a qing ba b shen fen zheng c", 5),
        ("shen fen zheng qing ba shen fen", 4),
    ],
)
def test_syllables_count_in_their_order(heard, right):
    wanted = syllables("qing ba shen fen zheng")
    assert share(wanted, [("", sound) for _, sound in syllables(heard)]) == right


def test_the_same_character_is_the_same_syllable_however_it_is_read():
    assert share([("还", "hai"), ("差", "cha")], [("还", "huan"), ("叉", "cha")]) == 2
    assert share([("还", "hai")], [("坏", "huai")]) == 0


def test_digits_are_read_as_numbers_and_one_by_one():
    assert readings("还差15位", {"15": "十五"}.get) == ["还差十五位", "还差一五位"]
    assert readings("还差十五位", {}.get) == ["还差十五位"]
    assert "二零二七年十月" in readings("2027年10月", {"10": "十", "2027": "二千零二十七"}.get)


def test_everything_rendered_is_heard_once_at_least():
    """Alone, among others, or in a date or a number: nothing is left out of the measure."""
    made = utterances(RENDERED)
    files = {path for item in made for _, run in item.runs for path in run}
    assert files >= {
        RENDERED.path(name) for key, item in RENDERED.prompts.items() for name in item.files if "say_hidden" not in key
    }
    assert all(len(item.wanted) >= hearing.ALONE for item in made)
    alone = {item.name for item in made}
    long = {key for key, item in RENDERED.prompts.items() if len(hearing._HAN.findall(item.text)) >= hearing.ALONE}
    assert alone >= {key for key in long if not key.startswith(hearing.PIECES)}


def test_the_stand_in_for_a_card_takes_a_file_as_fast_as_it_sounds(tmp_path):
    write_silence(tmp_path / "a.wav", seconds=0.2)
    sound_player.main(str(tmp_path / "log"), "--latency=40ms", str(tmp_path / "a.wav"))
    taken = [tuple(map(int, line.split())) for line in (tmp_path / "log").read_text(encoding="ascii").splitlines()]
    with wave.open(str(tmp_path / "a.wav"), "rb") as sound:
        assert len(taken) == -(-sound.getnframes() // int(sound.getframerate() * sound_player.PERIOD_S))
    assert taken[-1][0] - taken[0][0] >= (len(taken) - 1) * sound_player.PERIOD_S * 1e9 - 5e6
    assert min(late for _, late in taken) >= 0


def test_it_is_asked_for_by_name():
    assert "voice" in BENCHES
    assert "voice" in BY_NAME
