"""The kiosk's own keys, and the bureau's keys it has pinned. Used by `provision`, `client`, `courier`.

Private keys lie in a device (`[sync] key_module`), are printed by `[sync] key_command` (TPM, systemd credential) or lie in
`[sync] key_file` (mode 0600). What was pinned at provisioning lies beside the key file in `NAME.pins.json`, nothing secret in it.
"""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from kiosk.config import Settings, Sync, credential, resolve
from kiosk.errors import ConfigError
from kiosk.sync import devices, seal, suites
from kiosk.sync.private_files import MAX_KEY_FILE
from kiosk.sync.private_files import read_private as read_private
from kiosk.sync.private_files import write_private as write_private
from kiosk.sync.protocol import Id, PublicKeys, SuiteName, Wire
from kiosk.sync.suites import Key, Suite

_KEY_NAMES = {suites.STD_1.name: "ed25519", suites.GM_1.name: "sm2"}  # in the journal, before a key's fingerprint


class OtherKeys(Wire):
    """Keys of the bureau beside those in force."""

    bureau_id: Id
    keys: PublicKeys


class Pins(Wire):
    """Who this kiosk is at the bureau, the suite that was agreed, and the bureau's public keys.

    `following`: announced, believed, not in force yet. `before`: replaced, and the bureau still holds them; `past`: ids of those
    that it no longer holds (`succession`).
    """

    suite: SuiteName = "std-1"
    kiosk_id: Id
    station_id: Id
    bureau_id: Id
    bureau: PublicKeys
    url: str = ""
    following: OtherKeys | None = None
    before: OtherKeys | None = None
    past: tuple[Id, ...] = ()

    @property
    def believes(self) -> str:
        """Return the id of the newest keys of the bureau that are believed here."""
        return self.following.bureau_id if self.following else self.bureau_id


@dataclass(frozen=True, slots=True)
class Keys:
    """Private keys of this end."""

    sign: Key = field(repr=False)
    seal: Key = field(repr=False)

    @property
    def public(self) -> PublicKeys:
        """The public halves."""
        return seal.public_keys(self.sign, self.seal)


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything needed to speak with the bureau."""

    keys: Keys
    pins: Pins
    path: Path | None = None  # where the pins are kept: a bureau's announced keys are kept there too

    @property
    def suite(self) -> Suite:
        """The suite that was agreed at provisioning: nothing is taken under another."""
        return suites.of(self.keys.sign)

    @property
    def bureau_verify(self) -> Key:
        """Key that checks the bureau's signatures."""
        return seal.verify_key(self.pins.bureau)

    @property
    def bureau_seal(self) -> Key:
        """Key to encrypt to the bureau."""
        return seal.recipient_key(self.pins.bureau)


def dump_keys(keys: Keys) -> str:
    """Return the private keys as JSON, as a key command must print them."""
    return json.dumps({"sign": keys.sign.as_dict(private=True), "seal": keys.seal.as_dict(private=True)}) + "\n"


def parse_keys(text: str, where: str) -> Keys:
    """Return the keys in `text`. Raises ConfigError naming `where`, never the content."""
    try:
        data = json.loads(text)
        return Keys(*suites.private_pair(data["sign"], data["seal"]))
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"{where}: not a pair of private keys") from None


