"""A file of a unit's list to its rows. Pure; called by the desk's work with the bytes and the name of a file on a stick."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from kiosk.domain.unit_row import UnitRow
from kiosk.unit_list import delimited, people, spreadsheet
from kiosk.unit_list.table import MAX_ROWS, ListUnreadable, Sheet

__all__ = ["ENDINGS", "MAX_BYTES", "ListUnreadable", "UnitList", "is_offered", "read"]

MAX_BYTES = 5 * 1024 * 1024
# Offered to be chosen; those that cannot be read are answered with what to do.
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".et", ".ods")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = (b"%PDF", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"SQLite format")


@dataclass(frozen=True, slots=True)
class UnitList:
    """A list that was read whole: everybody who can be seen in the file is in `rows`. list_id: SHA-256 of the file."""

    list_id: str
    rows: tuple[UnitRow, ...]
    sheet: str = ""


def is_offered(name: str) -> bool:
    """True for the names of files that may be lists: not those that Office and macOS leave beside them."""
    return name.lower().endswith(ENDINGS) and not name.startswith(("~$", ".~", "._", "."))


def sheets_of(data: bytes, name: str = "", most: int = MAX_ROWS) -> list[Sheet]:
    """Return the sheets of a file of a list, as `read` takes it. most: people in one. Raises ListUnreadable."""
    if len(data) > MAX_BYTES:
        raise ListUnreadable("list-too-large")
    if not data.strip(b"\0 \t\r\n"):
        raise ListUnreadable("list-empty-file")
    if data.startswith(_OLD_OFFICE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in data
        raise ListUnreadable("list-password" if encrypted else "list-old-excel")
    if data.startswith(b"PK"):
        return spreadsheet.read(data, most)
    if data.startswith(_OTHERS) or _is_markup(data):
        raise ListUnreadable("list-old-excel" if name.lower().endswith((".xls", ".et")) else "list-other-format")
    return [delimited.read(data, people.is_heading, most)]


def read(data: bytes, name: str = "", most: int = MAX_ROWS) -> UnitList:
    """Return the rows of a CSV, TSV or "Unicode text" (UTF-8, UTF-16, GB 18030) or of an XLSX file. Raises ListUnreadable.

    name: of the file; its ending decides nothing but what is said of a file that cannot be read. most: people in one.
    """
    sheet, rows = people.of_sheets(sheets_of(data, name, most), most)
    return UnitList(hashlib.sha256(data).hexdigest(), tuple(rows), sheet)


def _is_markup(data: bytes) -> bool:
    """Web pages that a system exported under a spreadsheet's name."""
    start = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return re.match(rb"<(?:\?xml|!doctype|html|head|table|meta|workbook|style|div)", start) is not None
