"""What the desk's commands do in the store's thread, each answered with an event. No Qt; called by `desk_controller`."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk import config
from kiosk.desk import boards_data as b
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.states import Session
from kiosk.desk.values import Found, Place
from kiosk.desk_backend import scans as desk_scans
from kiosk.desk_backend.boards import member_of
from kiosk.desk_backend.moment import Moment
from kiosk.domain.fairness import corrected
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import new_record_id
from kiosk.errors import ConfigError, KioskError, StoreError
from kiosk.removable import files
from kiosk.store import clock, ledger, outbox, records, service
from kiosk.store.desk import assisted as desk
from kiosk.store.desk import declarations, staff, todo, unit_list
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.sync.delivery import RunInStore
from kiosk.sync.status import PAUSED_BY
from kiosk.unit_list import reading

log = logging.getLogger(__name__)

# --- signing in


def check_pin(store: Store, command: c.CheckPin, at: Moment) -> e.Event:
    """Look at a PIN."""
    answer = staff.sign_in(store, command.staff_id, command.pin, at.now, monotonic_s=at.monotonic_s)
    if answer.member is None:
        return e.SignInRefused(answer.wait_s, answer.tries_left)
    return e.SignedIn(member_of(answer.member))


def add_first(store: Store, command: c.AddFirst, at: Moment) -> e.Event:
    """The first supervisor; refused as soon as there is anybody."""
    if any(member.active for member in staff.members(store)):
        return e.FirstRefused("staff-exist")
    try:
        made = staff.add(store, command.staff_id, command.name, staff.Role.SUPERVISOR, command.pin, at.now, by="set-up")
    except staff.WeakPin:
        return e.FirstRefused("weak-pin")
    except ValueError:
        return e.FirstRefused("number-taken")
    return e.SignedIn(member_of(made))


# --- people


def find(store: Store, command: c.FindPerson, at: Moment) -> e.Event:
    """Roster and rules, without asking for a face. A missing name is taken from the roster; a given one must fit."""
    person = command.person
    if not person.name:
        entry = roster.find(store, person.id_number)
        if entry is not None:
            person = Person(entry.name, entry.id_number, person.document_kind, IdentifiedBy.DESK)
    told = service.look_up(store, person, at.today, "query", now=at.now, monotonic_s=at.monotonic_s)
    entry = None if told.reason is Reason.NAME_MISMATCH else told.entry
    found = Found(
        person,
        told.reason,
        entry,
        told.eligibilities,
        told.stages,
        told.returned_reason,
        told.roster_stale,
        told.clock_suspect,
        command.visit_id,
        Reason(command.why) if command.why else None,
        command.counted,
    )
    return e.PersonFound(command.by.session_id, found, command.channel)


def save_assisted(store: Store, command: c.SaveAssisted, at: Moment) -> e.Event:
    """Face to face, at home, by proxy: one transaction. What was drawn and scanned is kept as digests."""
    form, found, session = command.form, command.found, command.by
    if found.entry is None:
        return e.NotSaved(session.session_id, "nobody")
    signed = (("person" if command.agent is None else "agent", form.person_signature), ("staff", form.staff_signature))
    details: dict[str, object] = {
        "signatures": {who: {"sha256": one.digest, "strokes": one.strokes} for who, one in signed if one},
        "documents": [{"name": one.name[:80], "sha256": one.digest} for one in form.documents[:8]],
    }
    if form.cannot_sign:
        details["cannot_sign"] = True
    if form.note:
        details["note"] = form.note
    try:
        review = desk_scans.for_review(form.documents) if form.review else []
    except desk_scans.ScanUnfit:
        return e.NotSaved(session.session_id, "scan-unfit")
    items = [item for item in found.eligibilities if item.benefit_id in form.benefit_ids]
    ids = desk.authenticate(
        store,
        found.entry,
        items,
        command.channel,
        session.staff_id,
        at.now,
        why=form.why,
        helper=command.agent,
        papers=form.papers,
        visit_id=found.visit_id,
        details=details,
        review=review,
    )
    _settle_glasses(store, command)
    return e.Saved(session.session_id, ids)


def _settle_glasses(store: Store, command: c.SaveAssisted) -> None:
    """Count the takes of the visit that ended here in the group the attendant saw. What is saved stays saved all the same."""
    try:
        ledger.correct(store, corrected(command.found.counted, command.found.glasses, command.form.glasses))
    except StoreError as error:
        log.error("ledger not corrected", extra={"code": error.reason})


def save_declaration(store: Store, command: c.SaveDeclaration, at: Moment) -> e.Event:
    """Hukou, residence, death."""
    form, found = command.form, command.found
    if found.entry is None:
        return e.NotSaved(command.by.session_id, "nobody")
    told = {"date": form.day.isoformat() if form.day else "", "place": form.place, "note": form.note, "relation": form.relation}
    kind = declarations.Declaration(form.kind.value)
    record_id = declarations.declare(
        store,
        kind,
        found.entry,
        {key: value for key, value in told.items() if value},
        command.by.staff_id,
        at.today,
        at.now,
        helper=command.declarant,
    )
    return e.Saved(
        command.by.session_id, (record_id,), erased=kind is declarations.Declaration.DEATH and found.entry.template is not None
    )


def keep_template(store: Store, command: c.KeepTemplate, at: Moment, vector: bytes, model_digest: str) -> e.Event:
    """Keep the take's template with a consent of its own, the attendant as witness."""
    entry = command.found.entry
    if entry is None:
        return e.NotSaved(command.by.session_id, "nobody")
    consent = records.Consent(f"enrolment-{new_record_id()}", entry.person_id, "enrolment", witness=command.by.staff_id)
    record_id = desk.enrol(store, entry, vector, model_digest, consent, command.by.staff_id, at.today, at.now)
    return e.Saved(command.by.session_id, (record_id,))


