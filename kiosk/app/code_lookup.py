"""Who a code stands for: our own slip by its signature and the roster, a code of the national platform by asking the bureau.

Called in the code worker's thread, and by the desk's work. The code itself is neither kept nor logged.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from kiosk.config import Settings
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.errors import KioskError
from kiosk.store.worker import StoreWorker
from kiosk.sync import protocol, seal, slip_codes
from kiosk.sync.client import Client
from kiosk.sync.keys import load_identity

_PLATFORMS = {"social-card": IdentifiedBy.SOCIAL_CARD, "ctid": IdentifiedBy.CTID}


class CodeLookup:
    """Answers for one kiosk."""

    def __init__(self, settings: Settings, store: StoreWorker) -> None:
        self._settings, self._store = settings, store

    def __call__(self, text: str) -> Person | Reason:
        """Return the person, to be confirmed and looked up like any other; or why there is none."""
        if slip_codes.is_ours(text):
            return self._store.run(lambda store: slip_codes.person(store, text, self._settings.station.station_id))
        return self._ask(text)

    def _ask(self, code: str) -> Person | Reason:
        try:
            identity = load_identity(self._settings.sync)
            question = protocol.Resolve(
                kiosk_id=identity.pins.kiosk_id, question_id=str(uuid.uuid4()), code=code[:1000], at=datetime.now(UTC)
            )
            signed = seal.sign(question, identity.keys.sign, identity.pins.kiosk_id)
            sealed = seal.encrypt(signed, identity.bureau_seal, identity.pins.bureau_id)
            client = Client(self._settings.sync, identity)
            try:
                told = client.ask_sealed("/v1/resolve", sealed, protocol.Resolved)
            finally:
                client.close()
        except (KioskError, OSError):
            return Reason.CODE_OFFLINE
        if told.question_id != question.question_id or told.reason or not told.id_number:
            return Reason.CODE_UNKNOWN
        return Person(told.name, told.id_number, identified_by=_PLATFORMS.get(told.platform, IdentifiedBy.SOCIAL_CARD))
