"""Delimited text (CSV, TSV, "Unicode text") to a sheet. Pure; called by `unit_list.reading`.

A record that spans lines, or a quotation mark that nobody closes, would swallow the people behind it: such a file is refused with
the line's number.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable

from kiosk.unit_list.table import MAX_CELLS, MAX_ROWS, ListRow, ListUnreadable, Sheet

_DELIMITERS = ",\t;|，"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(data: bytes, is_heading: Callable[[list[str]], bool], most: int = MAX_ROWS) -> Sheet:
    """Return the sheet of a text. is_heading: whether a row of cells is the heading; it settles what parts the cells.

    most: people. Raises ListUnreadable.
    """
    lines = re.split(r"\r\n|\n|\r", decode(data))  # not splitlines: it also parts at marks that stand inside cells
    first, delimiter = 0, ""
    told = re.fullmatch(r"\s*sep=(.)\s*", lines[0], re.IGNORECASE)
    if told:
        first, delimiter = 1, told[1]
    delimiter = delimiter or _delimiter(lines, is_heading)
    rows: list[ListRow] = []
    cells_seen = 0
    for number, line in enumerate(lines[first:], first + 1):
        if not line.strip():
            continue
        cells = _cells(line, delimiter, number)
        cells_seen += len(cells)
        if len(rows) > most + 100 or cells_seen > MAX_CELLS:
            raise ListUnreadable("list-too-long", str(most))
        filled = {at: cell for at, cell in enumerate(cells) if cell.strip()}
        if filled:
            rows.append(ListRow(number, filled))
    return Sheet("", rows)


def decode(data: bytes) -> str:
    """Return the text of a file saved by Excel, WPS or Notepad: UTF-8, UTF-16, UTF-32 or GB 18030. Raises ListUnreadable."""
    try:
        for mark, encoding in _MARKS:
            if data.startswith(mark):
                return _text(data.decode(encoding))
        bare = _without_mark(data)
        if bare:
            return _text(data.decode(bare))
        try:
            return _text(data.decode("utf-8"))
        except UnicodeDecodeError:
            return _text(data.decode("gb18030"))  # what a spreadsheet saves on a Chinese system
    except UnicodeDecodeError:
        raise ListUnreadable("list-other-format" if b"\0" in data else "list-encoding") from None


def _without_mark(data: bytes) -> str:
    """UTF-16 without its mark, by its zero bytes and by the heading that it must hold; the wrong byte order holds none."""
    if b"\0" not in data or len(data) % 2:
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        if re.search("姓|名字|name", data.decode(encoding, "replace"), re.IGNORECASE):
            return encoding
    return ""


def _text(text: str) -> str:
    if "\x00" in text:
        raise ListUnreadable("list-other-format")
    return text.lstrip("\ufeff")


def _delimiter(lines: list[str], is_heading: Callable[[list[str]], bool]) -> str:
    """What parts the cells of the heading; where no line is one, what is seen most often in the first."""
    for line in [one for one in lines[:200] if one.strip()][:40]:
        for delimiter in _DELIMITERS:
            if delimiter in line and is_heading(next(csv.reader([line], delimiter=delimiter), [])):
                return delimiter
    return max(_DELIMITERS, key=lines[0].count)


def _cells(line: str, delimiter: str, number: int) -> list[str]:
    try:
        (cells,) = csv.reader([line], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise ListUnreadable("list-quote", str(number)) from None
    return cells
