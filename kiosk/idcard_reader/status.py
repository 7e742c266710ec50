"""What the reader's status byte SW3 means, and what to do about it. Pure tables; used by the session and by the commands.

Source: the tables of six and more open drivers of such readers, which agree. SW1 and SW2 are the card's own status and are
often non-zero on good replies: nothing here looks at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kiosk.domain.reasons import Reason

OK = 0x90
FOUND = 0x9F
NO_SUCH_ITEM = 0x91


class Remedy(Enum):
    """What the driver does next."""

    NONE = "none"  # not a fault
    RESEND = "resend"  # the request was damaged on the wire
    LIFT = "lift"  # a fresh contact between card and reader helps
    GIVE_UP = "give-up"  # this card, or this request, will not work here
    READER = "reader"  # the reader itself is ill: start over with status


@dataclass(frozen=True, slots=True)
class Status:
    """One SW3 value: its reason code and its remedy."""

    reason: Reason
    remedy: Remedy


TABLE: dict[int, Status] = {
    0x90: Status(Reason.OK, Remedy.NONE),
    0x91: Status(Reason.CARD_ITEM_MISSING, Remedy.NONE),
    0x9F: Status(Reason.OK, Remedy.NONE),
    0x10: Status(Reason.READER_REQUEST_DAMAGED, Remedy.RESEND),
    0x11: Status(Reason.READER_REQUEST_LENGTH, Remedy.RESEND),
    0x21: Status(Reason.READER_COMMAND_UNKNOWN, Remedy.GIVE_UP),
    0x23: Status(Reason.READER_NOT_PERMITTED, Remedy.GIVE_UP),
    0x24: Status(Reason.READER_ERROR, Remedy.LIFT),
    0x31: Status(Reason.CARD_REFUSED_READER, Remedy.LIFT),
    0x32: Status(Reason.READER_REFUSED_CARD, Remedy.LIFT),
    0x33: Status(Reason.CARD_UNVERIFIED, Remedy.LIFT),
    0x34: Status(Reason.CARD_NOT_FOUND_YET, Remedy.LIFT),
    0x37: Status(Reason.CARD_FINGERPRINT_UNVERIFIED, Remedy.LIFT),
    0x3F: Status(Reason.CARD_WRONG_LENGTH, Remedy.LIFT),
    0x40: Status(Reason.CARD_KIND_UNKNOWN, Remedy.GIVE_UP),
    0x41: Status(Reason.CARD_READ_FAILED, Remedy.LIFT),
    0x47: Status(Reason.CARD_NO_RANDOM, Remedy.LIFT),
    0x60: Status(Reason.READER_SELF_TEST_FAILED, Remedy.READER),
    0x66: Status(Reason.READER_NOT_AUTHORISED, Remedy.READER),
    0x80: Status(Reason.CARD_NOT_FOUND, Remedy.LIFT),
    0x81: Status(Reason.CARD_SELECT_FAILED, Remedy.LIFT),
}


def status_of(sw3: int) -> Status:
    """Return the meaning of a status byte; undocumented ones count as the reader's unnamed error (24)."""
    return TABLE.get(sw3, TABLE[0x24])
