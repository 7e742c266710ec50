"""What the person should change in front of the camera: one stable code at a time, held long enough to read.

`judge` looks at one frame (pure; colours are sampled at mesh points only, so it costs far less than the landmarks);
`GuidanceFilter` makes its answers calm. Called by the take, `kiosk watch` and `kiosk evaluate stills`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from kiosk.domain.reasons import Guidance
from kiosk.liveness.landmarks import Box, FaceObservation, area

# Regions of the mesh: bare skin on most people.
_FOREHEAD = (10, 151, 9, 108, 337, 67, 297, 69, 299, 107, 336)
_CHEEKS = (50, 101, 205, 187, 118, 117, 280, 330, 425, 411, 347, 346)
_EYELIDS = (27, 28, 29, 56, 257, 258, 259, 286, 230, 231, 232, 450, 451, 452, 22, 252)
_MOUTH_AROUND = (164, 167, 393, 165, 391, 92, 322, 57, 287, 202, 422, 18, 200, 199, 204, 424, 182, 406)
_NOSE = (6, 197, 195, 5, 196, 419)
_LIPS = (61, 40, 37, 0, 267, 270, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146, 81, 13, 311, 402, 14, 178)
_PARTS = (_FOREHEAD, _CHEEKS, _EYELIDS, _MOUTH_AROUND, _NOSE, _LIPS)
_ALL = tuple(point for part in _PARTS for point in part)
_AT = np.split(np.arange(len(_ALL)), np.cumsum([len(part) for part in _PARTS])[:-1])  # where a part's points lie in _ALL
_UPPER, _BROW, _ABOVE = (np.concatenate([_AT[n] for n in parts]) for parts in ((0, 1, 4), (0, 4), (0, 2)))


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one frame's guidance. Sizes are shares of the shorter side of the frame, so that portrait cameras work
    alike."""

    near: float = 0.85  # height of the mesh box
    far: float = 0.20  # the sources: face 20-50 % of the frame's height
    far_eye_px: float = 28.0  # outer eye corners; fewer pixels blur the blink
    off_centre: float = 0.22  # of width and height, face centre from frame centre
    helper_share: float = 0.45  # another face this large (area, of the primary's) is near: say who should step back
    yaw_deg: float = 20.0
    pitch_deg: float = 25.0
    roll_deg: float = 20.0
    dark: float = 45.0  # median luma of the cheeks and forehead
    lost_in_light: float = 25.0  # against a bright background a face this dark is too dark to match
    backlit_face: float = 85.0  # face darker than this while ...
    backlit_gap: float = 70.0  # ... the surroundings are this much brighter
    blur: float = 14.0  # see `sharpness`
    eyes_dark: float = 0.28  # eyelid skin over cheek skin, luma
    mouth_chroma: float = 20.0  # distance of Cr, Cb between mouth region and the upper face
    # A mask near to the skin's colour: no lips in it, and another colour or brightness than the face's.
    lips_chroma: float = 3.0  # distance of Cr, Cb between lips and the skin around them; bare faces: median 7.7
    lips_luma: float = 0.9  # lips over the skin around them, luma; bare faces: median 0.73
    mouth_other: float = 9.0  # as mouth_chroma, once no lips are seen
    mouth_near: float = 4.2  # … and the place of the lips is all of one colour: bare faces without lips to be seen at most 3.6
    lips_even: float = 2.4  # spread of Cr, Cb over the lips; bare faces from 1.4, without lips to be seen from 2.5; cloth to 2.3
    mouth_grey: float = 0.45  # the same as a share of the face's own colour
    mouth_bright: float = 1.25  # mouth region over the upper face, luma
    mouth_dark: float = 0.55
    hat_dark: float = 0.45  # forehead over cheeks, luma


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class FaceLook:
    """Measurements of one frame, for the attendant's overlay and the evaluation."""

    luma: float = 0.0
    surroundings: float = 0.0
    sharpness: float = 0.0
    eyes_ratio: float = 1.0
    hat_ratio: float = 1.0
    mouth_chroma: float = 0.0
    mouth_luma: float = 1.0
    lips_chroma: float = 99.0
    lips_luma: float = 0.0
    lips_spread: float = 99.0
    colour: float = 99.0
    size: float = 0.0


