"""What pages and prompts both need to know about a state. No Qt."""

from __future__ import annotations

from typing import Protocol

from kiosk.domain.reasons import Action, Guidance
from kiosk.visit.states import AwaitingCard, Mode, Whose


class TakeView(Protocol):
    """What the camera page shows of a running take; made by `kiosk.liveness.take`."""

    @property
    def guidance(self) -> Guidance | None:
        """What to change first, or None."""

    @property
    def action(self) -> Action | None:
        """The action asked for, or about to be."""

    @property
    def action_index(self) -> int:
        """Which action it is, from 0."""

    @property
    def action_count(self) -> int:
        """How many there are."""

    @property
    def now(self) -> bool:
        """True once the action counts."""

    @property
    def progress(self) -> float:
        """How far the ring is filled, 0 to 1."""

    @property
    def done_actions(self) -> tuple[Action, ...]:
        """Actions seen already."""

    @property
    def returning(self) -> bool:
        """It was seen; now back to rest."""

    @property
    def too_early(self) -> bool:
        """It was begun before its cue."""

    @property
    def wrong_way(self) -> bool:
        """The head was turned to the other side."""

    @property
    def larger(self) -> bool:
        """It was seen, but too small to count."""

    @property
    def can_swap(self) -> bool:
        """Another action can be had."""

    @property
    def light(self) -> tuple[int, int, int] | None:
        """The colour the page shines in (reflected-light check), or None."""


def take_hint(view: TakeView) -> str:
    """Return what to say besides the action: returning, too_early, wrong_way, larger, or ""."""
    for hint in ("returning", "wrong_way", "larger", "too_early"):
        if getattr(view, hint):
            return hint
    return ""


def card_variant(state: AwaitingCard) -> str:
    """Return which words the card page uses: "", "_query", "_other", "_helper", "_helper_last", "_reading", "_away"."""
    if state.reading:
        return "_reading"
    if not state.reader_ready:
        return "_away"
    if state.whose is Whose.HELPER:
        return "_helper" if state.beneficiary is None else "_helper_last"
    return {Mode.OTHER: "_other", Mode.QUERY: "_query"}.get(state.visit.mode, "")
