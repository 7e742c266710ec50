"""A roster as a clerk has it: a spreadsheet (XLSX of Excel or WPS) or a CSV (UTF-8, GB 18030) to lines of a roster.

Read by `kiosk.unit_list`, by the desk's rule: everybody who can be seen is taken, or the file is refused with the line. What the
table has no column for, or an empty cell, stays as the last roster has it (a template, a day of birth, other dates): a person is
found there by number, or by the table's own id. Somebody new gets an id that follows from the number by a key of this bureau.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, BinaryIO

from kiosk.bureau import rosters
from kiosk.bureau.clerks import people as known_people
from kiosk.bureau.clerks.sealing import SealingKeys
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.rosters import Fault, RosterFaulty
from kiosk.domain.identity import normalise_number
from kiosk.domain.names import plain_name
from kiosk.domain.person import RosterStatus
from kiosk.domain.unit_row import UnitRow
from kiosk.sync import roster_file
from kiosk.unit_list import people, reading
from kiosk.unit_list.table import ListUnreadable, Sheet

MOST = 20_000  # ours: people in one table; beyond, the business system exports lines of JSON
_ONE_AT_A_TIME = threading.Lock()  # a large table takes 100 MB and some seconds of a processor
_TOLD = 10  # faults that are told at once
_COLUMNS = {  # what else a table may say, by what its heading reads as
    "person_id": r"(?:人员|个人|参保人?|待遇人员)(?:编号|编码|id)|person_?id",
    "area": r"(?:所属|所在|管理)?(?:街道|乡镇|镇街|街镇|片区|辖区)(?:名称)?|area",
    "address": r"(?:家庭|居住|现|常住|联系|户籍)?(?:住址|地址)|address",
    "phone": r"(?:本人)?(?:联系|手机|移动)?(?:电话|手机)(?:号码|号)?|联系方式|phone",
    "last_pass": r"(?:上次|上一次|最近|最近一次|最后|最后一次)(?:资格)?认证(?:日期|时间|通过日期)?|last_?pass",
    "due": r"(?:认证)?(?:到期|截止)(?:日期|时间|日)|认证有效期至|due",
    "home_visit": r"(?:是否)?(?:需要?)?上门(?:认证|服务)?|home_?visit",
    "status": r"(?:人员|待遇|领取)?状态|status",
}
_KINDS = (  # the first that fits: 机关 before 职工, since institutions have 职工 too
    ("province-direct", r"省直"),
    ("government-institution", r"机关|事业"),
    ("urban-rural-resident", r"居民|城乡|城居|新农保"),
    ("enterprise-employee", r"企业|职工|城职|城镇"),
    ("other-basic", r"其他|其它"),
)
_STATUSES = {
    RosterStatus.ACTIVE: ("", "正常", "在领", "正常发放", "发放", "在册"),
    RosterStatus.GRACE: ("宽限", "宽限期"),
    RosterStatus.SUSPENDED: ("暂停", "停发", "暂停发放"),
    RosterStatus.DECEASED: ("已故", "死亡", "去世"),
    RosterStatus.WITHDRAWN: ("终止", "注销", "退保"),
    RosterStatus.ABNORMAL: ("异常",),
    RosterStatus.DATA_MATCHED: ("数据比对已认证", "数据比对"),
}
_YES, _NO = ("是", "有", "√", "y", "yes", "1", "true", "需要"), ("", "否", "无", "×", "n", "no", "0", "false", "不需要")
_PROBLEMS = {"bad-row": "row-bad", "hidden-row": "row-hidden", "number-cut": "row-cut"}
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  # days of a spreadsheet: 1954 to 2119; other whole numbers are no days


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read. `lines`: a roster, each person on the line of the table. `columns`: (heading, what it was read as)."""

    lines: bytes = field(repr=False)
    sheet: str
    columns: tuple[tuple[str, str], ...]
    unread: tuple[str, ...]


def read(context: BureauContext, source: BinaryIO, name: str, policy: str = "") -> Table | None:
    """Return a table as a roster; None for what is none (lines of JSON). Raises RosterFaulty.

    name: of the file, for what is said of one that cannot be read. policy: the rule of benefits that are new; "" is the one that
    the last roster has for most benefits of that kind.
    """
    start = source.read(4000)
    source.seek(0)
    if not start.strip() or re.match(rb"(?:\xef\xbb\xbf)?\s*[{\[]", start):
        return None
    with _ONE_AT_A_TIME:
        try:
            data = source.read(reading.MAX_BYTES + 1)
            sheets = reading.sheets_of(data, name, MOST)
            title, rows = people.of_sheets(sheets, MOST)
        except ListUnreadable as error:
            raise RosterFaulty([Fault(error.code, f"{error.code} {error.detail}".strip(), {"detail": error.detail})]) from error
        sheet = next(one for one in sheets if one.name == title and not one.hidden)
        return _Maker(context, sheet, rows, policy).table()


