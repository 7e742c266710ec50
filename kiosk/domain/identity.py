"""Identity documents: kinds, number rules (GB 11643) and masking. Standard library only.

Used by the card reader, manual entry, OCR and the roster. Rules flag what is odd about a number, they never refuse it: a card in
the hand is worth more than an arithmetic rule, and wrong numbers were issued in the early years.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kiosk.domain.names import plain_number


class DocumentKind(StrEnum):
    """Kinds of identity document that the programme accepts."""

    RESIDENT = "resident"  # 居民身份证
    HMT_RESIDENCE = "hmt-residence"  # 港澳台居民居住证 (card type J)
    PERMANENT_RESIDENCE = "permanent-residence"  # 外国人永久居留身份证 (I 2017, Y 2023)
    PASSPORT = "passport"
    HM_PERMIT = "hm-permit"  # 港澳居民来往内地通行证
    TW_PERMIT = "tw-permit"  # 台湾居民来往大陆通行证
    SOCIAL_SECURITY_CARD = "social-security-card"


class Sex(StrEnum):
    """As coded on the chip (GB/T 2261.1)."""

    UNKNOWN = "unknown"  # 0
    MALE = "male"  # 1
    FEMALE = "female"  # 2
    NOT_STATED = "not-stated"  # 9


class NumberFlag(StrEnum):
    """What is odd about a number. Shown to attendants; a flagged number still goes to the roster."""

    CHECK_DIGIT = "check-digit"  # the last character does not fit the others
    BIRTH_DATE = "birth-date"  # no such day, or a day to come
    REGION = "region"  # no province has this prefix
    SHAPE = "shape"  # neither 18, nor 15 digits, nor 3 letters and 12 digits


_PLAIN = re.compile(r"[0-9]{17}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_PROVINCES = frozenset(
    ("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83").split()
)


def check_digit(first17: str) -> str:
    """Return the GB 11643 check character of the first 17 digits. Raises ValueError on anything but 17 digits."""
    if len(first17) != 17 or not first17.isascii() or not first17.isdigit():
        raise ValueError("17 digits expected")
    return _CHECK[sum(w * int(c) for w, c in zip(_WEIGHTS, first17, strict=True)) % 11]


def check_digit_pr(first14: str) -> str:
    """Return the 7-3-1 check digit of a permanent-residence number of 2017 (ICAO 9303 weights; A=10 ... Z=35, `<`=0).

    Raises ValueError on other characters. Specimen: PAK31008001010 -> 3.
    """
    if not first14 or not re.fullmatch(r"[0-9A-Z<]+", first14):
        raise ValueError("digits, capital letters and < expected")
    values = (0 if c == "<" else int(c, 36) for c in first14)
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def old_pr_number(nationality: str, id_number: str, link: str) -> str:
    """Return the 15-character number of 2017 that a permanent resident with a card of 2023 (type Y) had before.

    nationality: alpha-3; id_number: 18 characters; link: the card's 3-character link. Returns "" when the parts do not fit
    (first cards of 2023 have an empty link). Source: open drivers of such readers.
    """
    if not (
        re.fullmatch(r"[A-Z]{3}", nationality) and re.fullmatch(r"[0-9]{17}[0-9X]", id_number) and re.fullmatch(r"[0-9]{3}", link)
    ):
        return ""
    first14 = nationality + id_number[1:3] + link[:2] + id_number[8:14] + link[2]
    return first14 + check_digit_pr(first14)


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A document number with what it says about itself. Make one with `IdNumber.parse`."""

    number: str = field(repr=False)  # normalised; 15 digits are extended to 18
    kind: DocumentKind
    born: date | None = field(default=None, repr=False)
    sex: Sex = Sex.UNKNOWN
    flags: frozenset[NumberFlag] = frozenset()
    was_15: bool = False

    @property
    def ok(self) -> bool:
        """True when no rule objects."""
        return not self.flags

    @classmethod
    def parse(cls, text: str, today: date | None = None) -> IdNumber:
        """Read a number as typed, printed or stored on a chip; never raises.

        Digits of any script, a lower-case x and letters that look like one, spaces, dashes and invisible marks are accepted.
        15-digit numbers (before 1999) get their century and check character. Prefixes: 81 Hong Kong, 82 Macau, 83 Taiwan
        residence permits; 9 permanent residence of 2023; three letters and 12 digits: permanent residence of 2017. today: a
        birth after it is flagged (None: not looked at).
        """
        number = plain_number(text)
        if re.fullmatch(r"[0-9]{15}", number):
            first17 = number[:6] + "19" + number[6:]
            return cls._of_18(first17 + check_digit(first17), today, was_15=True)
        if re.fullmatch(r"[0-9]{17}[0-9X]", number):
            return cls._of_18(number, today, was_15=False)
        if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
            born = _two_digit_year(number[7:13], today)
            flags = set()
            if check_digit_pr(number[:14]) != number[14]:
                flags.add(NumberFlag.CHECK_DIGIT)
            if born is None:
                flags.add(NumberFlag.BIRTH_DATE)
            return cls(number, DocumentKind.PERMANENT_RESIDENCE, born, flags=frozenset(flags))
        return cls(number, DocumentKind.RESIDENT, flags=frozenset({NumberFlag.SHAPE}))

    @classmethod
    def _of_18(cls, number: str, today: date | None, *, was_15: bool) -> IdNumber:
        flags = set()
        if check_digit(number[:17]) != number[17]:
            flags.add(NumberFlag.CHECK_DIGIT)
        born = parse_date(number[6:14])
        if born is None or born.year < 1850 or (today is not None and born > today):
            flags.add(NumberFlag.BIRTH_DATE)
        if number[0] != "9" and number[:2] not in _PROVINCES:
            flags.add(NumberFlag.REGION)
        return cls(number, _kind_of(number), born, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE, frozenset(flags), was_15)


