"""People as the kiosk knows them: who a card names, and what the bureau's roster says about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kiosk.domain.identity import DocumentKind, normalise_number
from kiosk.domain.names import tidy_name


class IdentifiedBy(StrEnum):
    """How the identity was established."""

    READER = "reader"
    MANUAL = "manual"
    OCR = "ocr"
    DESK = "desk"
    SLIP = "slip-code"  # our own slip, held up to the camera
    SOCIAL_CARD = "social-card-code"  # 电子社保卡
    CTID = "ctid-code"  # 网证


class RosterStatus(StrEnum):
    """What the bureau says about a person."""

    ACTIVE = "active"
    GRACE = "grace"
    SUSPENDED = "suspended"
    DECEASED = "deceased"
    WITHDRAWN = "withdrawn"
    ABNORMAL = "abnormal"
    DATA_MATCHED = "data-matched"


@dataclass(frozen=True, slots=True)
class Person:
    """An identity as read from a card or typed: the key into the roster is `id_number`.

    Name and number are kept in their normal form, whatever they came in: two of a person are equal when the person is.
    """

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    document_kind: DocumentKind = DocumentKind.RESIDENT
    identified_by: IdentifiedBy = IdentifiedBy.READER
    # Last day on which the card that was shown is valid, that day included; None: for ever, or not known.
    document_valid_to: date | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", tidy_name(self.name))
        object.__setattr__(self, "id_number", normalise_number(self.id_number))


@dataclass(frozen=True, slots=True)
class Benefit:
    """One benefit of one person, certified on its own."""

    benefit_id: str  # stable within the person, e.g. "enterprise-employee"
    kind: str  # catalogue key benefit.<kind>
    policy_id: str  # id of a policy in config/policies or from the bureau
    last_pass: date | None = None
    due: date | None = None  # where the bureau fixes a due date itself
    paid_since: date | None = None  # where the bureau says since when it pays: early retirement (特殊工种, 病退) has its own age


@dataclass(frozen=True, slots=True)
class Template:
    """An enrolled face template. It is valid for one encoder model only."""

    vector: bytes = field(repr=False)  # float32 little-endian, (128,), L2-normalised
    model_digest: str  # SHA-256 of the encoder weights that made it
    consent_id: str
    enrolled_on: date | None = None
    origin: str = "live"  # what it was made from: live | photo | chip (`template_age`)
    quality: float = 0.0  # of the picture, 0..1; 0: not noted


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """What the bureau's roster says about one person. Name and number in their normal form, as of `Person`."""

    person_id: str
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    status: RosterStatus
    benefits: tuple[Benefit, ...]
    born: date | None = field(default=None, repr=False)
    local_resident: bool = True
    home_visit: bool = False
    area: str = ""  # street or district, as the bureau names it
    address: str = field(default="", repr=False)  # where a home visit goes; the bureau gives it for whom it wants
    phone: str = field(default="", repr=False)
    template: Template | None = field(default=None, repr=False)
    second: Template | None = field(default=None, repr=False)  # the live one before it, on this kiosk alone

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", tidy_name(self.name))
        object.__setattr__(self, "id_number", normalise_number(self.id_number))
