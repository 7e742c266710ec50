"""Ed25519 and X25519 keys in a token, by PKCS #11 3.0 (`python-pkcs11`, installed where such a token is used). For std-1.

On the token of label `[sync] key_token` lie two private keys: "kiosk-sign" (CKK_EC_EDWARDS, may sign) and "kiosk-seal" (X25519, may
derive), and their public halves; `key_label` says what stands for "kiosk". Tried against SoftHSM 2.6. A session belongs to the
process; calls are made one after the other.
"""

from __future__ import annotations

import base64
import importlib
import threading
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from joserfc.jwk import OKPKey

from kiosk.config import Sync, resolve
from kiosk.errors import ConfigError, KeyAway
from kiosk.sync.private_files import read_private
from kiosk.sync.suites import Key

ENDINGS = ("-sign", "-seal")  # behind [sync] key_label
_RAW = 32  # bytes of a public key; its DER, an OCTET STRING, has two more
_lock = threading.RLock()
_sessions: dict[tuple[str, str], Any] = {}  # PKCS #11 knows one log-in for a process and token


class TokenKey:
    """One private key of the token, found again after the token was away."""

    def __init__(self, settings: Sync, label: str) -> None:
        self._settings, self._label = settings, label
        with _lock:
            self.public = _point(self._find("PUBLIC_KEY"))

    def _find(self, kind: str) -> Any:
        pkcs11 = _library_of_python()
        return _session(self._settings).get_key(label=self._label, object_class=getattr(pkcs11.ObjectClass, kind))

    def _done(self, work: str, data: bytes) -> bytes:
        """Do it; once more in a new session, when the token was pulled and is back. Raises KeyAway."""
        pkcs11 = _library_of_python()
        for last in (False, True):
            try:
                with _lock:
                    return self._sign(data) if work == "sign" else self._derive(data)
            except (pkcs11.PKCS11Error, ConfigError) as error:
                _forget(self._settings)
                if last:
                    raise KeyAway(f"{self._label}: the token does not answer ({type(error).__name__})") from error
        raise KeyAway(self._label)

    def _sign(self, data: bytes) -> bytes:
        return bytes(self._find("PRIVATE_KEY").sign(data, mechanism=_library_of_python().Mechanism.EDDSA))

    def _derive(self, point: bytes) -> bytes:
        pkcs11 = _library_of_python()
        secret = self._find("PRIVATE_KEY").derive_key(
            pkcs11.KeyType.GENERIC_SECRET,
            8 * _RAW,
            mechanism=pkcs11.Mechanism.ECDH1_DERIVE,
            mechanism_param=(pkcs11.KDF.NULL, None, point),
            # The agreed secret of one document, not the key: joserfc makes the document's key of it.
            template={pkcs11.Attribute.SENSITIVE: False, pkcs11.Attribute.EXTRACTABLE: True},
        )
        try:
            return bytes(secret[pkcs11.Attribute.VALUE])
        finally:
            secret.destroy()

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature, 64 bytes. Raises KeyAway."""
        return self._done("sign", data)

    def derive(self, point: bytes) -> bytes:
        """Return the X25519 secret shared with a public key, 32 bytes. Raises KeyAway."""
        return self._done("derive", point)


class TokenEd25519(Ed25519PrivateKey):
    """A signing key of the token, where cryptography and joserfc want one."""

    def __init__(self, key: TokenKey) -> None:
        self._key = key

    def sign(self, data: Any) -> bytes:
        """Return the signature."""
        return self._key.sign(bytes(data))

    def public_key(self) -> Ed25519PublicKey:
        """Return the public half."""
        return Ed25519PublicKey.from_public_bytes(self._key.public)

    def private_bytes(self, *_: object, **__: object) -> NoReturn:
        """Never leaves the token."""
        raise ValueError("the key stays in its token")

    private_bytes_raw = private_bytes

    def __copy__(self) -> TokenEd25519:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> TokenEd25519:
        return self


class TokenX25519(X25519PrivateKey):
    """A sealing key of the token."""

    def __init__(self, key: TokenKey) -> None:
        self._key = key

    def exchange(self, peer_public_key: X25519PublicKey) -> bytes:
        """Return the shared secret."""
        return self._key.derive(peer_public_key.public_bytes_raw())

    def public_key(self) -> X25519PublicKey:
        """Return the public half."""
        return X25519PublicKey.from_public_bytes(self._key.public)

    def private_bytes(self, *_: object, **__: object) -> NoReturn:
        """Never leaves the token."""
        raise ValueError("the key stays in its token")

    private_bytes_raw = private_bytes

    def __copy__(self) -> TokenX25519:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> TokenX25519:
        return self


def pair(settings: Sync) -> tuple[Key, Key]:
    """Return the token's two keys. Raises ConfigError, saying what is missing: package, library, token, PIN, key."""
    pkcs11 = _library_of_python()
    try:
        signing, sealing = (TokenKey(settings, settings.key_label + ending) for ending in ENDINGS)
    except pkcs11.NoSuchKey as error:
        names = " and ".join(settings.key_label + ending for ending in ENDINGS)
        raise ConfigError(f"[sync] key_token {settings.key_token}: no keys {names} on it") from error
    except pkcs11.PKCS11Error as error:
        raise ConfigError(f"[sync] key_token {settings.key_token}: {type(error).__name__}") from error
    return (
        OKPKey(TokenEd25519(signing), {"kty": "OKP", "crv": "Ed25519", "x": _text(signing.public)}),
        OKPKey(TokenX25519(sealing), {"kty": "OKP", "crv": "X25519", "x": _text(sealing.public)}),
    )


def _library_of_python() -> Any:
    try:
        return importlib.import_module("pkcs11")
    except ImportError as error:
        told = "[sync] key_module needs the package python-pkcs11: install it, or use key_command or key_file"
        raise ConfigError(told) from error


def _session(settings: Sync) -> Any:
    """Return the process's session with the token, opened when there is none. Raises ConfigError and the library's errors."""
    pkcs11 = _library_of_python()
    name = (settings.key_module, settings.key_token)
    if name not in _sessions:
        path = resolve(settings.key_module)
        if not path.is_file():
            raise ConfigError(f"[sync] key_module {path}: no such library")
        try:
            found = pkcs11.lib(str(path)).get_token(token_label=settings.key_token)
        except pkcs11.NoSuchToken as error:
            raise ConfigError(f"[sync] key_token {settings.key_token}: no such token, is it plugged in?") from error
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise ConfigError(f"[sync] key_module {path}: {type(error).__name__}") from error
        pin = read_private(resolve(settings.key_pin_file)).strip() if settings.key_pin_file else None
        try:
            _sessions[name] = found.open(user_pin=pin)
        except pkcs11.PinIncorrect as error:
            # Once: a token locks itself after a few wrong ones.
            raise ConfigError(f"[sync] key_pin_file: the token {settings.key_token} does not take this PIN") from error
    return _sessions[name]


def _forget(settings: Sync) -> None:
    with _lock:
        session = _sessions.pop((settings.key_module, settings.key_token), None)
        if session is not None:
            try:
                session.close()
            except Exception:  # noqa: BLE001, S110  of a token that is gone; it is opened anew
                pass


def _point(public: Any) -> bytes:
    raw = bytes(public[_library_of_python().Attribute.EC_POINT])
    if len(raw) not in (_RAW, _RAW + 2):
        raise ConfigError("[sync] key_token: keys of another curve than Ed25519 and X25519")
    return raw[-_RAW:]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
