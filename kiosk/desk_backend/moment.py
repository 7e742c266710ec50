"""When the desk does something: the context of one request. Known by all of `desk_backend`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is done, by both clocks, and the day it is at the station."""

    now: datetime  # aware, UTC
    today: date  # at the station
    monotonic_s: float