class _Maker:
    """Makes lines of a roster from the rows of one sheet."""

    def __init__(self, context: BureauContext, sheet: Sheet, rows: Sequence[UnitRow], policy: str) -> None:
        self._sheet, self._rows, self._policy = sheet, rows, policy
        self._headings, self._at = _columns_of(sheet)
        self._cells = {row.line: people.seen(sheet, row) for row in sheet.rows}
        self._keys = SealingKeys(context, "people")
        self._faults: list[Fault] = []
        numbers = {normalise_number(row.id_number) for row in rows if row.id_number}
        ids = {self._text(row, "person_id") for row in rows}
        self._by_number: dict[str, dict[str, Any]] = {}
        self._by_id: dict[str, dict[str, Any]] = {}
        self._usual: dict[str, Counter[str]] = {}
        for line in _last_roster(context):
            number = normalise_number(str(line["id_number"]))
            if number in numbers or line["person_id"] in ids:
                self._by_number[number] = self._by_id[line["person_id"]] = line
            for benefit in line["benefits"]:
                self._usual.setdefault(benefit["kind"], Counter())[benefit["policy_id"]] += 1

    def table(self) -> Table:
        """Return the whole. Raises RosterFaulty with the first faults."""
        made: dict[int, dict[str, Any]] = {}
        first: dict[str, int] = {}
        for row in self._rows:
            try:
                person = self._person(row)
                again = first.setdefault(person["id_number"], row.line)
                if again == row.line:
                    made[row.line] = person
                else:  # a second benefit of the same person stands on a row of its own
                    _join(made[again], person, again, row.line)
            except _Wrong as wrong:
                self._faults.append(wrong.fault)
            if len(self._faults) >= _TOLD:
                break
        if self._faults:
            raise RosterFaulty(self._faults)
        lines = b"".join(_padded(made))
        read_as = {at: name for name, at in self._at.items()}
        return Table(
            lines,
            self._sheet.name,
            tuple((self._headings[at], read_as[at]) for at in sorted(read_as)),
            tuple(text for at, text in sorted(self._headings.items()) if at not in read_as),
        )

    def _text(self, row: UnitRow, name: str) -> str:
        at = self._at.get(name)
        return "" if at is None else re.sub(r"\s+", " ", self._cells[row.line].get(at, "")).strip(" '\"’‘“”`")

    def _person(self, row: UnitRow) -> dict[str, Any]:
        if row.problem:
            raise _Wrong(row.line, _PROBLEMS[row.problem])
        number, told_id = normalise_number(row.id_number), self._text(row, "person_id")
        by_number = self._by_number.get(number)
        if by_number is not None and told_id and by_number["person_id"] != told_id:
            raise _Wrong(row.line, "row-other-id")  # its records and its template hang on the id
        old = by_number if by_number is not None else self._by_id.get(told_id, {})
        person = {
            **old,
            "person_id": told_id or old.get("person_id") or "P-" + self._keys.mark(f"person\n{number}")[:24],
            "name": row.name,
            "id_number": number,
        }
        for name in ("area", "address", "phone"):
            if self._text(row, name):
                person[name] = self._text(row, name)
        if "status" in self._at:
            person["status"] = self._of_words(row, "status", _STATUSES, old.get("status", RosterStatus.ACTIVE.value))
        if "home_visit" in self._at:
            person["home_visit"] = self._of_words(row, "home_visit", {"yes": _YES, "no": _NO}, "no") == "yes"
        person["benefits"] = self._benefits(row, old)
        return person

    def _of_words(self, row: UnitRow, name: str, words: Mapping[Any, Sequence[str]], if_empty: str) -> str:
        text = self._text(row, name).casefold()
        if not text:
            return if_empty
        for value, known in words.items():
            if text in known or text == str(value):
                return str(value)
        raise _Wrong(row.line, "row-field", name)

    def _benefits(self, row: UnitRow, old: dict[str, Any]) -> list[dict[str, Any]]:
        before = {one["kind"]: one for one in old.get("benefits", ())}
        kinds = []
        for text in re.split(r"[、,，;；/+&]", row.benefit):
            if text.strip():
                kinds.append(_kind_of(text) or (text.strip() if text.strip() in before else ""))
        if "" in kinds or not (kinds or old):
            raise _Wrong(row.line, "row-field", "benefits-kind")
        benefits = [
            dict(before.get(kind) or {"benefit_id": kind, "kind": kind, "policy_id": self._policy_of(row, kind)})
            for kind in dict.fromkeys(kinds)
        ] or [dict(one) for one in old["benefits"]]
        for name in ("last_pass", "due"):
            told = self._day(row, name)
            if name == "last_pass" and told > utcnow().date().isoformat():
                raise _Wrong(row.line, "row-field", name)
            for benefit in benefits if told else ():
                # The later pass: a table may be older than what was certified since.
                benefit[name] = max(told, benefit.get(name) or "") if name == "last_pass" else told
        return benefits

    def _policy_of(self, row: UnitRow, kind: str) -> str:
        usual = self._usual.get(kind)
        if self._policy:
            return self._policy
        if usual is None:
            raise _Wrong(row.line, "row-no-policy")
        return usual.most_common(1)[0][0]

    def _day(self, row: UnitRow, name: str) -> str:
        text = self._text(row, name)
        if not text:
            return ""
        found = re.fullmatch(r"(\d{4})(?:年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})日?(?: 0?0:00(?::00)?)?", text) or re.fullmatch(
            r"(\d{4})(\d\d)(\d\d)", text
        )
        try:
            if found is not None:
                return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
            if text.isascii() and text.isdigit() and _FIRST_SERIAL <= int(text) <= _LAST_SERIAL:
                return (date(1899, 12, 30) + timedelta(days=int(text))).isoformat()
        except ValueError:
            pass
        raise _Wrong(row.line, "row-field", name)


