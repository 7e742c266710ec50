"""What the desk asks about people: by number, number and name, or the code of our own slip."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.desk.states import Session
from kiosk.domain.fairness import Counted
from kiosk.domain.person import Person
from kiosk.domain.record import Channel


@dataclass(frozen=True, slots=True)
class FindByCode:
    """A scanner in keyboard mode typed the code of our own slip: whose is it? Answered by PersonFound."""

    by: Session
    code: str = field(repr=False)
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class FindPerson:
    """Ask roster and rules; answered by PersonFound. `name` "": as the roster has it.

    elsewhere: the bureau is asked first, about somebody of another street: in a thread that may wait.
    """

    by: Session
    person: Person = field(repr=False)
    channel: Channel | None = None
    visit_id: str = ""
    why: str = ""
    counted: tuple[Counted, ...] = ()
    elsewhere: bool = False
