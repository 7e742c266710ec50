"""Every module that keeps tables in the main file, in order of dependence.

The names are what `engine.migrations` wrote into the database: they never change, wherever a module moves.
"""

from __future__ import annotations

from kiosk.store import camera_pin, clock, face_history, ledger, outbox_table, policies, records, reminders
from kiosk.store.desk import declarations, paper_pages, quick, staff, todo, unit_list
from kiosk.store.engine import journal, meta
from kiosk.store.home_visits import changes, exported, imported, visits
from kiosk.store.roster import lookup, visitors

TABLES = (
    ("meta", meta.MIGRATIONS),
    ("journal", journal.MIGRATIONS),
    ("clock", clock.MIGRATIONS),
    ("records", records.MIGRATIONS),
    ("roster", lookup.MIGRATIONS),
    ("policies", policies.MIGRATIONS),
    ("staff", staff.MIGRATIONS),
    ("quick", quick.MIGRATIONS),
    ("desk", declarations.MIGRATIONS),
    ("home", visits.MIGRATIONS),
    ("borrowed", imported.MIGRATIONS),
    ("lent", exported.MIGRATIONS),
    ("unit_list", unit_list.MIGRATIONS),
    ("todo", todo.MIGRATIONS),
    ("ledger", ledger.MIGRATIONS),
    ("outbox", outbox_table.MIGRATIONS),
    ("camera_pin", camera_pin.MIGRATIONS),
    ("paper_pages", paper_pages.MIGRATIONS),
    ("reminders", reminders.MIGRATIONS),
    ("home_changes", changes.MIGRATIONS),
    ("face_history", face_history.MIGRATIONS),
    ("visitors", visitors.MIGRATIONS),
)
