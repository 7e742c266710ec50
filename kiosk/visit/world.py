"""What a decision of the visit may depend on besides state and event, and what a decision is. Known by all of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kiosk.visit import commands as c
from kiosk.visit import states as s


@dataclass(frozen=True, slots=True)
class World:
    """What a decision may depend on besides state and event."""

    new_visit_id: str
    reader_ready: bool = True
    camera_ready: bool = True
    tries_per_visit: int = 3
    answer_by: date | None = None  # of a human review asked for today; None: none is offered
    visits_born_by: date | None = None  # whoever was born by then may book a home visit; None: nobody


Step = tuple[s.State, tuple[c.Command, ...]]
