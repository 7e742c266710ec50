"""How kiosk and bureau come to know each other's keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiosk.sync.protocol.wire import Document, Id, Moment, Short, Wire

PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}(?:[A-Za-z0-9_-]{43})?$")]


class PublicKeys(Wire):
    """Public keys of one suite (`seal.suite_of`), base64url: Ed25519 and X25519 of 32 bytes, or two points of SM2 of 64."""

    sign: PublicKey
    seal: PublicKey


class Succession(Document):
    """Which keys follow those of `bureau_id`, signed by the new ones themselves: whoever announces keys has them.

    Travels in a bundle, which the keys in force have signed. `successor_id` follows from `keys`, as every bureau's id does.
    """

    kind: Literal["succession"] = "succession"
    bureau_id: Id
    successor_id: Id
    keys: PublicKeys
    at: Moment


class Enrolment(Document):
    """Signed by the new kiosk's own key: who it is, and the one-time code. Sent in clear below TLS, the code being secret."""

    kind: Literal["enrolment"] = "enrolment"
    secret: Annotated[str, Field(pattern=r"^[A-Z2-7]{10}$", repr=False)]
    station_id: Id
    name: Short
    keys: PublicKeys


class Enrolled(Document):
    """Signed by the bureau: the kiosk's id, and the bureau's keys to pin (their fingerprint is in the code)."""

    kind: Literal["enrolled"] = "enrolled"
    bureau_id: Id
    kiosk_id: Id
    keys: PublicKeys
    kiosk_keys: PublicKeys
    at: Moment
