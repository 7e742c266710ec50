"""Whether a hand-held card can be read where it is, and what the person should change. Pure but for OpenCV.

`look` measures, `judge` gives one hint a frame, `Calm` keeps hints readable. Called by `card_ocr.py`, after `outline.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiosk.camera.opencv import import_cv2
from kiosk.domain.take_view import CardGuidance

cv2 = import_cv2()


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one frame. Measured on the synthetic cards of tests/ocr, where half of what lies beyond is read no more."""

    far_px: float = 330.0  # card's width in the frame; 18 digits need 10 pixels each
    tilt: float = 0.62  # shorter over longer of two opposite sides
    turn_deg: float = 40.0  # in the plane; straightening cures less
    blur: float = 7.0  # see `sharpness`; measured: a well-held card 16 to 19, half of the cards at 6 are still read
    hopeless_blur: float = 4.0  # measured: none read below
    glare: float = 0.05  # share of the card that is burnt out in one patch
    dark: float = 62.0  # bright parts (90th percentile) of the card, luma


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class CardLook:
    """Measurements of one card in one frame. `quad`: corners clockwise from the top left, shares of width and height."""

    quad: tuple[tuple[float, float], ...] = ()
    width_px: float = 0.0
    sharpness: float = 0.0
    glare: float = 0.0
    luma: float = 0.0
    tilt: float = 1.0
    turn_deg: float = 0.0
    cut_off: bool = False


def look(image_bgr: np.ndarray, quad: np.ndarray, card_bgr: np.ndarray) -> CardLook:
    """Return the measurements of the card at `quad`; `card_bgr`: the same, straightened."""
    height, width = image_bgr.shape[:2]
    sides = [float(np.linalg.norm(quad[(i + 1) % 4] - quad[i])) for i in range(4)]
    gray = cv2.cvtColor(card_bgr, cv2.COLOR_BGR2GRAY)
    along = quad[1] - quad[0]
    margin = 0.004 * width
    outside = (quad < margin).any() or (quad[:, 0] > width - margin).any() or (quad[:, 1] > height - margin).any()
    return CardLook(
        quad=tuple((float(x) / width, float(y) / height) for x, y in quad),
        width_px=(sides[0] + sides[2]) / 2,
        sharpness=sharpness(gray),
        glare=glare(card_bgr),
        luma=float(np.percentile(gray[::4, ::4], 90)),
        tilt=min(min(sides[0], sides[2]) / max(sides[0], sides[2], 1.0), min(sides[1], sides[3]) / max(sides[1], sides[3], 1.0)),
        turn_deg=float(np.degrees(np.arctan2(along[1], along[0]))),
        cut_off=bool(outside),
    )


def judge(seen: CardLook, limits: Limits = LIMITS) -> CardGuidance | None:
    """Return the most urgent hint, or None when the card can be read."""
    if seen.cut_off:
        return CardGuidance.CUT_OFF
    if seen.width_px < limits.far_px:
        return CardGuidance.TOO_FAR
    if seen.luma < limits.dark:
        return CardGuidance.TOO_DARK
    if seen.tilt < limits.tilt or abs(seen.turn_deg) > limits.turn_deg:
        return CardGuidance.TILTED
    if seen.glare > limits.glare:
        return CardGuidance.GLARE
    return CardGuidance.BLURRED if seen.sharpness < limits.blur else None


def sharpness(gray: np.ndarray) -> float:
    """Return how steep the straightened card's steepest edges are, over its contrast: of the two directions, the one that is
    less sharp, because a hand that moves blurs one only."""
    inner = cv2.GaussianBlur(gray[20:-20, 20:-20].astype(np.float32), (0, 0), 1.0)  # noise is no sharpness
    steep = [float(np.percentile(np.abs(cv2.Sobel(inner, cv2.CV_32F, *axis))[::2, ::2], 98)) for axis in ((1, 0), (0, 1))]
    low, high = np.percentile(inner[::4, ::4], (2, 90))
    return 10.0 * min(steep) / max(float(high - low), 20.0)


def glare(card_bgr: np.ndarray) -> float:
    """Return the share of the card that is burnt out in its largest white patch."""
    small = cv2.resize(card_bgr, (250, 158), interpolation=cv2.INTER_AREA)
    white = (small.min(axis=2) >= 252).astype(np.uint8)
    white = cv2.morphologyEx(white, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(white)
    return float(stats[1:, cv2.CC_STAT_AREA].max()) / white.size if count > 1 else 0.0


class Calm:
    """Hints that hold: one appears when it has lasted a moment, and stays long enough to be read."""

    APPEAR_S = 0.4
    HOLD_S = 1.6  # as `liveness.guidance`: time to read one short line

    def __init__(self, first: CardGuidance) -> None:
        self._shown, self._shown_s = first, -1e9
        self._candidate, self._candidate_s = first, 0.0

    def step(self, t_s: float, raw: CardGuidance) -> CardGuidance:
        """Take in one frame's hint; return the one to show now."""
        if raw is not self._candidate:
            self._candidate, self._candidate_s = raw, t_s
        if raw is not self._shown and t_s - self._candidate_s >= self.APPEAR_S and t_s - self._shown_s >= self.HOLD_S:
            self._shown, self._shown_s = raw, t_s
        return self._shown

    def now(self, t_s: float, code: CardGuidance) -> CardGuidance:
        """Show `code` at once: a side is done, which must not wait."""
        self._shown, self._shown_s, self._candidate, self._candidate_s = code, t_s, code, t_s
        return code
