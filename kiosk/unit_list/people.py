"""Sheets to people: finds the headings, and sees to it that nobody on the page falls out. Pure.

Called by `unit_list.reading`, and by the bureau for a roster that comes as a table (`bureau.clerks.roster_table`).

The rule is: everybody who can be seen gets an answer, or the file is refused. A document number that stands anywhere else than in
its column, a second sheet, a second table, two people in a row: refused with the place, because guessing would certify the wrong
person or leave one out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from kiosk.domain.identity import IdNumber, NumberFlag, normalise_number
from kiosk.domain.names import ascii_digits, plain_name, tidy_name, visible
from kiosk.domain.unit_row import UnitRow
from kiosk.unit_list.table import MAX_ROWS, ListRow, ListUnreadable, Sheet

_WHOSE = (
    "人员|退休人员|离退休人员|退休职工|退休工人|职工|员工|参保人|参保人员|本人|被认证人|认证人|认证人员|待遇领取人|待遇领取人员"
    "|领取人|领取人员|领待人员|养老金领取人|个人|老人|居民|中文|个人的|本人的"
)
_NAME = re.compile(rf"(?:{_WHOSE})?(?:姓名|名字)|name|fullname|(?:姓名|名字)(?:name|fullname)")
_NUMBER = re.compile(
    rf"(?:{_WHOSE})?(?:有效|公民|居民)?(?:身份证|身份证件|身份|证件|社会保障|社保)(?:号码|号|编号|号数)|(?:{_WHOSE})?(?:居民|公民)?身份证"
    r"|id_?number|id_?no|id_?card|id_?card_?(?:number|no)|identity_?number"
)
_BENEFIT = re.compile(r"待遇|险种|benefit|benefit_id")
_HEADING_ROWS = 40  # ours: titles and instructions above the headings
# Rows that are about the list and not of it.
_FOOTER = re.compile(
    r"(?:合计|总计|小计|共计|总人数|人数合计|共\d*人|以下空白|此页无内容|以上).*"
    r"|.*(?:制表|填表|填报|审核|复核|经办|负责|联系|单位|日期|时间|电话|盖章|公章|签字|签章|说明|备注|注)\w{0,6}[:：].*"
)
_SEQUENCE = re.compile(r"[0-9]{1,6}[.、]?")
_FLOAT = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?1[0-9]")
_RUN_OF_18 = re.compile(r"(?=([0-9]{17}[0-9X]))")
_ALONE = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9X]|[0-9]{15})(?![0-9X])")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the headings stand. Several columns of one kind are read where they agree."""

    names: tuple[int, ...]
    numbers: tuple[int, ...]
    benefits: tuple[int, ...]
    titled: frozenset[int]


def is_heading(cells: Sequence[str]) -> bool:
    """True when a row of texts names both columns that a list needs."""
    return _columns(dict(enumerate(cells))) is not None


def of_sheets(sheets: Iterable[Sheet], most: int = MAX_ROWS) -> tuple[str, list[UnitRow]]:
    """Return (name of the sheet, rows) of the one visible sheet that holds people, at most so many. Raises ListUnreadable."""
    sheets = list(sheets)
    found: list[tuple[str, list[UnitRow]]] = []
    stray: list[tuple[str, int]] = []
    titled = False
    for sheet in (one for one in sheets if not one.hidden):
        at = heading_at(sheet)
        if at is None:
            stray += [(sheet.name, row.line) for row in sheet.rows if not row.hidden and _numbers_in(seen(sheet, row).values())]
            continue
        titled = True
        rows = _people(sheet, *at, most)
        if rows:
            found.append((sheet.name, rows))
    if len(found) > 1:
        raise ListUnreadable("list-two-sheets", "、".join(name for name, _ in found))
    if stray and (found or titled):
        raise ListUnreadable("list-second-sheet", f"{stray[0][0]} {stray[0][1]}".strip())
    if found:
        return found[0]
    raise ListUnreadable("list-no-rows" if titled else _why_no_headings(sheets))


