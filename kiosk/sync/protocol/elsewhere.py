"""Somebody of another street at a station that knows its own streets' people: one person, asked online, answered at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiosk.sync.limits import MAX_ROSTER_LINE
from kiosk.sync.protocol.wire import Code, Count, Document, Id, Moment, Short


class LookUp(Document):
    """Who is this? Sealed to the bureau. Name and number as the card says them: who knows a number alone learns nothing."""

    kind: Literal["look-up"] = "look-up"
    kiosk_id: Id
    question_id: Id
    name: Annotated[Short, Field(min_length=1, repr=False)]
    id_number: Annotated[Short, Field(min_length=1, repr=False)]
    at: Moment


class LookedUp(Document):
    """Sealed to the kiosk that asked: the person's line of the roster, or why not (`reason`: not-in-roster).

    `line`: as in a roster file, with the template; for this visit. `area`: whose street it is.
    """

    kind: Literal["looked-up"] = "looked-up"
    bureau_id: Id
    kiosk_id: Id
    question_id: Id
    reason: Code = ""
    line: Annotated[str, Field(max_length=MAX_ROSTER_LINE, repr=False)] = ""
    area: Short = ""
    roster_version: Count = 0
