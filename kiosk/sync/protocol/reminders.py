"""Whom a station may call before a pension stops: ids, streets and dates. Names and telephone numbers are in its roster already."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from kiosk.sync.limits import MAX_REMINDERS
from kiosk.sync.protocol.wire import Count, Document, Id, Wire


class Reminder(Wire):
    """Somebody who is due or suspended. `called_on`: a kiosk of the station told that somebody called."""

    person_id: Id
    area: Annotated[str, Field(max_length=64)] = ""
    urgency: Literal["due", "suspended"]
    due: date | None = None
    called_on: date | None = None


class Reminders(Document):
    """Signed, then sealed to one kiosk: the whole list of its station, in place of the one before. `left_out`: did not fit."""

    kind: Literal["reminders"] = "reminders"
    bureau_id: Id
    kiosk_id: Id
    version: Annotated[int, Field(ge=1, le=2**53)]
    made_on: date
    left_out: Count = 0
    people: Annotated[tuple[Reminder, ...], Field(max_length=MAX_REMINDERS)] = ()
