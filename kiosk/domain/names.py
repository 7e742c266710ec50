"""One normal form of names and of digits, used wherever a name or a number is stored, compared or counted. Standard library only.

The same name comes in many codes: chips and rosters of different years, spreadsheets, web pages. What was written stays where it
was (the roster's line, the card's record); this form is what is compared and shown. Anybody may call it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# Until GB 18030-2005 eighty characters of FE50..FEA0 had no Unicode code: chips and old systems hold U+E815..U+E864 for them.
# In the order of those codes; source: the table of GB 18030-2022 (glibc's GB18030), read backwards.
_WAS_PRIVATE = (
    "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱"
    "䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
)
_FIRST_PRIVATE = 0xE815
# Radicals that Unicode's compatibility forms leave alone, and the characters they stand for (Equivalent_Unified_Ideograph).
_RADICALS = (
    "⺁⺂⺃⺄⺅⺆⺇⺈⺉⺊⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺪"
    "⺫⺬⺭⺮⺯⺰⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒"
    "⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲"
)
_UNIFIED = (
    "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑彐忄心扌攵旡日月歺民氵氺灬爫爫丬牛犭王𤴔"
    "目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長镸"
    "长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀"
)
# Every dot that keyboards, printers and old codes put into 阿依古丽·买买提.
_DOTS = "·•‧∙⋅⸱・●◦⦁⸳⚫⬤ꞏ˙᛫𐄁．.。｡､、丶﹒․"
_ODD_DASHES = "\u2212\u30fc\u2500\uff0d"  # minus, the Japanese long mark, a box line: they look like a dash
_IGNORED = re.compile(  # not all of category Cf: fillers, joiners of other categories, variation selectors
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)

_SAME = (
    {_FIRST_PRIVATE + at: char for at, char in enumerate(_WAS_PRIVATE)}
    | {0xE7C7: "\u1e3f", 0xE7C8: "\u01f9"}
    | {ord(one): other for one, other in zip(_RADICALS, _UNIFIED, strict=True)}
)
_USUAL = re.compile("[\u4e00-\u4e35\u4e37-\u9fa5]+")  # nothing to fold: nearly every name
_DOT = re.compile(f"\\s*[{re.escape(_DOTS)}]+\\s*")
_LOOKS_LIKE_X = str.maketrans(dict.fromkeys("xХхΧχ×✕✖╳☓Ⅹⅹ", "X"))


def plain_name(text: str) -> str:
    """Return a name in the form it is compared in: no blanks, no invisible marks, unified ideographs, `·` between the parts.

    Applying it again changes nothing. An empty text, or one of marks alone, gives "".
    """
    return _settled(text, lambda name: _DOT.sub("·", "".join(_unified(name).split())).strip("·"))


def tidy_name(text: str) -> str:
    """Return a name in the form it is stored and shown in: as `plain_name`, but Latin words keep their blanks and full stops."""
    return text if _USUAL.fullmatch(text) else _settled(text, _tidied)


def same_name(one: str, two: str) -> bool:
    """True when two names are the same in the form they are compared in, and there is a name at all."""
    return plain_name(one) == plain_name(two) != ""


def visible(text: str) -> str:
    """Return a text without what has no width and no meaning: format and control characters, variation selectors, fillers."""
    kept = (char for char in _IGNORED.sub("", text) if unicodedata.category(char) not in ("Cf", "Cs") and _is_no_control(char))
    return "".join(kept)


def ascii_digits(text: str) -> str:
    """Return a text with every decimal digit of any script as 0-9; nothing else is changed."""
    return text if text.isascii() else "".join(str(unicodedata.decimal(char, char)) for char in text)


def plain_number(text: str) -> str:
    """Return a document number in the form it is compared in: ASCII digits and capitals, without blanks, dashes, marks."""

    def folded(number: str) -> str:
        digits = ascii_digits(unicodedata.normalize("NFKC", visible(number))).translate(_LOOKS_LIKE_X)
        return "".join(c for c in digits if not c.isspace() and unicodedata.category(c) != "Pd" and c not in _ODD_DASHES).upper()

    return _settled(text, folded)


def odd_characters(name: str) -> tuple[str, ...]:
    """Return the characters of a name that no font can be expected to draw: private codes of nothing known, and U+FFFD."""
    return tuple(dict.fromkeys(char for char in plain_name(name) if unicodedata.category(char) in ("Co", "Cn") or char == "\ufffd"))


def _settled(text: str, change: Callable[[str], str]) -> str:
    """What is taken out may bring together what composes, so that a change is made until it changes nothing; twice, as a rule."""
    before = None
    while text != before:
        before, text = text, change(text)
    return text


def _unified(text: str) -> str:
    return unicodedata.normalize("NFKC", visible(text).translate(_SAME)).translate(_SAME)


def _tidied(text: str) -> str:
    parts = _unified(text).split()
    joined = "".join(
        part if not at or _is_wide(part[0]) or _is_wide(parts[at - 1][-1]) else f" {part}" for at, part in enumerate(parts)
    )

    def dot(found: re.Match[str]) -> str:
        before, after = joined[: found.start()][-1:], joined[found.end() :][:1]
        return "·" if _is_wide(before) and _is_wide(after) else found[0]

    return _DOT.sub(dot, joined).strip()


def _is_wide(char: str) -> bool:
    """True for ideographs and their like, which stand without blanks between them."""
    return char != "" and (unicodedata.east_asian_width(char) == "W" or unicodedata.category(char) == "Co")


def _is_no_control(char: str) -> bool:
    return unicodedata.category(char) != "Cc" or char.isspace()
