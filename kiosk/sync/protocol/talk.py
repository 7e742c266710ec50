"""What is neither record nor roster: time, standing, refusal, and the token of a GET."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kiosk.sync.protocol.wire import Code, Count, Digest, Document, Id, Moment, Short


class TimeAnswer(Document):
    """Signed time of the bureau; `nonce` echoes the question, so that an old answer cannot be played back."""

    kind: Literal["time"] = "time"
    bureau_id: Id
    nonce: Id
    now: Moment


class Standing(Document):
    """Signed: what the bureau thinks of this kiosk itself. `twin`: two machines seem to work under its key, or it was restored from
    an older copy; self-service there waits until a clerk has looked into it. `about` names the finding, to be quoted to the bureau.
    """

    kind: Literal["standing"] = "standing"
    bureau_id: Id
    kiosk_id: Id
    at: Moment
    state: Literal["good", "twin"]
    why: Code = ""
    about: Short = ""
    since: Moment | None = None
    LEFT_OUT: ClassVar[tuple[str, ...]] = ("batches",)
    batches: Count | None = None  # highest number of a batch of this kiosk that the bureau has; lower than was receipted: restored
    roster: Code = "whole"  # how the station's roster comes: whole (one file for all), or chunks (its own people alone)


class Problem(Document):
    """Signed refusal of a whole request. `about`: digest of the body that was refused, or of the empty body."""

    kind: Literal["problem"] = "problem"
    bureau_id: Id
    kiosk_id: Short = ""
    about: Digest
    reason: Code
    at: Moment


class Token(Document):
    """Signed by the kiosk, in the Authorization header of a GET; `at` is the bureau's time as the kiosk knows it."""

    kind: Literal["token"] = "token"
    kiosk_id: Id
    method: Literal["GET"]
    path: Annotated[str, Field(max_length=300)]
    at: Moment
    believes: Short = ""  # id of the newest keys of the bureau that the kiosk would believe
