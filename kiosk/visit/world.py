"""What a decision of the visit may depend on besides state and event, and what a decision is. Known by all of the machine."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.visit import commands as c
from kiosk.visit import states as s


@dataclass(frozen=True, slots=True)
class World:
    """What a decision may depend on besides state and event."""

    new_visit_id: str
    reader_ready: bool = True
    camera_ready: bool = True
    tries_per_visit: int = 3


Step = tuple[s.State, tuple[c.Command, ...]]
