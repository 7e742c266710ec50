"""Print and screen attacks made from one frontal picture: held, moved, turned, bent, with painted eyes and mouth.

For measurement and tests only: they stand in for the presentation attacks that no data set here has. The attacker is as
good as a hand can be: he hears the challenge and answers each cue. Everything is drawn at the camera's resolution with
its noise. Pure and seeded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from kiosk.domain.reasons import Action

SIZE = (640, 480)
_LATTICE = 8


@dataclass(frozen=True, slots=True)
class Species:
    """How a picture is presented. `curve`: radians of arc over the sheet's width (0 flat; > 0 bulging to the camera);
    `turn_deg`: how far it is turned for a turn; `distance`: camera distance over the sheet's height (small: strong
    perspective); `paint`: eyes shut and mouth opened by painting or cutting; `bend_to_turn`: bent instead of turned;
    `screen`: pixel grid and glare; `tilt`: how much pitch and roll go along, degrees."""

    name: str
    curve: float = 0.0
    turn_deg: float = 35.0
    distance: float = 2.2
    paint: bool = True
    bend_to_turn: float = 0.0
    screen: bool = False
    tilt: float = 3.0


SPECIES: tuple[Species, ...] = (
    Species("print_moved", paint=False, turn_deg=30.0),
    Species("print_turned", turn_deg=40.0),
    Species("print_turned_far", turn_deg=55.0, distance=1.6),
    Species("print_tilted", turn_deg=35.0, tilt=14.0),
    Species("print_near", turn_deg=35.0, distance=1.1),
    Species("print_bent", curve=0.7, turn_deg=35.0),
    Species("print_bent_hard", curve=1.4, turn_deg=35.0),
    Species("print_hollow", curve=-0.8, turn_deg=35.0),
    Species("print_bending", curve=0.2, turn_deg=20.0, bend_to_turn=1.6),
    Species("paper_mask_worn", curve=2.2, turn_deg=40.0),
    Species("screen_still", turn_deg=35.0, screen=True, paint=False),
    Species("screen_animated", turn_deg=40.0, screen=True),
)


class HeldPicture:
    """Draws frames of one presentation. Call `perform` when a cue is heard, `frame` with rising times."""

    def __init__(self, image_bgr: np.ndarray, points: np.ndarray, species: Species, seed: int, noise: float = 2.0) -> None:
        """image_bgr, points: a frontal picture and its mesh (478, 2 or 3). noise: of the camera, grey levels."""
        self._species = species
        self._rng = np.random.default_rng(seed)
        self._noise = noise
        self._sheet, self._shut, self._open = _sheets(image_bgr, points, species.screen)
        self._phases = self._rng.uniform(0, math.tau, 16)
        self._speeds = self._rng.uniform(0.7, 1.4, 16)
        self._axis = float(self._rng.uniform(-0.15, 0.15))  # nobody bends along the plumb line
        self._strength = float(self._rng.uniform(0.85, 1.15))
        self._motion: tuple[Action, float] | None = None
        rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
        self._background = 70 + 40 * np.sin(columns / 97.0) + 25 * np.cos(rows / 61.0 + columns / 213.0)
        self._background = np.repeat(self._background[:, :, None], 3, axis=2).astype(np.float32)

    def perform(self, action: Action, at_s: float) -> None:
        """Answer a cue, from `at_s` on."""
        self._motion = (action, at_s)

    def frame(self, t_s: float) -> np.ndarray:
        """Return the picture at `t_s`, uint8 BGR (480, 640, 3)."""
        kind, amount = self._amount(t_s)
        species = self._species
        yaw = 2.0 * self._wave(0, t_s, 3.1)
        pitch = 2.0 * self._wave(1, t_s, 2.7)
        roll = 1.5 * self._wave(2, t_s, 3.7)
        curve = species.curve
        if kind in (Action.TURN_LEFT, Action.TURN_RIGHT):
            sign = 1.0 if kind is Action.TURN_LEFT else -1.0
            yaw += sign * amount * species.turn_deg * self._strength
            pitch += amount * species.tilt * self._wave(3, t_s, 2.0)
            roll += amount * species.tilt * self._wave(4, t_s, 2.3)
            curve += amount * species.bend_to_turn
        elif kind is Action.NOD or (kind is not None and not species.paint):
            pitch += amount * 28.0  # a print cannot blink: tip it, and hope
        sheet = self._sheet
        if species.paint and kind is Action.BLINK and amount > 0.4:
            sheet = self._shut
        elif species.paint and kind is Action.MOUTH_OPEN and amount > 0.2:
            sheet = self._open
        shift = (
            0.015 * self._wave(5, t_s, 2.9) + 0.003 * self._wave(6, t_s, 0.3),
            0.012 * self._wave(7, t_s, 2.3) + 0.003 * self._wave(8, t_s, 0.27),
        )
        near = 1.0 + 0.02 * self._wave(9, t_s, 4.3)
        image = self._render(sheet, curve, (yaw, pitch, roll), shift, near)
        image += self._noise * self._rng.standard_normal(image.shape, dtype=np.float32)
        return np.asarray(np.clip(image, 0, 255), np.uint8)

    def _amount(self, t_s: float) -> tuple[Action | None, float]:
        if self._motion is None:
            return None, 0.0
        action, start = self._motion
        length = {Action.BLINK: 0.3, Action.MOUTH_OPEN: 1.0}.get(action, 1.8)
        share = (t_s - start) / length
        if not 0 <= share <= 1:
            return None, 0.0
        return action, math.sin(math.pi * share) ** 0.7

    def _wave(self, number: int, t_s: float, period_s: float) -> float:
        return math.sin(math.tau * t_s * self._speeds[number] / period_s + self._phases[number])

    def _render(
        self, sheet: np.ndarray, curve: float, angles_deg: tuple[float, float, float], shift: tuple[float, float], near: float
    ) -> np.ndarray:
        """Meet each pixel's ray with the sheet: a plane, or a cylinder along an axis close to upright."""
        rows, columns = sheet.shape[:2]
        width_units = columns / rows  # the sheet is 1 high
        yaw, pitch, roll = (math.radians(a) for a in angles_deg)
        turn = _about("y", yaw) @ _about("x", pitch) @ _about("z", roll + self._axis)
        distance = self._species.distance / near
        focal = self._species.distance * 0.86 * SIZE[1]  # the sheet fills 86 % of the frame's height
        # Worked out on every eighth pixel and interpolated: the surface is smooth.
        v, u = np.mgrid[0 : SIZE[1] + _LATTICE : _LATTICE, 0 : SIZE[0] + _LATTICE : _LATTICE].astype(np.float64)
        rays = (
            np.stack([(u - SIZE[0] / 2) / focal - shift[0], (v - SIZE[1] / 2) / focal - shift[1], np.ones_like(u)], axis=-1) @ turn
        )
        eye = np.array([0.0, 0.0, -distance]) @ turn
        if abs(curve) < 1e-3:
            reach = -eye[2] / rays[..., 2]
            x, y = eye[0] + reach * rays[..., 0], eye[1] + reach * rays[..., 1]
            good = reach > 0
        else:
            radius = width_units / curve  # centre behind the sheet for curve > 0
            a = rays[..., 0] ** 2 + rays[..., 2] ** 2
            b = eye[0] * rays[..., 0] + (eye[2] - radius) * rays[..., 2]
            root = b * b - a * (eye[0] ** 2 + (eye[2] - radius) ** 2 - radius**2)
            side = -1.0 if curve > 0 else 1.0
            reach = (-b + side * np.sqrt(np.maximum(root, 0.0))) / a
            px, pz = eye[0] + reach * rays[..., 0], eye[2] + reach * rays[..., 2]
            x = radius * np.arctan2(px, radius - pz) if curve > 0 else -radius * np.arctan2(px, pz - radius)
            y = eye[1] + reach * rays[..., 1]
            good = (root > 0) & (reach > 0)
        cos, sin = math.cos(-self._axis), math.sin(-self._axis)
        sx, sy = cos * x + sin * y, -sin * x + cos * y
        map_x = _enlarge(np.where(good, sx * rows + columns / 2, -9e3))
        map_y = _enlarge(np.where(good, sy * rows + rows / 2, -9e3))
        drawn = cv2.remap(sheet, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        inside = ((map_x >= 0) & (map_x < columns) & (map_y >= 0) & (map_y < rows))[..., None]
        shade = 1.0 - 0.25 * abs(math.sin(yaw)) if not self._species.screen else 1.0
        image = np.where(inside, drawn.astype(np.float32) * shade, self._background)
        if self._species.screen:
            glare = _enlarge(45 * np.exp(-((((u + 0.6 * v) / SIZE[0] - 0.55 - 0.004 * angles_deg[0]) / 0.05) ** 2)))
            image = image + np.where(inside[..., 0], glare, 0.0)[..., None]
        return np.asarray(image, np.float32)


def _enlarge(field: np.ndarray) -> np.ndarray:
    matrix = np.array([[_LATTICE, 0, 0], [0, _LATTICE, 0]], np.float64)  # lattice points lie on every eighth pixel
    return cv2.warpAffine(field.astype(np.float32), matrix, SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _about(axis: str, angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    if axis == "y":
        return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    if axis == "x":
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _sheets(image: np.ndarray, points: np.ndarray, screen: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut the sheet out of the picture (face about half its height); return it plain, with shut eyes, mouth open."""
    xy = np.asarray(points[:, :2], np.float64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    face = high[1] - low[1]
    centre = (low + high) / 2
    height, width = 1.75 * face, 1.35 * face
    scale = 900 / height
    matrix = np.array([[scale, 0, scale * (width / 2 - centre[0])], [0, scale, scale * (height / 2 - centre[1])]])
    size = (round(width * scale), 900)
    plain = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    where = (xy @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    shut, wide = plain.copy(), plain.copy()
    for eye, lid in (((33, 160, 158, 133, 153, 144), 52), ((263, 387, 385, 362, 380, 373), 282)):
        outline = where[list(eye)]
        middle = outline.mean(axis=0)
        grown = (middle + (outline - middle) * (1.35, 1.9)).astype(np.int32)
        at = np.clip((middle * 0.55 + where[lid] * 0.45).astype(int), 0, (size[0] - 1, size[1] - 1))
        skin = plain[at[1] - 3 : at[1] + 4, at[0] - 3 : at[0] + 4].reshape(-1, 3).mean(axis=0)
        cv2.fillConvexPoly(shut, cv2.convexHull(grown), tuple(float(c) for c in skin))
        cv2.line(shut, tuple(map(int, grown[0])), tuple(map(int, grown[3])), tuple(float(c) * 0.55 for c in skin), 3)
    mouth = (where[13] + where[14]) / 2
    span = float(np.hypot(*(where[61] - where[291])))
    cv2.ellipse(
        wide, (int(mouth[0]), int(mouth[1] + 0.22 * span)), (int(0.36 * span), int(0.36 * span)), 0, 0, 360, (35, 25, 45), -1
    )
    out = [plain, shut, wide]
    if screen:
        out = [_pixel_grid(sheet) for sheet in out]
    else:
        paper = np.random.default_rng(1).normal(0, 3.0, plain.shape[:2])[..., None]
        out = [np.clip(sheet * 0.88 + 14 + paper, 0, 255).astype(np.uint8) for sheet in out]
    border = 26
    edge = (12, 12, 12) if screen else (226, 230, 232)
    first, second, third = (
        np.asarray(cv2.copyMakeBorder(sheet, border, border, border, border, cv2.BORDER_CONSTANT, value=edge)) for sheet in out
    )
    return first, second, third


def _pixel_grid(sheet: np.ndarray) -> np.ndarray:
    """The picture on a screen of 300 lines: each pixel three coloured stripes, dark between."""
    small = cv2.resize(sheet, (sheet.shape[1] // 3, sheet.shape[0] // 3), interpolation=cv2.INTER_AREA)
    big = np.repeat(np.repeat(small, 3, axis=0), 3, axis=1).astype(np.float32)
    mask = np.full((3, 3, 3), 0.25, np.float32)
    for channel in range(3):
        mask[:2, 2 - channel, channel] = 2.0
    tiled = np.tile(mask, (small.shape[0], small.shape[1], 1))
    lit: np.ndarray = np.clip(big * tiled * 1.15, 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(lit, (0, 0), 0.8)
