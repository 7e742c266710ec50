"""The bureau's keys change: announced in a signed bundle, believed beside those in force, in force once it signs with them.

Both signatures are asked for: the bundle's, by the keys in force, and the announcement's own, by the new keys, so that no bureau
announces keys that it does not have. The suite stays. Keys that were replaced are believed for what may still be under way, until a
bundle says that the bureau no longer holds them. Used by `client`, `roster_feed` and `courier`; the pins' file is what remembers.
"""

from __future__ import annotations

import base64
import threading
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import ValidationError

from kiosk.errors import StoreError
from kiosk.sync import json_bounds, protocol, seal
from kiosk.sync.keys import Identity, OtherKeys, Pins
from kiosk.sync.limits import MAX_SUCCESSION
from kiosk.sync.private_files import MAX_KEY_FILE, write_private

# What keys that were replaced may still have signed: it lies on a stick, or was on its way. No roster, no bundle, no announcement.
UNDER_WAY: tuple[type[protocol.Document], ...] = (protocol.Receipt, protocol.Answer, protocol.Decisions, protocol.EvidenceReceipt)
D = TypeVar("D", bound=protocol.Document)
_PAST = 8  # keys that are gone and still known by name
_writing = threading.Lock()  # the sync's thread and the courier's may both learn of new keys


def verify(identity: Identity, text: str, model: type[D]) -> D:
    """Return a document of the bureau, signed with keys in force, announced, or replaced. Raises Refused; "stale" for what replaced
    keys no longer sign."""
    pins = identity.pins
    try:
        signer = seal.signer_of(text)
    except seal.Refused:
        signer = ""
    if signer in pins.past:
        raise seal.Refused("stale", "signed with keys that are gone")  # what still lies on a stick; whoever signed it
    other = next((one for one in (pins.following, pins.before) if one is not None and one.bureau_id == signer), None)
    if other is None:
        return seal.verify(text, identity.bureau_verify, pins.bureau_id, model)
    document = seal.verify(text, seal.verify_key(other.keys), signer, model)
    if other is pins.before and model not in UNDER_WAY:
        raise seal.Refused("stale", "signed with keys that were replaced")
    return document


def signed_by(identity: Identity, signer: str) -> Identity:
    """Return the identity after a verified document of `signer`: announced keys are in force as soon as the bureau uses them."""
    following = identity.pins.following
    if following is None or signer != following.bureau_id:
        return identity
    old = OtherKeys(bureau_id=identity.pins.bureau_id, keys=identity.pins.bureau)
    changed = {"bureau_id": following.bureau_id, "bureau": following.keys, "following": None, "before": old}
    return _kept(identity, changed)


def take(identity: Identity, bundle: protocol.RawBundle) -> Identity:
    """Return the identity after a verified bundle: keys it announces are believed, keys the bureau no longer holds are not.

    Raises Refused for an announcement that is no good: what was believed before stays.
    """
    pins = identity.pins
    if bundle.bureau_id != pins.bureau_id:
        return identity  # of keys that were replaced meanwhile
    changed: dict[str, Any] = {}
    held = [one for one in bundle.beside if isinstance(one, str)] if isinstance(bundle.beside, list | tuple) else []
    if pins.before is not None and pins.before.bureau_id not in held:
        changed |= {"before": None, "past": (pins.before.bureau_id, *pins.past)[:_PAST]}
    following = _announced(identity, bundle.succession) if bundle.succession else None
    if following != pins.following:
        changed["following"] = following
    return _kept(identity, changed) if changed else identity


def refreshed(identity: Identity) -> Identity:
    """Return the identity with what somebody else of this program wrote down meanwhile: a stick may bring an announcement."""
    pins = _read(identity)
    return identity if pins is None or pins == identity.pins else replace(identity, pins=pins)


def _announced(identity: Identity, text: Any) -> OtherKeys:
    pins = identity.pins
    try:
        if not isinstance(text, str) or len(text) > MAX_SUCCESSION:
            raise ValueError("length")
        part = text.split(".")[1]
        # Read unverified, only to learn the keys that the same document must then be verified with.
        claimed = protocol.Succession.model_validate(json_bounds.parse(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
    except (ValueError, IndexError, RecursionError) as error:
        raise seal.Refused("malformed", "succession") from error
    if seal.suite_of(claimed.keys) is not identity.suite:
        raise seal.Refused("other-suite", "succession")
    told = seal.verify(text, seal.verify_key(claimed.keys), claimed.successor_id, protocol.Succession)
    if told.bureau_id != pins.bureau_id or told.successor_id == pins.bureau_id:
        raise seal.Refused("wrong-signer", "succession")
    if told.successor_id != f"bureau-{seal.fingerprint(told.keys)}":
        raise seal.Refused("malformed", "succession")
    return OtherKeys(bureau_id=told.successor_id, keys=told.keys)


def _kept(identity: Identity, changed: dict[str, Any]) -> Identity:
    with _writing:
        pins = _read(identity) or identity.pins
        if pins.bureau_id == identity.pins.bureau_id:  # else another thread was faster
            pins = pins.model_copy(update=changed)
            if identity.path is not None:
                try:
                    write_private(identity.path, pins.model_dump_json(indent=1) + "\n")
                except OSError as error:
                    raise StoreError(f"the bureau's keys cannot be kept: {error.strerror}") from error
    return replace(identity, pins=pins)


def _read(identity: Identity) -> Pins | None:
    """Return the pins as they are kept; None where they are not, or are of another registration."""
    if identity.path is None:
        return None
    try:
        pins = Pins.model_validate_json(identity.path.read_text(encoding="utf-8")[:MAX_KEY_FILE])
    except (OSError, ValidationError):
        return None
    same = (pins.kiosk_id, pins.suite, pins.station_id) == (identity.pins.kiosk_id, identity.pins.suite, identity.pins.station_id)
    return pins if same else None