def _why_no_headings(sheets: Sequence[Sheet]) -> str:
    if not any(sheet.rows for sheet in sheets):
        return "list-no-rows"
    if any(heading_at(sheet) is not None for sheet in sheets if sheet.hidden):
        return "list-hidden-sheet"
    if any(_columns(row.cells) is not None for sheet in sheets if not sheet.hidden for row in sheet.rows[:_HEADING_ROWS]):
        return "list-hidden-column"
    return "list-no-headings"


def seen(sheet: Sheet, row: ListRow) -> dict[int, str]:
    """Return the cells of a row that are not in a hidden column."""
    return {at: text for at, text in row.cells.items() if at not in sheet.hidden_columns}


def heading_at(sheet: Sheet) -> tuple[int, Columns] | None:
    """Return which of a sheet's rows is the heading, and where its columns stand; None for a sheet without one."""
    for at, row in enumerate(sheet.rows[:_HEADING_ROWS]):
        columns = None if row.hidden else _columns(seen(sheet, row))
        if columns is not None:
            return at, columns
    return None


def _columns(cells: dict[int, str]) -> Columns | None:
    titles = {at: title(text) for at, text in cells.items()}
    names, numbers, benefits = (
        tuple(at for at, text in titles.items() if kind.fullmatch(text)) for kind in (_NAME, _NUMBER, _BENEFIT)
    )
    if not numbers:  # "number" alone: a document's where no other column says so
        numbers = tuple(at for at, text in titles.items() if text == "number")
    return Columns(names, numbers, benefits, frozenset(cells)) if names and numbers else None


def title(text: str) -> str:
    """Return a heading without what people put around it: blanks, stars, remarks in brackets, a translation behind a slash."""
    plain = unicodedata.normalize("NFKC", visible(text[:80]))
    plain = re.sub(r"\(.*?\)|\[.*?\]|【.*?】|〔.*?〕|〈.*?〉|<.*?>", "", plain) or plain
    plain = re.sub(r"[\s*※★●•:;,.、。_\-—#\"'“”‘’=()\[\]【】〔〕〈〉<>]+", "", plain).casefold()
    parts = [part for part in re.split(r"[/\\|]", plain) if part]
    return next((part for part in parts if _NAME.fullmatch(part) or _NUMBER.fullmatch(part)), plain)


def _people(sheet: Sheet, at: int, columns: Columns, most: int) -> list[UnitRow]:
    for row in sheet.rows[:at]:
        if not row.hidden and _numbers_in(seen(sheet, row).values()):
            raise ListUnreadable("list-outside", str(row.line))
    found: list[UnitRow] = []
    for row in sheet.rows[at + 1 :]:
        cells = seen(sheet, row)
        again = _columns(cells)
        if again is not None:  # printed lists repeat their headings on each page
            if (again.names, again.numbers) != (columns.names, columns.numbers):
                raise ListUnreadable("list-two-tables", str(row.line))
            continue
        person = _person(row, cells, columns)
        if person is not None:
            found.append(person)
        if len(found) > most:
            raise ListUnreadable("list-too-long", str(most))
    return found


def _person(row: ListRow, cells: dict[int, str], columns: Columns) -> UnitRow | None:
    """Return what a row says, None for a row about nobody. Raises ListUnreadable for a row about two."""
    names = _different(cells, columns.names, plain_name)
    numbers = _different(cells, columns.numbers, lambda text: normalise_number(_bare(text)))
    benefit = next((cells[at].strip()[:100] for at in columns.benefits if at in cells), "")
    if not names and not numbers and (row.hidden or _is_about_nobody(cells)):
        return None
    name, number = tidy_name((names or [""])[0][:100]), normalise_number(_bare((numbers or [""])[0][:100]))
    if _is_footer(cells) and sum(char.isdecimal() for char in number) < 8:
        return None
    if row.inherited and _is_the_one_above(row, cells, columns, benefit):
        return None
    if row.hidden:
        return UnitRow(row.line, name, number, benefit, "hidden-row")
    elsewhere = _numbers_in(
        (text for at, text in cells.items() if at not in columns.numbers), [at for at in cells if at not in columns.titled], cells
    )
    within = _numbers_in(cells[at] for at in columns.numbers if at in cells)
    if len(names) > 1 or len(numbers) > 1 or len(within | elsewhere) > 1 or (elsewhere and numbers and not within >= elsewhere):
        raise ListUnreadable("list-two-in-row", str(row.line))
    problem = ""
    if not plain_name(name) or not numbers:
        problem = "bad-row"
    elif any(at in row.cut for at in columns.numbers if at in cells) or _is_cut(number):
        problem = "number-cut"
    return UnitRow(row.line, name, number, benefit, problem)


