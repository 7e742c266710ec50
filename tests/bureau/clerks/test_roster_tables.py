"""A clerk's spreadsheet or CSV as a roster: what is read, what stays of the last roster, and which line is refused for what."""

from __future__ import annotations

import base64
import io
import json
import re

import openpyxl
import pytest

from kiosk.bureau.clerks import people, roster_drafts, roster_table
from kiosk.bureau.rosters import RosterFaulty
from tests.bureau.clerks.made import URL, Browser
from tests.unit_list.books import Cell, Page, book, number

HEADS = ["序号", "姓名", "身份证号码", "险种", "所属街道", "联系电话", "上次认证日期", "是否上门", "备注"]
KIND = "enterprise-employee"
ROWS = [
    ["1", "梁桂兰", number(2), "企业职工养老", "福田", "13800000002", "2026-01-31", "", "x"],
    ["2", "罗大山", number(3), "城乡居民养老", "福田", "", "", "是", ""],
    ["3", "马秀珍", number(4), "机关事业单位职工", "罗湖", "075512345678", "2025/9/1", "否", ""],
]
OLD = {
    "person_id": "OLD-3",
    "name": "罗大山",
    "id_number": number(3),
    "status": "active",
    "phone": "13900000003",
    "benefits": [{"benefit_id": "b1", "kind": "urban-rural-resident", "policy_id": "rotation", "last_pass": "2026-02-02"}],
    "template": {"vector": base64.b64encode(bytes(512)).decode(), "model_digest": "m", "consent_id": "c"},
}


def csv_of(heads, rows, encoding="gb18030", ending="\r\n"):
    return ending.join(",".join(row) for row in [["某街道退休人员名册"], heads, *rows, ["合计：3人"]]).encode(encoding)


def made(context, data, name="名册.csv", policy="deferred-month"):
    found = roster_table.read(context, io.BytesIO(data), name, policy)
    assert found is not None
    return {one["name"]: one for one in map(json.loads, filter(None, found.lines.split(b"\n")))}, found


def refused(context, data, policy="deferred-month"):
    with pytest.raises(RosterFaulty) as told:
        made(context, data, policy=policy)
    return [(one.code, one.given.get("line") or one.given.get("detail"), one.given.get("field", "")) for one in told.value.faults]


def issued(context, *lines):
    browser = Browser(context).enter("li")
    files = {"file": ("r.jsonl", "\n".join(json.dumps(one, ensure_ascii=False) for one in lines).encode())}
    answer = browser.ask("POST", "/rosters/upload", data={"token": browser.token}, files=files, headers={"Origin": URL})
    assert answer.status_code == 303, answer.text
    assert browser.post(answer.headers["location"] + "/issue").status_code == 303
    assert roster_drafts.issue_next(context)
    return browser


@pytest.mark.parametrize(
    "data",
    [
        csv_of(HEADS, ROWS),
        csv_of(HEADS, ROWS, "utf-8-sig", "\n"),
        csv_of(HEADS, ROWS, "utf-16"),
        book(Page([["某街道退休人员名册"], HEADS, *ROWS, ["合计：3人"]])),
    ],
    ids=["gbk-csv", "utf8-csv", "utf16-csv", "xlsx"],
)
def test_a_table_is_read_as_it_is_saved_by_excel_and_wps(context, data):
    found, table = made(context, data)
    assert list(found) == ["梁桂兰", "罗大山", "马秀珍"]
    one, two, three = found.values()
    assert one["benefits"] == [
        {
            "benefit_id": "enterprise-employee",
            "kind": "enterprise-employee",
            "policy_id": "deferred-month",
            "last_pass": "2026-01-31",
        }
    ]
    assert (one["area"], one["phone"], one["home_visit"]) == ("福田", "13800000002", False)
    assert (two["benefits"][0]["kind"], two["home_visit"], "phone" in two) == ("urban-rural-resident", True, False)
    assert (three["benefits"][0]["kind"], three["benefits"][0]["last_pass"]) == ("government-institution", "2025-09-01")
    assert len({re.fullmatch(r"P-[0-9a-f]{24}", each["person_id"])[0] for each in found.values()}) == 3
    assert table.unread == ("序号", "备注")
    assert ("身份证号码", "id_number") in table.columns


def test_a_real_spreadsheet_with_days_and_numbers_as_cells(context):
    from datetime import date

    written = openpyxl.Workbook()
    written.active.append(["姓名", "身份证号", "待遇", "最近一次认证时间", "手机号"])
    written.active.append(["梁桂兰", number(2), "企业", date(2026, 3, 5), 13800000002])
    out = io.BytesIO()
    written.save(out)
    one = made(context, out.getvalue(), "名册.xlsx")[0]["梁桂兰"]
    assert (one["benefits"][0]["last_pass"], one["phone"]) == ("2026-03-05", "13800000002")


def test_the_same_person_gets_the_same_id_and_another_bureau_could_not_know_it(context):
    first = made(context, csv_of(HEADS, ROWS))[0]
    again = made(context, book(Page([HEADS, *reversed(ROWS)])))[0]
    assert {name: one["person_id"] for name, one in first.items()} == {name: one["person_id"] for name, one in again.items()}


