"""The catalogue of traditional characters: made of today's simplified one, and wholly traditional."""

from __future__ import annotations

import re
import shutil
from string import Formatter

import pytest

from kiosk.commands.texts import main
from kiosk.texts import traditional
from kiosk.texts.strings import DIRECTORY, Strings, is_chinese

HAN = re.compile("[\u4e00-\u9fff]")
FORMS = {"説": "說"}  # Hong Kong's form, which Python's codec knows as the other one
# One simplified character for several traditional ones: written so in a few words alone.
TWOFOLD = {
    "里": "公里",
    "后": "",
    "干": "干擾 干预 干涉",
    "发": "",
    "复": "",
    "台": "台 櫃台 平台",
    "只": "只",
    "系": "系統 系列",
    "面": "面",
    "准": "准許 批准",
    "范": "",
    "松": "",
    "云": "",
    "了": "了",
}


def keys_and_texts():
    strings = Strings.load("zh_Hant")
    return [(key, strings.text(key)) for key in strings.keys()]  # noqa: SIM118 - not a dict


def test_it_is_made_of_todays_texts():
    assert traditional.outdated() == [], "run: kiosk texts traditional (OpenCC: requirements/voice.txt)"


def test_it_is_what_opencc_makes_today():
    pytest.importorskip("opencc")
    words = traditional.terms()
    convert = traditional.converter(words)
    for source in sorted((DIRECTORY / traditional.SOURCE).glob("*.toml")):
        made = (DIRECTORY / traditional.TARGET / source.name).read_text(encoding="utf-8")
        assert made == traditional.made_text(source, words, convert), source.name


def test_keys_and_places_are_those_of_the_simplified():
    def places(text):
        return [name for _, name, _, _ in Formatter().parse(text) if name]

    simple, hant = Strings.load("zh_CN"), dict(keys_and_texts())
    assert set(simple.keys()) == set(hant)
    assert [key for key, text in hant.items() if places(text) != places(simple.text(key))] == []


def test_no_simplified_character_is_left():
    """Big5 with Hong Kong's supplement holds no character that is simplified alone; for the twofold ones there is a list."""
    wrong = []
    for key, text in keys_and_texts():
        for char in HAN.findall(text):
            try:
                FORMS.get(char, char).encode("big5hkscs")
            except UnicodeEncodeError:
                wrong.append(f"{key}: {char} in {text}")
        for char, words in TWOFOLD.items():
            rest = text
            for word in words.split():
                rest = rest.replace(word, "")
            if char in rest:
                wrong.append(f"{key}: {char} in {text}")
    assert wrong == []


def test_the_list_of_words_is_used():
    hant = dict(keys_and_texts())
    simple = Strings.load("zh_CN")
    words = traditional.terms()
    for key, text in hant.items():
        for simplified, wanted in words.items():
            longer = [word for word in words if simplified in word and word != simplified]
            if simplified in simple.text(key) and not any(word in simple.text(key) for word in longer):
                assert wanted in text, key


def test_a_changed_sentence_is_told(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "strings"
    shutil.copytree(DIRECTORY, folder)
    assert traditional.outdated(folder) == []
    pages = folder / "zh_CN" / "pages.toml"
    pages.write_text(pages.read_text(encoding="utf-8").replace("您好", "你们好"), encoding="utf-8")
    (folder / "zh_CN" / "new.toml").write_text('[new]\ntitle = "新"\n', encoding="utf-8")
    assert traditional.outdated(folder) == ["new.toml", "pages.toml"]
    monkeypatch.setattr(traditional, "outdated", lambda: ["pages.toml"])
    assert main(["traditional", "--check"]) == 1
    assert "zh_Hant/pages.toml" in capsys.readouterr().err


def test_comments_do_not_make_it_old(tmp_path):
    folder = tmp_path / "strings"
    shutil.copytree(DIRECTORY, folder)
    pages = folder / "zh_CN" / "pages.toml"
    pages.write_text("# a word\n" + pages.read_text(encoding="utf-8"), encoding="utf-8")
    assert traditional.outdated(folder) == []


def test_what_is_chinese():
    assert [name for name in ("zh_CN", "zh_HK", "zh_Hant", "en") if is_chinese(name)] == ["zh_CN", "zh_HK", "zh_Hant"]
