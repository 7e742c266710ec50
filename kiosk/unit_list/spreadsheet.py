"""An XLSX workbook to sheets, without evaluating anything. Pure; called by `unit_list.reading`.

The XML is read as it stands, not through a library that trusts the range a sheet states about itself or does not tell what is
hidden. Sizes are bounded before anything is unpacked; a document type declaration, which no spreadsheet writes, is refused.
"""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from xml.parsers import expat

from kiosk.unit_list.table import MAX_CELLS, MAX_ROWS, ListRow, ListUnreadable, Sheet

MAX_UNPACKED = 50 * 1024 * 1024
_MAX_PARTS = 400
_MAX_ELEMENTS = 2_500_000  # ours: of one part; 20 000 rows of 20 cells have half of that
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_LITERAL = re.compile(r'"((?:[^"]|"")*)"')
_EXACT = 10**15  # a spreadsheet keeps fifteen digits of a number


class _NotWhole(Exception):
    """The workbook is not what it should be."""


# What zip, XML and numbers of a damaged file raise.
_BROKEN = (
    _NotWhole,
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    KeyError,
)


def read(data: bytes, most: int = MAX_ROWS) -> list[Sheet]:
    """Return all sheets, hidden ones too, in their order. most: people in one. Raises ListUnreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = _unpacked(archive)
        if "xl/workbook.xml" not in parts and not any(name.endswith("workbook.xml") for name in parts):
            raise ListUnreadable("list-other-format")
        return _Book(parts).sheets(most)
    except ListUnreadable:
        raise
    except _BROKEN:
        raise ListUnreadable("list-damaged") from None


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = archive.infolist()
    if len(members) > _MAX_PARTS or sum(member.file_size for member in members) > MAX_UNPACKED:
        raise ListUnreadable("list-too-large")
    parts: dict[str, bytes] = {}
    left = MAX_UNPACKED
    for member in members:
        name = member.filename.replace("\\", "/").lstrip("/").lower()
        if not name.endswith((".xml", ".rels")):
            continue  # pictures and printers' settings hold nobody
        with archive.open(member) as inside:  # the sizes above are only claims
            data = inside.read(left + 1)
        if len(data) != member.file_size or name in parts:
            raise _NotWhole(name)
        left -= len(data)
        parts[name] = data
    return parts


class _Book:
    def __init__(self, parts: dict[str, bytes]) -> None:
        self._parts = parts
        self._path = next(
            (target for kind, target in self._relations("").values() if kind.endswith("/officeDocument")), "xl/workbook.xml"
        )
        self._strings: list[str] = []

    def sheets(self, most: int) -> list[Sheet]:
        relations = self._relations(self._path)
        for kind, target in relations.values():
            if kind.endswith("/sharedStrings"):
                self._strings = _shared_strings(self._part(target))
        listed: list[tuple[str, str, bool]] = []

        def start(tag: str, given: dict[str, str]) -> None:
            if tag == "sheet":
                listed.append((given.get("name", ""), given.get("id", ""), given.get("state", "visible") != "visible"))

        _parse(self._part(self._path), start)
        found: list[Sheet] = []
        for name, relation, hidden in listed:
            kind, target = relations.get(relation, ("", ""))
            if kind.endswith("/worksheet"):  # charts and macro sheets hold no rows
                reader = _SheetReader(name, self._strings, most, hidden=hidden)
                _parse(self._part(target), reader.start, reader.end, reader.text)
                found.append(reader.sheet())
        if not found:
            raise _NotWhole("no sheet")
        return found

    def _part(self, path: str) -> bytes:
        try:
            return self._parts[path.lower()]
        except KeyError:
            raise _NotWhole(path) from None

    def _relations(self, path: str) -> dict[str, tuple[str, str]]:
        """Relation id -> (kind, path of the part) of what a part names."""
        folder, name = posixpath.split(path)
        data = self._parts.get(posixpath.join(folder, "_rels", f"{name}.rels").lower())
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, given: dict[str, str]) -> None:
            if tag == "Relationship" and given.get("TargetMode") != "External":
                target = given.get("Target", "").replace("\\", "/")
                whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                found[given.get("Id", "")] = (given.get("Type", ""), whole)

        if data is not None:
            _parse(data, start)
        return found


def _parse(
    data: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Go through a part; tags and attributes come without their name spaces (there are two sets of them)."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise _NotWhole("a document type")

    left = _MAX_ELEMENTS

    def started(tag: str, given: dict[str, str]) -> None:
        nonlocal left
        left -= 1
        if left < 0:  # 50 MB of empty rows are half a minute of a processor
            raise ListUnreadable("list-too-large")
        start(tag.rpartition("}")[2], {key.rpartition("}")[2]: value for key, value in given.items()})

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = started
    if end is not None:
        told = end
        parser.EndElementHandler = lambda tag: told(tag.rpartition("}")[2])
    if text is not None:
        parser.CharacterDataHandler = text
    parser.Parse(data, True)


def _shared_strings(data: bytes) -> list[str]:
    found: list[str] = []
    texts: list[str] = []
    inside: list[str] = []

    def start(tag: str, _: dict[str, str]) -> None:
        inside.append(tag)
        if tag == "si":
            texts.clear()

    def end(tag: str) -> None:
        inside.pop()
        if tag == "si":
            found.append(_plain("".join(texts)))

    def text(part: str) -> None:
        if inside and inside[-1] == "t" and "rPh" not in inside:  # rPh: how it is pronounced
            texts.append(part)

    _parse(data, start, end, text)
    return found


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


class _SheetReader:
    """Takes a sheet's XML apart, row by row."""

    def __init__(self, name: str, strings: list[str], most: int, *, hidden: bool) -> None:
        self._name, self._strings, self._most, self._hidden = name, strings, most, hidden
        self._rows: list[ListRow] = []
        self._hidden_columns: set[int] = set()
        self._merged: list[str] = []
        self._line = self._column = 0
        self._cells_seen = 0
        self._row: dict[int, str] | None = None
        self._row_hidden = False
        self._cut: set[int] = set()
        self._kind = ""
        self._parts: dict[str, list[str]] = {}
        self._into = ""
        self._spoken = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        match tag:
            case "row":
                self._line = int(given["r"]) if "r" in given else self._line + 1
                self._column, self._row, self._cut = -1, {}, set()
                self._row_hidden = _is_on(given.get("hidden")) or _is_zero(given.get("ht"))
            case "c" if self._row is not None:
                self._column = _column(given["r"]) if "r" in given else self._column + 1
                self._kind, self._parts, self._into = given.get("t", "n"), {"v": [], "f": [], "t": []}, ""
            case "v" | "f" | "t":
                self._into = "" if self._spoken else tag
            case "rPh":
                self._spoken = True
            case "col":
                if _is_on(given.get("hidden")) or _is_zero(given.get("width")):
                    first, last = int(given["min"]), min(int(given["max"]), 16384)
                    self._hidden_columns.update(range(first - 1, last))
            case "mergeCell":
                self._merged.append(given.get("ref", ""))

    def text(self, part: str) -> None:
        if self._into:
            self._parts.get(self._into, []).append(part)

    def end(self, tag: str) -> None:
        match tag:
            case "v" | "f" | "t":
                self._into = ""
            case "rPh":
                self._spoken = False
            case "c" if self._row is not None:
                self._take_cell(self._row)
            case "row" if self._row is not None:
                if self._row:
                    if len(self._rows) > self._most + 100:
                        raise ListUnreadable("list-too-long", str(self._most))
                    self._rows.append(ListRow(self._line, self._row, self._row_hidden, frozenset(self._cut)))
                self._row = None

    def _take_cell(self, row: dict[int, str]) -> None:
        value, formula = "".join(self._parts["v"]), "".join(self._parts["f"])
        text, cut = "", False
        if self._kind == "s" and value:
            at = int(value)
            if not 0 <= at < len(self._strings):
                raise _NotWhole("shared string")
            text = self._strings[at]
        elif self._kind == "inlineStr":
            text = _plain("".join(self._parts["t"]))
        elif self._kind == "n":
            text, cut = _number(value.strip())
        else:
            text = _plain(value)
        if not text and formula:  # nobody worked it out: a text is what it says, all else is told as it stands
            literal = _LITERAL.fullmatch(formula.strip())
            text = literal[1].replace('""', '"') if literal else f"={formula}"
        if not text.strip():
            return
        self._cells_seen += 1
        if self._column in row:
            raise _NotWhole("a cell twice")
        if self._cells_seen > MAX_CELLS:
            raise ListUnreadable("list-too-long", str(self._most))
        row[self._column] = text
        if cut:
            self._cut.add(self._column)

    def sheet(self) -> Sheet:
        self._fill_merged()
        return Sheet(self._name, self._rows, self._hidden, frozenset(self._hidden_columns))

    def _fill_merged(self) -> None:
        """A cell that was merged downwards says the same on each of its rows."""
        by_line = {row.line: row for row in self._rows}
        for reference in self._merged[:MAX_ROWS]:
            first, _, last = reference.partition(":")
            begin, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
            if begin is None or end is None:
                continue
            column, top = _column(first), by_line.get(int(begin[2]))
            if top is None or column not in top.cells:
                continue
            for line in range(int(begin[2]) + 1, min(int(end[2]), int(begin[2]) + MAX_ROWS) + 1):
                row = by_line.get(line)
                if row is not None and column not in row.cells:
                    row.cells[column] = top.cells[column]
                    row.inherited |= {column}


def _number(value: str) -> tuple[str, bool]:
    """Return the digits of a number cell and whether the spreadsheet may have shortened them."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value, False
    if not number.is_finite() or abs(number.adjusted()) > 40 or number != number.to_integral_value():
        return value, False
    whole = int(number)
    if abs(whole) < _EXACT:
        return str(whole), False
    # Written in full by a program that had them in full; a float would be one of the few numbers that floats can be.
    in_full = (
        value.isascii() and value.isdigit() and whole % 1000 and whole not in (int(float(whole)), int(Decimal(repr(float(whole)))))
    )
    return str(whole), not in_full


def _column(reference: str) -> int:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise _NotWhole("cell reference")
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _is_on(value: str | None) -> bool:
    return value in ("1", "true", "on")


def _is_zero(value: str | None) -> bool:
    """True for a height or width that nobody can see: less than a point."""
    return value is not None and float(value) < 1
