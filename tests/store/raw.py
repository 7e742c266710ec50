"""Looks into SQLCipher files page by page, free pages and write-ahead log included: what is really on the disk.

SQLCipher 4: pages of 4096 bytes, AES-256-CBC, at the end 16 bytes IV and 64 bytes HMAC; page 1 begins with 16 bytes salt. Frames
of the log hold pages in the same form behind 24 bytes of header, after 32 bytes of log header.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE, RESERVED = 4096, 80


def plain_pages(path: Path, key: bytes) -> bytes:
    """Return everything a file holds, decrypted without asking SQLite what is live."""
    out = b""
    data = path.read_bytes()
    pages = [data[i : i + PAGE] for i in range(0, len(data), PAGE)]
    log = path.with_name(path.name + "-wal")
    if log.exists():
        frames = log.read_bytes()[32:]
        pages += [frames[i + 24 : i + 24 + PAGE] for i in range(0, len(frames), 24 + PAGE)]
    for page in pages:
        if len(page) < PAGE:
            continue
        for start in (16, 0):  # page 1 has the salt in front; in the log any page may be page 1
            iv = page[PAGE - RESERVED : PAGE - RESERVED + 16]
            decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
            out += decryptor.update(page[start : PAGE - RESERVED])
    return out