def erase_template(store: Store, command: c.EraseTemplate, at: Moment) -> e.Event:
    """Consent withdrawn: erased at once, proven by looking again."""
    entry = command.found.entry
    if entry is None:
        return e.NotSaved(command.by.session_id, "nobody")
    record_id = declarations.withdraw(store, entry, command.by.staff_id, at.today, at.now)
    left = roster.find_person(store, entry.person_id)
    if left is not None and left.template is not None:
        return e.NotSaved(command.by.session_id, "not-erased")
    return e.Saved(command.by.session_id, (record_id,), erased=True)


# --- acts


def take_unit_list(store: Store, command: c.TakeUnitList, at: Moment) -> e.Event:
    """Every row answered, errors per row."""
    session = command.by
    path = Path(command.path)
    try:
        found = reading.read(files.read_file(path, reading.MAX_BYTES), path.name)
    except reading.ListUnreadable as error:
        return e.Acted(session.session_id, Place.UNIT_LIST, problem=error.code, detail=error.detail)
    except files.FileRefused as error:
        problem = "list-too-large" if error.why == "too-large" else "list-unreadable"
        return e.Acted(session.session_id, Place.UNIT_LIST, problem=problem)
    except OSError:
        return e.Acted(session.session_id, Place.UNIT_LIST, problem="list-unreadable")
    papers = (*command.papers, *(f"scan:{one.name[:60]}:{one.digest[:16]}" for one in command.documents))
    report = unit_list.take(
        store,
        found.list_id,
        found.rows,
        unit=command.unit,
        clerk=command.clerk,
        staff_id=session.staff_id,
        today=at.today,
        now=at.now,
        papers=papers,
    )
    answers = tuple(b.AnswerRow(one.line, one.who, one.problem, one.record_ids) for one in report.answers)
    return e.Acted(
        session.session_id,
        Place.UNIT_LIST,
        "list-taken",
        data=b.UnitListData(sticks=at.sticks(), answers=answers, saved=report.saved, unit=command.unit),
    )


