"""Where the keys of the desk's on-screen keyboard lie, and where the keyboard lies so that the field stays in sight."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase

from PySide6.QtCore import QRect

from kiosk.ui.desk.look import ROW
from kiosk.ui.theme import Look

LEAST_GAP = 8  # pixels between keys, on any screen
LEAST_KEY = 64  # pixels of a key at 1280x800, and of a character to choose on any screen
KEY = 92  # units: higher than this a key need not be
LETTERS = frozenset(ascii_lowercase)
DIGITS = "1234567890"
SIGNS = {"dot": "·", "dash": "-", "slash": "/", "stop": "."}
# What the digit keys write while the signs are chosen, in the order of DIGITS.
SIGNS_LATIN, SIGNS_CHINESE = ",_:\\()#@+&", "，。、：（）？！；—"
PAGING = ("page_back", "page_on", "more")

_Row = tuple[tuple[str, float], ...]


def _row(*keys: str | tuple[str, float]) -> _Row:
    return tuple((key, 1.0) if isinstance(key, str) else key for key in keys)


_GAP = ("", 0.25)  # between letters and digits
_TOP, _HOME = tuple("qwertyuiop"), (*"asdfghjkl", "back")
_LOW = ("caps", *"zxcvbnm", "dot", "dash")
_WIDE: tuple[_Row, ...] = (  # landscape: the digits are a block on the right
    _row(*_TOP, _GAP, *"123"),
    _row(*_HOME, _GAP, *"456"),
    _row(*_LOW, _GAP, *"789"),
    _row(("hide", 1.5), ("language", 1.75), ("symbols", 1.25), ("space", 3.25), ("next", 2.25), _GAP, "stop", "0", "slash"),
)
_TALL: tuple[_Row, ...] = (  # portrait: the digits are a row on top
    _row(*DIGITS),
    _row(*_TOP),
    _row(*_HOME),
    _row(*_LOW),
    _row(("hide", 1.25), ("language", 1.75), ("symbols", 1.25), "slash", "stop", ("space", 1.75), ("next", 2.0)),
)
KEYS = tuple(key for row in _WIDE for key, _ in row if key)
_PAGING_UNITS = 1.1
_LETTERS_UNITS = 2.2  # where the letters typed so far stand
_CHOICE_UNITS = 0.82  # one character to choose


@dataclass(frozen=True, slots=True)
class KeyboardPlan:
    """Rectangles within the keyboard, and the keyboard's height."""

    height: int
    gap: int
    keys: dict[str, QRect]
    bar: QRect  # everything above the keys
    letters: QRect  # what is typed so far
    choices: QRect  # what can be chosen
    grid: QRect  # where all the other keys lie: many more to choose
    key_height: int
    choice_width: int

    def rows(self, area: QRect) -> int:
        """Return how many rows of keys an area holds."""
        return max(1, (area.height() + self.gap) // (self.key_height + self.gap))


def plan(width: int, height: int, look: Look) -> KeyboardPlan:
    """Return the plan for a desk of width x height pixels.

    Two keyboards and a field fit below each other, so that a field is never covered wherever it stands.
    """
    rows, above = (_WIDE, 1) if width > height else (_TALL, 2)  # rows for choosing: portrait has room for more choices
    gap = max(LEAST_GAP, look.px(10))
    pad = max(6, look.px(8))
    lines = len(rows) + above
    room = (height - look.px(ROW) - 3 * gap) / 2 - 2 * pad - (lines - 1) * gap
    tall = min(max(look.px(KEY), LEAST_KEY), int(room / lines))
    across = width - 2 * pad
    units = max(sum(share for _, share in row) for row in rows)
    unit = (across + gap) / units  # a key and the gap after it
    keys = {}
    for number, row in enumerate(rows, start=above):
        at = 0.0
        for key, share in row:
            left, right = round(at * unit), round((at + share) * unit) - gap
            if key:
                keys[key] = QRect(pad + left, pad + number * (tall + gap), right - left, tall)
            at += share
    bar = QRect(pad, pad, across, above * (tall + gap) - gap)
    paging = round(_PAGING_UNITS * unit)
    for number, key in enumerate(reversed(PAGING)):
        keys[key] = QRect(bar.right() + 1 - (number + 1) * paging + gap, pad, paging - gap, tall)
    end = keys[PAGING[0]].left() - gap
    letters = QRect(pad, pad, (round(_LETTERS_UNITS * unit) if above == 1 else end) - gap, tall)
    left = letters.right() + 1 + gap
    choices = QRect(left, pad, end - left, tall) if above == 1 else QRect(pad, pad + tall + gap, across, tall)
    grid = QRect(pad, choices.top() if above > 1 else pad + tall + gap, across, 0)
    grid.setBottom(pad + lines * (tall + gap) - gap - 1)
    choice = max(LEAST_KEY, round(_CHOICE_UNITS * unit) - gap)
    return KeyboardPlan(2 * pad + lines * (tall + gap) - gap, gap, keys, bar, letters, choices, grid, tall, choice)


def top_of(field: QRect, made: KeyboardPlan, desk: QRect) -> int:
    """Return where the keyboard begins: at the bottom, or right above a field that it would cover there."""
    bottom = desk.height() - made.height
    if field.bottom() + 1 + made.gap <= bottom:
        return bottom
    return max(0, field.top() - made.gap - made.height)
