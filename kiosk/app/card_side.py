"""The reader's events, for the one whose card it is: the visit, or the desk that was open when the card was laid."""

from __future__ import annotations

from typing import assert_never

from kiosk.idcard_reader.events import CardArrived, CardRead, CardRemoved, CardTrouble, ReaderEvent, ReaderGone, ReaderReady
from kiosk.visit import events as e


class CardSide:
    """Whose card lies on the reader."""

    def __init__(self) -> None:
        self._card_is_desks = False

    def is_desks(self, event: ReaderEvent, desk_open: bool) -> bool:
        """Return whether an event belongs to the desk. A card belongs, until it is lifted, to whom it was laid for."""
        if isinstance(event, CardArrived):
            self._card_is_desks = desk_open
        if self._card_is_desks and isinstance(event, CardArrived | CardRead | CardTrouble | CardRemoved):
            self._card_is_desks = not isinstance(event, CardRemoved)
            return True
        return False


def as_touch(event: ReaderEvent) -> bool:
    """Return whether somebody's hand is behind an event: a card laid, read or troubled; one that is lifted ends a visit instead."""
    return isinstance(event, CardArrived | CardRead | CardTrouble)


def visit_event(event: ReaderEvent) -> e.Event:
    """Return what an event of the reader is to the visit."""
    match event:
        case ReaderReady():
            return e.ReaderCameUp()
        case ReaderGone(reason):
            return e.ReaderWentDown(reason)
        case CardArrived():
            return e.CardLaid()
        case CardRead(card):
            return e.CardWasRead(card.to_person())
        case CardTrouble(reason, _, _):
            return e.CardTroubled(reason)
        case CardRemoved():
            return e.CardTaken()
        case _:
            assert_never(event)
