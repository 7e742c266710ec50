"""Making a kiosk known to its bureau: own keys, a one-time code, the bureau's keys pinned. Used by a command, the demo, tests."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx
from pydantic import ValidationError

from kiosk.config import Settings, resolve
from kiosk.errors import ConfigError, SealError, SyncUnavailable
from kiosk.sync import certificates, json_bounds, protocol, seal, suites
from kiosk.sync import keys as keyfiles
from kiosk.sync.client import TOTAL, check_url, exchange, open_http
from kiosk.sync.keys import Identity, Keys, Pins
from kiosk.sync.suites import Suite

_CODE = re.compile(r"^(GM)?([A-Z2-7]{10})([A-Z2-7]{16})$")  # GM: the suite that is agreed, by its mark; none: std-1


class ProvisionRefused(SyncUnavailable):
    """The bureau refused the code; `why`: code-unknown, code-used, code-expired, other-station, keys-revoked,
    too-many-tries."""

    reason = "provision-refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"the bureau refused the code: {why}")
        self.why = why


def provision(
    settings: Settings, url: str, code: str, *, new_keys: bool = False, certificate: tuple[Path, Path] | None = None
) -> Identity:
    """Register this kiosk at `url` with a one-time code, under the code's suite, and pin the bureau's keys; return the identity.

    Keys are made when there are none, and kept when there are: a second call with the same code, after an answer was lost, ends
    well. `new_keys`: make others in their place, as after a revocation or when they may be known; done without being asked when
    the code is of another suite than the keys. `certificate`: files with the bureau's certificate and its authority's, looked at
    besides. Raises ConfigError (code, URL,
    files), ProvisionRefused, SyncUnavailable (network), SealError (not the bureau that made the code).
    """
    url = check_url(url)
    match = _CODE.match(re.sub(r"[\s-]", "", code).upper())
    if match is None:
        raise ConfigError("the code has 26 letters and digits, or GM and 26; look at it again")
    mark, secret, fingerprint = match.groups()
    suite = suites.GM_1 if mark else suites.STD_1
    new_keys = new_keys or _other_suite(settings, suite)
    keys = _new_keys(settings, suite) if new_keys else _own_keys(settings, suite)
    station = settings.station
    try:
        request = protocol.Enrolment(secret=secret, station_id=station.station_id, name=station.name, keys=keys.public)
    except ValidationError as error:
        raise ConfigError("[station] station_id or name cannot be sent") from error
    signed = seal.sign(request, keys.sign, station.station_id)
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
    if certificate is not None:
        certificates.check(*certificate, pins.bureau)
    if new_keys:
        os.replace(_waiting(settings), resolve(settings.sync.key_file))
    keyfiles.write_private(keyfiles.pins_path(settings.sync), pins.model_dump_json(indent=1) + "\n")
    return Identity(keys, pins, keyfiles.pins_path(settings.sync))


def _waiting(settings: Settings) -> Path:
    path = resolve(settings.sync.key_file)
    return path.with_name(path.name + ".new")


def _other_suite(settings: Settings, suite: Suite) -> bool:
    """Whether this kiosk has keys, of another suite than the code's. Raises ConfigError when they are not ours to replace."""
    if not keyfiles.has_keys(settings.sync):
        return False
    held, where = suites.of(keyfiles.load_keys(settings.sync).sign), keyfiles.where_keys_lie(settings.sync)
    if held is not suite and where in ("module", "command"):
        raise ConfigError(f"[sync] key_{where} gives keys of {held.name}, the code is for {suite.name}: have it give others")
    return held is not suite


def _new_keys(settings: Settings, suite: Suite) -> Keys:
    """Return keys that wait beside the old ones until the bureau knows them; the same ones when an earlier try was cut off."""
    where = keyfiles.where_keys_lie(settings.sync)
    if where in ("module", "command"):
        raise ConfigError(f"[sync] key_{where} gives the keys: have it give other ones")
    path = _waiting(settings)
    if path.exists():
        keys = keyfiles.parse_keys(keyfiles.read_private(path), str(path))
        if suites.of(keys.sign) is suite:
            return keys
    keys = Keys(*seal.new_keys(suite))
    keyfiles.write_private(path, keyfiles.dump_keys(keys))
    return keys


def _own_keys(settings: Settings, suite: Suite) -> Keys:
    if keyfiles.has_keys(settings.sync):
        return keyfiles.load_keys(settings.sync)
    path = resolve(settings.sync.key_file)
    keys = Keys(*seal.new_keys(suite))
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
        # The keys decide under which suite the answer is verified: they must be of ours, and are named by the code.
        if seal.suite_of(claimed.keys) is not suites.of(keys.sign) or seal.fingerprint(claimed.keys) != fingerprint:
            raise SealError("this is not the bureau that made the code", reason="seal-invalid")
        answer = seal.verify(text, seal.verify_key(claimed.keys), signer, protocol.Enrolled)
    except (ValueError, IndexError, RecursionError) as error:
        raise SealError("the answer is not whole") from error
    if answer.kiosk_keys != keys.public or answer.bureau_id != signer:
        raise SealError("the answer speaks of other keys")
    return Pins(
        suite=suites.of(keys.sign).name,
        kiosk_id=answer.kiosk_id,
        station_id=settings.station.station_id,
        bureau_id=answer.bureau_id,
        bureau=answer.keys,
        url=url,
    )


def _payload(compact: str) -> bytes:
    import base64

    part = compact.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
