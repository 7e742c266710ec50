"""What a check says: one finding. For every check of this room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kiosk import config


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `state`: ok; bad: must be put right; idle: nothing wrong, but not in use, or not to be told from here."""

    part: str
    state: Literal["ok", "bad", "idle"]
    what: str
    remedy: str = ""


Check = Callable[[config.Settings], Finding]
