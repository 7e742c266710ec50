"""What the reader tells the rest of the kiosk: frozen values, emitted in order by client and worker."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.domain.reasons import Reason
from kiosk.idcard_reader.card import CardRecord


@dataclass(frozen=True, slots=True)
class ReaderReady:
    """The reader answers. sam_id: dotted form, "" when the reader would not tell. port: where, for whoever sets it up."""

    sam_id: str
    port: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ReaderGone:
    """The reader cannot be used now; the driver keeps trying by itself. Sent once for each change of reason."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class CardArrived:
    """A card lies on the reader; reading takes up to a second more."""


@dataclass(frozen=True, slots=True)
class CardRead:
    """The card's content. One for each time a card is laid."""

    card: CardRecord


@dataclass(frozen=True, slots=True)
class CardTrouble:
    """The card could not be read. sw3: the reader's status byte, None when it said nothing usable. lift: lifting the card and
    laying it again may help; without it, only an attendant can."""

    reason: Reason
    sw3: int | None
    lift: bool


@dataclass(frozen=True, slots=True)
class CardRemoved:
    """The card that had been read, or had given trouble, is no longer there."""


ReaderEvent = ReaderReady | ReaderGone | CardArrived | CardRead | CardTrouble | CardRemoved