def export(command: c.Export, words: Callable[[str], str]) -> e.Event:
    """Write the answers or the ledger as CSV into a folder, whole or not at all. words: text of a problem code."""
    data, session_id = command.data, command.by.session_id
    if isinstance(data, b.FairnessData):
        name, text = f"fairness-{data.first}-{data.last}.csv", data.csv
    elif isinstance(data, b.UnitListData):
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["line", "who", "answer", "records"])
        writer.writerows([one.line, one.who, words(one.problem), " ".join(one.record_ids)] for one in data.answers)
        name, text = "unit-list-answers.csv", out.getvalue()
    else:
        return e.Acted(session_id, command.place, problem="nothing-to-export")
    try:
        files.write_file(Path(command.folder) / name, text.encode("utf-8-sig"))  # the mark lets spreadsheets read Chinese
    except files.RemovableError as error:
        return e.Acted(session_id, command.place, problem=error.why, data=data)
    return e.Acted(session_id, command.place, "exported", detail=name, data=data)


def mark_handled(store: Store, command: c.MarkHandled, at: Moment) -> e.Event:
    """A returned record is dealt with."""
    with store.transaction() as db:
        outbox.mark_handled(db, command.record_id, at.now)
    return e.Acted(command.by.session_id, Place.TODO, "handled")


def approve(store: Store, command: c.ApproveDay, at: Moment) -> e.Event:
    """End of day; the store asks the role once more."""
    try:
        todo.approve(store, command.day, command.by.staff_id, at.today, at.now)
    except declarations.NotAllowed:
        return e.Acted(command.by.session_id, Place.APPROVAL, problem="not-approved")
    return e.Acted(command.by.session_id, Place.APPROVAL, "approved")


def confirm_clock(store: Store, command: c.ConfirmClock, at: Moment) -> e.Event:
    """The date is right; records say who said so."""
    clock.confirm(store, command.by.staff_id, at.now, at.monotonic_s)
    return e.Acted(command.by.session_id, Place.CLOCK, "clock-confirmed")


def change_staff(store: Store, command: c.AddStaff | c.ResetPin | c.RevokeStaff, at: Moment) -> e.Event:
    """Add, new PIN, end."""
    by, session_id = command.by.staff_id, command.by.session_id
    try:
        match command:
            case c.AddStaff(_, staff_id, name, role, pin):
                staff.add(store, staff_id, name, staff.Role(role.value), pin, at.now, by=by)
                done = "staff-added"
            case c.ResetPin(_, staff_id, pin):
                staff.set_pin(store, staff_id, pin, at.now, by=by)
                done = "pin-reset"
            case c.RevokeStaff(_, staff_id):
                staff.revoke(store, staff_id, at.now, by=by)
                done = "staff-revoked"
    except staff.WeakPin:
        return e.Acted(session_id, Place.STAFF, problem="weak-pin")
    except ValueError:
        return e.Acted(session_id, Place.STAFF, problem="number-taken")
    return e.Acted(session_id, Place.STAFF, done)


def count(store: Store, command: c.CountStaff, at: Moment) -> e.Event:
    """Is there anybody?"""
    return e.StaffCounted(any(member.active for member in staff.members(store)))


# Commands that are one piece of work in the store's thread.
WORK: dict[type, Callable[[Store, Any, Moment], e.Event]] = {
    c.CountStaff: count,
    c.CheckPin: check_pin,
    c.AddFirst: add_first,
    c.FindPerson: find,
    c.SaveAssisted: save_assisted,
    c.SaveDeclaration: save_declaration,
    c.EraseTemplate: erase_template,
    c.TakeUnitList: take_unit_list,
    c.MarkHandled: mark_handled,
    c.ApproveDay: approve,
    c.ConfirmClock: confirm_clock,
    c.AddStaff: change_staff,
    c.ResetPin: change_staff,
    c.RevokeStaff: change_staff,
}


