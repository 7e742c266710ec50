"""What a running take, and a running scan of a card, tell the screen. Values only: made by `liveness` and `ocr`, shown by `ui`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from kiosk.domain.light_pattern import Levels
from kiosk.domain.reasons import Action, Guidance

Phase = Literal["positioning", "baseline", "light", "wait-cue", "cue", "between", "done", "failed"]
ShareBox = tuple[float, float, float, float]  # x0, y0, x1, y1 as shares of the unmirrored frame's width and height


@dataclass(frozen=True, slots=True)
class TakeView:
    """What the screen shows now. `progress` 0..1: how far the cued action is seen; `returning`: it was seen, now come back;
    `too_early`: it was begun before the cue; `wrong_way`: turned to the other side; `larger`: it was seen, but too
    small to count; `slower`: a turn was too quick to be seen; `can_swap`: "做不到" is possible."""

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
    slower: bool = False
    can_swap: bool = False
    light: tuple[int, int, int] | None = None  # the colour the screen should shine in now (reflected-light check)
    light_pattern: Levels | None = None  # the light passcode now (`ui.widgets.light`)
    box: ShareBox | None = None  # the face
    digits: str = ""  # to be read aloud
    loudness: float = 0.0  # of the voice that reads them, 0..1
    weighing: bool = False  # they were read, and are being compared
    visit_id: str = ""


class Side(StrEnum):
    """The two sides of a card."""

    FRONT = "front"  # the side with the person
    BACK = "back"  # the side with the emblem


class CardGuidance(StrEnum):
    """What the person should change; texts are `ocr.guidance.<code>` in the catalogue."""

    SHOW_FRONT = "show-front"  # nothing there yet: hold the side with the portrait up
    SHOW_BACK = "show-back"  # front is done: turn the card over
    OTHER_SIDE = "other-side"  # this is the other side
    TOO_FAR = "too-far"
    CUT_OFF = "cut-off"  # leaves the picture, or is too near
    TILTED = "tilted"
    BLURRED = "blurred"
    GLARE = "glare"
    TOO_DARK = "too-dark"
    COVERED = "covered"  # read, but fields are missing: fingers, or a card that cannot be read
    NAME_UNREAD = "name-unread"  # the number is certain, a character of the name is not
    OTHER_DOCUMENT = "other-document"
    HOLD_STILL = "hold-still"  # all is well: being read


@dataclass(frozen=True, slots=True)
class ScanView:
    """What the page shows. `quad`: outline of the card, shares of the (unmirrored) frame, empty when there is none.

    `side`: the one wanted now. `progress`: 0..1 of both sides. `masked_name`, `number_tail`: "" until the front is settled.
    """

    side: Side = Side.FRONT
    guidance: CardGuidance = CardGuidance.SHOW_FRONT
    progress: float = 0.0
    quad: tuple[tuple[float, float], ...] = ()
    masked_name: str = field(default="", repr=False)
    number_tail: str = field(default="", repr=False)
    done: bool = False
    visit_id: str = ""
