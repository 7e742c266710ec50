"""Signing in and the staff: what the desk's commands about people who work here do in the store's thread. No Qt; for `commands`."""

from __future__ import annotations

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.desk_backend.boards import member_of
from kiosk.desk_backend.moment import Moment
from kiosk.domain import desk_rules
from kiosk.store.desk import paper_pages, quick, staff
from kiosk.store.engine.database import Store


def check_pin(store: Store, command: c.CheckPin, at: Moment) -> e.Event:
    """Look at a PIN."""
    answer = staff.sign_in(store, command.staff_id, command.pin, at.now, monotonic_s=at.monotonic_s)
    if answer.member is None:
        return e.SignInRefused(answer.wait_s, answer.tries_left)
    return e.SignedIn(member_of(answer.member))


def unlock(store: Store, command: c.CheckShortPin | c.CheckCard, at: Moment) -> e.Event:
    """The quick way back."""
    if isinstance(command, c.CheckCard):
        answer = quick.by_card(store, command.card, at.now, monotonic_s=at.monotonic_s)
    else:
        answer = quick.by_short_pin(store, command.staff_id, command.pin, at.now, monotonic_s=at.monotonic_s)
    if answer.member is None:
        return e.SignInRefused(tries_left=answer.tries_left, problem=answer.problem)
    return e.SignedIn(member_of(answer.member), quick=True)


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


def change_staff(store: Store, command: c.AddStaff | c.ResetPin | c.RevokeStaff | c.BindCard, at: Moment) -> e.Event:
    """Add, new PIN, end, card."""
    by, session_id = command.by.staff_id, command.by.session_id
    try:
        match command:
            case c.AddStaff(_, staff_id, name, role, pin):
                staff.add(store, staff_id, name, role, pin, at.now, by=by)
                done = "staff-added"
            case c.ResetPin(_, staff_id, pin):
                staff.set_pin(store, staff_id, pin, at.now, by=by)
                done = "pin-reset"
            case c.RevokeStaff(_, staff_id):
                problem = desk_rules.revocation_problem(desk_rules.Role.SUPERVISOR, by, staff_id)
                if problem:
                    return e.Acted(session_id, Place.STAFF, problem=problem)
                staff.revoke(store, staff_id, at.now, by=by)
                done = "staff-revoked"
            case c.BindCard(_, staff_id, card):
                try:
                    quick.bind_card(store, staff_id, card, at.now, by=by)
                except ValueError:
                    return e.Acted(session_id, Place.STAFF, problem="staff-card-taken")
                done = "staff-card-bound"
    except staff.WeakPin:
        return e.Acted(session_id, Place.STAFF, problem="weak-pin")
    except ValueError:
        return e.Acted(session_id, Place.STAFF, problem="number-taken")
    return e.Acted(session_id, Place.STAFF, done)


def set_short_pin(store: Store, command: c.SetShortPin, at: Moment) -> e.Event:
    """The short PIN of whoever signed in with the full one."""
    session_id = command.by.session_id
    if command.by.quick:
        return e.Acted(session_id, Place.SHORT_PIN, problem="full-sign-in-first")
    try:
        quick.set_short_pin(store, command.by.staff_id, command.pin, at.now)
    except staff.WeakPin:
        return e.Acted(session_id, Place.SHORT_PIN, problem="weak-short-pin")
    except ValueError:
        return e.Acted(session_id, Place.SHORT_PIN, problem="desk-not-allowed")
    return e.Acted(session_id, Place.SHORT_PIN, "short-pin-set")


def count(store: Store, at: Moment) -> e.Event:
    """Is there anybody, and somebody who signed in a moment ago?"""
    paper_pages.clear(store)  # of a form that nobody saved
    recent = quick.offered(store, monotonic_s=at.monotonic_s)
    return e.StaffCounted(any(member.active for member in staff.members(store)), member_of(recent) if recent else None)
