"""Unit lists (单位经办): answer every row of a list that `kiosk.unit_list` read, save what holds. Called by the desk's work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlite_utils import Database

from kiosk.domain import desk_rules
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.identity import IdNumber, last_four, mask_name
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import AuthenticationRecord, Channel, Outcome, new_record_id
from kiosk.domain.unit_row import UnitRow
from kiosk.store import clock, records, service
from kiosk.store.desk import paper_pages
from kiosk.store.desk.declarations import NotAllowed
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.outbox import iso
from kiosk.store.roster import lookup as roster


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


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one row. `problem` "": saved as `record_ids`; else a reason code, bad-number, twice-in-list, no-such-benefit,
    or what the row itself has wrong (`UnitRow.problem`)."""

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


def take(
    store: Store,
    list_id: str,
    lines: Sequence[UnitRow],
    *,
    unit: str,
    clerk: Person,
    staff_id: str,
    today: date,
    now: datetime,
    papers: Sequence[str] = (),
    pages: Sequence[str] = (),
) -> Report:
    """Certify every row that holds, each person in a transaction of its own; answer every row.

    clerk: the unit's clerk, whose ID was seen. papers: codes of what was brought (hukou-copies-sealed, unit-certificate).
    Taking the same list again is safe: who was saved is answered "already-done". pages: ids of photographed pages (`paper_pages`);
    with the clerk's consent they become evidence of the list's first record, in its transaction, and are erased where no row held.
    Raises PageGone, with nothing saved, where one is not there any more.
    """
    problem = desk_rules.unit_papers_problem(papers)
    if problem:
        raise NotAllowed(problem)
    answers: list[Answer] = []
    seen: set[tuple[str, str]] = set()
    for line in lines:
        who = f"{mask_name(line.name)} {last_four(line.id_number)}"
        number = IdNumber.parse(line.id_number, today)
        if line.problem or not line.name or not line.id_number:
            answers.append(Answer(line.line, who, line.problem or "bad-row"))
        elif number.flags:
            answers.append(Answer(line.line, who, "bad-number"))
        elif (number.number, line.benefit) in seen:
            answers.append(Answer(line.line, who, "twice-in-list"))
        else:
            seen.add((number.number, line.benefit))
            problem, ids = _certify(store, line, number.number, unit, clerk, staff_id, today, now, papers, pages)
            pages = () if ids else pages
            answers.append(Answer(line.line, who, problem, ids))
    report = Report(list_id, tuple(answers))
    paper_pages.drop(store, pages)
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
    line: UnitRow,
    number: str,
    unit: str,
    clerk: Person,
    staff_id: str,
    today: date,
    now: datetime,
    papers: Sequence[str],
    pages: Sequence[str],
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
    made = [replace(one, visit_id=visit_id) for one in made]
    if not pages:
        return "", records.save_visit(store, made, now)
    consent = records.Consent(f"review-{new_record_id()}", found.entry.person_id, "human-review", witness=staff_id)
    with store.transaction() as db:
        ids = records.save_visit(store, made, now, consent=consent)
        paper_pages.become_evidence(db, pages, ids[0], consent.consent_id)
    return "", ids


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
