"""What the bureau may set at a station: allowed keys, never below the programme's minimum, match limits only with the owner.

Both ends ask: the bureau before it issues, the kiosk before it takes, and `layers` once more at every start. No keys, no addresses,
nothing of who a station is (`layers.FROM_AFAR`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from kiosk import config, layers, owner_agreement
from kiosk.errors import ConfigError
from kiosk.layers import TWO_SIGNATURES, Value
from kiosk.sync.protocol import SecondSignature

_SHIPPED = config.Settings()


def fault(key: str, value: Value) -> str:
    """Return "" for a key and value that may be set from afar, else a word: not-allowed, below-minimum, malformed."""
    return layers.minimum_fault(key, value) if key in layers.FROM_AFAR else "not-allowed"


def faults(values: Mapping[str, Value]) -> dict[str, str]:
    """Return key -> what is wrong with it; {} for values that fit together and could be in force."""
    found = {key: why for key, value in values.items() if (why := fault(key, value))}
    if found:
        return found
    for key, value in values.items():
        try:
            config.changed(_SHIPPED, {key: value})
        except ConfigError:
            found[key] = "malformed"
    if not found:
        match = config.changed(_SHIPPED, values).match
        if not 0.2 <= match.reject < match.accept <= 0.9:
            found["match.accept"] = "malformed"
    return found


def unsigned(values: Mapping[str, Value], second: Sequence[SecondSignature], station_id: str, today: date) -> list[str]:
    """Return the keys that need the owner's signature and do not have it, for just this value at this station, today."""
    wanted = {key: value for key, value in values.items() if key in TWO_SIGNATURES}
    keys = owner_agreement.owner_keys() if wanted else {}
    agreed: set[tuple[str, Value]] = set()
    for one in second:
        if one.until < today or one.scope not in ("all", f"station:{station_id}"):
            continue
        if owner_agreement.is_signed(one.model_dump(mode="json"), keys):
            agreed |= set(one.values.items())
    return sorted(key for key, value in wanted.items() if (key, value) not in agreed)
