"""Somebody of another street: asked at the bureau, one person at a time, sealed both ways. Blocks; never on the store's thread.

A kiosk whose roster is of its own streets asks for whoever is not in it, when a card said name and number; who typed a number is
not asked for. At the desk an attendant asks, by a card or by name and number of a document (`desk_backend.people`). What comes
back is kept by `store.roster.visitors` for this visit.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from kiosk.config import Sync
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.errors import KioskError
from kiosk.store.engine.database import Store
from kiosk.store.roster import visitors
from kiosk.sync import protocol, roster_chunks, seal
from kiosk.sync.batches import RunInStore
from kiosk.sync.client import Client
from kiosk.sync.keys import load_identity

LONGEST_S = 8.0  # ours: somebody stands there and waits
_CARDS = frozenset({IdentifiedBy.READER, IdentifiedBy.OCR, IdentifiedBy.SOCIAL_CARD, IdentifiedBy.CTID})


def may_know(store: Store, person: Person) -> bool:
    """Return whether the bureau may know somebody whom this kiosk does not: its roster is of its own streets alone."""
    return bool(person.name) and person.identified_by in _CARDS and roster_chunks.by_catchment(store)


def ask(settings: Sync, run_in_store: RunInStore, visit_id: str, person: Person, now: datetime) -> Reason:
    """Ask, and keep the answer for the visit. OK: the person can be looked up now; else why not."""
    try:
        told = _told(settings, person)
        if told.reason or not told.line:
            return Reason.NOT_IN_ROSTER
        run_in_store(lambda store: _keep(store, visit_id, person, told, now))
    except (KioskError, OSError):
        return Reason.ELSEWHERE_OFFLINE
    return Reason.OK


def _told(settings: Sync, person: Person) -> protocol.LookedUp:
    identity = load_identity(settings)
    question = protocol.LookUp(
        kiosk_id=identity.pins.kiosk_id,
        question_id=str(uuid.uuid4()),
        name=person.name,
        id_number=person.id_number,
        at=datetime.now(UTC),
    )
    signed = seal.sign(question, identity.keys.sign, identity.pins.kiosk_id)
    sealed = seal.encrypt(signed, identity.bureau_seal, identity.pins.bureau_id)
    client = Client(settings.model_copy(update={"timeout_s": min(settings.timeout_s, LONGEST_S / 4)}), identity)
    try:
        told = client.ask_sealed("/v1/lookup", sealed, protocol.LookedUp)
    finally:
        client.close()
    if told.question_id != question.question_id:
        raise seal.Refused("replayed")
    return told


def _keep(store: Store, visit_id: str, person: Person, told: protocol.LookedUp, now: datetime) -> None:
    visitors.take(
        store,
        visitors.Visitor(told.line.encode(), told.area, told.roster_version),
        asked=person,
        visit_id=visit_id,
        now=now,
    )
