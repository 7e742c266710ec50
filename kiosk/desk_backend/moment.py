"""When and where the desk does something: the context of one request. Known by all of `desk_backend`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where something is done. `sticks` looks for them only where they are needed: a stick may be slow."""

    now: datetime  # aware, UTC
    today: date  # at the station
    monotonic_s: float
    sticks: Callable[[], tuple[str, ...]] = tuple
