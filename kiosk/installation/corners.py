"""Does the touch fit the picture? Four corners are touched in turn, and what arrives says how the touch panel is turned. Pure."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]  # shares of the screen's width and height, from the top left

TARGETS: tuple[Point, ...] = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
TURNS = (0, 90, 180, 270)
_NEAR = 0.25  # of the screen: a finger that means a corner is no farther from it


def judge(hits: Sequence[Point]) -> int | None:
    """Return by how many degrees clockwise the touches are turned against the picture; None: they fit no turn."""
    for turn in TURNS:
        if len(hits) == len(TARGETS) and all(_near(hit, turned(at, turn)) for hit, at in zip(hits, TARGETS, strict=True)):
            return turn
    return None


def turned(at: Point, turn: int) -> Point:
    """Return a point turned clockwise about the middle of the screen."""
    x, y = at
    for _ in range(turn // 90 % 4):
        x, y = 1.0 - y, x
    return x, y


def _near(one: Point, other: Point) -> bool:
    return abs(one[0] - other[0]) <= _NEAR and abs(one[1] - other[1]) <= _NEAR
