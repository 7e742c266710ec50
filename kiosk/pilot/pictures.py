"""Pictures of a pilot: only with a consent of their own, encrypted, and gone on a day that was promised.

`pictures/DAY/TAKE-N.bin`: DAY is when the file is erased (`erasing`). AES-256-GCM
with a key derived from the database's, which a station seals to its machine: a copy of the disk opens none.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.camera.frame import Frame
from kiosk.errors import ConfigError
from kiosk.pilot.erasing import KEEP_DAYS

PURPOSE = "pilot-pictures"  # of the derived key
MOST, EVERY_S = 6, 1.0
_NONCE_BYTES, _QUALITY = 12, 90


class Album:
    """The folder. `key`: 32 bytes, of this purpose alone."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder, self._cipher = folder, AESGCM(key)

    def keep(self, take_id: str, pictures: Sequence[np.ndarray], today: date) -> int:
        """Write a take's pictures, each on the disk when this returns; return how many."""
        day = self.folder / (today + timedelta(days=KEEP_DAYS)).isoformat()
        day.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number, picture in enumerate(pictures):
            _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
            name, nonce = f"{take_id}-{number}", secrets.token_bytes(_NONCE_BYTES)
            file = os.open(day / f"{name}.bin", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "wb") as out:
                out.write(nonce + self._cipher.encrypt(nonce, coded.tobytes(), name.encode()))
                out.flush()
                os.fsync(out.fileno())
        return len(pictures)

    def open_to(self, out: Path) -> int:
        """Write all pictures in the clear into a folder, for whoever the consent names; return how many. Raises ConfigError."""
        count = 0
        for path in sorted(self.folder.glob("*/*.bin")):
            sealed = path.read_bytes()
            try:
                clear = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], path.stem.encode())
            except InvalidTag as error:
                raise ConfigError(f"{path}: not of this kiosk, or changed") from error
            out.mkdir(parents=True, exist_ok=True, mode=0o700)
            (out / f"{path.stem}.jpg").write_bytes(clear)
            count += 1
        return count


class Watch:
    """Collects a take's pictures in memory: one now and then, the newest few."""

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []
        self._last_s = -EVERY_S

    def look(self, frame: Frame) -> None:
        """Take in one frame."""
        if frame.t_s - self._last_s >= EVERY_S or frame.t_s < self._last_s:
            self._last_s = frame.t_s
            self.pictures = [*self.pictures, frame.image_bgr][-MOST:]
