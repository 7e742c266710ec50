"""Several pictures vote on one side of one card. Pure; used by `card_ocr.CardScan`.

Votes are counted apart for each number (each term, on the other side): a card exchanged half-way brings its own votes with it, so
that the name of one person can never meet the number of another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TypeVar

from kiosk.ocr.fields import CardBack, CardFront

NAMELESS_NEEDED = 5  # pictures with a certain number and an unsure name, before the person is asked to choose the name
NEEDED = 2  # pictures that must agree; measured: tests/ocr/test_reading.py
T = TypeVar("T", CardFront, CardBack)
_KEYS = 8  # numbers remembered at once


class FrontBallot:
    """Votes on the side with the person."""

    def __init__(self, needed: int = NEEDED) -> None:
        self._needed = needed
        self._votes: dict[str, Counter[CardFront]] = {}

    def add(self, front: CardFront) -> None:
        """Count one reading that is usable, or would be but for the name; all others are ignored."""
        if not front.usable and not front.name_unread:
            return
        if front.id_number not in self._votes and len(self._votes) >= _KEYS:
            self._votes.pop(next(iter(self._votes)))
        # Address and nation do not identify: they may differ between two readings that agree on the person.
        self._votes.setdefault(front.id_number, Counter())[replace(front, address="", nation="", flags=frozenset())] += 1

    @property
    def progress(self) -> float:
        """How much of what is needed was seen, 0..1."""
        shares = [
            count / (self._needed if front.name else NAMELESS_NEEDED)
            for votes in self._votes.values()
            for front, count in votes.items()
        ]
        return min(1.0, max(shares, default=0.0))

    @property
    def settled(self) -> CardFront | None:
        """The reading the pictures agree on, or None while they do not (yet).

        Without a name where too many pictures did not show one: a recogniser that does not know a character is now and then certain
        of another. A name is settled only when as many pictures show it as do not.
        """
        named = {number: Counter({one: n for one, n in votes.items() if one.name}) for number, votes in self._votes.items()}
        front = _settled(named, self._needed)
        if front is not None and named[front.id_number][front] >= self._nameless(front.id_number).total():
            return front
        return _settled({number: self._nameless(number) for number in self._votes}, NAMELESS_NEEDED)

    def _nameless(self, number: str) -> Counter[CardFront]:
        return Counter({one: n for one, n in self._votes[number].items() if not one.name})


class BackBallot:
    """Votes on the side with the emblem."""

    def __init__(self, needed: int = NEEDED) -> None:
        self._needed = needed
        self._votes: dict[str, Counter[CardBack]] = {"": Counter()}

    def add(self, back: CardBack) -> None:
        """Count one usable reading; all others are ignored."""
        if back.usable and (back in self._votes[""] or len(self._votes[""]) < _KEYS):
            self._votes[""][back] += 1

    @property
    def progress(self) -> float:
        """How much of what is needed was seen, 0..1."""
        leading = self._votes[""].most_common(1)
        return min(1.0, (leading[0][1] if leading else 0) / self._needed)

    @property
    def settled(self) -> CardBack | None:
        """The reading the pictures agree on, or None while they do not (yet)."""
        return _settled(self._votes, self._needed)


def _settled(votes: dict[str, Counter[T]], needed: int) -> T | None:
    """The leader, when it has what is needed and twice the votes of everything else together."""
    total = sum(count.total() for count in votes.values())
    for count in votes.values():
        leading = count.most_common(1)
        if leading and leading[0][1] >= needed and leading[0][1] >= 2 * (total - leading[0][1]):
            return leading[0][0]
    return None
