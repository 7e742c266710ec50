"""The desk: `step(state, event, world) -> (state, commands)`. Who may do what is decided here, and nowhere else.

Called by `desk_controller` alone. An event that means nothing in a state leaves it as it is. Answers name the session that asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.leaving import left_by, stays
from kiosk.desk.pages import on_page
from kiosk.desk.papers import pages_of, papered
from kiosk.desk.values import SUPERVISOR_PLACES, Place, Role, VisitGlance

UNTOUCHED_S = 30.0  # the sign-in page that nobody touches


@dataclass(frozen=True, slots=True)
class DeskWorld:
    """What a decision may depend on besides state and event."""

    now_s: float  # monotonic
    today: date
    new_session_id: int
    sign_out_s: float = 900.0
    visit: VisitGlance | None = None  # the visit under the desk


Step = tuple[s.State, tuple[c.Command, ...]]


def step(state: s.State, event: e.Event, world: DeskWorld) -> Step:
    """Return the next state and what is to be done. Never raises for any order of events."""
    if isinstance(state, s.Open):
        return _open(state, event, world)
    match event:
        case e.CloseTouched() if not isinstance(state, s.Closed):
            return s.Closed(), (c.ResumeVisit(),)
        case e.Opened() if isinstance(state, s.Closed):
            return s.Asking(), (c.PauseVisit(), c.CountStaff())
        case e.StaffCounted(any_active, quick) if isinstance(state, s.Asking):
            if not any_active:
                return s.SettingUp(), ()
            asked = (c.CheckCard(state.card),) if state.card else ()
            return s.SigningIn(busy=bool(asked), quick=quick, touched_s=world.now_s), asked
        case e.CardRead(_, card) if isinstance(state, s.Asking):
            return s.Asking(card), ()
    if isinstance(state, s.SigningIn):
        if isinstance(event, e.TimePassed):  # opened by a chance touch: back to the visit, whose time stands still meanwhile
            left = state.busy or world.now_s - state.touched_s < UNTOUCHED_S
            return (state, ()) if left else (s.Closed(), (c.ResumeVisit(),))
        after, commands = _signing_in(state, event, world)
        return (replace(after, touched_s=world.now_s) if isinstance(after, s.SigningIn) else after), commands
    if isinstance(state, s.SettingUp):
        return _setting_up(state, event, world)
    return state, ()


def _signing_in(state: s.SigningIn, event: e.Event, world: DeskWorld) -> Step:
    match event:
        case e.SignInTouched(staff_id, pin) if not state.busy and world.now_s >= state.wait_until_s:
            if not staff_id.strip() or not pin:
                return replace(state, problem="sign-in-incomplete"), ()
            return s.SigningIn(busy=True), (c.CheckPin(staff_id.strip(), pin),)
        case e.ShortPinTouched(pin) if not state.busy and state.quick is not None:
            return replace(state, busy=True, problem=""), (c.CheckShortPin(state.quick.staff_id, pin),)
        case e.SomebodyElseTouched() if not state.busy:
            return s.SigningIn(), ()
        case e.CardRead(_, card) if not state.busy and card:
            return replace(state, busy=True, problem=""), (c.CheckCard(card),)
        case e.CardTroubled(reason) if not state.busy:
            return replace(state, problem=reason), ()
        case e.SignedIn() if state.busy:
            return _signed_in(event, world)
        case e.SignInRefused(wait_s, tries_left, problem) if state.busy:
            if problem != "pin-wrong":  # of the quick way back; once it is over, only number and PIN are asked for
                over = problem in ("short-pin-over", "full-sign-in-first")
                return replace(state, problem=problem, tries_left=tries_left, busy=False, quick=None if over else state.quick), ()
            until = world.now_s + wait_s if wait_s > 0 else 0.0
            return s.SigningIn("pin-locked" if wait_s > 0 else problem, until, tries_left), ()
    return state, ()


def _setting_up(state: s.SettingUp, event: e.Event, world: DeskWorld) -> Step:
    match event:
        case e.FirstNamed(staff_id, name, pin, again) if not state.busy:
            if not staff_id.strip() or not name.strip():
                return s.SettingUp("name-missing"), ()
            if pin != again:
                return s.SettingUp("pins-differ"), ()
            return s.SettingUp(busy=True), (c.AddFirst(staff_id.strip(), name.strip(), pin),)
        case e.SignedIn() if state.busy:
            return _signed_in(event, world)
        case e.FirstRefused(problem) if state.busy:
            return s.SettingUp(problem), ()
    return state, ()


def _signed_in(event: e.SignedIn, world: DeskWorld) -> Step:
    member = event.member
    role = Role.ATTENDANT if event.quick else Role(member.role)  # what a supervisor alone may do needs number and PIN
    session = s.Session(world.new_session_id, member.staff_id, member.name, role, world.now_s, event.quick)
    return s.Open(session, s.Board(Place.HOME)), (c.Load(session, Place.HOME),)


def _open(state: s.Open, event: e.Event, world: DeskWorld) -> Step:
    session = state.session
    # Time is looked at first: a touch after the time is over signs out, it does nothing else.
    if world.now_s - session.touched_s >= world.sign_out_s:
        return s.Closed(), (c.NoteSignOut(session, automatic=True), *_put_away(session, state.page), c.ResumeVisit())
    leaving = left_by(state.page, event)
    if leaving is None:
        form = stays(state.page, event)
        if form is not None:
            return s.Open(replace(session, touched_s=world.now_s), form), ()
    return _go_on(s.Open(session, state.page), leaving or event, world)


def _go_on(state: s.Open, event: e.Event, world: DeskWorld) -> Step:
    session = state.session
    if isinstance(event, e.CloseTouched):
        return s.Closed(), (c.NoteSignOut(session), *_put_away(session, state.page), c.ResumeVisit())
    if isinstance(event, e.Touch):
        session = replace(session, touched_s=world.now_s)
    if isinstance(event, e.Reply) and event.session_id != session.session_id:
        return state, ()
    match event:
        case e.Went(place):
            if place in SUPERVISOR_PLACES and session.role is not Role.SUPERVISOR or s.is_busy(state.page):
                return s.Open(session, state.page), ()
            page, more = enter(session, place)
            return s.Open(session, page), (*_put_away(session, state.page), *more)
        case e.TakeOverTouched():
            if world.visit is None or s.is_busy(state.page):
                return s.Open(session, state.page), ()
            taken, todo = _take_over(session, world.visit)
            return taken, (*_put_away(session, state.page), *todo)
        case e.InSightTouched():
            home = isinstance(state.page, s.Board) and state.page.place is Place.HOME
            if not home or world.visit is None or not world.visit.may_vouch:
                return s.Open(session, state.page), ()
            vouched = c.VouchVisit(session, world.visit.visit_id)
            return s.Closed(), (c.NoteSignOut(session), *_put_away(session, state.page), c.ResumeVisit(), vouched)
        case e.PageKept(_, _, document) if document is not None and papered(state.page) is None:
            return s.Open(session, state.page), (c.DropPages(session, (document.page_id,)),)
    after, commands = on_page(session, state.page, event, world.today)
    if isinstance(after, Place):  # the page asks for another one
        entered, further = enter(session, after)
        return s.Open(session, entered), (*_put_away(session, state.page), *commands, *further)
    if type(after) is not type(state.page):
        commands = (*(one for one in _put_away(session, state.page) if one not in commands), *commands)
    return s.Open(session, after), commands


def enter(session: s.Session, place: Place) -> tuple[s.Page, tuple[c.Command, ...]]:
    """Return a place's first page and what it needs."""
    if place is Place.FIND:
        return s.Finding(), ()
    return s.Board(place), (c.Load(session, place),)


def _take_over(session: s.Session, visit: VisitGlance) -> Step:
    take = c.TakeVisit(session, visit.visit_id)
    if visit.person is None:
        return s.Open(session, s.Finding()), (take,)
    why = visit.reason.value if visit.reason is not None else ""
    return s.Open(session, s.Finding(visit.person.id_number, busy=True)), (
        take,
        c.FindPerson(session, visit.person, None, visit.visit_id, why, visit.counted),
    )


def _put_away(session: s.Session, page: s.Page) -> tuple[c.Command, ...]:
    """What must not outlive a page: the camera, a probe nobody kept, pictures of papers that no record took."""
    form = papered(page)
    if form is not None:  # pages that a record took are its evidence by now: dropping them changes nothing
        watch = (c.WatchPapers(session, False),) if form.camera is not None else ()
        taken = pages_of(form)
        return (*watch, c.DropPages(session, taken)) if taken and not form.busy else watch
    if isinstance(page, s.Enrolling) or (isinstance(page, s.Board) and page.place is Place.MAINTENANCE):
        return (c.EndEnrolment(),)
    return ()
