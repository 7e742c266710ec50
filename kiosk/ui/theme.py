"""The one theme file: colours, type, space, shape, motion. Widgets ask a `Look`; no widget knows a number of its own.

All lengths are units: pixels on a screen whose short side is 1080. `Look.px` turns them into pixels of the screen at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from PySide6.QtGui import QColor, QFont

# The first is what the pages are measured with; the others are what Windows and macOS have.
FAMILY = "Noto Sans CJK SC"
FAMILIES = (FAMILY, "Noto Sans SC", "Microsoft YaHei UI", "PingFang SC")

ThemeName = Literal["paper", "contrast"]
Role = Literal["display", "title", "figure", "button", "body", "label", "small", "key"]

# role -> (size, smallest size the fitting may go to, bold). Norms: body >= 30, titles >= 44.
TYPE: dict[Role, tuple[float, float, bool]] = {
    "display": (88, 56, True),
    "title": (68, 46, True),
    "figure": (76, 44, True),
    "button": (54, 38, True),
    "body": (40, 31, False),
    "label": (36, 31, False),
    "small": (32, 30, False),
    "key": (60, 44, True),
}
LINE = 1.36  # line height in ems
LARGE = 1.2  # the larger step
ENLARGED = 1.1  # large text is at least so much larger than normal text on the same screen: else the page becomes two leaves
DENSITIES = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7, 0.64)
TIGHT = (1.0, 0.7, 0.45)  # what room between and round things may shrink by, so that the letters need not

MARGIN = 64
GAP = 32
BUTTON_GAP = 24
BUTTON_GAP_MIN = 18  # norms: at least 16 between targets
TARGET_MIN = 96  # norms: at least 96 high
HEIGHT = {"filled": 148, "outlined": 124, "quiet": 124, "chip": 96, "key": 124}
RADIUS_BUTTON = 28
RADIUS_CARD = 36
EDGE = 10  # the solid lower edge that makes a button look pressable
RING = 24
STROKE = 3

TRANSITION_MS = 240
LOOP_MS = 2600  # one round of a demonstrated action: slow enough to follow
FRAME_MS = 40


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they mean. Pairs that carry text are listed in PAIRS and audited at 7:1."""

    paper: str
    card: str
    line: str
    ink: str
    quiet: str
    action: str
    on_action: str
    action_edge: str
    tint: str
    done: str
    on_done: str
    stop: str
    notice_ink: str
    notice: str
    notice_line: str
    focus: str
    track: str
    other: str  # a second filled button of equal weight; what stands on it has the colour of on_action
    other_edge: str
    edge: str  # borders of what can be touched: 3:1 on paper and card
    cue: str  # the ring while an action is asked for
    warn: str  # the ring while something is to be changed
    skin: str
    skin_shade: str
    hair: str
    cloth: str
    lip: str
    feature: str


PALETTES: dict[ThemeName, Palette] = {
    "paper": Palette(
        paper="#FBF6EC",
        card="#FFFFFF",
        line="#E6DCC8",
        ink="#1E2B2A",
        quiet="#45514F",
        action="#0B5A53",
        on_action="#FFFFFF",
        action_edge="#063C37",
        tint="#DCEBE4",
        done="#14532D",
        on_done="#FFFFFF",
        stop="#8A1C14",
        notice_ink="#513300",
        notice="#FFE9BF",
        notice_line="#A87600",
        focus="#B25E00",
        track="#DED4BD",
        other="#5A3E00",
        other_edge="#352400",
        edge="#857A62",
        cue="#FFC94D",
        warn="#8F4A00",
        skin="#F3CFAE",
        skin_shade="#D9A983",
        hair="#9DA3A0",
        cloth="#5E8C84",
        lip="#A6483C",
        feature="#3A2E28",
    ),
    "contrast": Palette(
        paper="#000000",
        card="#101010",
        line="#8C8C8C",
        ink="#FFFFFF",
        quiet="#E4E4E4",
        action="#FFD400",
        on_action="#000000",
        action_edge="#A88C00",
        tint="#2A2600",
        done="#8CF0A8",
        on_done="#00210B",
        stop="#FF9C92",
        notice_ink="#FFE9A8",
        notice="#2B2100",
        notice_line="#FFD400",
        focus="#6FD3FF",
        track="#4A4A4A",
        other="#8FD3FF",
        other_edge="#4C86A8",
        edge="#8C8C8C",
        cue="#7A6A00",
        warn="#FFB37A",
        skin="#F3CFAE",
        skin_shade="#D9A983",
        hair="#C9CDCB",
        cloth="#5E8C84",
        lip="#A6483C",
        feature="#20160F",
    ),
}