def test_what_the_table_does_not_say_stays_as_the_last_roster_has_it(context):
    issued(context, OLD)
    rows = [ROWS[0], [*ROWS[1][:6], "2026-01-01", *ROWS[1][7:]]]
    found, _ = made(context, csv_of(HEADS, rows), policy="annual-window")
    two = found["罗大山"]
    assert (two["person_id"], two["template"], two["phone"], two["area"]) == ("OLD-3", OLD["template"], "13900000003", "福田")
    assert two["benefits"] == OLD["benefits"], "the later of two passes, the rule and the benefit's id as they were"
    assert found["梁桂兰"]["benefits"][0]["policy_id"] == "annual-window"
    # A number that was put right is found by the table's own id.
    heads, row = [*HEADS[:3], "人员编号"], ["1", "罗大山", number(5), "OLD-3"]
    corrected = made(context, csv_of(heads, [row]))[0]["罗大山"]
    assert (corrected["id_number"], corrected["template"]) == (number(5), OLD["template"])


def test_a_new_benefit_follows_the_rule_of_the_last_roster_or_the_one_that_is_chosen(context):
    assert refused(context, csv_of(HEADS, ROWS[:1]), policy="") == [("row-no-policy", 3, "")]
    issued(context, OLD | {"benefits": [{"benefit_id": "b", "kind": "enterprise-employee", "policy_id": "rotation"}]})
    assert made(context, csv_of(HEADS, ROWS[:1]), policy="")[0]["梁桂兰"]["benefits"][0]["policy_id"] == "rotation"


def test_two_benefits_of_one_person_on_two_rows_or_in_one_cell(context):
    rows = [ROWS[0], ["2", "梁桂兰", number(2), "城乡居民", "", "", "", "", ""], [*ROWS[2][:3], "企业、机关", *ROWS[2][4:]]]
    found, _ = made(context, csv_of(HEADS, rows))
    assert [one["kind"] for one in found["梁桂兰"]["benefits"]] == ["enterprise-employee", "urban-rural-resident"]
    assert [one["kind"] for one in found["马秀珍"]["benefits"]] == ["enterprise-employee", "government-institution"]
    assert refused(context, csv_of(HEADS, [ROWS[0], ROWS[0]])) == [("twice-number", 3, "")]


def changed(at, text):
    return csv_of(HEADS, [ROWS[0], [text if place == at else cell for place, cell in enumerate(ROWS[1])]])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (changed(1, ""), [("row-bad", 4, "")]),
        (changed(2, "4.40305E+17"), [("row-cut", 4, "")]),
        (changed(3, "工伤"), [("row-field", 4, "benefits-kind")]),
        (changed(3, ""), [("row-field", 4, "benefits-kind")]),
        (changed(6, "2026年1月"), [("row-field", 4, "last_pass")]),
        (changed(6, "2026-02-30"), [("row-field", 4, "last_pass")]),
        (changed(6, "2099-01-01"), [("row-field", 4, "last_pass")]),
        (changed(7, "也许"), [("row-field", 4, "home_visit")]),
        (csv_of(["姓名", "电话"], [["王芳", "1"]]), [("list-no-headings", "", "")]),
        (csv_of([*HEADS, "电话"], ROWS), [("column-twice", "联系电话、电话", "")]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), [("list-old-excel", "", "")]),
        (b"PK\x03\x04" + bytes(50), [("list-damaged", "", "")]),
        (book(Page([HEADS, *ROWS], hidden_rows={3})), [("row-hidden", 3, "")]),
        (book(Page([HEADS, *ROWS]), Page([HEADS, *ROWS], name="二")), [("list-two-sheets", "Sheet1、二", "")]),
        (book(Page([HEADS, ["1", "王芳", Cell("4.4030519500102E+17", "number"), "企业"]])), [("row-cut", 2, "")]),
    ],
)
def test_a_row_that_cannot_be_taken_is_named(context, data, told):
    assert refused(context, data) == told


def test_another_id_than_the_last_roster_has_is_refused(context):
    issued(context, OLD)
    data = csv_of(["姓名", "身份证号", "个人编号"], [["罗大山", number(3), "NEW-3"]])
    assert refused(context, data) == [("row-other-id", 3, "")]


def test_more_people_than_a_table_may_hold(context, monkeypatch):
    monkeypatch.setattr(roster_table, "MOST", 2)
    assert refused(context, csv_of(HEADS, ROWS)) == [("list-too-long", "2", "")]


def test_a_clerk_uploads_a_table_sees_how_it_was_read_and_issues_it(context):
    browser = issued(context, OLD)

    def upload(data, policy):
        given = {"token": browser.token, "policy": policy}
        return browser.ask("POST", "/rosters/upload", data=given, files={"file": ("名册.csv", data)}, headers={"Origin": URL})

    assert "没有这条规则" in upload(csv_of(HEADS, ROWS), "nothing").text
    wrong = upload(changed(3, "工伤"), "deferred-month")
    assert (wrong.status_code, "第4行：险种不认识" in wrong.text) == (400, True)
    answer = upload(csv_of(HEADS, ROWS), "deferred-month")
    page = browser.text(answer.headers["location"])
    assert "<td>所属街道</td><td>街道</td>" in page
    assert "<td>备注</td><td><small>没有读</small></td>" in page
    assert re.search(r"<dt>新增</dt><dd>2</dd>", page)
    assert browser.post(answer.headers["location"] + "/issue").status_code == 303
    assert roster_drafts.issue_next(context)
    assert people.by_id(context, ["OLD-3"])["OLD-3"].name == "罗大山"
    assert [count for _, count, _, _ in roster_drafts.issued(context)] == [3, 1]


def test_lines_of_json_are_no_table(context):
    for data in (b'{"person_id": 1}', b"\xef\xbb\xbf {", b"", b"[1]"):
        assert roster_table.read(context, io.BytesIO(data), "x") is None
