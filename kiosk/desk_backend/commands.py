"""What the desk's commands do in the store's thread, each answered with an event. No Qt; called by `desk_controller`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from kiosk import config
from kiosk.desk import boards_data as b
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.states import Session
from kiosk.desk.values import Place
from kiosk.desk_backend import camera, home_visits, people, reminders, staff_work
from kiosk.desk_backend.moment import Moment
from kiosk.domain import desk_rules, template_age
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.fairness import corrected
from kiosk.domain.identity import DocumentKind
from kiosk.domain.person import Person, RosterEntry
from kiosk.domain.reasons import Reason
from kiosk.domain.record import new_record_id
from kiosk.errors import KioskError, StoreError
from kiosk.store import clock, ledger, outbox, records, review_evidence
from kiosk.store.desk import assisted as desk
from kiosk.store.desk import declarations, paper_pages, staff, todo, unit_list
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.sync import slip_codes
from kiosk.sync.status import PAUSED_BY
from kiosk.unit_list import reading

log = logging.getLogger(__name__)


# --- people


def save_assisted(store: Store, command: c.SaveAssisted, at: Moment, review: Sequence[tuple[str, bytes]] = ()) -> e.Event:
    """Face to face, at home, by proxy: one transaction. What was drawn and scanned is kept as digests.

    review: (media type, bytes) of the scans that go to human review, read already (`media`).
    """
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
    if command.agent is not None and command.agent.document_kind is not DocumentKind.RESIDENT:
        details["agent_document"] = command.agent.document_kind.value
    if command.agent_odd:
        details["agent_number_odd"] = True
    items = [item for item in found.eligibilities if item.benefit_id in form.benefit_ids]
    try:
        ids = _authenticated(store, found.entry, command, items, details, at, review)
    except paper_pages.PageGone:
        return e.NotSaved(session.session_id, "page-gone")
    _settle_glasses(store, command)
    return e.Saved(session.session_id, ids)


def _authenticated(
    store: Store,
    entry: RosterEntry,
    command: c.SaveAssisted,
    items: Sequence[Eligibility],
    details: Mapping[str, object],
    at: Moment,
    review: Sequence[tuple[str, bytes]],
) -> tuple[str, ...]:
    form = command.form
    return desk.authenticate(
        store,
        entry,
        items,
        command.channel,
        command.by.staff_id,
        at.now,
        why=form.why,
        helper=command.agent,
        papers=form.papers,
        visit_id=command.found.visit_id,
        details=details,
        review=review,
        pages=[one.page_id for one in form.documents if one.page_id and form.review],
    )


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
    if command.declarant_odd:
        told["declarant_number_odd"] = "yes"  # a rule objects; it was asked for twice
    kind = declarations.Declaration(form.kind.value)
    try:
        record_id = declarations.declare(
            store,
            kind,
            found.entry,
            {key: value for key, value in told.items() if value},
            command.by.staff_id,
            at.today,
            at.now,
            helper=command.declarant,
            pages=command.pages,
        )
    except paper_pages.PageGone:
        return e.NotSaved(command.by.session_id, "page-gone")
    return e.Saved(
        command.by.session_id, (record_id,), erased=kind is declarations.Declaration.DEATH and found.entry.template is not None
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """A face that waits to be kept as a template."""

    vector: bytes = field(default=b"", repr=False)
    model_digest: str = ""
    origin: str = template_age.LIVE
    quality: float = 0.0


def keep_template(store: Store, command: c.KeepTemplate, at: Moment, taken: Taken) -> e.Event:
    """Keep the take's template with a consent of its own, the attendant as witness."""
    entry = command.found.entry
    if entry is None:
        return e.NotSaved(command.by.session_id, "nobody")
    consent = records.Consent(f"enrolment-{new_record_id()}", entry.person_id, "enrolment", witness=command.by.staff_id)
    try:
        record_id = desk.enrol(
            store,
            entry,
            taken.vector,
            taken.model_digest,
            consent,
            command.by.staff_id,
            at.today,
            at.now,
            origin=taken.origin,
            quality=taken.quality,
        )
    except declarations.NotAllowed:
        return e.NotSaved(command.by.session_id, "photo-live-there")
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


def take_unit_list(store: Store, command: c.TakeUnitList, found: reading.UnitList, at: Moment) -> e.Event:
    """Every row answered, errors per row. The file was read already (`media`)."""
    session = command.by
    flags = ("clerk-number-odd",) if command.clerk_odd else ()  # a rule objects; it was asked for twice
    papers = (*command.papers, *flags, *(f"scan:{one.name[:60]}:{one.digest[:16]}" for one in command.documents))
    try:
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
            pages=[one.page_id for one in command.documents if one.page_id],
        )
    except paper_pages.PageGone:
        return e.Acted(session.session_id, Place.UNIT_LIST, problem="page-gone")
    answers = tuple(b.AnswerRow(one.line, one.who, one.problem, one.record_ids) for one in report.answers)
    return e.Acted(
        session.session_id,
        Place.UNIT_LIST,
        "list-taken",
        data=b.UnitListData(answers=answers, saved=report.saved, unit=command.unit, source=command.file, sheet=found.sheet),
    )


def mark_handled(store: Store, command: c.MarkHandled, at: Moment) -> e.Event:
    """A returned record, or a scan of it that was turned away, is dealt with."""
    with store.transaction() as db:
        outbox.mark_handled(db, command.record_id, at.now)
        review_evidence.mark_handled(db, command.record_id, at.now)
    return e.Acted(command.by.session_id, Place.TODO, "handled")


