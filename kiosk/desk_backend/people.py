"""The desk's look-ups: roster and rules, and the bureau where the kiosk knows its own streets alone. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kiosk.config import Sync
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Found
from kiosk.desk_backend.moment import Moment
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import new_record_id
from kiosk.store import face_history, service
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.store.roster import visitors
from kiosk.sync import elsewhere, roster_chunks
from kiosk.sync.batches import RunInStore


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
        told.missed_on,
        told.missed_why,
        entry is not None and face_history.is_ageing(store, entry.person_id),
        command.counted,
    )
    other = told.reason is Reason.NOT_IN_ROSTER and roster_chunks.by_catchment(store)
    return e.PersonFound(command.by.session_id, found, command.channel, other, command.person.id_number)


def find_elsewhere(command: c.FindPerson, settings: Sync, run: RunInStore, moment: Callable[[], Moment]) -> e.Event:
    """Ask the bureau, then look up whom it named. Blocks; never in the store's thread.

    The line stays for a day, and where a record is made until a roster has the person; the template is no matter of the desk.
    """
    asked = replace(command, visit_id=command.visit_id or f"desk-{new_record_id()}")
    reason = elsewhere.ask(settings, run, asked.visit_id, asked.person, moment().now)
    if reason is not Reason.OK:
        why = Reason(asked.why) if asked.why else None
        found = Found(asked.person, reason, visit_id=asked.visit_id, why=why, counted=asked.counted)
        return e.PersonFound(asked.by.session_id, found, asked.channel, asked=asked.person.id_number)
    try:
        return run(lambda store: find(store, asked, moment()))
    finally:
        run(lambda store: visitors.visit_over(store, asked.visit_id))
