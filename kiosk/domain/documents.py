"""Documents that the reader cannot read: what is odd about a typed number or a term, by the kind of document; passports' MRZ.

Rules flag, they never refuse for good: an odd number is asked for once more and then taken with a flag. Standard library only: why
no package reads the MRZ stands in docs/inputs.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import product

from kiosk.domain.identity import DocumentKind, IdNumber, check_digit_pr, parse_date
from kiosk.domain.names import plain_number

TYPED = (  # what an attendant may type from
    DocumentKind.RESIDENT,
    DocumentKind.PASSPORT,
    DocumentKind.HM_PERMIT,
    DocumentKind.TW_PERMIT,
    DocumentKind.SOCIAL_SECURITY_CARD,
)
_SHAPES = {
    DocumentKind.PASSPORT: re.compile(r"(?=.*[0-9])[A-Z0-9]{6,9}"),  # ICAO 9303-4: nine characters at most
    DocumentKind.HM_PERMIT: re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?"),  # with or without the count of renewals
    DocumentKind.TW_PERMIT: re.compile(r"[0-9]{8}|[0-9]{10}[A-Z]"),  # card since 2015; booklet before
}
_CARD_NUMBER = re.compile(r"[A-Z0-9]{9}")  # printed on a social security card beside the person's own number
_MRZ = re.compile(r"([A-Z0-9<]{9})([0-9])([A-Z<]{3})([0-9]{6})([0-9])[MF<]([0-9]{6})([0-9])([A-Z0-9<]{14})([0-9<])([0-9])")


@dataclass(frozen=True, slots=True)
class Passport:
    """What the second line of a passport's MRZ says. `whole`: all its check digits fit."""

    number: str = field(repr=False)
    valid_to: date | None
    whole: bool


def problem(kind: DocumentKind, number: str, valid_to: date | None, today: date) -> str:
    """Return what is wrong with a document: document-expired, number-odd, or "". valid_to None: for ever, or not given."""
    if valid_to is not None and valid_to < today:
        return "document-expired"
    return "number-odd" if odd(kind, number) else ""


def odd(kind: DocumentKind, number: str) -> bool:
    """True when a rule of the kind objects to a number, in whatever script and with whatever blanks it is typed."""
    plain = plain_number(number)
    shape = _SHAPES.get(kind)
    if shape is not None:
        return shape.fullmatch(plain) is None
    if kind is DocumentKind.SOCIAL_SECURITY_CARD and _CARD_NUMBER.fullmatch(plain):
        return False
    return bool(IdNumber.parse(number).flags)


def read_mrz(text: str, today: date) -> Passport | None:
    """Return the passport of an MRZ that a scanner typed (ICAO 9303-4, both lines or the second alone); None for anything else.

    An expiry of two digits is read as of this century.
    """
    found = _MRZ.search(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper())
    if found is None:
        return None
    number, one, _, born, two, expiry, three, personal, four, all_digit = found.groups()
    line = found.group(0)
    checks = (
        (number, one),
        (born, two),
        (expiry, three),
        (personal, "0" if four == "<" else four),
        (line[0:10] + line[13:20] + line[21:43], all_digit),
    )
    whole = all(check_digit_pr(part) == digit for part, digit in checks)
    valid_to = parse_date(f"{today.year // 100}{expiry}")
    return Passport(number.rstrip("<"), valid_to, whole)


# What text recognition takes for each other in the type of an MRZ, where only letters or only digits can stand.
_TO_DIGIT = str.maketrans("OQDISBGZ", "00015862")
_TO_LETTER = str.maketrans("01582", "OISBZ")
_DIGITS = (9, *range(13, 20), *range(21, 28), 43)  # places of the second line
_LETTERS = (10, 11, 12)
_DOUBTFUL = 4  # characters of a number that are tried both ways


def mrz_of(lines: Iterable[str], today: date) -> str:
    """Return the second line of a passport's MRZ among lines read from a picture, put right; "" unless every check fits."""
    for text in lines:
        line = re.sub(r"\s", "", text).upper().replace("«", "<<")
        if len(line) != 44:
            continue
        fixed = "".join(
            one.translate(_TO_DIGIT) if at in _DIGITS else one.translate(_TO_LETTER) if at in _LETTERS else one
            for at, one in enumerate(line)
        )
        doubtful = [at for at in range(9) if fixed[at] in "O0"][:_DOUBTFUL]
        for choice in product("O0", repeat=len(doubtful)):
            tried = list(fixed)
            for at, one in zip(doubtful, choice, strict=True):
                tried[at] = one
            passport = read_mrz("".join(tried), today)
            if passport is not None and passport.whole:
                return "".join(tried)
    return ""
