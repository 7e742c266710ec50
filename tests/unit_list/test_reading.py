"""Files that stations were brought, each with its right answer: everybody read, or refused with the reason and the place."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from kiosk.unit_list import reading, spreadsheet
from kiosk.unit_list.reading import ListUnreadable
from kiosk.unit_list.table import MAX_ROWS
from tests.unit_list.books import HEADING, PEOPLE, STRICT, Cell, Page, book, listed, number

NUMBERS = [one for _, one in PEOPLE]
TEXT = "".join(f"{','.join(row)}\r\n" for row in [HEADING, *PEOPLE])


def read(data: bytes, name: str = "list.xlsx") -> list[tuple[int, str, str]]:
    return [(row.line, row.id_number, row.problem) for row in reading.read(data, name).rows]


def everybody(first: int = 2, problem: str = "") -> list[tuple[int, str, str]]:
    return [(line, one, problem) for line, one in enumerate(NUMBERS, first)]


def refused(data: bytes, name: str = "list.xlsx", most: int = MAX_ROWS) -> tuple[str, str]:
    with pytest.raises(ListUnreadable) as caught:
        reading.read(data, name, most)
    assert not any(person in str(caught.value) for pair in PEOPLE for person in pair)
    return caught.value.code, caught.value.detail


# --- workbooks


@pytest.mark.parametrize("dimension", ["A1", "A1:B2", "A1:XFD1048576", None, "nonsense"])
def test_rows_outside_the_stated_range_are_read(dimension):
    assert read(book(Page(listed(), dimension=dimension))) == everybody()


@pytest.mark.parametrize("kind", ["inline", "shared", "phonetic", "formula"])
def test_however_a_cell_holds_its_text(kind):
    rows = [[Cell(text, kind) for text in row] for row in listed()]
    assert read(book(Page(rows))) == everybody()
    assert read(book(Page(rows, references=False), space=STRICT)) == everybody()


def test_a_book_of_another_program_reads_the_same():
    made = openpyxl.Workbook()
    for row in listed():
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    assert read(out.getvalue()) == everybody()


def test_a_hidden_row_is_answered_and_not_certified():
    found = read(book(Page(listed(), hidden_rows={3}, flat_rows={5})))
    assert [problem for _, _, problem in found] == ["", "hidden-row", "", "hidden-row", ""]
    assert [one for _, one, _ in found] == NUMBERS


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_not_read(state):
    data = book(Page(listed(PEOPLE[:2]), "old", state), Page(listed(PEOPLE[2:]), "new"))
    assert [one for _, one, _ in read(data)] == NUMBERS[2:]
    assert reading.read(data).sheet == "new"
    assert refused(book(Page(listed(), "old", state), Page([["封面"]], "cover"))) == ("list-hidden-sheet", "")


def test_a_cover_sheet_is_skipped_and_an_empty_form_too():
    data = book(Page([["填表说明"], ["一、请如实填写"]], "说明"), Page([list(HEADING)], "空表"), Page(listed(), "名单"))
    assert read(data) == everybody()
    assert reading.read(data).sheet == "名单"


def test_two_sheets_with_people_are_refused_by_name():
    data = book(Page(listed(PEOPLE[:2]), "一车间"), Page(listed(PEOPLE[2:]), "二车间"))
    assert refused(data) == ("list-two-sheets", "一车间、二车间")


def test_people_on_another_sheet_without_headings_are_refused():
    data = book(Page(listed(PEOPLE[:2]), "一"), Page([["续表"], *map(list, PEOPLE[2:])], "二"))
    assert refused(data) == ("list-second-sheet", "二 2")


@pytest.mark.parametrize(
    "other", [(*HEADING, *HEADING), (*HEADING, "姓名", "身份证号"), (*HEADING, "", ""), (*HEADING, "配偶", "配偶证件号码")]
)
def test_two_people_in_a_row_are_refused(other):
    rows = [list(other), [*PEOPLE[0], *PEOPLE[1]], [*PEOPLE[2], *PEOPLE[3]]]
    assert refused(book(Page(rows))) == ("list-two-in-row", "2")


@pytest.mark.parametrize("apart", ["\n", "、", " ", "_x000D_\n"])
def test_two_people_in_a_cell_are_refused(apart):
    rows = [*listed(PEOPLE[:1]), [apart.join(name for name, _ in PEOPLE[1:3]), apart.join(one for _, one in PEOPLE[1:3])]]
    assert refused(book(Page(rows))) == ("list-two-in-row", "3")


def test_a_second_table_below_the_first():
    again = [*listed(PEOPLE[:2]), [], list(HEADING), *map(list, PEOPLE[2:])]
    assert [one for _, one, _ in read(book(Page(again)))] == NUMBERS
    other = [*listed(PEOPLE[:2]), [], ["证件号码", "姓名"], *([one, name] for name, one in PEOPLE[2:])]
    assert refused(book(Page(other))) == ("list-two-tables", "5")


def test_people_above_the_headings_are_refused():
    assert refused(book(Page([list(PEOPLE[0]), *listed(PEOPLE[1:])]))) == ("list-outside", "1")


def test_a_hidden_column_is_not_there():
    rows = [["姓名", "旧证件", "证件号码"], *([name, number(99), one] for name, one in PEOPLE)]
    assert read(book(Page(rows, hidden_columns={2}))) == everybody()
    assert refused(book(Page(rows, hidden_columns={2, 3}))) == ("list-hidden-column", "")


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("4.4030519500102E+17", "number-cut"),
        ("440305195001020000", "number-cut"),
        ("4.4030519500102003E+17", "number-cut"),
        (repr(float(NUMBERS[0])), "number-cut"),
        (f"{float(NUMBERS[0]):.0f}", "number-cut"),
        (NUMBERS[0], ""),  # a program wrote all its digits
        ("440305500102002", ""),  # fifteen digits are whole in a float
        ("4.40305500102002E+14", ""),
    ],
)
def test_numbers_that_a_spreadsheet_made_floats(written, answer):
    rows = [list(HEADING), ["梁桂兰", Cell(written, "number")]]
    ((_, found, problem),) = read(book(Page(rows)))
    assert problem == answer
    assert problem or found == NUMBERS[0]


@pytest.mark.parametrize("form", ["'{}", '="{}"', "’{}", '"{}"', " {} ", "\u202d{}\u202c", "{}\u200e"])
def test_what_people_put_before_a_number_to_keep_it(form):
    rows = [list(HEADING), *([name, form.format(one)] for name, one in PEOPLE)]
    assert read(book(Page(rows))) == everybody()
    text = "".join(f"{','.join(map(str, row))}\n" for row in rows) if '"{' not in form else ""
    if text:
        assert read(text.encode(), "list.csv") == everybody()


def test_a_formula_is_its_result_and_never_worked_out():
    rows = [
        list(HEADING),
        ["梁桂兰", Cell("", "bare-formula", f'"{NUMBERS[0]}"')],
        ["罗大山", Cell("", "bare-formula", 'cmd|" /C calc"!A0')],
    ]
    found = reading.read(book(Page(rows))).rows
    assert found[0].id_number == NUMBERS[0]
    assert found[1].id_number.startswith("=CMD")


def test_one_person_merged_over_two_rows_is_one_unless_the_benefit_differs():
    heading = ["姓名", "证件号码", "待遇", "备注"]
    rows = [
        heading,
        [*PEOPLE[0], "work-injury", "甲"],
        [None, None, "dependant", "乙"],
        [*PEOPLE[1], "", "丙"],
        [None, None, "", "丁"],
    ]
    merged = ["A2:A3", "B2:B3", "A4:A5", "B4:B5"]
    found = reading.read(book(Page(rows, merged=merged))).rows
    assert [(row.line, row.id_number, row.benefit) for row in found] == [
        (2, NUMBERS[0], "work-injury"),
        (3, NUMBERS[0], "dependant"),
        (4, NUMBERS[1], ""),
    ]


@pytest.mark.parametrize(
    "heading",
    [
        ("姓 名", "身份证号码"),
        ("*姓名", "身份证"),
        ("姓名：", "社会保障号码"),
        ("姓名（必填）", "身份证号（18位）"),
        ("退休人员姓名", "公民身份号码"),
        ("姓名/Name", "证件号码/ID No."),
        ("姓\n名", "居民身份证号码"),
        ("职工姓名", "有效证件号码"),
        ("Name", "ID Number"),
        ("name", "number"),
        ("【姓名】", "【身份证号】"),
        ("参保人姓名", "社保号"),
    ],
)
def test_headings_that_people_use(heading):
    assert read(book(Page(listed(heading=heading)))) == everybody()


@pytest.mark.parametrize("heading", [("姓名", "身份"), ("经办人姓名", "证件号码"), ("姓名", "证件类型"), ("姓名", "银行卡号")])
def test_headings_of_something_else_are_not_taken(heading):
    assert refused(book(Page(listed(heading=heading))))[0] == "list-no-headings"


def test_titles_above_and_words_below():
    rows = [
        ["示范厂退休人员认证名单（2026年）"],
        ["单位：示范厂", "日期：2026年11月"],
        ["序号", *HEADING],
        *([str(at), *one] for at, one in enumerate(PEOPLE, 1)),
        ["6"],
        ["合计", "5人"],
        ["", "填表人：甲", "审核人：乙"],
    ]
    assert read(book(Page(rows, merged=["A1:C1"]))) == everybody(4)


def test_a_row_that_lacks_something_gets_an_answer():
    rows = [*listed(PEOPLE[:1]), ["罗大山", None], [None, NUMBERS[2]], [None, None, "瞿塘"], ["\u200b", NUMBERS[3]]]
    assert [(line, problem) for line, _, problem in read(book(Page(rows)))] == [
        (2, ""),
        (3, "bad-row"),
        (4, "bad-row"),
        (5, "bad-row"),
        (6, "bad-row"),
    ]


@pytest.mark.parametrize("rows", [[], [list(HEADING)], [list(HEADING), ["合计", ""]], [["说明"], ["", "x"]]])
def test_nobody_is_a_problem_and_no_success(rows):
    assert refused(book(Page(rows)))[0] in ("list-no-rows", "list-no-headings")


# --- texts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
def test_texts_of_any_program(encoding, delimiter):
    assert read(TEXT.replace(",", delimiter).encode(encoding), "list.csv") == everybody()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first", ["sep=,", "SEP=,", "示范厂名单,", ""])
def test_lines_before_the_headings(first, line_end):
    assert read(f"{first}\r\n{TEXT}".replace("\r\n", line_end).encode("gb18030"), "list.csv") == everybody(3)


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("remark", ['"原名石二', '"3/4" 管', '原名"石二"', '5" 管'])
def test_a_stray_quotation_mark_swallows_nobody(delimiter, remark):
    rows = [("备注", *HEADING), ("", *PEOPLE[0]), (remark, *PEOPLE[1]), *(("", *one) for one in PEOPLE[2:])]
    data = "".join(f"{delimiter.join(row)}\n" for row in rows).encode()
    if remark.startswith('"'):
        assert refused(data, "list.csv") == ("list-quote", "3")
    else:
        assert read(data, "list.csv") == everybody()


def test_a_record_over_two_lines_and_a_file_that_ends_in_quotes_are_refused_with_the_line():
    head = "姓名,证件号码,备注\n"
    assert refused((head + f'甲,{NUMBERS[0]},"上\n下"\n').encode(), "list.csv") == ("list-quote", "2")
    assert refused((head + f'甲,{NUMBERS[0]},x\n乙,{NUMBERS[1]},"').encode(), "list.csv") == ("list-quote", "3")


def test_quoted_cells_are_cells():
    data = f'"姓名","证件号码","备注"\n"梁桂兰","{NUMBERS[0]}","一,二 ""三"""\n"罗大山","=""{NUMBERS[1]}""",""\n'
    assert read(data.encode("gb18030"), "list.csv") == [(2, NUMBERS[0], ""), (3, NUMBERS[1], "")]