def look(observation: FaceObservation, frame_bgr: np.ndarray) -> FaceLook:
    """Return the measurements behind the light, blur and cover hints; zeros without a face."""
    if observation.points is None or observation.box is None:
        return FaceLook()
    height, width = frame_bgr.shape[:2]
    xy = np.rint(observation.points[_ALL, :2]).astype(np.intp)
    pixels = frame_bgr[np.clip(xy[:, 1], 0, height - 1), np.clip(xy[:, 0], 0, width - 1)].astype(np.float32)
    luma = pixels @ np.array((0.114, 0.587, 0.299), np.float32)
    red, blue = (pixels[:, 2] - luma) * 0.713, (pixels[:, 0] - luma) * 0.564
    forehead, cheeks, eyelids, mouth, _, lips = _AT
    cheek = max(_middle(luma[cheeks]), 1.0)
    brow = max(_middle(luma[_BROW]), 1.0)
    red_mouth, blue_mouth, red_above, blue_above = (_middle(c[at]) for at in (mouth, _ABOVE) for c in (red, blue))
    luma_mouth = max(_middle(luma[mouth]), 1.0)
    return FaceLook(
        luma=_middle(luma[_UPPER]),
        surroundings=_surroundings(frame_bgr, observation.box),
        sharpness=sharpness(frame_bgr, observation.box),
        eyes_ratio=_middle(luma[eyelids]) / max(cheek, brow),
        hat_ratio=_middle(luma[forehead]) / cheek,
        mouth_chroma=math.hypot(red_mouth - red_above, blue_mouth - blue_above),
        mouth_luma=luma_mouth / max(_middle(luma[_ABOVE]), 1.0),
        lips_chroma=math.hypot(_middle(red[lips]) - red_mouth, _middle(blue[lips]) - blue_mouth),
        lips_luma=_middle(luma[lips]) / luma_mouth,
        lips_spread=math.hypot(float(red[lips].std()), float(blue[lips].std())),
        colour=math.hypot(red_above, blue_above),
        size=(observation.box[3] - observation.box[1]) / min(width, height),
    )


def hints(
    observation: FaceObservation,
    frame_bgr: np.ndarray,
    limits: Limits = LIMITS,
    straight: bool = True,
    seen: FaceLook | None = None,
) -> tuple[Guidance, ...]:
    """Return everything that could be better in one frame, the most urgent first; empty when all is well.

    straight: ask for a straight head (not while a turn is asked for). seen: measurements, when already made.
    """
    if observation.points is None or observation.box is None:
        # The mesh finds faces of two metres; a smaller face that another detector saw is asked to come nearer.
        return (Guidance.NO_FACE,) if observation.small_box is None else (Guidance.TOO_FAR,)
    if any(area(box) >= limits.helper_share * area(observation.box) for box in observation.other_boxes):
        return (Guidance.SEVERAL_FACES,)
    placed = _place(observation, limits)
    if placed is Guidance.TOO_FAR:
        return (placed,)
    measured = look(observation, frame_bgr) if seen is None else seen
    turned = abs(observation.yaw_deg) > limits.yaw_deg
    found: list[Guidance] = []
    backlit = measured.surroundings - measured.luma >= limits.backlit_gap
    if measured.luma < (limits.lost_in_light if backlit else limits.dark):
        found.append(Guidance.TOO_DARK)
    if not turned and covered_mouth(measured, limits):
        found.append(Guidance.MOUTH_COVERED)
    if placed is not None:
        found.append(placed)
    if measured.luma < limits.backlit_face and backlit:
        found.append(Guidance.BACKLIT)
    if straight and (turned or abs(observation.pitch_deg) > limits.pitch_deg or abs(observation.roll_deg) > limits.roll_deg):
        found.append(Guidance.NOT_STRAIGHT)
    if turned:
        return tuple(found)  # the regions below are seen from the side: nothing to say about them
    if measured.eyes_ratio < limits.eyes_dark:
        found.append(Guidance.EYES_COVERED)
    if measured.hat_ratio < limits.hat_dark:
        found.append(Guidance.HAT_SHADOW)
    if measured.sharpness < limits.blur:
        found.append(Guidance.BLURRED)
    return tuple(found)


def judge(
    observation: FaceObservation,
    frame_bgr: np.ndarray,
    limits: Limits = LIMITS,
    straight: bool = True,
    seen: FaceLook | None = None,
) -> Guidance | None:
    """Return the most urgent hint for one frame, or None when all is well; see `hints`."""
    return next(iter(hints(observation, frame_bgr, limits, straight, seen)), None)


