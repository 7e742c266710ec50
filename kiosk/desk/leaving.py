"""Whether a form may be left: what somebody signed, wrote or photographed is not thrown away without a word. Pure."""

from __future__ import annotations

from dataclasses import replace

from kiosk.desk import events as e
from kiosk.desk import states as s

Form = s.Assisting | s.TakingDeclaration


def unsaved(page: Form) -> bool:
    """Return whether something would be lost: ink and words, who else was identified, papers."""
    other = page.agent if isinstance(page, s.Assisting) else page.declarant
    return page.filled or bool(page.documents) or other is not None


def stays(page: s.Page, event: e.Event) -> Form | None:
    """Return the form that stays where it is after an event, with its question or without; None: the event goes its way."""
    if not isinstance(page, Form) or page.busy:
        return None
    match event:
        case e.FormFilled(on):
            return replace(page, filled=on)
        case e.StayTouched():
            return replace(page, leaving=None)
        case e.BackTouched() if page.leaving is not None:  # the key for "back" answers the question
            return replace(page, leaving=None)
        case e.BackTouched() if page.camera is not None:  # only the camera is put away
            return None
        case e.Went() | e.BackTouched() | e.CloseTouched() | e.TakeOverTouched() if unsaved(page):
            return replace(page, leaving=event)
    return None


def left_by(page: s.Page, event: e.Event) -> s.Leaving | None:
    """Return what leaves the form now that the question was answered so; None: it was not."""
    return page.leaving if isinstance(page, Form) and isinstance(event, e.LeaveTouched) else None
