"""What a take tells the screen. A value only: made by the take, shown by the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kiosk.domain.reasons import Action, Guidance
from kiosk.liveness.landmarks import Box

Phase = Literal["positioning", "baseline", "light", "wait-cue", "cue", "between", "done", "failed"]


@dataclass(frozen=True, slots=True)
class TakeView:
    """What the screen shows now. `progress` 0..1: how far the cued action is seen; `returning`: it was seen, now come back;
    `too_early`: it was begun before the cue; `wrong_way`: turned to the other side; `larger`: it was seen, but too
    small to count; `can_swap`: "做不到" is possible."""

    phase: Phase
    guidance: Guidance | None = None
    action: Action | None = None
    action_index: int = 0
    action_count: int = 0
    now: bool = False
    progress: float = 0.0
    done_actions: tuple[Action, ...] = ()
    seconds_left: float | None = None
    returning: bool = False
    too_early: bool = False
    wrong_way: bool = False
    larger: bool = False
    can_swap: bool = False
    light: tuple[int, int, int] | None = None  # the colour the screen should shine in now (reflected-light check)
    box: Box | None = None  # the face, as shares of the unmirrored frame's width and height
    visit_id: str = ""