def covered_mouth(measured: FaceLook, limits: Limits = LIMITS) -> bool:
    """Say whether a mask or a hand covers the mouth: its colour is not the face's, or there are no lips where lips should be.

    A mask in the colour of skin is told by its evenness: on a mouth, lips, teeth and shadows differ. Measured on drawn masks of
    nine colours and on bare faces of the 50 development clips (docs/measurements.md).
    """
    if measured.mouth_chroma > limits.mouth_chroma:
        return True
    if measured.lips_chroma >= limits.lips_chroma or measured.lips_luma <= limits.lips_luma:
        return False
    other_from = min(limits.mouth_other, limits.mouth_grey * max(measured.colour, 10.0))
    if measured.lips_spread < limits.lips_even:
        other_from = min(other_from, limits.mouth_near)
    other = measured.mouth_chroma > other_from
    return other or not limits.mouth_dark <= measured.mouth_luma <= limits.mouth_bright


def sharpness(frame_bgr: np.ndarray, box: Box) -> float:
    """Return the contrast-free sharpness of a face: edge energy of its middle at 96 pixels, over its brightness.

    Scaled to one size first, so that a near face is not called sharp for having more pixels.
    """
    height, width = frame_bgr.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, int(box[2]) + 1), min(height, int(box[3]) + 1)
    if x1 - x0 < 8 or y1 - y0 < 8:
        return 0.0
    gray = cv2.cvtColor(frame_bgr[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
    edges = cv2.Laplacian(small, cv2.CV_32F)
    return float(100.0 * edges.std() / max(float(small.std()), 1.0))


class GuidanceFilter:
    """Calm hints: a hint appears when it has held for a moment, stays long enough to read, and does not flicker."""

    APPEAR_S = 0.4  # shorter troubles are not worth a word
    HOLD_S = 1.6  # ours: time to read one short line; docs/measurements.md
    CLEAR_S = 0.4

    def __init__(self) -> None:
        self._shown: Guidance | None = None
        self._shown_s = 0.0
        self._candidate: Guidance | None = None
        self._candidate_s = 0.0

    def step(self, t_s: float, raw: Guidance | None) -> Guidance | None:
        """Take in one frame's hint; return the hint to show now."""
        if raw is not self._candidate:
            self._candidate, self._candidate_s = raw, t_s
        if raw is self._shown:
            return self._shown
        steady = t_s - self._candidate_s
        needed = self.CLEAR_S if raw is None else self.APPEAR_S
        if steady >= needed and (self._shown is None or t_s - self._shown_s >= self.HOLD_S):
            self._shown, self._shown_s = raw, t_s
        return self._shown


def _middle(values: np.ndarray) -> float:
    """The median of a few numbers; np.median takes five times as long for so few."""
    return float(np.sort(values, axis=None)[values.size // 2])


def _place(observation: FaceObservation, limits: Limits) -> Guidance | None:
    """Size and position."""
    if observation.points is None or observation.box is None:
        return Guidance.NO_FACE
    width, height = observation.size
    x0, y0, x1, y1 = observation.box
    short = min(width, height)
    eyes = float(np.hypot(*(observation.points[33, :2] - observation.points[263, :2])))
    eyes /= max(0.4, float(np.cos(np.radians(observation.yaw_deg))))
    if (y1 - y0) / short < limits.far or eyes < limits.far_eye_px:
        return Guidance.TOO_FAR
    if (y1 - y0) / short > limits.near:
        return Guidance.TOO_NEAR
    if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
        return Guidance.OFF_CENTRE  # cut by the edge: asking to come to the middle cures it
    off = (abs((x0 + x1) / 2 - width / 2) / width, abs((y0 + y1) / 2 - height / 2) / height)
    return Guidance.OFF_CENTRE if max(off) > limits.off_centre else None


def _surroundings(frame_bgr: np.ndarray, box: Box) -> float:
    """Mean luma beside and above the face (the body below is no backlight)."""
    step = max(1, frame_bgr.shape[0] // 45)
    grid = frame_bgr[::step, ::step].astype(np.float32) @ np.array((0.114, 0.587, 0.299), np.float32)
    rows, columns = np.mgrid[0 : grid.shape[0], 0 : grid.shape[1]] * step
    margin = 0.25 * (box[2] - box[0])
    outside = (columns < box[0] - margin) | (columns > box[2] + margin) | (rows < box[1] - margin)
    outside &= rows < box[3]
    return float(grid[outside].mean()) if int(outside.sum()) >= 20 else float(grid.mean())