def test_marks_that_part_lines_elsewhere_part_none_here():
    data = f"姓名,证件号码,备注\n梁桂兰,{NUMBERS[0]},a\u2028b\x0bc\x1cd\x85e\n罗大山,{NUMBERS[1]},\n"
    assert read(data.encode(), "list.csv") == [(2, NUMBERS[0], ""), (3, NUMBERS[1], "")]


def test_a_remark_with_a_comma_shifts_its_row_and_nobody_falls_out():
    data = f"序号,备注,姓名,证件号码\n1,a,b,梁桂兰,{NUMBERS[0]}\n2,,罗大山,{NUMBERS[1]}\n".encode()
    assert refused(data, "list.csv") == ("list-two-in-row", "2")


@pytest.mark.parametrize("digits", ["༠༡༢༣༤༥༦༧༨༩", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９"])
def test_digits_of_other_scripts(digits):
    told = TEXT.translate({ord("0") + at: digit for at, digit in enumerate(digits)})
    assert read(told.encode(), "list.csv") == everybody()


@pytest.mark.parametrize("written", ["4.4E+17", "4.40305E+17", "4.40305195001E+17", "440305195001020000"])
def test_floats_in_a_text(written):
    assert read(f"姓名,证件号码\n甲,{written}\n".encode(), "list.csv")[0][2] == "number-cut"


# --- files that are no list


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.csv", "list-empty-file"),
        (b"\0" * 4096, "a.xlsx", "list-empty-file"),
        (b"\xef\xbb\xbf", "a.csv", "list-no-rows"),
        (b"\r\n\r\n", "a.csv", "list-empty-file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "a.xls", "list-old-excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "list-password"),
        (b"<html><table><tr><td>", "a.xls", "list-old-excel"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook>", "a.xml", "list-other-format"),
        (b"%PDF-1.7", "a.csv", "list-other-format"),
        (b"\x89PNG\r\n", "a.csv", "list-other-format"),
        (bytes(range(256)) * 10, "a.csv", "list-other-format"),
        (b"PK\x03\x04 something else", "a.xlsx", "list-damaged"),
        ("姓名,证件号码\n".encode(), "a.csv", "list-no-rows"),
        ("甲,乙\n1,2\n".encode(), "a.csv", "list-no-headings"),
        ("姓名,证件号码\n甲".encode("gb18030")[:-1], "a.csv", "list-encoding"),
        (b"x" * (reading.MAX_BYTES + 1), "a.csv", "list-too-large"),
    ],
)
def test_what_is_no_list_is_told_what_to_do(data, name, code):
    assert refused(data, name)[0] == code


def test_a_copy_that_stopped_is_refused_at_any_place():
    whole = book(Page(listed()))
    assert read(whole) == everybody()
    for end in range(4, len(whole) - 1, 7):
        assert refused(whole[:end])[0] in ("list-damaged", "list-other-format")


def test_any_byte_changed_reads_everybody_or_refuses():
    whole = bytearray(book(Page(listed())))
    for at in range(0, len(whole), 3):
        spoilt = bytearray(whole)
        spoilt[at] ^= 0x41
        try:
            found = read(bytes(spoilt))
        except ListUnreadable:
            continue
        assert [one for _, one, _ in found] == NUMBERS


def test_other_files_in_a_zip_are_no_list():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    assert refused(out.getvalue(), "a.ods")[0] == "list-other-format"
    assert refused(b"PK\x05\x06" + bytes(18), "a.xlsx")[0] == "list-other-format"


def test_what_unpacks_to_more_than_a_list_can_be_is_refused(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_UNPACKED", 100_000)
    assert refused(book(Page(listed()), extra={"xl/big.xml": b"0" * 200_000}))[0] == "list-too-large"


def test_too_many_rows_are_refused():
    many = [("甲", number(at, f"19{50 + at // 900}0102")) for at in range(1, 12)]
    text = "".join(f"{','.join(row)}\n" for row in [HEADING, *many]).encode()
    for data in (book(Page(listed(many))), text):
        assert refused(data, most=10) == ("list-too-long", "10")
        assert len(reading.read(data, most=11).rows) == 11
    far = [("甲", "") for _ in range(120)]  # the rest is not even looked at
    assert refused(book(Page(listed([*far, *many]))), most=10) == ("list-too-long", "10")


def test_small_files_of_millions_of_elements_are_refused_soon(monkeypatch):
    monkeypatch.setattr(spreadsheet, "_MAX_ELEMENTS", 1000)
    assert read(book(Page(listed()))) == everybody()
    for part, text in (("xl/sharedStrings.xml", "<si/>"), ("xl/worksheets/sheet1.xml", "<row/>")):
        root = "sst" if "Strings" in part else "worksheet"
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(book(Page(listed())))) as old, zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                new.writestr(name, f"<{root}>{text * 1001}</{root}>".encode() if name == part else old.read(name))
        assert refused(out.getvalue()) == ("list-too-large", "")


def test_entities_are_never_read():
    attack = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>'
        b'<c t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(Page(listed())))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, attack if "sheet1" in name else old.read(name))
    assert refused(out.getvalue()) == ("list-damaged", "")


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("名单.xlsx", True),
        ("名单.XLSX", True),
        ("LIST.CSV", True),
        ("unicode.txt", True),
        ("old.XLS", True),
        ("~$名单.xlsx", False),
        ("._名单.xlsx", False),
        (".~lock.名单.xlsx#", False),
        (".hidden.csv", False),
        ("photo.jpg", False),
        ("xlsx", False),
    ],
)
def test_which_files_are_offered(name, offered):
    assert reading.is_offered(name) is offered
