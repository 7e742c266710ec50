"""Cards for the emulated reader: a TOML file of invented people to the bytes a chip would hold.

Shares nothing with the driver: it lays the fields out by its own table, so that a mistake in one of the two shows.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError

# kind -> [(key, offset, length)] in bytes of UCS-2
_COMMON = [("sex", 30, 2), ("born", 36, 16), ("id_number", 122, 36), ("valid_from", 188, 16), ("valid_to", 204, 16)]
LAYOUTS: dict[str, list[tuple[str, int, int]]] = {
    "": [("name", 0, 30), ("nation", 32, 4), ("address", 52, 70), ("issuer", 158, 30), *_COMMON],
    "J": [("name", 0, 30), ("address", 52, 70), ("issuer", 158, 30), ("pass_number", 220, 18), ("issue_count", 238, 4), *_COMMON],
    "I": [
        ("english_name", 0, 120),
        ("sex", 120, 2),
        ("id_number", 122, 30),
        ("nationality", 152, 6),
        ("name", 158, 30),
        ("valid_from", 188, 16),
        ("valid_to", 204, 16),
        ("born", 220, 16),
        ("version", 236, 4),
        ("issuer", 240, 8),
    ],
    "Y": [
        ("name", 0, 30),
        ("issue_count", 32, 4),
        ("english_name", 52, 70),
        ("english_name_2", 220, 22),
        ("nationality", 242, 6),
        ("old_number_link", 250, 6),
        *_COMMON,
    ],
}
_OTHER_KEYS = {"kind", "newest_address", "photo_size", "fingerprint_size", "remark"}
_SEX = {"male": "1", "female": "2", "unknown": "0", "not-stated": "9"}
_WLT_HEADER = bytes.fromhex("574C66007E0032000 0FF".replace(" ", ""))


@dataclass(frozen=True, slots=True)
class EmulatedCard:
    """What one chip holds."""

    key: str
    text: bytes = field(repr=False)
    photo: bytes = field(repr=False)
    fingerprint: bytes = field(default=b"", repr=False)
    newest_address: bytes | None = field(default=None, repr=False)
    chip_number: bytes = field(default=b"", repr=False)


def load_cards(path: Path) -> dict[str, EmulatedCard]:
    """Read `[cards.KEY]` tables. Raises ConfigError naming the card and the field."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("cards", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(tables, dict) or not tables:
        raise ConfigError(f"{path}: no [cards.KEY] tables")
    return {key: make_card(key, fields) for key, fields in tables.items()}


def make_card(key: str, fields: dict[str, Any]) -> EmulatedCard:
    """Return the chip's content. Dates are TOML dates or YYYYMMDD strings; valid_to may be 长期. Raises ConfigError."""
    kind = fields.get("kind", "")
    layout = LAYOUTS.get(kind)
    if layout is None:
        raise ConfigError(f"card {key}: kind must be one of {sorted(LAYOUTS)}")
    unknown = set(fields) - {name for name, _, _ in layout} - _OTHER_KEYS
    if unknown:
        raise ConfigError(f"card {key}: unknown fields {sorted(unknown)}")
    values = dict(fields)
    if kind == "Y":  # 46 characters in two places
        english = str(values.get("english_name", ""))
        values["english_name"], values["english_name_2"] = english[:35], english[35:]
    text = bytearray(" ".encode("utf-16-le") * 128)
    for name, offset, length in layout:
        raw = _value(name, values.get(name, "")).encode("utf-16-le")
        if len(raw) > length:
            raise ConfigError(f"card {key}: {name} is longer than {length // 2} characters")
        text[offset : offset + len(raw)] = raw
    if kind:
        text[248:250] = kind.encode("utf-16-le")
    newest = fields.get("newest_address")
    return EmulatedCard(
        key,
        bytes(text),
        _photo(key, int(fields.get("photo_size", 1024))),
        _fingerprint(key, int(fields.get("fingerprint_size", 0))),
        None if newest is None else str(newest).ljust(35).encode("utf-16-le"),
        _noise(key + "/chip", 8),
    )


def _value(name: str, value: object) -> str:
    if name == "sex":
        return _SEX.get(str(value), str(value))
    return str(value).replace("-", "") if name in ("born", "valid_from", "valid_to") else str(value)


def _noise(seed: str, size: int) -> bytes:
    out = b""
    while len(out) < size:
        out += hashlib.sha256(f"{seed}/{len(out)}".encode()).digest()
    return out[:size]


def _photo(key: str, size: int) -> bytes:
    """Not a picture: the header of a WLT and bytes made from the key. Nobody's face is in here."""
    return (_WLT_HEADER + _noise(key + "/photo", size))[:size]


def _fingerprint(key: str, size: int) -> bytes:
    out = b""
    for finger in range(size // 512):
        out += bytes([0x43, 1, 1, 1, 1, 11 + finger, 70]) + _noise(f"{key}/finger{finger}", 505)
    return out
