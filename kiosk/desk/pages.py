"""What each page of an open desk does with an event. Pure; called by `machine`, which has looked at session and time already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from kiosk.desk import checks
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards import on_board
from kiosk.desk.papers import on_papers, on_scans, pages_of
from kiosk.desk.values import Declared as Kind
from kiosk.desk.values import Place
from kiosk.domain import desk_rules
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.record import Channel

PageStep = tuple["s.Page | Place", tuple[c.Command, ...]]


def on_page(session: s.Session, page: s.Page, event: e.Event, today: date) -> PageStep:
    """Return the page after an event (or the place to go to) and what is to be done."""
    return _HANDLERS[type(page)](session, page, event, today)


def typed(name: str, number: str) -> Person:
    """Return an identity as an attendant typed it from a document."""
    return Person(name.strip(), number.strip().upper(), identified_by=IdentifiedBy.DESK)


def look_for(session: s.Session, person: Person, channel: Channel | None) -> PageStep:
    """Ask for a person."""
    return s.Finding(person.id_number, busy=True, channel=channel), (c.FindPerson(session, person, channel),)


def _board(session: s.Session, page: s.Board, event: e.Event, today: date) -> PageStep:
    if page.place is Place.UNIT_LIST and not page.busy:
        step = on_papers(session, page, event)
        if step is not None:
            return step
    match event:
        case e.CardRead(person) if page.place is not Place.UNIT_LIST and not page.busy and not page.binding:
            return look_for(session, replace(person, identified_by=IdentifiedBy.DESK), None)
        case e.PersonChosen(number, channel) if not page.busy:
            return look_for(session, typed("", number), channel)
        case e.SearchTouched(number, name) if page.place is Place.HOME:
            return _finding(session, s.Finding(), e.SearchTouched(number, name), today)
        case e.BackTouched() if page.place is not Place.HOME and not page.busy:
            return Place.TODO if page.place is Place.REMINDERS else Place.HOME, ()
    return on_board(session, page, event, today)


def _finding(session: s.Session, page: s.Finding, event: e.Event, today: date) -> PageStep:
    match event:
        case e.SearchTouched(number, name) if not page.busy:
            if not number.strip():  # never by a name alone
                return replace(page, number="", problem="name-alone" if name.strip() else "number-missing"), ()
            if "PK1." in number:  # a scanner typed the code of our own slip
                calm = replace(page, number="", busy=True, problem="")
                return calm, (c.FindByCode(session, number.strip(), page.channel),)
            after, commands = look_for(session, typed(name, number), page.channel)
            return after, commands
        case e.CardRead(person) if not page.busy:
            return look_for(session, replace(person, identified_by=IdentifiedBy.DESK), page.channel)
        case e.CardTroubled(reason) if not page.busy:
            return replace(page, problem=reason), ()
        case e.PersonFound(_, found, channel, elsewhere, asked) if page.busy and (
            "" in (asked, page.number) or asked == page.number
        ):
            if found.entry is None and elsewhere and found.person.name and not page.elsewhere:
                why = found.why.value if found.why is not None else ""
                question = c.FindPerson(session, found.person, channel, found.visit_id, why, found.counted, elsewhere=True)
                return replace(page, elsewhere=True), (question,)
            page = replace(page, elsewhere=False)
            if found.entry is None:
                odd = checks.number_odd(found.person.id_number) and found.reason.value == "not-in-roster"
                nobody = "name-for-centre" if elsewhere and not found.person.name else found.reason.value
                return replace(page, busy=False, problem="number-odd" if odd else nobody), ()
            if channel is not None and found.due and not found.clock_suspect:
                return s.Assisting(found, channel), ()
            return s.Showing(found), ()
        case e.NotSaved(_, problem) if page.busy:
            return replace(page, busy=False, elsewhere=False, problem=problem), ()
        case e.BackTouched():
            return Place.HOME, ()
    return page, ()


def _showing(session: s.Session, page: s.Showing, event: e.Event, today: date) -> PageStep:
    found = page.found
    match event:
        case e.AssistChosen(channel) if found.due and not found.clock_suspect and channel in desk_rules.ASSISTED:
            return s.Assisting(found, channel), ()
        case e.EnrolChosen() if found.entry is not None:
            return s.Enrolling(found), ()
        case e.DeclareChosen() if found.entry is not None:
            return s.TakingDeclaration(found), ()
        case e.CardRead(person) if person.id_number != found.person.id_number:
            return look_for(session, replace(person, identified_by=IdentifiedBy.DESK), None)
        case e.BackTouched():
            return Place.FIND, ()
    return page, ()


def _assisting(session: s.Session, page: s.Assisting, event: e.Event, today: date) -> PageStep:
    if page.busy:
        match event:
            case e.Saved(_, record_ids):
                return s.Done(page.channel, record_ids, page.found), (c.NudgeSync(),)
            case e.NotSaved(_, problem):
                return replace(page, busy=False, problem=problem), ()
        return page, ()
    if page.channel in desk_rules.PROXIES:
        step = on_scans(session, page, event) or on_papers(session, page, event)
        if step is not None:
            return step
    match event:
        case e.AssistSubmitted() if page.scanning:
            return page, ()  # the form would go without the paper that is being read
        case e.AssistSubmitted(form):
            papers = tuple(dict.fromkeys((*form.papers, *page.seen)))
            form = replace(form, papers=papers, documents=page.documents, review=page.review and bool(page.documents))
            problem = checks.assisted(page, form)
            if problem:
                return replace(page, problem=problem), ()
            return replace(page, busy=True, problem=""), (
                c.SaveAssisted(session, page.found, page.channel, form, page.agent, agent_odd=bool(page.agent and page.asked)),
            )
        case e.CardRead(person) if page.channel in desk_rules.PROXIES:
            after = _with_agent(replace(page, asked=""), replace(person, identified_by=IdentifiedBy.DESK))
            shown = not after.problem and "agent-id" not in page.seen  # the card itself lay on the reader
            return (replace(after, seen=(*page.seen, "agent-id")) if shown else after), ()
        case e.AgentTyped() if page.channel in desk_rules.PROXIES:
            made, problem, asked = checks.identity(event, page.asked, today)
            if made is None:
                return replace(page, problem=problem, asked=asked), ()
            left = tuple(paper for paper in page.seen if paper != "agent-id" or page.agent is None)  # no card of this one was laid
            return _with_agent(replace(page, seen=left, asked=asked), made), ()
        case e.AssistChosen(channel) if page.channel in desk_rules.PROXIES and channel in desk_rules.PROXIES:
            return replace(page, channel=channel), ()
        case e.CardTroubled(reason):
            return replace(page, problem=reason), ()
        case e.BackTouched():
            return s.Showing(page.found), ()
    return page, ()


def _with_agent(page: s.Assisting, agent: Person) -> s.Assisting:
    if agent.id_number == page.found.person.id_number:
        return replace(page, problem="agent-is-principal")
    return replace(page, agent=agent, problem="")


def _enrolling(session: s.Session, page: s.Enrolling, event: e.Event, today: date) -> PageStep:
    if page.busy:
        match event:
            case e.Saved(_, record_ids, erased):
                return s.Done(Channel.ENROLMENT, record_ids, page.found, erased=erased), (c.NudgeSync(),)
            case e.NotSaved(_, problem):
                return replace(page, busy=False, problem=problem), ()
        return page, ()
    match event:
        case e.EnrolConsented():
            return replace(page, consented=True, problem=""), ()
        case e.LookTouched() if page.consented and not page.looking:
            take_id = page.take_id + 1
            return (
                replace(page, looking=True, ready=False, take_id=take_id, origin="live", problem=""),
                (c.BeginEnrolment(session, take_id),),
            )
        case e.PhotoTouched(origin) if page.consented and not page.looking and _photo_wanted(page, origin):
            take_id, number = page.take_id + 1, page.found.person.id_number
            return (
                replace(page, looking=True, ready=False, take_id=take_id, origin=origin, problem=""),
                (c.BeginPhoto(session, take_id, origin, number),),
            )
        case e.CardRead(person, _, photo) if person.id_number == page.found.person.id_number:
            return replace(page, chip=page.chip or photo), ()
        case e.TakeEnded(_, take_id, reason) if page.looking and take_id == page.take_id:
            good = reason == "ok"
            return replace(page, looking=False, ready=good, problem="" if good else reason), ()
        case e.KeepTouched() if page.consented and page.ready:
            return replace(page, busy=True), (c.KeepTemplate(session, page.found, page.take_id),)
        case e.EraseTouched() if page.found.entry is not None and page.found.entry.template is not None:
            return replace(page, busy=True, looking=False, ready=False), (c.EndEnrolment(), c.EraseTemplate(session, page.found))
        case e.BackTouched():
            return s.Showing(page.found), (c.EndEnrolment(),)
    return page, ()


def _photo_wanted(page: s.Enrolling, origin: str) -> bool:
    """A photograph takes the place of no live template."""
    entry = page.found.entry
    live = entry is not None and entry.template is not None and entry.template.origin == "live"
    return not live and (origin == "photo" or (origin == "chip" and page.chip))


def _declaring(session: s.Session, page: s.TakingDeclaration, event: e.Event, today: date) -> PageStep:
    if page.busy:
        match event:
            case e.Saved(_, record_ids, erased):
                return s.Done(Channel.DECLARATION, record_ids, page.found, erased=erased), (c.NudgeSync(),)
            case e.NotSaved(_, problem):
                return replace(page, busy=False, problem=problem), ()
        return page, ()
    step = on_papers(session, page, event)
    if step is not None:
        return step
    match event:
        case e.DeclareSubmitted(form):
            problem = checks.declaration(page.found, form, page.declarant, today)
            if problem:
                return replace(page, problem=problem), ()
            declarant = page.declarant if form.kind is Kind.DEATH else None
            odd = declarant is not None and bool(page.asked)
            return replace(page, busy=True, problem=""), (
                c.SaveDeclaration(session, page.found, form, declarant, odd, pages_of(page) if page.review else ()),
            )
        case e.CardRead(person) if person.id_number != page.found.person.id_number:
            return replace(page, declarant=replace(person, identified_by=IdentifiedBy.DESK), asked="", problem=""), ()
        case e.AgentTyped():
            made, problem, asked = checks.identity(event, page.asked, today)
            return replace(page, declarant=made or page.declarant, problem=problem, asked=asked), ()
        case e.CardTroubled(reason):
            return replace(page, problem=reason), ()
        case e.BackTouched():
            return s.Showing(page.found), ()
    return page, ()


def _done(session: s.Session, page: s.Done, event: e.Event, today: date) -> PageStep:
    match event:
        case e.RecordStatusMoved(record_id, stage, reason) if record_id in page.record_ids:
            return replace(page, stage=stage, reason=reason), ()
        case e.CardRead(person):
            return look_for(session, replace(person, identified_by=IdentifiedBy.DESK), None)
        case e.BackTouched():
            return Place.HOME, ()
    return page, ()


_HANDLERS: dict[type, Callable[[s.Session, Any, e.Event, date], PageStep]] = {
    s.Board: _board,
    s.Finding: _finding,
    s.Showing: _showing,
    s.Assisting: _assisting,
    s.Enrolling: _enrolling,
    s.TakingDeclaration: _declaring,
    s.Done: _done,
}
