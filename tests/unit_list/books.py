"""Makes the files that units bring: workbooks part by part, so that each oddity can be put in, and texts in any encoding."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from kiosk.domain.identity import check_digit

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
HEADING = ("姓名", "证件号码")


def number(at: int, born: str = "19500102") -> str:
    """A made-up number that fits its check digit."""
    first = f"440305{born}{at:03d}"
    return first + check_digit(first)


PEOPLE = [("梁桂兰", number(2)), ("罗大山", number(3)), ("马秀珍", number(4)), ("王芳", number(6)), ("石国梁", number(7))]


@dataclass
class Cell:
    """A cell as a spreadsheet writes it. kind: inline, shared, number, formula (with its result), bare-formula, phonetic."""

    text: str
    kind: str = "inline"
    formula: str = ""


@dataclass
class Page:
    """A sheet to be written."""

    rows: list[list[Cell | str | None]]
    name: str = "Sheet1"
    state: str = "visible"
    dimension: str | None = "A1"
    hidden_rows: set[int] = field(default_factory=set)  # counted from 1
    flat_rows: set[int] = field(default_factory=set)  # of height 0
    hidden_columns: set[int] = field(default_factory=set)  # counted from 1
    merged: list[str] = field(default_factory=list)
    references: bool = True


def book(*pages: Page, space: str = MAIN, extra: dict[str, bytes] | None = None) -> bytes:
    """Return a workbook."""
    strings: list[str] = []
    sheets = [_sheet(page, strings, space) for page in pages]
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006/relationships"
    listed = "".join(
        f'<sheet name={quoteattr(page.name)} sheetId="{at}" state="{page.state}" r:id="rId{at}"/>'
        for at, page in enumerate(pages, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{kind}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in range(1, len(pages) + 1)
    )
    relations += f'<Relationship Id="rIdS" Type="{kind}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{packed}"><Relationship Id="rId1" Type="{kind}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{kind}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packed}">{relations}</Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{space}">{"".join(strings)}</sst>',
        **{f"xl/worksheets/sheet{at}.xml": text for at, text in enumerate(sheets, 1)},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def _sheet(page: Page, strings: list[str], space: str) -> str:
    rows = []
    for line, cells in enumerate(page.rows, 1):
        if not any(cells):
            continue
        given = f' r="{line}"' if page.references else ""
        given += ' hidden="1"' if line in page.hidden_rows else ' ht="0.25" customHeight="1"' if line in page.flat_rows else ""
        written = [
            _cell(cell if isinstance(cell, Cell) else Cell(cell or ""), f"{_letters(at)}{line}" if page.references else "", strings)
            for at, cell in enumerate(cells, 1)
            if cell or not page.references
        ]
        rows.append(f"<row{given}>{''.join(written)}</row>")
    dimension = f'<dimension ref="{page.dimension}"/>' if page.dimension else ""
    columns = "".join(f'<col min="{at}" max="{at}" width="9" hidden="1"/>' for at in sorted(page.hidden_columns))
    columns = f"<cols>{columns}</cols>" if columns else ""
    merged = "".join(f'<mergeCell ref="{one}"/>' for one in page.merged)
    merged = f"<mergeCells>{merged}</mergeCells>" if merged else ""
    return f'<worksheet xmlns="{space}">{dimension}{columns}<sheetData>{"".join(rows)}</sheetData>{merged}</worksheet>'


def _letters(at: int) -> str:
    text = ""
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(65 + rest) + text
    return text


def _cell(cell: Cell, reference: str, strings: list[str]) -> str:
    at = f' r="{reference}"' if reference else ""
    text = escape(cell.text)
    match cell.kind:
        case "shared":
            strings.append(f'<si><t xml:space="preserve">{text}</t></si>')
            return f'<c{at} t="s"><v>{len(strings) - 1}</v></c>'
        case "phonetic":
            half = len(cell.text) // 2
            runs = "".join(f"<r><t>{escape(part)}</t></r>" for part in (cell.text[:half], cell.text[half:]))
            strings.append(f'<si>{runs}<rPh sb="0" eb="1"><t>pin yin</t></rPh></si>')
            return f'<c{at} t="s"><v>{len(strings) - 1}</v></c>'
        case "number":
            return f"<c{at}><v>{text}</v></c>"
        case "formula":
            return f'<c{at} t="str"><f>{escape(cell.formula or "A1")}</f><v>{text}</v></c>'
        case "bare-formula":
            return f"<c{at}><f>{escape(cell.formula)}</f></c>"
    return f'<c{at} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def listed(people: list[tuple[str, str]] = PEOPLE, heading: tuple[str, ...] = HEADING) -> list[list[Cell | str | None]]:
    """Rows of a plain list."""
    return [list(heading), *(list(one) for one in people)]
