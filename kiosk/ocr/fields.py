"""What stands on a resident identity card of the second generation, from lines of recognised text. Pure.

Called by `card_ocr.py` (one picture) and `ballot.py` (several). A field that is not certain is empty and flagged, never guessed:
the check character vouches for the number, the number for birth and sex, several pictures for the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kiosk.domain.identity import DocumentKind, IdNumber, Sex, parse_date
from kiosk.domain.take_view import Side
from kiosk.ocr.gaps import room_for_one
from kiosk.ocr.lines import DOTS, TextLine, TextRow, clean, rows_of
from kiosk.ocr.numbers import digits_of, looks_like_number, numbers_in

# More, and the recogniser itself doubts a character. Measured on 200 drawn names, half of them with a character outside its
# alphabet: of the 11 that it replaced by another (as 㵘 by 淼), 10 leave more than 0.03; of the others nine in ten leave less.
NAME_DOUBT = 0.03
RARE_DOUBT = 0.011  # for names with characters outside GB 2312: more often a misreading than a name
ROW_DOUBT = 0.30  # for rows that nothing identifies
_VALUE_X = 0.14  # values begin right of it, labels left
_NAME_ENDS_Y = 0.22
_PORTRAIT_X = 0.62  # the portrait begins here, in shares of the card's width
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_NAME = re.compile(rf"[{_HAN}]{{1,14}}(?:·[{_HAN}]{{1,14}}){{0,3}}")
# Nothing Chinese before the label: with the label lost, a second character 名 must not cut a name in two.
_NAME_ROW = re.compile(rf"[^{_HAN}]?(?:[姓性]名|姓[各召]|姓|名):?(.*)")
_SEX_ROW = re.compile(r".{0,2}?(?:性.|性|别):?([男女])")
_DOTS = str.maketrans(dict.fromkeys(DOTS, "·"))
_SPANS = (5, 10, 20)  # years a card is valid, if not for ever (Resident Identity Card Law, article 5)
FOREVER = "长期"
# GB/T 3304, and what stands on cards of people without one of its codes.
NATIONS = frozenset(
    (
        "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 "
        "东乡 纳西 景颇 柯尔克孜 土 "
        "达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 "
        "鄂伦春 赫哲 门巴 珞巴 基诺 穿青人"
    ).split()
)


class FieldFlag(StrEnum):
    """What is wrong with a reading. The first group keeps it from being used, the second is for information."""

    NAME_MISSING = "name-missing"
    NAME_UNSURE = "name-unsure"
    NUMBER_MISSING = "number-missing"
    NUMBER_UNSURE = "number-unsure"  # no reading, or more than one, that the check character allows
    BIRTH_MISSING = "birth-missing"
    BIRTH_DIFFERS = "birth-differs"  # printed date and number do not agree
    SEX_MISSING = "sex-missing"
    SEX_DIFFERS = "sex-differs"
    OTHER_DOCUMENT = "other-document"
    ISSUER_MISSING = "issuer-missing"
    TERM_MISSING = "term-missing"
    TERM_ODD = "term-odd"  # not 5, 10 or 20 years, nor for ever
    NATION_UNKNOWN = "nation-unknown"
    ADDRESS_MISSING = "address-missing"


_FOR_INFORMATION = frozenset({FieldFlag.NATION_UNKNOWN, FieldFlag.ADDRESS_MISSING})


@dataclass(frozen=True, slots=True)
class CardFront:
    """One reading of the side with the person."""

    name: str = field(default="", repr=False)
    sex: Sex = field(default=Sex.UNKNOWN, repr=False)
    nation: str = field(default="", repr=False)
    born: date | None = field(default=None, repr=False)
    address: str = field(default="", repr=False)
    id_number: str = field(default="", repr=False)  # "" unless no rule objects to it
    kind: DocumentKind = DocumentKind.RESIDENT
    flags: frozenset[FieldFlag] = frozenset()

    @property
    def usable(self) -> bool:
        """True when name and number were read and all cross-checks agree."""
        return bool(self.name and self.id_number) and not self.flags - _FOR_INFORMATION

    @property
    def name_unread(self) -> bool:
        """True when all is certain but the name."""
        return bool(self.id_number) and self.flags - _FOR_INFORMATION == {FieldFlag.NAME_UNSURE}


@dataclass(frozen=True, slots=True)
class CardBack:
    """One reading of the side with the emblem. `forever`: valid without end (长期)."""

    issuer: str = field(default="", repr=False)
    valid_from: date | None = field(default=None, repr=False)
    valid_to: date | None = field(default=None, repr=False)
    forever: bool = field(default=False, repr=False)
    flags: frozenset[FieldFlag] = frozenset()

    @property
    def usable(self) -> bool:
        """True when the issuer and a possible term were read."""
        return bool(self.issuer and self.valid_from) and not self.flags

    def valid_on(self, day: date) -> bool:
        """True when the card is valid on `day`; False for a reading without a term."""
        if self.valid_from is None or day < self.valid_from:
            return False
        return self.forever or (self.valid_to is not None and day <= self.valid_to)


def side_of(lines: Iterable[TextLine]) -> Side | None:
    """Return which side the lines stand on, None when they stand on neither (or on both)."""
    text = "\n".join(line.text for line in clean(lines))
    front = sum(word in text for word in ("姓名", "性别", "民族", "出生", "住址", "公民身份", "身份号码")) + looks_like_number(text)
    back = sum(word in text for word in ("签发机关", "有效期限", "居民身份证", "中华人民共和国", "公安局"))
    # One word of the other side may stand in an address; two are a sheet with both sides copied onto it.
    if front >= 2 and back <= 1:
        return Side.FRONT
    return Side.BACK if back >= 2 and front <= 1 else None


def read_front(lines: Iterable[TextLine], today: date | None = None) -> CardFront:
    """Return what the lines say; never raises on their content."""
    kept = [line for line in clean(lines) if not _other_script(line)]
    rows = rows_of([line for line in kept if line.box[0] < _PORTRAIT_X])
    flags: set[FieldFlag] = set()
    number = _number(rows_of(kept), flags, today)
    name = _name(rows, flags)
    sex, nation, born = _sex(rows), _nation(rows), _born(rows)
    address = _address(rows)
    kind = DocumentKind.RESIDENT
    if number is not None:
        kind = number.kind
        flags |= _cross_checked(number, sex, born)
        if kind not in (DocumentKind.RESIDENT, DocumentKind.HMT_RESIDENCE):
            flags.add(FieldFlag.OTHER_DOCUMENT)  # a permanent resident's card has other fields in other places
    if kind is not DocumentKind.HMT_RESIDENCE and nation not in NATIONS:
        flags.add(FieldFlag.NATION_UNKNOWN)
    if not address:
        flags.add(FieldFlag.ADDRESS_MISSING)
    return CardFront(name, sex, nation, born, address, number.number if number else "", kind, frozenset(flags))


def read_back(lines: Iterable[TextLine]) -> CardBack:
    """Return what the lines say; never raises on their content."""
    rows = rows_of(clean(lines))
    flags: set[FieldFlag] = set()
    issuer = ""
    for row in rows:
        found = re.fullmatch(rf".?(?:签发机关|发机关|机关|关|签发机):?([{_HAN}]{{4,30}})", row.text)
        if found and re.search(r"公安|分局|局", found[1]) and row.doubt <= ROW_DOUBT:
            issuer = found[1]
    if not issuer:
        flags.add(FieldFlag.ISSUER_MISSING)
    valid_from = valid_to = None
    forever = False
    for row in rows:
        if ("期限" not in row.text and "有效" not in row.text) or row.doubt > ROW_DOUBT:
            continue
        digits = re.sub(r"[^0-9]", "", digits_of(row.text))
        forever = row.text.endswith(FOREVER)
        if forever and len(digits) == 8:
            valid_from = parse_date(digits)
        elif len(digits) == 16 and not forever:
            valid_from, valid_to = parse_date(digits[:8]), parse_date(digits[8:])
    if valid_from is None or (valid_to is None and not forever):
        flags.add(FieldFlag.TERM_MISSING)
        valid_from, valid_to, forever = None, None, False
    elif valid_to is not None and not _possible(valid_from, valid_to):
        flags.add(FieldFlag.TERM_ODD)
    return CardBack(issuer, valid_from, valid_to, forever, frozenset(flags))


# ---- inside


def _number(rows: list[TextRow], flags: set[FieldFlag], today: date | None) -> IdNumber | None:
    seen = [row for row in rows if looks_like_number(row.text) or "身份号码" in row.text]
    if not seen:
        flags.add(FieldFlag.NUMBER_MISSING)
        return None
    readings = {number.number: number for row in seen for number in numbers_in(row.text, today)}
    if len(readings) != 1:
        flags.add(FieldFlag.NUMBER_UNSURE)
        return None
    return next(iter(readings.values()))


def _other_script(line: TextLine) -> bool:
    """Return whether a line is of the second script of a card (Zhuang, Tibetan, Uyghur, Mongolian, Yi), or what was taken for it.

    Numbers have more digits than letters. Latin letters right under the name stay, though: they may be half of a name, misread.
    """
    if re.search(f"[{_HAN}]", line.text):
        return False
    if any(char.isalpha() and not char.isascii() for char in line.text):
        return True
    if line.box[0] >= _VALUE_X and line.box[1] < _NAME_ENDS_Y:
        return False
    return sum(char.isalpha() for char in line.text) >= sum(char.isdecimal() for char in line.text)


def _cross_checked(number: IdNumber, sex: Sex, born: date | None) -> set[FieldFlag]:
    flags = set()
    if born is None:
        flags.add(FieldFlag.BIRTH_MISSING)
    elif born != number.born:
        flags.add(FieldFlag.BIRTH_DIFFERS)
    if sex is Sex.UNKNOWN:
        flags.add(FieldFlag.SEX_MISSING)
    elif sex is not number.sex:
        flags.add(FieldFlag.SEX_DIFFERS)
    return flags


def _name(rows: list[TextRow], flags: set[FieldFlag]) -> str:
    for at, row in enumerate(rows[:4]):
        found = _NAME_ROW.fullmatch(row.text)
        if found is None:
            continue
        value, doubt, whole = found[1], row.doubt, not room_for_one(row, found.start(1))
        for more in rows[at + 1 : at + 3]:  # a long name goes on in the next line: half of it would be somebody else's
            if _SEX_ROW.match(more.text) or re.search(r"民族|出生|[0-9]", more.text):
                break
            value, doubt, whole = value + more.text, max(doubt, more.doubt), whole and not room_for_one(more, 0)
        value = value.translate(_DOTS)
        if whole and _NAME.fullmatch(value) and 2 <= len(value) <= 25 and doubt <= (NAME_DOUBT if _common(value) else RARE_DOUBT):
            return value
        flags.add(FieldFlag.NAME_UNSURE if value else FieldFlag.NAME_MISSING)
        return ""
    flags.add(FieldFlag.NAME_MISSING)
    return ""


def _common(name: str) -> bool:
    try:
        name.replace("·", "").encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _sex(rows: list[TextRow]) -> Sex:
    for row in rows:
        found = _SEX_ROW.match(row.text)
        if found:
            return Sex.MALE if found[1] == "男" else Sex.FEMALE
    return Sex.UNKNOWN


def _nation(rows: list[TextRow]) -> str:
    for row in rows:
        found = re.search(rf"(?:民族|民|族):?([{_HAN}]{{1,6}})$", row.text)
        if found and re.search(r"性|别|男|女", row.text):
            return found[1].removesuffix("族") or found[1]
    return ""


def _born(rows: list[TextRow]) -> date | None:
    for row in rows:
        if not re.match(r".{0,2}?(?:出生|出|生)|[0-9]{4}年", row.text):  # a pale label may be missed: the number vouches
            continue
        tail = re.sub(r"^.{0,2}?(?:出生|出|生)", "", row.text)
        parts = digits_of(tail).split()
        if len(parts) == 3 and len(parts[0]) == 4 and len(parts[1]) <= 2 and len(parts[2]) <= 2:
            return parse_date(parts[0] + parts[1].zfill(2) + parts[2].zfill(2))
    return None


def _address(rows: list[TextRow]) -> str:
    start = next((i for i, row in enumerate(rows) if re.match(r".?(?:住址|住|址)", row.text)), None)
    if start is None:
        return ""
    parts = [re.sub(r"^.?(?:住址|住|址):?", "", rows[start].text)]
    for row in rows[start + 1 : start + 4]:
        if "身份" in row.text or "号码" in row.text or looks_like_number(row.text):
            break
        if re.search(f"[{_HAN}]", row.text) or (re.fullmatch("[0-9A-Z-]+", row.text) and row.doubt <= ROW_DOUBT):
            parts.append(row.text)
    return "".join(parts)[:70]


def _possible(valid_from: date, valid_to: date) -> bool:
    """True for a term the law knows; a 29 February may end on the 28th or on 1 March, and some cards end a day early."""
    years = valid_to.year - valid_from.year
    if years not in _SPANS:
        return False
    same = date(valid_to.year, valid_from.month, min(valid_from.day, 28))
    return abs((valid_to - same).days) <= 3
