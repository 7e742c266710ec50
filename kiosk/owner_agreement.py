"""Where the programme's owner must agree: match limits from afar carry a signature of the owner's, looked at at every start.

The keys are those of the role targets in the updates' root. `layers` asks before it believes a value, `sync` before it takes one;
what was taken lies beside the layers. Light but for cryptography, which is loaded only where such a value is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kiosk.canonical import canonical

NAME = "bureau-second.json"  # in the folder of the layers
MOST = 16  # signatures that are kept
_LARGEST = 64 * 1024
# The updates' root: as the updater follows it, else as it came with the installation.
OWNER_ROOTS = (Path("/opt/pension-kiosk/update-root.json"), Path("/etc/pension-kiosk/update-root.json"))


def signed_bytes(scope: str, until: str, values: Mapping[str, Any]) -> bytes:
    """Return what the owner signs. scope: "all" or "station:ID"; until: the last day on which a station takes it."""
    return canonical({"scope": scope, "until": until, "values": dict(values)})


def owner_keys() -> dict[str, bytes]:
    """Return the owner's public keys by their id; {} where none were installed: then nothing can be agreed to."""
    for path in OWNER_ROOTS:
        try:
            signed: dict[str, Any] = json.loads(path.read_bytes())["signed"]
            return {
                name: bytes.fromhex(signed["keys"][name]["keyval"]["public"])
                for name in signed["roles"]["targets"]["keyids"]
                if signed["keys"][name]["keytype"] == "ed25519"
            }
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {}


def is_signed(told: Mapping[str, Any], keys: Mapping[str, bytes]) -> bool:
    """Return whether an agreement (scope, until, values, key_id, signature) is the owner's. Its day is the taker's matter."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(keys[str(told["key_id"])])
        key.verify(bytes.fromhex(told["signature"]), signed_bytes(str(told["scope"]), str(told["until"]), told["values"]))
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def agreed(folder: Path, key: str, value: object) -> bool:
    """Return whether the signatures beside the layers hold the owner's word for just this value."""
    kept = [one for one in kept_in(folder) if isinstance(one.get("values"), dict) and one["values"].get(key) == value]
    keys = owner_keys() if kept else {}
    return any(is_signed(one, keys) for one in kept)


def kept_in(folder: Path) -> list[dict[str, Any]]:
    """Return the signatures that were taken, as they lie there; nothing is looked at."""
    try:
        with (folder / NAME).open("rb") as file:
            data = file.read(_LARGEST + 1)
        found = json.loads(data) if len(data) <= _LARGEST else []
    except (OSError, ValueError, RecursionError):
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def with_more(folder: Path, more: Iterable[Mapping[str, Any]]) -> str:
    """Return the file's text with further signatures; the oldest go."""
    return json.dumps([*kept_in(folder), *(dict(one) for one in more)][-MOST:])
