"""People as the kiosk knows them: who a card names, and what the bureau's roster says about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kiosk.domain.identity import DocumentKind


class IdentifiedBy(StrEnum):
    """How the identity was established."""

    READER = "reader"
    MANUAL = "manual"
    OCR = "ocr"
    DESK = "desk"


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
    """An identity as read from a card or typed: the key into the roster is `id_number`."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    document_kind: DocumentKind = DocumentKind.RESIDENT
    identified_by: IdentifiedBy = IdentifiedBy.READER


@dataclass(frozen=True, slots=True)
class Benefit:
    """One benefit of one person, certified on its own."""

    benefit_id: str  # stable within the person, e.g. "enterprise-employee"
    kind: str  # catalogue key benefit.<kind>
    policy_id: str  # id of a policy in config/policies or from the bureau
    last_pass: date | None = None
    due: date | None = None  # where the bureau fixes a due date itself


@dataclass(frozen=True, slots=True)
class Template:
    """An enrolled face template. It is valid for one encoder model only."""

    vector: bytes = field(repr=False)  # float32 little-endian, (128,), L2-normalised
    model_digest: str  # SHA-256 of the encoder weights that made it
    consent_id: str
    enrolled_on: date | None = None


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """What the bureau's roster says about one person."""

    person_id: str
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    status: RosterStatus
    benefits: tuple[Benefit, ...]
    born: date | None = field(default=None, repr=False)
    local_resident: bool = True
    home_visit: bool = False
    template: Template | None = field(default=None, repr=False)
