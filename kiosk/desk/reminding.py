"""The board of people to call: a tick when somebody called, the list on paper or on a medium. Pure; called by `boards`."""

from __future__ import annotations

from dataclasses import replace

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import RemindersData

MAX_PRINTED = 60  # ours: people on one slip, about a metre of paper


def on_reminders(session: s.Session, page: s.Board, event: e.Event) -> tuple[s.Board, tuple[c.Command, ...]]:
    """Return the board after an event and what is to be done."""
    data = page.data if isinstance(page.data, RemindersData) else RemindersData()
    match event:
        case e.CalledTouched(person_id) if any(one.person_id == person_id and one.called_on is None for one in data.rows):
            return replace(page, busy=True), (c.MarkCalled(session, person_id),)
        case e.PrintTouched(area):
            rows = tuple(one for one in data.rows if area in (None, one.area) and one.called_on is None)
            if not rows:
                return replace(page, problem="nobody-to-call"), ()
            if not data.printer:
                return replace(page, problem="printer-unavailable"), ()
            return replace(page, busy=True), (c.PrintReminders(session, rows[:MAX_PRINTED], data.made_on),)
    return page, ()
