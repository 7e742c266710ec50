"""Scanned papers on their way to human review (送人工复核): read where they lie, only after their own consent. For `media`.

Reads removable media, so never in the store's thread. A scan is read again when it is sent: what was registered by its digest must
be what travels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from kiosk.desk.values import Document
from kiosk.removable import files

MAX_REVIEW = 2 * 1024 * 1024  # bytes: one piece of evidence on the wire holds so much (sync.protocol)
_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))


class ScanUnfit(ValueError):
    """A scan cannot go to review: gone, a link, changed since it was registered, too large, or no JPEG, PNG or PDF."""


def is_offered(name: str) -> bool:
    """Return whether a file's name is that of a scan; hidden files are none."""
    return not name.startswith(".") and name.lower().endswith((".jpg", ".jpeg", ".png", ".pdf"))


def for_review(documents: Sequence[Document]) -> list[tuple[str, bytes]]:
    """Return (media type, bytes) of each file; photographed pages wait in the store. Raises ScanUnfit."""
    return [_read(one) for one in documents if not one.page_id]


def _read(document: Document) -> tuple[str, bytes]:
    try:
        data = files.read_file(Path(document.path), MAX_REVIEW)
    except (files.FileRefused, OSError) as error:
        raise ScanUnfit("unreadable") from error
    kind = next((media_type for magic, media_type in _KINDS if data.startswith(magic)), "")
    if not kind or hashlib.sha256(data).hexdigest() != document.digest:
        raise ScanUnfit("kind or content")
    return kind, data