def code_of(error: BaseException) -> str:
    """Return the code an attendant is told for a failure."""
    return str(error.reason) if isinstance(error, KioskError) else Reason.INTERNAL_ERROR.value


def note_pause(store: Store, by: Session, on: bool, at: Moment) -> e.Event:
    """Somebody paused the delivery, or let it go on: that is in the journal."""
    with store.transaction() as db:  # remembered: a restart must not let go on what somebody stopped
        row = {"key": PAUSED_BY, "value": by.staff_id if on else ""}
        outbox.put(db, row["key"], row["value"])
        journal.append(store, "sync-paused" if on else "sync-resumed", {"staff": by.staff_id}, at.now, [("sync_state", row)])
    return e.Acted(by.session_id, Place.SYNC, "sync-paused" if on else "sync-resumed")


def carry(
    by: Session,
    direction: str,
    folder: str,
    settings: config.Sync,
    run_in_store: RunInStore,
    on_moved: Callable[[outbox.Moved], None],
) -> e.Event:
    """Export to or import from a stick. Not in the store's thread: a stick is slow. on_moved: told of each record that went on."""
    from kiosk.sync import courier
    from kiosk.sync.delivery import journal_lines
    from kiosk.sync.keys import load_identity

    try:
        identity = load_identity(settings)
    except ConfigError:
        return e.Acted(by.session_id, Place.SYNC, problem="not-provisioned")
    try:
        if direction == "export":
            done = courier.export(run_in_store, identity, Path(folder), journal_tail=journal_lines)
            return e.Acted(by.session_id, Place.SYNC, "courier-exported", detail=str(done.records))
        told = courier.import_from(run_in_store, identity, Path(folder), on_moved=on_moved)
    except files.RemovableError as error:
        return e.Acted(by.session_id, Place.SYNC, problem=error.why)
    refused = [one for one in told if one.outcome == "refused"]
    applied = sum(one.outcome == "applied" for one in told)
    if refused and all(one.why == "truncated" for one in refused):
        return e.Acted(by.session_id, Place.SYNC, problem="stick-partial")
    if refused:
        return e.Acted(by.session_id, Place.SYNC, problem="stick-refused", detail=", ".join(one.why for one in refused[:3]))
    return e.Acted(by.session_id, Place.SYNC, "courier-imported", detail=str(applied))


def examine(settings: config.Settings) -> tuple[tuple[str, str, str], ...]:
    """Run the doctor's checks: (part, state, what)."""
    from kiosk.doctor import checks as doctor

    return tuple((one.part, one.state, one.what) for one in doctor.examine(settings))


def failed(command: c.Command, error: BaseException) -> e.Event | None:
    """Return what a failure means to the page that waits."""
    code = code_of(error)
    by = getattr(command, "by", None)
    match command:
        case c.CheckPin():
            return e.SignInRefused(problem=code)
        case c.AddFirst():
            return e.FirstRefused(code)
        case c.CountStaff():
            return e.StaffCounted(True)
        case c.FindPerson() | c.SaveAssisted() | c.SaveDeclaration() | c.KeepTemplate() | c.EraseTemplate() if by is not None:
            return e.NotSaved(by.session_id, code)
    place = {
        c.TakeUnitList: Place.UNIT_LIST,
        c.MarkHandled: Place.TODO,
        c.ApproveDay: Place.APPROVAL,
        c.ConfirmClock: Place.CLOCK,
        c.AddStaff: Place.STAFF,
        c.ResetPin: Place.STAFF,
        c.RevokeStaff: Place.STAFF,
        c.PauseSync: Place.SYNC,
        c.Courier: Place.SYNC,
        c.LendHomeVisits: Place.HOME_VISITS,
        c.CarryHomeVisits: Place.HOME_VISITS,
    }.get(type(command))
    if place is None or by is None:
        return None
    return e.Acted(by.session_id, place, problem=code)
