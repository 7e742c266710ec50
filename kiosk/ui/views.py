"""What pages and prompts both need to know about a state. No Qt."""

from __future__ import annotations

from kiosk.domain.take_view import TakeView
from kiosk.visit.states import AwaitingCard, Mode, Whose


def take_hint(view: TakeView) -> str:
    """Return what to say besides the action: weighing, returning, too_early, wrong_way, slower, larger, or ""."""
    for hint in ("weighing", "returning", "wrong_way", "slower", "larger", "too_early"):
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
