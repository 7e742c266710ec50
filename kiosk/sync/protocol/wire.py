"""What all documents of the wire are made of: kinds of fields with their limits, `Wire` and `Document`.

A field is never renamed or given another meaning: a new meaning is a new schema version. A new optional field may come with a newer
version of the program: whoever does not know it keeps it and goes on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

# 2: canonical JSON is RFC 8785 (kiosk.canonical); 1 wrote numbers as Python does.
SCHEMA_VERSION = 2
FIRST_SUITE = "std-1"
MEDIA_TYPE = "application/jose"  # RFC 7515, 9.2: compact serialization


def _plausible(at: datetime) -> datetime:
    # A dead clock battery says 1970 and must be accepted as evidence; what lies outside cannot come from a kiosk.
    if not 1970 <= at.year <= 2200:
        raise ValueError("year out of range")
    return at.astimezone(UTC)


# Ids travel in URLs, file names and indices; NUL and control characters are refused (PostgreSQL has no NUL).
Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+/=-]{0,127}$")]
Code = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9_-]*$")]
Text = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
Short = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # of the document's suite: SHA-256 or SM3
SuiteName = Annotated[str, Field(pattern=r"^[a-z]{2,8}-[0-9]{1,3}$")]
Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class Wire(BaseModel):
    """A document or a part of one: immutable; a key that only a newer version knows is kept as it came."""

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="null")


class Asked(BaseModel):
    """What a person or a program of ours hands in here: an unknown key is a mistake, and refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(Wire):
    """What every signed document names. `suite` is written by `seal.sign`, and must be that of the key it is verified with.

    Only std-1 is named by saying nothing: its documents are what they were before there was another suite.
    """

    LEFT_OUT: ClassVar[tuple[str, ...]] = ()  # fields that are not written while empty: a version before this one refused them
    schema_version: Literal[2] = 2
    suite: SuiteName = FIRST_SUITE

    @model_serializer(mode="wrap")
    def _unnamed_when_first(self, plain_of: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = plain_of(self)
        if plain.get("suite") == FIRST_SUITE:
            del plain["suite"]
        for name in self.LEFT_OUT:
            if plain[name] in (None, "", (), []):  # 0 is told
                del plain[name]
        return plain
