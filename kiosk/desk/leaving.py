"""Whether a form may be left: what somebody signed, wrote or photographed is not thrown away without a word. Pure."""

from __future__ import annotations

from dataclasses import replace

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.papers import Papered, papered


def unsaved(page: Papered) -> bool:
    """Return whether something would be lost: ink and words, who else was identified, papers."""
    if isinstance(page, s.Board):
        return bool(page.documents)
    other = page.agent if isinstance(page, s.Assisting) else page.declarant
    return page.filled or bool(page.documents) or other is not None


def stays(page: s.Page, event: e.Event) -> Papered | None:
    """Return the form that stays where it is after an event, with its question or without; None: the event goes its way."""
    form = papered(page)
    if form is None or form.busy:
        return None
    match event:
        case e.FormFilled(on) if not isinstance(form, s.Board):
            return replace(form, filled=on)
        case e.StayTouched():
            return replace(form, leaving=None)
        case e.BackTouched() if form.leaving is not None:  # the key for "back" answers the question
            return replace(form, leaving=None)
        case e.BackTouched() if form.camera is not None:  # only the camera is put away
            return None
        case e.Went() | e.BackTouched() | e.CloseTouched() | e.TakeOverTouched() if unsaved(form):
            return replace(form, leaving=event)
    return None


def left_by(page: s.Page, event: e.Event) -> s.Leaving | None:
    """Return what leaves the form now that the question was answered so; None: it was not."""
    form = papered(page)
    return form.leaving if form is not None and isinstance(event, e.LeaveTouched) else None
