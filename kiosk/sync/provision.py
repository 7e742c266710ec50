"""Making a kiosk known to its bureau: own keys, a one-time code, the bureau's keys pinned. Used by a command, the demo, tests."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx
from pydantic import ValidationError

from kiosk.canonical import canonical
from kiosk.config import Settings, credential, resolve
from kiosk.errors import ConfigError, SealError, SyncUnavailable
from kiosk.sync import json_bounds, protocol, seal
from kiosk.sync import keys as keyfiles
from kiosk.sync.client import TOTAL, check_url, exchange, open_http
from kiosk.sync.keys import Identity, Keys, Pins

_CODE = re.compile(r"^([A-Z2-7]{10})([A-Z2-7]{16})$")


class ProvisionRefused(SyncUnavailable):
    """The bureau refused the code; `why`: code-unknown, code-used, code-expired, other-station, keys-revoked,
    too-many-tries."""

    reason = "provision-refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"the bureau refused the code: {why}")
        self.why = why


def provision(settings: Settings, url: str, code: str, *, new_keys: bool = False) -> Identity:
    """Register this kiosk at `url` with a one-time code and pin the bureau's keys; return the identity.

    Keys are made when there are none, and kept when there are: a second call with the same code, after an answer was lost, ends
    well. `new_keys`: make others in their place, as after a revocation or when they may be known. Raises ConfigError (code, URL,
    files), ProvisionRefused, SyncUnavailable (network), SealError (not the bureau that made the code).
    """
    url = check_url(url)
    match = _CODE.match(re.sub(r"[\s-]", "", code).upper())
    if match is None:
        raise ConfigError("the code has 26 letters and digits; look at it again")
    secret, fingerprint = match.groups()
    keys = _new_keys(settings) if new_keys else _own_keys(settings)
    station = settings.station
    try:
        request = protocol.Enrolment(secret=secret, station_id=station.station_id, name=station.name, keys=keys.public)
    except ValidationError as error:
        raise ConfigError("[station] station_id or name cannot be sent") from error
    signed = seal.sign_plain(canonical(request.model_dump(mode="json")), "enrolment", keys.sign, station.station_id)
    try:
        with open_http(settings.sync, url) as http:
            headers = {"Content-Type": protocol.MEDIA_TYPE}
            status, _, body = exchange(
                http, settings.sync.timeout_s * TOTAL, "POST", "/v1/enrol", content=signed.encode(), headers=headers
            )
    except httpx.HTTPError as error:
        raise SyncUnavailable(f"{url}: {type(error).__name__}") from error
    if status in (403, 429):
        raise ProvisionRefused(_why(body))
    if status != 200:
        raise SyncUnavailable(f"{url}: HTTP {status} {_why(body)}")
    pins = _pins(body, fingerprint, keys, settings, url)
    if new_keys:
        os.replace(_waiting(settings), resolve(settings.sync.key_file))
    keyfiles.write_private(keyfiles.pins_path(settings.sync), pins.model_dump_json(indent=1) + "\n")
    return Identity(keys, pins)


def _waiting(settings: Settings) -> Path:
    path = resolve(settings.sync.key_file)
    return path.with_name(path.name + ".new")


def _new_keys(settings: Settings) -> Keys:
    """Return keys that wait beside the old ones until the bureau knows them; the same ones when an earlier try was cut off."""
    if settings.sync.key_command:
        raise ConfigError("[sync] key_command prints the keys: have it print other ones")
    path = _waiting(settings)
    if path.exists():
        return keyfiles.parse_keys(keyfiles.read_private(path), str(path))
    keys = Keys(*seal.new_keys())
    keyfiles.write_private(path, keyfiles.dump_keys(keys))
    return keys


def _own_keys(settings: Settings) -> Keys:
    path = resolve(settings.sync.key_file)
    if settings.sync.key_command or path.exists() or credential(path.name) is not None:
        return keyfiles.load_keys(settings.sync)
    keys = Keys(*seal.new_keys())
    keyfiles.write_private(path, keyfiles.dump_keys(keys))
    return keys


def _why(body: bytes) -> str:
    try:
        return str(json_bounds.parse(body).get("reason", ""))[:64]
    except (ValueError, AttributeError):
        return ""


def _pins(body: bytes, fingerprint: str, keys: Keys, settings: Settings, url: str) -> Pins:
    """Return what to pin. The answer is believed only if its keys have the fingerprint that came with the code, by another way."""
    try:
        text = body.decode("ascii")
        signer = seal.signer_of(text)
        claimed = protocol.Enrolled.model_validate(json_bounds.parse(_payload(text)))
        if seal.fingerprint(claimed.keys) != fingerprint:
            raise SealError("this is not the bureau that made the code", reason="seal-invalid")
        answer = seal.verify(text, seal.verify_key(claimed.keys), signer, protocol.Enrolled)
    except (ValueError, IndexError, RecursionError) as error:
        raise SealError("the answer is not whole") from error
    if answer.kiosk_keys != keys.public or answer.bureau_id != signer:
        raise SealError("the answer speaks of other keys")
    return Pins(
        kiosk_id=answer.kiosk_id, station_id=settings.station.station_id, bureau_id=answer.bureau_id, bureau=answer.keys, url=url
    )


def _payload(compact: str) -> bytes:
    import base64

    part = compact.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
