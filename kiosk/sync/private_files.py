"""Files that only their owner may read: keys, pins, PINs."""

from __future__ import annotations

import os
from pathlib import Path

from kiosk.errors import ConfigError

MAX_KEY_FILE = 64 * 1024


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + f".{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def read_private(path: Path) -> str:
    """Return the text of a private file. Raises ConfigError when it is missing or others may read it."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & 0o077:
                raise ConfigError(f"{path}: others can read it; chmod 600 it, and provision anew if anybody may have")
            return file.read(MAX_KEY_FILE)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