def approve(store: Store, command: c.ApproveDay, at: Moment) -> e.Event:
    """End of day."""
    try:
        todo.approve(store, command.day, command.by.staff_id, at.today, at.now)
    except declarations.NotAllowed:
        return e.Acted(command.by.session_id, Place.APPROVAL, problem="not-approved")
    return e.Acted(command.by.session_id, Place.APPROVAL, "approved")


def confirm_clock(store: Store, command: c.ConfirmClock, at: Moment) -> e.Event:
    """The date is right; records say who said so."""
    clock.confirm(store, command.by.staff_id, at.now, at.monotonic_s)
    return e.Acted(command.by.session_id, Place.CLOCK, "clock-confirmed")


def in_store(store: Store, command: c.InStore, at: Moment, taken: Taken | None = None) -> e.Event | None:
    """Do a command's work. taken: what KeepTemplate keeps. Raises StoreError.

    What only supervisors may is refused here to everybody else, by what the store knows of them: the desk's word is not enough.
    """
    if isinstance(command, c.FOR_SUPERVISORS) and not _by_supervisor(store, command.by):
        place = {c.ApproveDay: Place.APPROVAL, c.ConfirmCamera: Place.CAMERA}.get(type(command), Place.STAFF)
        return e.Acted(command.by.session_id, place, problem="desk-not-allowed")
    match command:
        case c.CountStaff():
            return staff_work.count(store, at)
        case c.CheckPin():
            return staff_work.check_pin(store, command, at)
        case c.CheckShortPin() | c.CheckCard():
            return staff_work.unlock(store, command, at)
        case c.AddFirst():
            return staff_work.add_first(store, command, at)
        case c.NoteSignOut(by, automatic):
            staff.sign_out(store, by.staff_id, at.now, automatic=automatic)
            return None
        case c.FindPerson():
            return people.find(store, command, at)
        case c.FindByCode(by, code, channel):
            told = slip_codes.person(store, code, store.settings.station.station_id)
            if not isinstance(told, Person):
                return e.NotSaved(by.session_id, told.value)
            return people.find(store, c.FindPerson(by, told, channel), at)
        case c.SaveAssisted():
            return save_assisted(store, command, at)
        case c.SaveDeclaration():
            return save_declaration(store, command, at)
        case c.KeepTemplate():
            return keep_template(store, command, at, taken or Taken())
        case c.EraseTemplate():
            return erase_template(store, command, at)
        case c.MarkHandled():
            return mark_handled(store, command, at)
        case c.MarkCalled():
            return reminders.mark(store, command, at)
        case c.ChangeVisit():
            return home_visits.change(store, command, at)
        case c.ApproveDay():
            return approve(store, command, at)
        case c.ConfirmClock():
            return confirm_clock(store, command, at)
        case c.ConfirmCamera():
            return camera.confirm(store, command, at)
        case c.PauseSync(by, on):
            return note_pause(store, by, on, at)
        case c.AddStaff() | c.ResetPin() | c.RevokeStaff() | c.BindCard():
            return staff_work.change_staff(store, command, at)
        case c.DropPages(_, page_ids):
            paper_pages.drop(store, page_ids)
            return None
        case c.SetShortPin():
            return staff_work.set_short_pin(store, command, at)
        case _:
            assert_never(command)


def may_maintain(store: Store, command: c.Maintain) -> e.Acted | None:
    """Return what somebody is told who may not maintain, by what the store knows of them; None: go on."""
    if _by_supervisor(store, command.by):
        return None
    return e.Acted(command.by.session_id, Place.MAINTENANCE, problem="desk-not-allowed")


def _by_supervisor(store: Store, by: Session) -> bool:
    member = staff.find(store, by.staff_id)
    return member is not None and member.active and member.role is desk_rules.Role.SUPERVISOR and not by.quick


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


def examine(settings: config.Settings) -> tuple[tuple[str, str, str], ...]:
    """Run the doctor's checks: (part, state, what)."""
    from kiosk.doctor import checks as doctor

    return tuple((one.part, one.state, one.what) for one in doctor.examine(settings))


def failed(command: c.InStore | c.OnMedia, error: BaseException) -> e.Event | None:
    """Return what a failure means to the page that waits; None where none does."""
    code = code_of(error)
    match command:
        case c.CheckPin() | c.CheckShortPin() | c.CheckCard():
            return e.SignInRefused(problem=code)
        case c.AddFirst():
            return e.FirstRefused(code)
        case c.CountStaff():
            return e.StaffCounted(True)
        case c.NoteSignOut() | c.DropPages():
            return None
        case c.FindPerson() | c.FindByCode() | c.SaveAssisted() | c.SaveDeclaration() | c.KeepTemplate() | c.EraseTemplate():
            return e.NotSaved(command.by.session_id, code)
        case c.RegisterScan():
            return e.ScanRegistered(command.by.session_id, command.path, None)
        case c.Export():
            return e.Acted(command.by.session_id, command.place, problem=code, data=command.data)
        case c.TakeUnitList():
            place = Place.UNIT_LIST
        case c.MarkHandled():
            place = Place.TODO
        case c.MarkCalled():
            place = Place.REMINDERS
        case c.ApproveDay():
            place = Place.APPROVAL
        case c.ConfirmClock():
            place = Place.CLOCK
        case c.ConfirmCamera():
            place = Place.CAMERA
        case c.AddStaff() | c.ResetPin() | c.RevokeStaff() | c.BindCard():
            place = Place.STAFF
        case c.SetShortPin():
            place = Place.SHORT_PIN
        case c.PauseSync() | c.Courier():
            place = Place.SYNC
        case c.ExportHomeVisits() | c.CarryHomeVisits() | c.ChangeVisit():
            place = Place.HOME_VISITS
        case _:
            assert_never(command)
    return e.Acted(command.by.session_id, place, problem=code)
