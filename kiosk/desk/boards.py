"""Pages that show what the store or a device told, and act on it: to-do, approval, sync, clock, staff and the like. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from kiosk.desk import checks
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import ApprovalData, CameraData, with_media
from kiosk.desk.reminding import on_reminders
from kiosk.desk.values import Place, Role
from kiosk.domain import camera_identity, desk_rules
from kiosk.domain.person import IdentifiedBy

# What is written to a stick: tables, and of the devices a bundle for whoever helps from afar.
_EXPORTED = (Place.UNIT_LIST, Place.FAIRNESS, Place.REMINDERS, Place.MAINTENANCE)
BoardStep = tuple[s.Board, tuple[c.Command, ...]]


def on_board(session: s.Session, page: s.Board, event: e.Event, today: date) -> BoardStep:
    """Return the board after an event and what is to be done."""
    match event:
        case e.Loaded(_, place, data) if place is page.place:
            return replace(page, data=data), ()
        case e.MediaSeen(_, media, lists):
            return replace(page, data=with_media(page.data, media, lists)), ()
        case e.Acted(_, place, notice, problem, detail, data) if place is page.place:
            after = replace(page, busy=False, notice=notice, problem=problem, detail=detail)
            if data is not None:  # of a unit list, the answers: its pages are evidence by now
                return replace(after, data=data, documents=(), seen=(), review=False), ()
            news: tuple[c.Command, ...] = (c.NudgeSync(),) if notice in ("visits-merged", "visit-changed") else ()
            if notice == "called":  # the bureau hears it soon
                news = (c.NudgeSync(),)
            if notice == "camera-confirmed":
                news = (c.LookAtCamera(), c.NudgeSync())
            return after, (c.Load(session, place), *news)
        case e.RecordStatusMoved() if page.place in (Place.TODO, Place.SYNC, Place.HOME):
            return page, (c.Load(session, page.place),)
    if page.busy:
        return page, ()
    waits = page.binding if isinstance(event, e.CardRead | e.CardTroubled) else ""  # any other touch: no card is bound any more
    calm = replace(page, problem="", notice="", detail="", binding=waits)
    if isinstance(event, e.ExportTouched) and page.place in _EXPORTED and page.data is not None:
        return replace(calm, busy=True), (c.Export(session, page.place, event.folder, page.data),)
    match page.place:
        case Place.HOME if isinstance(event, e.CallAnswered):
            return calm, (c.AnswerCall(session), c.Load(session, Place.HOME))
        case Place.TODO if isinstance(event, e.HandledTouched):
            return replace(calm, busy=True), (c.MarkHandled(session, event.record_id),)
        case Place.CLOCK if isinstance(event, e.ClockConfirmed):
            return replace(calm, busy=True), (c.ConfirmClock(session),)
        case Place.UNIT_LIST:
            after, commands = _unit_list(session, calm, event, today)
        case Place.HOME_VISITS:
            after, commands = _home_visits(session, calm, event, today)
        case Place.REMINDERS:
            after, commands = on_reminders(session, calm, event)
        case Place.SYNC:
            after, commands = _sync(session, calm, event)
        case Place.SHORT_PIN if isinstance(event, e.ShortPinChosen):
            problem = checks.short_pin(session, event.pin, event.pin_again)
            return (
                (replace(calm, problem=problem), ())
                if problem
                else (
                    replace(calm, busy=True),
                    (c.SetShortPin(session, event.pin),),
                )
            )
        case Place.APPROVAL | Place.MAINTENANCE | Place.CAMERA | Place.STAFF if session.role is Role.SUPERVISOR:
            after, commands = _supervisor(session, calm, event)
        case _:
            return page, ()
    # What means nothing here must not wipe what was said last: a tick, a touch beside the buttons.
    return (page, ()) if after is calm and not commands else (after, commands)


def _unit_list(session: s.Session, page: s.Board, event: e.Event, today: date) -> BoardStep:
    match event:
        case e.CardRead(person):
            return replace(page, clerk=replace(person, identified_by=IdentifiedBy.DESK), asked=""), ()
        case e.CardTroubled(reason):
            return replace(page, problem=reason), ()
        case e.AgentTyped():
            made, problem, asked = checks.identity(event, page.asked, today)
            return replace(page, problem=problem, clerk=made or page.clerk, asked=asked), ()
        case e.UnitListChosen(file, unit, ticked):
            papers = tuple(dict.fromkeys((*ticked, *page.seen)))
            problem = (
                "clerk-missing"
                if page.clerk is None
                else "unit-missing"
                if not unit.strip()
                else "papers-missing"
                if desk_rules.unit_papers_problem(papers)
                else "file-missing"
                if file is None
                else ""
            )
            if problem or page.clerk is None or file is None:
                return replace(page, problem=problem), ()
            return replace(page, busy=True), (
                c.TakeUnitList(session, file, unit.strip(), page.clerk, papers, page.documents, clerk_odd=bool(page.asked)),
            )
    return page, ()


def _home_visits(session: s.Session, page: s.Board, event: e.Event, today: date) -> BoardStep:
    match event:
        case e.VisitChangeTouched(person_id, cancelled, typed):
            day, problem = checks.agreed_day(typed, today)
            if problem:
                return replace(page, problem=problem), ()
            return replace(page, busy=True), (c.ChangeVisit(session, person_id, cancelled, day),)
        case e.ExportListTouched(kiosk_id, folder, person_ids):
            problem = (
                "medium-missing" if not folder else "peer-missing" if not kiosk_id else "nobody-to-export" if not person_ids else ""
            )
            if problem:
                return replace(page, problem=problem), ()
            return replace(page, busy=True), (c.ExportHomeVisits(session, kiosk_id, folder, person_ids),)
        case e.HomeCarryTouched(what, folder) if what in ("import", "return", "merge", "news"):
            if not folder:
                return replace(page, problem="medium-missing"), ()
            return replace(page, busy=True), (c.CarryHomeVisits(session, what, folder),)
    return page, ()


def _sync(session: s.Session, page: s.Board, event: e.Event) -> BoardStep:
    match event:
        case e.SyncNowTouched():
            return replace(page, notice="sync-asked"), (c.SyncNow(session),)
        case e.SyncPauseTouched(on):
            return replace(page, busy=True), (c.PauseSync(session, on),)
        case e.CourierTouched(direction, folder) if direction in ("export", "import"):
            if not folder:
                return replace(page, problem="medium-missing"), ()
            return replace(page, busy=True), (c.Courier(session, direction, folder),)
    return page, ()


def _supervisor(session: s.Session, page: s.Board, event: e.Event) -> BoardStep:
    """APPROVAL, MAINTENANCE, CAMERA and STAFF; the role was looked at already."""
    match event:
        case e.ApproveTouched(day) if page.place is Place.APPROVAL:
            waiting = {one.day: one for one in page.data.days} if isinstance(page.data, ApprovalData) else {}
            if day not in waiting:
                return page, ()
            problem = checks.approval(session, waiting[day].authors)
            if problem:
                return replace(page, problem=problem), ()
            return replace(page, busy=True), (c.ApproveDay(session, day),)
        case e.MaintenanceTouched(what) if page.place is Place.MAINTENANCE:
            return page, (c.Maintain(session, what),)
        case e.CameraConfirmed(why) if page.place is Place.CAMERA:
            if not isinstance(page.data, CameraData) or page.data.believed:
                return page, ()
            if why not in camera_identity.WHYS:
                return replace(page, problem="camera-why"), ()
            return replace(page, busy=True), (c.ConfirmCamera(session, why),)
        case e.StaffAdded(staff_id, name, role, pin, again) if page.place is Place.STAFF:
            problem = checks.new_pin(pin, again) or ("" if staff_id.strip() and name.strip() else "name-missing")
            if problem:
                return replace(page, problem=problem), ()
            return replace(page, busy=True), (c.AddStaff(session, staff_id.strip(), name.strip(), role, pin),)
        case e.PinReset(staff_id, pin, again) if page.place is Place.STAFF:
            problem = checks.new_pin(pin, again)
            if problem:
                return replace(page, problem=problem), ()
            return replace(page, busy=True), (c.ResetPin(session, staff_id, pin),)
        case e.StaffRevoked(staff_id) if page.place is Place.STAFF:
            problem = desk_rules.revocation_problem(session.role, session.staff_id, staff_id)
            if problem:
                return replace(page, problem=problem), ()
            return replace(page, busy=True), (c.RevokeStaff(session, staff_id),)
        case e.CardBindTouched(staff_id) if page.place is Place.STAFF and staff_id:
            return replace(page, binding=staff_id, notice="lay-staff-card"), ()
        case e.CardRead(_, card) if page.place is Place.STAFF and page.binding and card:
            return replace(page, busy=True, binding=""), (c.BindCard(session, page.binding, card),)
        case e.CardTroubled(reason) if page.place is Place.STAFF and page.binding:
            return replace(page, problem=reason), ()
    return page, ()
