"""Unit lists (单位经办): read a CSV or XLSX of a unit's retirees, answer every row, save what holds.

The file comes from a stranger's stick: its size, its rows and what a spreadsheet may unpack to are bounded, formulas are never
evaluated. Called by the desk.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from sqlite_utils import Database

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.identity import IdNumber, last_four, mask_name
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import AuthenticationRecord, Channel, Outcome, new_record_id
from kiosk.errors import KioskError
from kiosk.store import clock, records, service
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.outbox import iso
from kiosk.store.roster import lookup as roster

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 50 * 1024 * 1024
MAX_ROWS = 5000
_NUMBER = ("证件号码", "身份证号", "身份证号码", "公民身份号码", "id_number", "number")
_NAME = ("姓名", "name")
_BENEFIT = ("待遇", "险种", "benefit", "benefit_id")


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE unit_lists (
        list_id TEXT PRIMARY KEY,        -- SHA-256 of the file
        unit TEXT NOT NULL,
        taken_by TEXT NOT NULL,
        taken_at TEXT NOT NULL,
        rows INTEGER NOT NULL,
        saved INTEGER NOT NULL,
        papers TEXT NOT NULL             -- what the clerk brought, JSON list of codes
    ) STRICT""")


MIGRATIONS = (_create,)


class ListUnreadable(KioskError):
    """The file is no list that can be read; the message says why, with no personal data."""

    reason = "list-unreadable"


@dataclass(frozen=True, slots=True)
class Line:
    """One row as read. `number` in the file counts from 1 with the heading."""

    line: int
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    benefit: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one row. `problem` "": saved as `record_ids`; else a reason code, or bad-number, bad-row, twice-in-list."""

    line: int
    who: str  # masked name and last four digits
    problem: str
    record_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Every row answered."""

    list_id: str
    answers: tuple[Answer, ...]

    @property
    def saved(self) -> int:
        """Rows of which something was saved."""
        return sum(bool(answer.record_ids) for answer in self.answers)


def read(path: Path) -> tuple[str, list[Line]]:
    """Return (list id, rows) of a CSV (UTF-8 or GB 18030) or XLSX file. Raises ListUnreadable."""
    try:
        if path.is_symlink() or not path.is_file():
            raise ListUnreadable("not a plain file")
        if path.stat().st_size > MAX_BYTES:
            raise ListUnreadable(f"larger than {MAX_BYTES // 1024 // 1024} MB")
        data = path.read_bytes()
    except OSError as error:
        raise ListUnreadable(error.strerror or "cannot be read") from error
    table = _xlsx(data) if data[:4] == b"PK\x03\x04" else _csv(data)
    return hashlib.sha256(data).hexdigest(), _lines(table)


def take(
    store: Store,
    list_id: str,
    lines: Sequence[Line],
    *,
    unit: str,
    clerk: Person,
    staff_id: str,
    today: date,
    now: datetime,
    papers: Sequence[str] = (),
) -> Report:
    """Certify every row that holds, each person in a transaction of its own; answer every row.

    clerk: the unit's clerk, whose ID was seen. papers: codes of what was brought (hukou-copies-sealed, unit-certificate).
    Taking the same list again is safe: who was saved is answered "already-done".
    """
    answers: list[Answer] = []
    seen: set[tuple[str, str]] = set()
    for line in lines:
        who = f"{mask_name(line.name)} {last_four(line.id_number)}"
        number = IdNumber.parse(line.id_number, today)
        if not line.name or not line.id_number:
            answers.append(Answer(line.line, who, "bad-row"))
        elif number.flags:
            answers.append(Answer(line.line, who, "bad-number"))
        elif (number.number, line.benefit) in seen:
            answers.append(Answer(line.line, who, "twice-in-list"))
        else:
            seen.add((number.number, line.benefit))
            problem, ids = _certify(store, line, number.number, unit, clerk, staff_id, today, now, papers)
            answers.append(Answer(line.line, who, problem, ids))
    report = Report(list_id, tuple(answers))
    row = {
        "list_id": list_id,
        "unit": unit,
        "taken_by": staff_id,
        "taken_at": iso(now),
        "rows": len(lines),
        "saved": report.saved,
        "papers": json.dumps(list(papers)),
    }
    with store.transaction() as db:
        db.execute("INSERT OR REPLACE INTO unit_lists VALUES (:list_id, :unit, :taken_by, :taken_at, :rows, :saved, :papers)", row)
        journal.append(
            store,
            "unit-list",
            {"list": list_id, "staff": staff_id, "rows": len(lines), "saved": report.saved},
            now,
            [("unit_lists", row)],
        )
    return report