def normalise_number(text: str) -> str:
    """Return a number in the form it is stored and compared in: `names.plain_number`, 15 digits extended to 18."""
    plain = text if _PLAIN.fullmatch(text) else plain_number(text)
    return IdNumber.parse(plain).number if len(plain) == 15 else plain


def number_of_15(number: str) -> str:
    """Return the 15 digits that a number of 18 had before 1999, "" where it had none (born in another century)."""
    return number[:6] + number[8:17] if _PLAIN.fullmatch(number) and number[6:8] == "19" else ""


def parse_date(yyyymmdd: str) -> date | None:
    """Return the date of eight digits, None when there is no such day."""
    if not re.fullmatch(r"[0-9]{8}", yyyymmdd):
        return None
    try:
        return date(int(yyyymmdd[:4]), int(yyyymmdd[4:6]), int(yyyymmdd[6:]))
    except ValueError:
        return None


def _kind_of(number: str) -> DocumentKind:
    if number[:2] in ("81", "82", "83"):
        return DocumentKind.HMT_RESIDENCE
    return DocumentKind.PERMANENT_RESIDENCE if number[0] == "9" else DocumentKind.RESIDENT


def _two_digit_year(yymmdd: str, today: date | None) -> date | None:
    this_year = today.year if today else 2017  # the card of 2017 has no century; nobody is born after it was issued
    born = parse_date("20" + yymmdd) if int(yymmdd[:2]) <= this_year % 100 else None
    return born or parse_date("19" + yymmdd)


def mask_name(name: str) -> str:
    """Return a name fit for the screen: first and last character, the middle hidden (陈小芳 -> 陈 * 芳, 王芳 -> * 芳)."""
    name = name.strip()
    if len(name) <= 1:
        return "*"
    if len(name) == 2:
        return f"* {name[1]}"
    return f"{name[0]} * {name[-1]}"


def last_four(id_number: str) -> str:
    """Return the last four characters of a document number, for confirmation on the screen."""
    return id_number[-4:]
