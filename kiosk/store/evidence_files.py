"""Scans that wait for human review, each in a sealed file beside the journal's mirror, so that they survive a lost database.

The table `outbox_evidence` (`store.review_evidence`) is what counts; a file is there exactly as long as its row still holds the
scan, and is erased with it. Called by `store.opening` (start, and after every commit) and by the sync after a receipt. Files:
`journal/scans/ID.scan`, a nonce and AES-256-GCM of a line of JSON and the scan; with `[store] scan_cipher = "sm4"` the letters
`SM4-1` and SM4-GCM. Either is read.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk import sm4
from kiosk.durable import sync_folder
from kiosk.store.engine import keys
from kiosk.store.engine.database import Store

_NONCE = 12
_SM4 = b"SM4-1"  # before the nonce
_MADE_FOR = b"kiosk-scan-1"
_LATE = "mirrored <> (content IS NOT NULL)"
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


def keep_up(store: Store) -> None:
    """Write files for scans that have none, and erase those of scans that are gone. Does nothing in a guest process.

    Never raises: what could not be done is done after the next commit (a full disk), as with the journal's mirror.
    """
    if store.mirror is None:
        return
    try:
        late = store.db.execute(f"SELECT evidence_id FROM outbox_evidence WHERE {_LATE}").fetchall()  # noqa: S608  a constant
        for (evidence_id,) in late:
            row = store.db.execute(
                "SELECT record_id, consent_id, media_type, content FROM outbox_evidence WHERE evidence_id = ?", (evidence_id,)
            ).fetchone()
            path = _path(store, evidence_id)
            if row[3] is None:
                path.unlink(missing_ok=True)
                sync_folder(path.parent)
            else:
                _write(store, path, {"record_id": row[0], "consent_id": row[1], "media_type": row[2]}, row[3])
            store.db.execute("UPDATE outbox_evidence SET mirrored = ? WHERE evidence_id = ?", (row[3] is not None, evidence_id))
    except (OSError, sqlcipher.Error):
        store.mirror_failed = True


def after_open(store: Store) -> int:
    """Bring back scans that the database lost, of records it has; erase files of no waiting scan. Returns how many came."""
    folder = store.folder / "journal" / "scans"
    if store.mirror is None or not folder.is_dir():
        return 0
    back = 0
    for path in sorted(folder.iterdir()):
        evidence_id = path.stem
        kept = store.db.execute("SELECT content IS NOT NULL FROM outbox_evidence WHERE evidence_id = ?", (evidence_id,)).fetchone()
        if path.suffix == ".scan" and kept is not None and kept[0]:
            continue
        found = _read(store, path) if path.suffix == ".scan" and kept is None else None
        if found is None:
            path.unlink(missing_ok=True)
            continue
        head, content = found
        known = store.db.execute("SELECT 1 FROM outbox WHERE record_id = ?", (head["record_id"],)).fetchone()
        consent = store.db.execute(
            "SELECT 1 FROM consents WHERE consent_id = ? AND withdrawn_at = ''", (head["consent_id"],)
        ).fetchone()
        if known is None or consent is None:
            path.unlink(missing_ok=True)  # written before a save that never was, or withdrawn since
            continue
        store.db.execute(
            "INSERT INTO outbox_evidence (evidence_id, record_id, consent_id, media_type, content, mirrored) "
            "VALUES (?, ?, ?, ?, ?, 1)",
            (evidence_id, head["record_id"], head["consent_id"], head["media_type"], content),
        )
        back += 1
    return back


def _path(store: Store, evidence_id: str) -> Path:
    if _NAME.fullmatch(evidence_id) is None:
        raise OSError(f"no name for a file: {evidence_id[:40]!r}")
    return store.folder / "journal" / "scans" / f"{evidence_id}.scan"


def _cipher(store: Store, mark: bytes) -> AESGCM | sm4.Sm4Gcm:
    if mark == _SM4:
        return sm4.Sm4Gcm(keys.derive(store.key, "scan-file-sm4")[: sm4.KEY])
    return AESGCM(keys.derive(store.key, "scan-file"))


def _write(store: Store, path: Path, head: dict[str, str], content: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    nonce, mark = secrets.token_bytes(_NONCE), _SM4 if store.settings.store.scan_cipher == "sm4" else b""
    plain, made_for = json.dumps(head).encode() + b"\n" + content, _MADE_FOR + path.stem.encode()
    sealed = mark + nonce + _cipher(store, mark).encrypt(nonce, plain, made_for)
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600), "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    sync_folder(path.parent)


def _read(store: Store, path: Path) -> tuple[dict[str, str], bytes] | None:
    try:
        sealed = path.read_bytes()
    except OSError:
        return None
    for mark in (_SM4, b"") if sealed.startswith(_SM4) else (b"",):  # a nonce of AES may begin with these letters too
        nonce, text = sealed[len(mark) : len(mark) + _NONCE], sealed[len(mark) + _NONCE :]
        try:
            plain = _cipher(store, mark).decrypt(nonce, text, _MADE_FOR + path.stem.encode())
            head, _, content = plain.partition(b"\n")
            return dict(json.loads(head)), content
        except (InvalidTag, ValueError):
            continue
    return None
