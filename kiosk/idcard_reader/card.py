"""Payload of a read reply to a card holder's record. Pure; used by the session, and by tests.

All six kinds: resident; Hong Kong, Macau and Taiwan residents (J); permanent residents of 2017 (I) and of 2023 (Y). Nothing in
here raises on odd content but `parse_payload` on lengths that do not add up: unknown codes and impossible dates are kept raw.
Layouts: as the open drivers of such readers have them (offsets in bytes of UCS-2 little-endian text); GA 450, GA 467 for the kinds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kiosk.domain.identity import DocumentKind, IdNumber, NumberFlag, Sex, old_pr_number, parse_date
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.errors import ReaderProtocolError
from kiosk.idcard_reader.nations import NATIONS

TEXT_SIZE = 256
ADDRESS_BLOCK = 70
_WLT_HEAD = bytes.fromhex("574C66007E00")  # "WL", width 102, height 126: every sample seen
FOREVER = "长期"
_SEXES = {"0": Sex.UNKNOWN, "1": Sex.MALE, "2": Sex.FEMALE, "9": Sex.NOT_STATED}


@dataclass(frozen=True, slots=True)
class CardRecord:
    """One card as read. Personal fields are not in the repr. Strings are "" where the card kind has no such field."""

    document_kind: DocumentKind
    card_type: str  # the chip's letter: "", "J", "I", "Y", or an unknown one
    name: str = field(repr=False)
    sex: Sex = field(repr=False)
    born: date | None = field(repr=False)  # None: impossible date on the chip
    id_number: str = field(repr=False)
    number_ok: bool  # False: flagged, not refused
    number_flags: frozenset[NumberFlag] = frozenset()
    nation_code: str = field(default="", repr=False)
    nation: str = field(default="", repr=False)  # "" for unknown codes
    address: str = field(default="", repr=False)
    newest_address: str = field(default="", repr=False)
    issuer: str = field(default="", repr=False)
    valid_from: date | None = field(default=None, repr=False)
    valid_to: date | None = field(default=None, repr=False)  # None: forever (valid_forever) or unreadable
    valid_forever: bool = field(default=False, repr=False)
    english_name: str = field(default="", repr=False)
    nationality: str = field(default="", repr=False)  # alpha-3
    pass_number: str = field(default="", repr=False)
    issue_count: str = field(default="", repr=False)
    old_number: str = field(default="", repr=False)
    version: str = field(default="", repr=False)
    chip_number: bytes = field(default=b"", repr=False)
    photo_wlt: bytes = field(default=b"", repr=False)
    fingerprint: bytes = field(default=b"", repr=False)  # a biometric template: never log, never store
    raw_text: bytes = field(default=b"", repr=False)
    photo_rgb: bytes = field(default=b"", repr=False)  # 102 x 126 x 3 top-down, when a decoder is configured

    def to_person(self) -> Person:
        """Return the identity that the roster is asked for."""
        name = self.name or self.english_name
        return Person(name, self.id_number, self.document_kind, IdentifiedBy.READER, document_valid_to=self.valid_to)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; bytes in hex."""
        out: dict[str, Any] = {}
        for key in self.__slots__:
            value = getattr(self, key)
            if isinstance(value, bytes):
                value = value.hex()
            elif isinstance(value, date):
                value = value.isoformat()
            elif isinstance(value, frozenset):
                value = sorted(value)
            out[key] = value
        return out


@dataclass(frozen=True, slots=True)
class Payload:
    """The parts of a read reply."""

    text: bytes = field(repr=False)
    photo: bytes = field(repr=False)
    fingerprint: bytes = field(default=b"", repr=False)


def parse_payload(data: bytes, *, with_fingerprint: bool) -> Payload:
    """Split the data of a 30 01 (or, with_fingerprint, 30 10) reply by its own length fields.

    Raises ReaderProtocolError when they do not add up, or the text is shorter than the field at its end.
    """
    count = 3 if with_fingerprint else 2
    if len(data) < count * 2:
        raise ReaderProtocolError(f"read reply of {len(data)} bytes has no length fields")
    lengths = [int.from_bytes(data[i * 2 : i * 2 + 2], "big") for i in range(count)]
    if sum(lengths) + count * 2 != len(data):
        raise ReaderProtocolError(f"read reply of {len(data)} bytes announces {lengths}")
    if lengths[0] < TEXT_SIZE:
        raise ReaderProtocolError(f"text of {lengths[0]} bytes, {TEXT_SIZE} expected")
    at, parts = count * 2, []
    for length in lengths:
        parts.append(data[at : at + length])
        at += length
    return Payload(*parts)


