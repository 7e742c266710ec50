"""The database key: from a command, a systemd credential (sealed to the machine), or a file of mode 0600 made at the first start.

Called by `store.engine.database`. Sub-keys for other purposes are derived, so that no two uses share a key.
"""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kiosk import config
from kiosk.durable import sync_folder
from kiosk.errors import StoreError

KEY_BYTES = 32
_COMMAND_TIMEOUT_S = 20.0


class WrongKey(StoreError):
    """The files are whole and this is not their key, or there are files and no key. Nothing was touched: bring the key back."""

    reason = "wrong-key"


def database_key(settings: config.Store, *, data_there: bool = False) -> bytes:
    """Return the 32-byte key. Makes the key file when there is none, and no data. Raises StoreError when a key cannot be had.

    data_there: a database or a journal exists already; a new key would open none of it, so none is made (WrongKey).
    """
    if settings.key_command:
        return _parse(_from_command(settings.key_command), "key_command")
    sealed = config.credential("database.key")
    path = sealed or config.resolve(settings.key_file)
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        if data_there:
            raise WrongKey(
                f"no key: {path.name} is gone, and there is data that it opens; bring the key back from its backup"
            ) from None
        return _make(path)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path.name}: the database key cannot be read") from error
    if not sealed and os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return _parse(text, path.name)


def derive(key: bytes, purpose: str) -> bytes:
    """Return a 32-byte key for one purpose only (HKDF-SHA256)."""
    return HKDF(SHA256(), 32, salt=None, info=b"pension-kiosk/" + purpose.encode()).derive(key)


def _make(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + f".{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # fails when another process was first; its key is the key
    except FileExistsError:
        return _parse(path.read_text(encoding="ascii"), path.name)
    except OSError:
        os.replace(part, path)  # a file system without hard links
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
    return key


def _from_command(command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            shlex.split(command),
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        # never the output: it may hold the key
        raise StoreError(f"store.key_command failed ({type(error).__name__})") from None
    return done.stdout


def _parse(text: str, origin: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreError(f"{origin}: {2 * KEY_BYTES} hexadecimal digits expected")
    return key