class _Wrong(Exception):
    """A row that cannot be taken."""

    def __init__(self, line: int, code: str, name: str = "", other: int = 0) -> None:
        super().__init__(code)
        self.fault = Fault(code, f"row {line}: {code} {name}".rstrip(), {"line": line, "field": name, "other": other})


def _columns_of(sheet: Sheet) -> tuple[dict[int, str], dict[str, int]]:
    """Return the headings by column, and where each thing that is read stands. Raises RosterFaulty: one thing in two columns."""
    found = people.heading_at(sheet)
    if found is None:
        raise ValueError("a sheet without a heading")
    at, columns = found
    headings = {column: text.strip() for column, text in people.seen(sheet, sheet.rows[at]).items()}
    places = {"name": columns.names[0], "id_number": columns.numbers[0]}
    if columns.benefits:
        places["benefits"] = columns.benefits[0]
    for column, text in sorted(headings.items()):
        title = people.title(text)
        for name, pattern in _COLUMNS.items():
            if re.fullmatch(pattern, title):
                if name in places:
                    both = f"{headings[places[name]]}、{text}"
                    raise RosterFaulty([Fault("column-twice", f"two columns of {name}", {"detail": both})])
                places[name] = column
    return headings, places


def _kind_of(text: str) -> str:
    plain = text.strip()
    return next((kind for kind, pattern in _KINDS if plain == kind or re.search(pattern, plain)), "")


def _join(person: dict[str, Any], again: dict[str, Any], line: int, other: int) -> None:
    kinds = {one["kind"] for one in person["benefits"]}
    if plain_name(person["name"]) != plain_name(again["name"]) or any(one["kind"] in kinds for one in again["benefits"]):
        raise _Wrong(line, "twice-number", other=other)
    person["benefits"] += again["benefits"]


def _padded(made: dict[int, dict[str, Any]]) -> Iterator[bytes]:
    """Yield lines of JSON so that each stands where its row stood: what `rosters.checked` says of a line is true of the table."""
    at = 1
    for line, person in made.items():
        yield b"\n" * (line - at) + json.dumps(person, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        at = line + 1


def _last_roster(context: BureauContext) -> Iterator[dict[str, Any]]:
    with context.session.begin() as transaction:
        newest = rosters.newest(transaction)
    if newest is not None:
        facts = roster_file.Facts(newest.digest, newest.size, newest.plain_size, newest.lines, newest.file_key)
        yield from known_people.lines_of(context, facts)