def parse_card(payload: Payload, newest_address: bytes = b"", chip_number: bytes = b"") -> CardRecord:
    """Return the record of any kind of card; never raises on its content."""
    text = payload.text
    values = _values(text)
    number = IdNumber.parse(values["id_number"])
    return CardRecord(
        card_type=_field(text, 248, 2),
        number_ok=number.ok,
        number_flags=number.flags,
        newest_address="".join(  # up to four blocks, each with its own padding
            decode_text(newest_address[at : at + ADDRESS_BLOCK]) for at in range(0, len(newest_address), ADDRESS_BLOCK)
        ),
        chip_number=chip_number,
        photo_wlt=payload.photo,
        fingerprint=payload.fingerprint,
        raw_text=text,
        **values,
    )


def looks_damaged(payload: Payload) -> bool:
    """Return whether a reading should be made again before it is believed, although its checksum is right.

    The checksum is one XOR byte: two bits that flip in the same column pass it. A real card can look like this too (wrong numbers
    were issued), so a second reading that says the same is to be believed.
    """
    values = _values(payload.text)
    number = IdNumber.parse(values["id_number"])
    if number.flags & {NumberFlag.SHAPE, NumberFlag.CHECK_DIGIT}:
        return True
    if payload.photo and not payload.photo.startswith(_WLT_HEAD):
        return True
    return number.born != values["born"] or (number.sex is not Sex.UNKNOWN and number.sex is not values["sex"])


def decode_text(raw: bytes) -> str:
    """Return UCS-2 little-endian text without its padding (spaces) and without what is no character: zeros, other controls, a byte
    order mark, and FFFF, which is what empty memory holds."""
    text = raw[: len(raw) // 2 * 2].decode("utf-16-le", errors="replace")
    return "".join(c for c in text if unicodedata.category(c) != "Cc" and c not in "\ufeff\ufffe\uffff").strip()


def _values(text: bytes) -> dict[str, Any]:
    """Read the fields by the layout of the chip's letter; where it is missing, by the shape of the number."""
    letter = _field(text, 248, 2)
    reader = _LAYOUTS.get(letter)
    if reader is None:
        number = _field(text, 122, 36)
        if re.match(r"[A-Z]{3}[0-9]{12}", number):
            reader = _permanent_2017
        elif re.fullmatch(r"9[0-9]{16}[0-9X]", number):
            reader = _permanent_2023
        else:
            reader = _hmt if number[:2] in ("81", "82", "83") else _resident
    return reader(text)


def _field(text: bytes, offset: int, length: int) -> str:
    return decode_text(text[offset : offset + length])


def _dates(text: bytes) -> dict[str, Any]:
    to = _field(text, 204, 16)
    return {
        "valid_from": parse_date(_field(text, 188, 16)),
        "valid_to": parse_date(to),
        "valid_forever": to.startswith(FOREVER),
    }


def _resident(text: bytes) -> dict[str, Any]:
    code = _field(text, 32, 4)
    return {
        "document_kind": DocumentKind.RESIDENT,
        "name": _field(text, 0, 30),
        "sex": _SEXES.get(_field(text, 30, 2), Sex.UNKNOWN),
        "nation_code": code,
        "nation": NATIONS.get(code, ""),
        "born": parse_date(_field(text, 36, 16)),
        "address": _field(text, 52, 70),
        "id_number": _field(text, 122, 36),
        "issuer": _field(text, 158, 30),
        **_dates(text),
    }


def _hmt(text: bytes) -> dict[str, Any]:
    return _resident(text) | {
        "document_kind": DocumentKind.HMT_RESIDENCE,
        "nation_code": "",
        "nation": "",
        "pass_number": _field(text, 220, 18),
        "issue_count": _field(text, 238, 4),
    }


def _permanent_2017(text: bytes) -> dict[str, Any]:
    return {
        "document_kind": DocumentKind.PERMANENT_RESIDENCE,
        "english_name": _field(text, 0, 120),
        "sex": _SEXES.get(_field(text, 120, 2), Sex.UNKNOWN),
        "id_number": _field(text, 122, 30),
        "nationality": _field(text, 152, 6),
        "name": _field(text, 158, 30),
        **_dates(text),
        "born": parse_date(_field(text, 220, 16)),
        "version": _field(text, 236, 4),
        "issuer": _field(text, 240, 8),
    }


def _permanent_2023(text: bytes) -> dict[str, Any]:
    # The English name runs on behind the dates. Padding inside it would part it, so the pieces are joined before trimming.
    english = decode_text(text[52:122] + text[220:242])
    number, nationality = _field(text, 122, 36), _field(text, 242, 6)
    return {
        "document_kind": DocumentKind.PERMANENT_RESIDENCE,
        "name": _field(text, 0, 30),
        "sex": _SEXES.get(_field(text, 30, 2), Sex.UNKNOWN),
        "issue_count": _field(text, 32, 4),
        "born": parse_date(_field(text, 36, 16)),
        "english_name": english,
        "id_number": number,
        **_dates(text),
        "nationality": nationality,
        "old_number": old_pr_number(nationality, number, _field(text, 250, 6)),
    }


_LAYOUTS: dict[str, Callable[[bytes], dict[str, Any]]] = {"I": _permanent_2017, "Y": _permanent_2023, "J": _hmt}
