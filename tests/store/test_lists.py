"""Unit lists from strangers' sticks, and the fairness ledger."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import openpyxl
import pytest

from kiosk.domain.fairness import Counted
from kiosk.domain.outcome import Glasses
from kiosk.domain.person import Benefit, Person
from kiosk.domain.record import Channel
from kiosk.domain.unit_row import UnitRow
from kiosk.store import ledger, outbox, records
from kiosk.store.desk import unit_list
from kiosk.unit_list import reading
from tests.store import made

CLERK = Person("经办人", "440305197001010019")
GOOD = [("陈小芳", made.NUMBER), ("周玉兰", "440305193502020145")]


@pytest.fixture
def filled(store):
    held = (
        Benefit("work-injury", "work-injury", "deferred-month", date(2025, 12, 3)),
        Benefit("dependant", "dependant", "deferred-month", date(2026, 11, 3)),
    )
    made.give_roster(store, made.entry(), made.entry("440305193502020145", "周玉兰", "p-2", benefits=held))
    return store


def sheet(path, rows, heading=("姓名", "证件号码")):
    book = openpyxl.Workbook()
    for row in (heading, *rows):
        book.active.append(list(row))
    book.save(path)
    return path


def table(path, rows, heading=("姓名", "证件号码"), encoding="utf-8-sig", delimiter=","):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([heading, *rows])
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def take(store, path):
    found = reading.read(path.read_bytes(), path.name)
    return take_rows(store, found.list_id, found.rows)


def take_rows(store, list_id, rows):
    return unit_list.take(
        store,
        list_id,
        rows,
        unit="示范厂",
        clerk=CLERK,
        staff_id="A1",
        today=made.TODAY,
        now=made.NOW,
        papers=["clerk-id", "sealed-list", "hukou-copies-sealed"],
    )


@pytest.mark.parametrize("form", ["utf-8-sig", "gb18030", "tab", "xlsx"])
def test_every_row_is_answered(filled, tmp_path, form):
    rows = [
        *GOOD,
        ("王秀英", "440305195107220242"),
        ("陈小方", made.NUMBER),
        ("陈小芳", made.NUMBER),
        ("陈小芳", "440305195603150029"),
        ("", made.NUMBER),
        ("", ""),
        ("周玉兰", "440305193502020145"),
    ]
    if form == "xlsx":
        path = sheet(tmp_path / "list.xlsx", rows)
    elif form == "tab":
        path = table(tmp_path / "list.txt", rows, delimiter="\t")
    else:
        path = table(tmp_path / "list.csv", rows, encoding=form)
    report = take(filled, path)
    assert [(one.line, one.problem) for one in report.answers] == [
        (2, ""),
        (3, ""),
        (4, "not-in-roster"),
        (5, "twice-in-list"),
        (6, "twice-in-list"),
        (7, "bad-number"),
        (8, "bad-row"),
        (10, "twice-in-list"),
    ]
    assert report.saved == 2
    assert not any(name in str(report) for name in ("陈小芳", made.NUMBER))
    (record,) = [one.record for one in records.of_person(filled, "p-2")]  # the benefit that is not due yet is left out
    assert (record.channel, record.author, record.benefit_id) == (Channel.UNIT_LIST, "A1", "work-injury")
    assert record.helper_name == "经办人"
    assert "hukou-copies-sealed" in record.notes


def test_the_same_list_again_is_safe(filled, tmp_path):
    path = sheet(tmp_path / "list.xlsx", GOOD)
    take(filled, path)
    again = take(filled, path)
    assert [one.problem for one in again.answers] == ["already-done", "already-done"]
    assert outbox.counts(filled.db)["waiting"] == 2


def test_one_benefit_only(filled, tmp_path):
    rows = [
        ("周玉兰", "440305193502020145", "dependant"),
        ("周玉兰", "440305193502020145", "work-injury"),
        ("陈小芳", made.NUMBER, "work-injury"),
    ]
    report = take(filled, table(tmp_path / "l.csv", rows, heading=("姓名", "身份证号", "待遇")))
    assert [one.problem for one in report.answers] == ["not-yet", "", "no-such-benefit"]


def test_name_mismatch_is_answered(filled, tmp_path):
    report = take(filled, table(tmp_path / "l.csv", [("陈大芳", made.NUMBER)]))
    assert report.answers[0].problem == "name-mismatch"


def test_a_formula_is_no_number(filled, tmp_path):
    report = take(filled, sheet(tmp_path / "list.xlsx", [("=HYPERLINK(1)", '=cmd|" /C calc"!A0')]))
    assert [one.problem for one in report.answers] == ["bad-number"]


def test_who_is_hidden_or_cut_short_is_answered_and_not_certified(filled):
    rows = [
        UnitRow(2, "陈小芳", made.NUMBER, problem="hidden-row"),
        UnitRow(3, "周玉兰", "440305193502020000", problem="number-cut"),
        UnitRow(4, "周玉兰", "440305193502020145"),
    ]
    report = take_rows(filled, "x", rows)
    assert [(one.line, one.problem) for one in report.answers] == [(2, "hidden-row"), (3, "number-cut"), (4, "")]
    assert records.of_person(filled, "p-1") == []


@pytest.mark.parametrize(
    "number", ["༤༤༠༣༠༥༡༩༣༥༠༢༠༢༠༡༤༥", "440305350202014", "４４０３０５１９３５０２０２０１４５", "\ud800440305193502020145"]
)
def test_an_odd_row_never_ends_the_list(filled, number):
    report = take_rows(filled, "x", [UnitRow(2, "周玉\u200b兰", number), UnitRow(3, "陈小芳", made.NUMBER)])
    assert [one.problem for one in report.answers] == ["", ""]


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (None, "unknown"),
        (date(1966, 11, 22), "<60"),
        (date(1966, 11, 21), "60-64"),
        (date(1961, 11, 22), "60-64"),
        (date(1961, 11, 21), "65-69"),
        (date(1936, 11, 22), "85-89"),
        (date(1936, 11, 21), "90+"),
        (date(1920, 1, 1), "90+"),
    ],
)
def test_age_bands(born, band):
    assert ledger.age_band(born, made.TODAY) == band


def test_ledger_counts_whom_the_machine_fails(store):
    for n in range(8):
        made.count_take(
            store,
            made.TODAY,
            born=date(1940, 1, 1),
            outcome="failed" if n < 4 else "passed",
            reason="x",
            glasses="yes",
            action="blink",
        )
    for _ in range(4):
        made.count_take(store, made.TODAY, born=date(1960, 1, 1), outcome="passed", reason="ok", glasses="no", action="blink")
    found = ledger.rows(store, made.TODAY, made.TODAY)
    assert sum(row.count for row in found) == 12
    assert {(one.group, one.takes, one.failures, one.rate) for one in ledger.shares(found, "age_band")} == {
        ("85-89", 8, 4, 0.5),
        ("65-69", 4, 0, None),
    }
    assert {(one.group, one.takes, one.failures) for one in ledger.shares(found, "glasses")} == {("yes", 8, 4), ("no", 4, 0)}
    assert [(one.group, one.takes, one.failures) for one in ledger.shares(found, "action")] == [("blink", 12, 4)]
    assert ledger.rows(store, date(2026, 1, 1), date(2026, 11, 20)) == []
    with pytest.raises(ValueError, match="person"):
        ledger.shares(found, "person")


def test_groups_stand_in_the_order_of_age_and_what_is_not_known_last(store):
    for born in (None, date(1930, 1, 1), date(1980, 1, 1), date(1956, 1, 1)):
        made.count_take(store, made.TODAY, born=born, outcome="passed", reason="ok")
    found = ledger.rows(store, made.TODAY, made.TODAY)
    assert [one.group for one in ledger.shares(found, "age_band")] == ["<60", "70-74", "90+", "unknown"]


def test_a_ledger_that_leaves_the_kiosk_names_no_day_and_no_small_group(store):
    days = [made.TODAY - timedelta(days=n) for n in range(4)]
    for day in days:
        for _ in range(2):
            made.count_take(store, day, born=date(1955, 1, 1), outcome="passed", reason="ok", glasses="no", light="good")
    for day in days:
        made.count_take(store, day, born=date(1933, 1, 1), outcome="failed", reason="action-timeout", glasses="yes", action="blink")
    text = ledger.to_csv(ledger.rows(store, days[-1], days[0]), days[-1], days[0])
    assert text.split("\r\n") == [
        "first,last,age_band,glasses,light,action,outcome,reason,count",
        f"{days[-1]},{days[0]},70-74,no,good,all,passed,ok,8",
        f"{days[-1]},{days[0]},90+,yes,unknown,blink,failed,action-timeout,<5",
        "",
    ]


def test_a_take_counted_in_the_wrong_group_is_counted_in_the_right_one_once(store):
    wrong = Counted(made.TODAY, "80-84", Glasses.UNKNOWN, "good", "blink", "failed", "action-timeout")
    right = replace(wrong, glasses=Glasses.YES)
    for _ in range(2):
        ledger.count(store, wrong)
    ledger.correct(store, [(wrong, right)])
    assert [(row.glasses, row.count) for row in ledger.rows(store, made.TODAY, made.TODAY)] == [("unknown", 1), ("yes", 1)]
    ledger.correct(store, [(wrong, right), (wrong, right)])  # the second is not there any more: nobody is invented
    assert [(row.glasses, row.count) for row in ledger.rows(store, made.TODAY, made.TODAY)] == [("yes", 2)]


def test_the_ledger_is_kept_as_long_as_the_records_of_its_days(store):
    for days in (731, 729, 0):
        made.count_take(store, made.TODAY - timedelta(days=days), born=None, outcome="passed", reason="ok")
    assert records.retain(store, made.NOW)["ledger"] == 1
    left = ledger.rows(store, date(2000, 1, 1), made.TODAY)
    assert [row.day for row in left] == [(made.TODAY - timedelta(days=729)).isoformat(), made.TODAY.isoformat()]