# (text colour, ground it may stand on): every pair the widgets use, audited at 7:1 by the tests.
PAIRS: tuple[tuple[str, str], ...] = (
    ("ink", "paper"),
    ("ink", "card"),
    ("quiet", "paper"),
    ("quiet", "card"),
    ("action", "paper"),
    ("action", "card"),
    ("on_action", "action"),
    ("on_action", "other"),
    ("done", "card"),
    ("done", "paper"),
    ("on_done", "done"),
    ("stop", "paper"),
    ("stop", "card"),
    ("notice_ink", "notice"),
    ("ink", "tint"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """Everything a widget must know to draw itself: palette, scale, larger step, density, orientation, motion."""

    theme: ThemeName = "paper"
    scale: float = 1.0
    large: bool = False
    density: float = 1.0
    landscape: bool = False
    motion: bool = True
    tight: float = 1.0

    @classmethod
    def for_screen(cls, width: int, height: int, theme: ThemeName, large: bool, motion: bool) -> Look:
        """Return the look for a screen. A landscape page needs 1 700 units of width for its two columns."""
        landscape = width > height
        scale = min(width / 1700, height / 1080) if landscape else min(width / 1080, height / 1760)
        return cls(theme, scale, large, 1.0, landscape, motion)

    @property
    def palette(self) -> Palette:
        """The colours."""
        return PALETTES[self.theme]

    def colour(self, token: str) -> QColor:
        """Return a colour by its token."""
        return QColor(getattr(self.palette, token))

    def px(self, units: float) -> int:
        """Return a length in pixels; never 0 for something that is there."""
        return max(1, round(units * self.scale)) if units else 0

    def space(self, units: float, least: float | None = None) -> int:
        """Return a distance, smaller on a dense page, but not below `least` units."""
        return self.px(max(units * self.density * self.tight, units * 0.4 if least is None else least))

    def font_px(self, role: Role) -> int:
        """Return the pixel size of a role."""
        size, least, _ = TYPE[role]
        step = LARGE if self.large else 1.0
        return max(1, round(max(size * self.density, least) * step * self.scale))

    def font(self, role: Role, bold: bool | None = None) -> QFont:
        """Return the font of a role. It is shared: copy it before changing it."""
        return _font(self.font_px(role), TYPE[role][2] if bold is None else bold)

    def line_px(self, role: Role) -> int:
        """Return the height of one line."""
        return round(self.font_px(role) * LINE)

    def target(self, kind: str) -> int:
        """Return the height of a button of a kind; a dense page makes it lower, but never below the norm."""
        height = HEIGHT[kind]
        dense = (self.density + (1 - self.density) * 0.2) * (0.5 + 0.5 * self.tight)
        return self.px(max(TARGET_MIN + 2, height * dense))

    def with_density(self, density: float, tight: float = 1.0) -> Look:
        """Return the same look on a denser page."""
        return replace(self, density=density, tight=tight)

    def denser(self) -> Iterator[Look]:
        """Return looks to try on a panel, one after another: room shrinks before letters do."""
        for density in DENSITIES:
            for tight in TIGHT:
                yield self.with_density(density, tight)

    def normal(self) -> Look:
        """Return the same look without the larger step."""
        return replace(self, large=False)


@lru_cache(maxsize=512)
def _font(pixels: int, heavy: bool) -> QFont:
    font = QFont()
    font.setFamilies(list(FAMILIES))
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight.Bold if heavy else QFont.Weight.Normal)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def contrast(one: QColor, other: QColor) -> float:
    """Return the WCAG 2 contrast ratio of two colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: QColor) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())
