"""The number of a card out of what a recogniser took for it. Pure; used by `fields.py`.

Look-alikes (O for 0, l for 1, S for 5) are put right only where the check character, the region and the birth date agree with
exactly one way to do so. Two ways that both agree are no reading at all: guessing a person is worse than asking again.
"""

from __future__ import annotations

import re
from datetime import date
from itertools import product

from kiosk.domain.identity import IdNumber

_LENGTH = 18
_MOST_READINGS = 64
# What a character may be taken for. A digit stands for itself: digits confused with digits are left to the votes of frames.
_LIKE = {
    "O": "0",
    "o": "0",
    "D": "0",
    "Q": "0",
    "C": "0",
    "U": "0",
    "〇": "0",
    "°": "0",
    "l": "1",
    "I": "1",
    "i": "1",
    "|": "1",
    "!": "1",
    "L": "1",
    "J": "1",
    "丨": "1",
    "]": "1",
    "[": "1",
    "Z": "2",
    "z": "2",
    "A": "4",
    "h": "4",
    "S": "5",
    "s": "5",
    "$": "5",
    "G": "6",
    "b": "6",
    "T": "7",
    "?": "7",
    "B": "83",
    "&": "8",
    "g": "9",
    "q": "9",
    "E": "38",
}
_AFTER_LABEL = re.compile(r".*[\u4e00-\u4e27\u4e29-\u4e41\u4e43-\u9fff]")  # but 丨 and 乂, which are a 1 and an X
_LAST = {"x": "X", "K": "X", "k": "X", "*": "X", "乂": "X", "Y": "X", "+": "X"}


def numbers_in(text: str, today: date | None = None) -> tuple[IdNumber, ...]:
    """Return the numbers that the text can be read as and that no rule objects to; more than one means: ambiguous.

    text: one row, as cleaned by `lines.clean`. A number stands alone in it or behind a label that ends in a Chinese character.
    """
    tail = _AFTER_LABEL.sub("", text)
    tail = re.sub(r"[\s\-_.,:;'`·]", "", tail)
    if len(tail) != _LENGTH:  # a character too many or too few: which one is anybody's guess
        return ()
    choices = [_as_digit(c) for c in tail[:-1]]
    choices.append("X" if tail[-1] in "X" else _LAST.get(tail[-1], "") + _as_digit(tail[-1]))
    if not all(choices):
        return ()
    if sum(c != "X" and not c.isdigit() for c in tail) > 4:
        return ()  # one reading in eleven fits by chance: many guesses are a lottery
    found: dict[str, IdNumber] = {}
    for count, reading in enumerate(product(*choices)):
        if count == _MOST_READINGS:
            return ()
        number = IdNumber.parse("".join(reading), today)
        if number.ok and not number.was_15:
            found[number.number] = number
    return tuple(found.values())


def looks_like_number(text: str) -> bool:
    """True when a row holds something that wants to be a number of 18 characters."""
    return re.search(r"[0-9OolIZSBXx]{15,}", text) is not None


def digits_of(text: str) -> str:
    """Return the digits of a printed date with unambiguous look-alikes put right; other characters become spaces."""
    like = {key: value for key, value in _LIKE.items() if len(value) == 1 and key not in "CUAhTLJ[]!?"}
    return "".join(c if c.isascii() and c.isdigit() else like.get(c, " ") for c in text)


def _as_digit(character: str) -> str:
    if character.isascii() and character.isdigit():
        return character
    return _LIKE.get(character, "")
