"""Answers = people, or the file is refused: over made files with hidden rows, quotation marks, ranges, sheets, encodings.

KIOSK_LIST_FILES is how many files each of the two kinds is tried with (300 where it is not set: 600 in all).
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.domain.identity import normalise_number
from kiosk.unit_list import reading
from tests.unit_list.books import MAIN, STRICT, Cell, Page, book, number

FILES = int(os.environ.get("KIOSK_LIST_FILES", "300"))
MANY = settings(max_examples=FILES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=FILES <= 300)
NAMES = ("梁桂兰", "罗大山", "马秀珍", "王芳", "石国梁", "阿依古丽·买买提", "刘\ue863", "欧阳建国", "王　芳", "O'Neil")
HEADINGS = (("姓名", "证件号码"), ("姓 名", "身份证号码"), ("*姓名", "身份证"), ("姓名：", "社会保障号码"), ("Name", "ID Number"))
REMARKS = ("", "返聘", '3/4" 管', "一,二", "5；6", "13800138000", "6222020200112233", "1", "备注：无")


@dataclass
class Truth:
    """Who is in a file: numbers that can be seen, and those that were hidden. benign: nothing in it excuses a refusal."""

    seen: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    benign: bool = True


def people(draw: st.DrawFn, most: int = 6) -> list[tuple[str, str]]:
    serials = draw(st.lists(st.integers(1, 999), min_size=0, max_size=most, unique=True))
    return [
        (draw(st.sampled_from(NAMES)), number(at, draw(st.sampled_from(("19500102", "19380102", "19661130"))))) for at in serials
    ]


def as_written(draw: st.DrawFn, one: str) -> str:
    """A number as people write it; the same number still."""
    form = draw(st.sampled_from(("{}", "{}", "{}", "'{}", '="{}"', " {}", "\u202d{}\u202c", "short", "wide", "tibetan")))
    if form == "short":
        return one[:6] + one[8:17] if one[6:8] == "19" else one
    if form in ("wide", "tibetan"):
        zero = 0xFF10 if form == "wide" else 0x0F20
        return one.translate({ord("0") + at: chr(zero + at) for at in range(10)})
    return form.format(one)


@st.composite
def sheets(draw: st.DrawFn, truth: Truth, *, shown: bool) -> Page:
    """A sheet of a list. shown: it can be seen."""
    heading = list(draw(st.sampled_from(HEADINGS)))
    with_remark = draw(st.booleans())
    first = 1 if with_remark and draw(st.booleans()) else 0  # the remark stands before or behind
    rows: list[list[Cell | str | None]] = [[f"名单{at}"] for at in range(draw(st.integers(0, 3)))]

    def line(cells: list[Cell | str | None], remark: str) -> list[Cell | str | None]:
        return [remark or None, *cells] if first else [*cells, remark or None] if with_remark else cells

    rows.append(line([*heading], "备注"))
    hidden_rows: set[int] = set()
    flat_rows: set[int] = set()
    for name, one in people(draw):
        if draw(st.integers(0, 9)) == 0:
            rows.append([])
        if draw(st.integers(0, 19)) == 0:
            rows.append(line([*heading], "备注"))  # a new page of a printed list
        kind = draw(st.sampled_from(("inline", "shared", "phonetic", "formula")))
        cell = Cell(one, "number") if one.isdigit() and draw(st.integers(0, 9)) == 0 else Cell(as_written(draw, one), kind)
        rows.append(line([Cell(name, kind), cell], draw(st.sampled_from(REMARKS))))
        hide = draw(st.integers(0, 5))
        if hide == 0:
            hidden_rows.add(len(rows))
        elif hide == 1:
            flat_rows.add(len(rows))
        if shown:
            (truth.hidden if hide < 2 else truth.seen)[one] += 1
    if draw(st.booleans()):
        rows.append(line(["合计", "5人"], ""))
    if shown and draw(st.integers(0, 11)) == 0 and not with_remark:  # somebody beside the table
        truth.benign = False
        one = number(draw(st.integers(1, 999)), "19400102")
        rows.append([None, None, draw(st.sampled_from(NAMES)), one])
        truth.seen[one] += 1
    dimension = draw(st.sampled_from(("A1", "A1:B2", None, "A1:XFD1048576")))
    return Page(
        rows,
        draw(st.sampled_from(("名单", "Sheet1", "一车间"))),
        "visible" if shown else draw(st.sampled_from(("hidden", "veryHidden"))),
        dimension,
        hidden_rows,
        flat_rows,
        references=draw(st.booleans()) and not hidden_rows and not flat_rows and all(rows),
    )


@st.composite
def books(draw: st.DrawFn) -> tuple[bytes, Truth]:
    truth = Truth()
    pages: list[Page] = []
    if draw(st.booleans()):
        pages.append(Page([["填表说明"], ["电话 0755-12345678"]], "说明"))
    if draw(st.booleans()):
        pages.append(draw(sheets(Truth(), shown=False)))
    pages.append(draw(sheets(truth, shown=True)))
    if draw(st.integers(0, 4)) == 0:
        before = sum((truth.seen + truth.hidden).values())
        pages.append(draw(sheets(truth, shown=True)))
        if before and sum((truth.seen + truth.hidden).values()) > before:
            truth.benign = False  # two lists that can be seen
    return book(*pages, space=draw(st.sampled_from((MAIN, STRICT)))), truth


@st.composite
def texts(draw: st.DrawFn) -> tuple[bytes, Truth]:
    truth = Truth()
    heading = draw(st.sampled_from(HEADINGS))
    delimiter = draw(st.sampled_from(",\t;"))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=draw(st.sampled_from(("\r\n", "\n", "\r"))))
    if draw(st.booleans()):
        out.write(f"sep={delimiter}\n")
    for at in range(draw(st.integers(0, 3))):
        writer.writerow([f"名单{at}"])
    remark_first = draw(st.booleans())
    writer.writerow(["备注", *heading] if remark_first else [*heading, "备注"])
    for name, one in people(draw, 8):
        remark = draw(st.sampled_from(REMARKS))
        cells = [name, as_written(draw, one)]
        spoil = draw(st.integers(0, 24))
        if spoil == 0:  # typed by hand: nobody doubled the mark
            truth.benign = False
            raw = delimiter.join(['"' + remark, *cells] if remark_first else [*cells, '"' + remark])
            out.write(raw + "\n")
        elif spoil == 1:
            truth.benign = False
            lines = ['"上', '下"']
            out.write(
                "\n".join(lines) + delimiter + delimiter.join(cells) if remark_first else delimiter.join([*cells, *lines[:1]])
            )
            out.write("\n" if remark_first else f"\n{lines[1]}\n")
        else:
            writer.writerow([remark, *cells] if remark_first else [*cells, remark])
        truth.seen[one] += 1
        if draw(st.integers(0, 9)) == 0:
            out.write("\n")
    if draw(st.booleans()):
        writer.writerow(["", "合计", "5人"] if remark_first else ["合计", "5人", ""])
    encoding = draw(st.sampled_from(("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le")))
    return out.getvalue().encode(encoding), truth


def judge(data: bytes, name: str, truth: Truth) -> None:
    everybody = truth.seen + truth.hidden
    rows, refused = (), ""
    try:
        rows = reading.read(data, name).rows
    except reading.ListUnreadable as error:
        refused = error.code
    assert not refused or not truth.benign or not everybody
    if refused:
        return
    assert everybody, "nobody is no success"
    assert len(rows) == everybody.total()
    answered = Counter(normalise_number(row.id_number) for row in rows if row.problem != "bad-row")
    assert answered <= everybody
    assert answered == everybody or not truth.benign
    assert Counter(row.id_number for row in rows if row.problem == "hidden-row") == truth.hidden
    assert Counter(row.id_number for row in rows if not row.problem) <= truth.seen


@MANY
@given(books())
def test_everybody_in_a_workbook_is_answered(made: tuple[bytes, Truth]):
    judge(made[0], "list.xlsx", made[1])


@MANY
@given(texts())
def test_everybody_in_a_text_is_answered(made: tuple[bytes, Truth]):
    judge(made[0], "list.csv", made[1])