def _certify(
    store: Store,
    line: Line,
    number: str,
    unit: str,
    clerk: Person,
    staff_id: str,
    today: date,
    now: datetime,
    papers: Sequence[str],
) -> tuple[str, tuple[str, ...]]:
    person = Person(line.name, number, identified_by=IdentifiedBy.DESK)
    found = service.look_up(store, person, today, "query", now=now)
    if found.entry is None or found.reason is not Reason.OK:
        return str(found.reason), ()
    due = [item for item in found.eligibilities if item.may_pass and line.benefit in ("", item.benefit_id, item.benefit_kind)]
    if not due:
        return "no-such-benefit" if not any(line.benefit in (e.benefit_id, e.benefit_kind) for e in found.eligibilities) else (
            str(next(e.reason for e in found.eligibilities if line.benefit in (e.benefit_id, e.benefit_kind)))
        ), ()
    notes = json.dumps({"unit": unit, "papers": list(papers)}, ensure_ascii=False)
    made = [
        attended(store, item, found.entry.person_id, Channel.UNIT_LIST, staff_id, now, helper=clerk, notes=notes) for item in due
    ]
    visit_id = f"unit-{new_record_id()}"
    return "", records.save_visit(store, [replace(one, visit_id=visit_id) for one in made], now)


def attended(
    store: Store,
    item: Eligibility,
    person_id: str,
    channel: Channel,
    staff_id: str,
    now: datetime,
    *,
    helper: Person | None = None,
    notes: str = "",
    visit_id: str = "",
    outcome: Outcome = Outcome.PASSED,
    reason: str = "ok",
) -> AuthenticationRecord:
    """Return a record an attendant answers for, for one benefit. Nothing is saved."""
    return AuthenticationRecord(
        record_id=new_record_id(),
        visit_id=visit_id or f"desk-{new_record_id()}",
        station_id=store.settings.station.station_id,
        person_id=person_id,
        benefit_id=item.benefit_id,
        policy_id=item.policy_id,
        policy_period=item.period,
        channel=channel,
        outcome=outcome,
        reason=reason,
        clock=clock.evidence(store, now),
        identified_by=str(IdentifiedBy.DESK),
        roster_version=roster.version_for(store, person_id),
        author=staff_id,
        valid_from=item.if_passed_from if outcome is Outcome.PASSED else None,
        valid_to=item.if_passed_to if outcome is Outcome.PASSED else None,
        helper_name=helper.name if helper else "",
        helper_id_number=helper.id_number if helper else "",
        notes=notes,
    )


# --- reading files


def _csv(data: bytes) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")  # what a spreadsheet saves on a Chinese system
        except UnicodeDecodeError:
            raise ListUnreadable("neither UTF-8 nor GB 18030") from None
    if "\x00" in text:
        raise ListUnreadable("not a text")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise ListUnreadable(f"not a CSV: {error}") from None


def _xlsx(data: bytes) -> Iterator[list[str]]:
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > 200 or sum(member.file_size for member in members) > MAX_UNPACKED:
                raise ListUnreadable("unpacks to more than a list can be")
            for member in members:  # the sizes above are only claims: unpack within bounds before anything else does
                with archive.open(member) as inside:
                    if len(inside.read(MAX_UNPACKED + 1)) != member.file_size:
                        raise ListUnreadable("damaged spreadsheet")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        for count, row in enumerate(sheet.iter_rows(values_only=True, max_col=50), 1):
            if count > MAX_ROWS + 1:
                raise ListUnreadable(f"more than {MAX_ROWS} rows")
            yield ["" if cell is None else str(cell) for cell in row]
        book.close()
    except ListUnreadable:
        raise
    except Exception as error:  # openpyxl raises whatever its XML parser meets in a hostile file
        raise ListUnreadable(f"not a spreadsheet ({type(error).__name__})") from None


def _lines(table: Iterator[list[str]]) -> list[Line]:
    heading = [cell.strip() for cell in next(table, [])]
    where = {
        key: next((i for i, cell in enumerate(heading) if cell.lower() in names), None)
        for key, names in (("number", _NUMBER), ("name", _NAME), ("benefit", _BENEFIT))
    }
    number, name, benefit = where["number"], where["name"], where["benefit"]
    if number is None or name is None:
        raise ListUnreadable("columns 姓名 and 证件号码 expected in the first row")
    lines: list[Line] = []
    for count, row in enumerate(table, 2):
        cells = [cell.strip()[:100] for cell in row]
        if not any(cells):
            continue
        if len(lines) >= MAX_ROWS:
            raise ListUnreadable(f"more than {MAX_ROWS} rows")

        def cell(index: int | None, cells: list[str] = cells) -> str:
            return cells[index] if index is not None and index < len(cells) else ""

        lines.append(Line(count, cell(name), cell(number), cell(benefit)))
    return lines
