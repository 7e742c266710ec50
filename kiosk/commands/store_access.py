"""How commands open the store: with the kiosk's own journal key when it is provisioned. For `kiosk.commands` only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk import config
from kiosk.store.engine.database import Store
from kiosk.store.opening import open_store

if TYPE_CHECKING:
    from kiosk.sync.keys import JournalSigner


def signer_of(settings: config.Settings) -> JournalSigner | None:
    """Return the signer with the kiosk's own key, None while it has none."""
    from kiosk.sync import keys

    return keys.journal_signer(settings)


def open_signed(settings: config.Settings) -> Store:
    """Open the store; beside a running kiosk as a guest."""
    return open_store(settings, signer=signer_of(settings))
