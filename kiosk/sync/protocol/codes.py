"""A code of the national platform (电子社保卡, 网证 CTID) that somebody held up: who is it? Asked online only, answered at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiosk.sync.protocol.wire import Code, Document, Id, Moment, Short


class Resolve(Document):
    """Whose is this code? Sealed to the bureau. The code is opaque and lives for a minute; neither end keeps it."""

    kind: Literal["resolve"] = "resolve"
    kiosk_id: Id
    question_id: Id
    code: Annotated[str, Field(min_length=1, max_length=1000, repr=False)]
    at: Moment


class Resolved(Document):
    """Sealed to the kiosk that asked: who it is, or why not (`reason`: unknown-code, code-expired, code-used-elsewhere)."""

    kind: Literal["resolved"] = "resolved"
    bureau_id: Id
    kiosk_id: Id
    question_id: Id
    reason: Code = ""
    platform: Code = ""  # social-card | ctid
    name: Annotated[Short, Field(repr=False)] = ""
    id_number: Annotated[Short, Field(repr=False)] = ""
