"""The colours of the light passcode, as the screen shows them: made by `liveness`, painted by `ui`. Values only."""

from __future__ import annotations

# Linear light of red, green, blue at the two ends. Of the same relative luminance, so that nothing flashes in the sense of WCAG
# 2.3.1 (its steps are 10 % and more), and far from the saturated red that it forbids besides.
WARM = (1.0, 0.62, 0.25)
COOL = (0.35, 0.72, 1.0)

Levels = tuple[float, float, float]  # hue, across, along: shares of the way to either end; the three together at most 1
CALM: Levels = (0.0, 0.0, 0.0)


def colour(level: float) -> tuple[float, float, float]:
    """Return the linear red, green, blue of a place of the screen. level: -1 cool to 1 warm."""
    share = 0.5 + 0.5 * min(1.0, max(-1.0, level))
    red, green, blue = (c + share * (w - c) for w, c in zip(WARM, COOL, strict=True))
    return red, green, blue


def level_at(levels: Levels, right: float, down: float) -> float:
    """Return the level of a place of the page. right, down: -1 to 1 from its left (the person's left) and upper edge."""
    hue, across, along = levels
    return hue - across * right - along * down
