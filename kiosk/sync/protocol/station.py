"""What a station tells of itself, and what the bureau answers. Nothing of a person: devices, versions, counts by code."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from kiosk.sync.limits import MAX_CODES, MAX_SETTINGS
from kiosk.sync.protocol.wire import Code, Count, Digest, Document, Id, Moment, Short, Wire

Celsius = Annotated[float, Field(ge=-80, le=200, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Sam = Annotated[str, Field(max_length=48, pattern=r"^[0-9.-]*$")]


class UpdateResult(Wire):
    """What the last update of the program came to. state: ok, went-back, self-test, refused."""

    version: Short
    state: Code
    why: Short = ""
    at: Moment


class StationReport(Document):
    """How a station is. None: its system does not tell. Counts are of the last 24 hours, USB resets since the machine's start."""

    kind: Literal["report"] = "report"
    kiosk_id: Id
    at: Moment
    software: Short = ""
    temperature_c: Celsius | None = None
    disk_free_mb: Count | None = None
    usb_resets: Count | None = None
    camera: Code = ""  # yes | no | asleep; "": not asked
    camera_fps: Rate | None = None
    reader: Code = ""  # yes | no
    sam: Sam = ""  # the card reader's own number
    failures: Annotated[tuple[tuple[Code, Count], ...], Field(max_length=MAX_CODES)] = ()
    falls: Count = 0  # how often the kiosk's program fell
    update: UpdateResult | None = None
    settings_version: Count = 0  # of the bureau's settings that came last …
    settings_state: Code = ""  # … and what became of them: trial, kept, undone, refused
    settings_why: Short = ""


class ReportReceipt(Document):
    """Signed answer to a report. `digest`: of the sealed bytes that were received."""

    kind: Literal["report-receipt"] = "report-receipt"
    bureau_id: Id
    kiosk_id: Id
    digest: Digest
    received_at: Moment


SettingKey = Annotated[str, Field(max_length=80, pattern=r"^[a-z_]+(\.[a-z_]+){1,3}$")]
SettingValue = bool | int | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=300)]
SettingValues = Annotated[dict[SettingKey, SettingValue], Field(max_length=MAX_SETTINGS)]


class SecondSignature(Wire):
    """The programme's owner agrees to some values, for all stations ("all") or one ("station:ID"), until a day.

    `signature`: Ed25519 by a key of the role targets of the updates' root, over the canonical JSON of the other fields.
    """

    scope: Short
    until: date
    values: SettingValues
    key_id: Digest
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class StationSettings(Document):
    """Signed, then sealed to one kiosk: everything that the bureau sets there; what is no longer named is no longer set."""

    kind: Literal["settings"] = "settings"
    bureau_id: Id
    kiosk_id: Id
    version: Annotated[int, Field(ge=1, le=2**53)]
    created_at: Moment
    values: SettingValues
    second: Annotated[tuple[SecondSignature, ...], Field(max_length=8)] = ()