def _different(cells: dict[int, str], columns: Sequence[int], form: Callable[[str], str]) -> list[str]:
    """Return the texts of some columns, each that says the same as one before left out; empty ones too."""
    found: dict[str, str] = {}
    for at in columns:
        text = cells.get(at, "")
        key = form(text)
        if key:
            found.setdefault(key, text)
    return list(found.values())


def _is_about_nobody(cells: dict[int, str]) -> bool:
    """True for rows without name and number that hold no more than their own count, or a line about the list."""
    if _numbers_in(cells.values()):
        return False
    return all(_SEQUENCE.fullmatch(text.strip()) for text in cells.values()) or _is_footer(cells)


def _is_footer(cells: dict[int, str]) -> bool:
    texts = [re.sub(r"\s", "", text) for _, text in sorted(cells.items())]
    first = next((text for text in texts if text and not _SEQUENCE.fullmatch(text)), "")
    return bool(_FOOTER.fullmatch(first)) and not _numbers_in(texts)


def _is_the_one_above(row: ListRow, cells: dict[int, str], columns: Columns, benefit: str) -> bool:
    """A cell merged over two rows is one person, unless the second row has a benefit of its own."""
    own = [at for at in (*columns.names, *columns.numbers) if at in cells and at not in row.inherited]
    new_benefit = bool(benefit) and not any(at in row.inherited for at in columns.benefits)
    return not own and not new_benefit


def _bare(text: str) -> str:
    """A number without what keeps a spreadsheet from making a float of it: `'440…`, `="440…"`, quotation marks."""
    text = text.strip()
    text = text[1:] if re.fullmatch(r'=\s*"[^"]*"', text) else text
    return text.strip("'\"’‘“”`＇＂ \t")


def _is_cut(number: str) -> bool:
    """True for what is left of a number that was a float once: 4.4E+17, or three zeros that do not fit."""
    if _FLOAT.fullmatch(number):
        return True
    return len(number) == 18 and number.endswith("000") and NumberFlag.CHECK_DIGIT in IdNumber.parse(number).flags


def _numbers_in(texts: Iterable[str], untitled: Sequence[int] = (), cells: dict[int, str] | None = None) -> set[str]:
    """Return the document numbers in some texts, in their normal form, wherever in them they stand.

    A number that stands alone counts when its region and day of birth may be; one within a longer run of digits must fit its
    check digit too. In a column without a heading any long run of digits counts.
    """
    found: set[str] = set()
    for text in texts:
        plain = ascii_digits(unicodedata.normalize("NFKC", visible(text))).upper()
        for candidate in (plain, re.sub(r"(?<=[0-9])[\s\-–—]+(?=[0-9X])", "", plain)):
            found |= {normalise_number(one) for one in _ALONE.findall(candidate) if _may_be(one)}
            if len(re.sub("[^0-9]", "", candidate)) > 18:
                found |= {one for one in _RUN_OF_18.findall(candidate) if not IdNumber.parse(one).flags and _may_be(one)}
    for at in untitled:
        plain = ascii_digits(unicodedata.normalize("NFKC", visible((cells or {}).get(at, ""))))
        if re.search(r"[0-9]{14,}", plain) or _FLOAT.fullmatch(plain.strip()):
            found.add(normalise_number(plain.strip()))
    return found


def _may_be(number: str) -> bool:
    """Region and day of birth of somebody who can be alive."""
    parsed = IdNumber.parse(number)
    if parsed.flags - {NumberFlag.CHECK_DIGIT}:
        return False
    return parsed.born is not None and date(1890, 1, 1) <= parsed.born <= date(2100, 1, 1)
