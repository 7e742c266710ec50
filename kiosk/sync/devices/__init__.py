"""Keys that never leave a device: a token with PKCS #11 (`std-1`), or a machine with SDF, GM/T 0018 (`gm-1`).

`pair` gives the two private keys as any other; signing and opening is done in the device. Used by `kiosk.sync.keys` alone.
"""

from __future__ import annotations

from kiosk.config import Sync
from kiosk.sync.devices import sdf, token
from kiosk.sync.suites import Key


def pair(settings: Sync) -> tuple[Key, Key]:
    """Return the (signing, sealing) keys of the device that `[sync] key_module` names. Raises ConfigError: what to do is said."""
    return sdf.pair(settings) if settings.key_module_kind == "sdf" else token.pair(settings)
