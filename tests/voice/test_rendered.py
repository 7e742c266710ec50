"""The natural voice that every clone has: it says today's texts, evenly, with the right readings, and is small."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from kiosk.errors import ConfigError
from kiosk.texts.strings import Strings
from kiosk.voice.prompts import all_prompts, is_spoken, prompt
from kiosk.voice.rendered import Recording, Rendered, Sentence, digest, sentences_of

CN = Rendered.load("zh_CN")
TEXTS = {item.key: item.text for item in all_prompts("zh_CN")}
POLYPHONES = tomllib.loads((Path(__file__).parent / "polyphones.toml").read_text(encoding="utf-8"))


def test_every_text_sounds_as_it_is_written():
    """A text that changed without its recording: kiosk voice render (docs/voice.md), or the synthesiser speaks it on a station."""
    stale = CN.stale(TEXTS)
    assert stale == {}, f"{len(stale)} prompts: {stale}; run: kiosk voice render"


def test_the_recordings_are_small():
    files = [CN.path(name) for name in CN.sentences]
    assert sum(path.stat().st_size for path in files) <= 5_000_000
    assert sorted(path.name for path in CN.folder.glob("*.opus")) == sorted(path.name for path in files), (
        "no file that nobody plays"
    )


def test_every_prompt_is_even():
    assert CN.lufs == -19.0
    assert {key: item.lufs for key, item in CN.prompts.items() if abs(item.lufs - CN.lufs) > 1.0} == {}


def test_the_pace_suits_old_ears():
    """About 200 characters a minute: over all prompts of more than a few words, pauses included (measured: 207)."""
    long = [item for item in CN.prompts.values() if len(item.text) >= 12]
    han = sum(len(re.findall("[\u4e00-\u9fff]", item.text)) for item in long)
    assert 190 < han * 60 / sum(item.seconds for item in long) < 210


def test_every_character_has_its_syllable():
    wrong = [
        item.text for item in CN.sentences.values() if len(re.findall("[\u4e00-\u9fff]", item.text)) != len(item.pinyin.split())
    ]
    assert wrong == []


@pytest.mark.parametrize("char", sorted(POLYPHONES))
def test_readings_are_those_of_the_table(char):
    """Each place where the character stands must be in the table made by hand, the longest context counting."""
    contexts = [(context, reading) for reading, found in POLYPHONES[char].items() for context in found]
    wrong = []
    for sentence in CN.sentences.values():
        han = "".join(re.findall("[\u4e00-\u9fff]", sentence.text))
        said = sentence.pinyin.split()
        for at in (place for place, other in enumerate(han) if other == char):
            fitting = [
                (len(context), reading)
                for context, reading in contexts
                for inside in range(len(context))
                if context[inside] == char and han[max(0, at - inside) : at - inside + len(context)] == context and at >= inside
            ]
            wanted = max(fitting)[1] if fitting else "not in the table"
            if wanted != said[at]:
                wrong.append(f"{sentence.text}: {char} is read {said[at]}, {wanted}")
    assert wrong == []


@pytest.mark.parametrize(
    ("key", "pinyin"),
    [
        ("spoken.digit.say_0", "ling2"),
        ("spoken.digit.say_2", "er4"),
        ("spoken.date.say_month_1", "yi1 yue4"),
        ("spoken.date.say_month_11", "shi2 yi1 yue4"),
        ("spoken.date.say_day_1", "yi1 ri4"),
        ("spoken.date.say_day_31", "san1 shi2 yi1 ri4"),
        ("spoken.date.say_year", "nian2"),
    ],
)
def test_numbers_are_said_one_by_one_and_dates_as_dates(key, pinyin):
    assert [CN.sentences[name].pinyin for name in CN.prompts[key].files] == [pinyin]


def test_no_name_and_no_number_is_recorded():
    """A fixed prompt holds no digits, no mask, no place to fill: what is private is never in a file."""
    assert [key for key, item in CN.prompts.items() if re.search(r"[0-9*{}]", item.text)] == []


def test_sentences():
    assert sentences_of("您好。请进，坐下！好吗？还差") == ["您好。", "请进，坐下！", "好吗？", "还差"]


def make(folder, texts):
    place = folder / "zh_CN"
    place.mkdir(parents=True)
    sentences, prompts = {}, {}
    for key, text in texts.items():
        (place / f"{digest(text)}.opus").write_bytes(bytes(100))
        sentences[digest(text)] = Sentence(text, "", 1.0, -19.0)
        prompts[key] = Recording(text, digest(text), (digest(text),), 1.0, -19.0)
    made = Rendered("zh_CN", place, "model", "voice", 1.0, -19.0, sentences, prompts)
    made.save()
    return made


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    made = make(tmp_path, {"page.a.say": "您好。", "page.b.say": "请进。"})
    assert Rendered.load("zh_CN", tmp_path) == made
    assert Rendered.load("zh_HK", tmp_path).prompts == {}


def test_a_changed_text_is_not_spoken_by_its_old_recording(tmp_path):
    made = make(tmp_path, {"page.a.say": "您好。", "page.b.say": "请进。", "page.c.say": "再见。"})
    assert made.sounds("page.a.say", "您好。") == (made.path(digest("您好。")),)
    assert made.sounds("page.a.say", "你好。") is None
    made.path(digest("再见。")).unlink()
    texts = {"page.a.say": "你好。", "page.c.say": "再见。", "page.d.say": "新的。"}
    assert made.stale(texts) == {"page.a.say": "changed", "page.b.say": "gone", "page.c.say": "no-file", "page.d.say": "missing"}
    found = prompt("page.c.say", "zh_CN", Strings("zh_CN", texts), tmp_path / "own", made)
    assert found.sounds == (), "the synthesiser speaks it"


def test_a_broken_manifest_is_named(tmp_path):
    (tmp_path / "zh_CN").mkdir()
    (tmp_path / "zh_CN" / "manifest.json").write_text(json.dumps({"model": 1}), encoding="utf-8")
    with pytest.raises(ConfigError, match="manifest.json"):
        Rendered.load("zh_CN", tmp_path)


@pytest.mark.parametrize("suffix", [".wav", ".ogg", ".opus", ".flac"])
def test_a_bureaus_own_recording_wins(tmp_path, suffix):
    made = make(tmp_path / "made", {"page.a.say": "您好。"})
    own = tmp_path / "own" / "zh_CN" / f"page.a.say{suffix}"
    own.parent.mkdir(parents=True)
    own.write_bytes(bytes(100))
    strings = Strings("zh_CN", {"page.a.say": "您好。"})
    assert prompt("page.a.say", "zh_CN", strings, tmp_path / "own", made).sounds == (own,)
    own.write_bytes(b"")
    assert prompt("page.a.say", "zh_CN", strings, tmp_path / "own", made).sounds == made.sounds("page.a.say", "您好。")


def test_what_is_rendered_is_what_is_spoken():
    assert all(is_spoken(key) for key in CN.prompts)