def load_keys(settings: Sync) -> Keys:
    """Return the kiosk's private keys: in a device, from the key command, or from the key file. Raises ConfigError."""
    if settings.key_module:
        return Keys(*devices.pair(settings))
    if settings.key_command:
        try:
            done = subprocess.run(  # noqa: S603  the owner's own command, no shell
                shlex.split(settings.key_command), capture_output=True, text=True, timeout=30, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigError(f"[sync] key_command failed: {type(error).__name__}") from None
        return parse_keys(done.stdout, "[sync] key_command")
    path = resolve(settings.key_file)
    sealed = credential("kiosk.json")
    if sealed is not None and not path.exists():  # a file is newer: it is sealed, and goes, at the next start
        return parse_keys(sealed.read_text(encoding="utf-8"), "the sealed kiosk.json")
    return parse_keys(read_private(path), str(path))


def pins_path(settings: Sync) -> Path:
    """Return where the pins lie."""
    path = resolve(settings.key_file)
    return path.with_name(path.stem + ".pins.json")


def load_pins(settings: Sync) -> Pins:
    """Return what was pinned. Raises ConfigError when the kiosk is not provisioned."""
    path = pins_path(settings)
    try:
        return Pins.model_validate_json(path.read_text(encoding="utf-8")[:MAX_KEY_FILE])
    except OSError as error:
        raise ConfigError(f"not provisioned ({path}: {error.strerror}); run: kiosk provision") from error
    except ValidationError:
        raise ConfigError(f"{path}: damaged; provision anew") from None


def load_identity(settings: Sync) -> Identity:
    """Return keys and pins. Raises ConfigError when the kiosk is not provisioned."""
    pins = load_pins(settings)  # first: "not provisioned" says more than a missing key file
    keys = load_keys(settings)
    held = suites.of(keys.sign).name
    if held != pins.suite or seal.suite_of(pins.bureau).name != pins.suite:
        raise ConfigError(f"the keys are of {held}, this kiosk was registered under {pins.suite}: run kiosk provision")
    return Identity(keys, pins, pins_path(settings))


class JournalSigner:
    """Signs the journal's entries with the kiosk's own key (`kiosk.store.engine.database.Signer`)."""

    def __init__(self, keys: Keys) -> None:
        self._suite, self._private = suites.of(keys.sign), keys.sign
        self._public = self._suite.signature.from_public(keys.public.sign)
        self.key_id = f"{_KEY_NAMES[self._suite.name]}:{seal.fingerprint(keys.public)}"
        self.public = keys.public.sign  # the journal keeps it, for entries of a key that was replaced

    def sign(self, data: bytes) -> str:
        """Return the signature, base64url."""
        return base64.urlsafe_b64encode(self._suite.signature.sign(data, self._private)).rstrip(b"=").decode()

    def check(self, key_id: str, data: bytes, signature: str) -> bool | None:
        """Return whether the signature is right; None when it was made with another key."""
        if key_id != self.key_id:
            return None
        try:
            given = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        except ValueError:
            return False
        return self._suite.signature.verify(data, given, self._public)


def check_public(public: str, data: bytes, signature: str) -> bool | None:
    """Return whether a journal's signature was made with this key's other half; None for a key of no suite."""
    try:
        suite = suites.of_public(public)
        given = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        return suite.signature.verify(data, given, suite.signature.from_public(public))
    except ValueError:
        return None


def has_keys(settings: Sync) -> bool:
    """Whether there is a place from which keys come; whether they come is seen by `load_keys`."""
    return where_keys_lie(settings) != "file" or resolve(settings.key_file).exists()


def where_keys_lie(settings: Sync) -> str:
    """Return in one word where the private keys lie: module, command, sealed (by the service manager) or file."""
    if settings.key_module or settings.key_command:
        return "module" if settings.key_module else "command"
    return "sealed" if credential("kiosk.json") is not None and not resolve(settings.key_file).exists() else "file"


def journal_signer(settings: Settings) -> JournalSigner | None:
    """Return the signer with the kiosk's own key, None while it has none (the store then signs with a key of its own)."""
    if not has_keys(settings.sync):
        return None
    if pins_path(settings.sync).exists():
        pinned, told = load_pins(settings.sync).station_id, settings.station.station_id
        if pinned != told:  # settings of another kiosk, or the shipped ones: its records would be another station's
            raise ConfigError(f"[station] station_id is {told}, but this kiosk is registered as {pinned}: are these its settings?")
    return JournalSigner(load_keys(settings.sync))
