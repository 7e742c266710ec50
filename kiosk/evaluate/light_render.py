"""What a face, a sheet or a screen sends back of the kiosk's light: an area light before a surface, for `kiosk evaluate light`.

Rendered, and said so wherever a figure of it stands. Movement, noise and compression are real: the brightness of a clip's
skin, frame by frame, is multiplied by the light that the pattern would add. The surface (places and normals) is the clip's own mesh
for a head, a plane or a cylinder for a sheet. The room gives diffuse light and some from one side; the screen is a Lambertian panel
that carries the pattern where the page is free. Interreflection and cast shadows are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiosk.liveness.light.answer import Surface
from kiosk.liveness.light.code import DEPTH, LENGTH_S, LightCode

SCREEN_M = (0.336, 0.598)  # 27 inches, portrait
SCREEN_NIT = 250.0
GRID = (24, 40)
# What of the portrait camera page carries the pattern, as shares of the screen: the page without its bars (top, bottom) and without
# what is read there: title, mirror, ticks (left, right, top, bottom each).
PAGE = (0.17, 0.91)
CALM = ((0.10, 0.90, 0.17, 0.27), (0.06, 0.94, 0.28, 0.75), (0.10, 0.90, 0.77, 0.84), (0.06, 0.94, 0.85, 0.90))
EYES_M = 0.089  # outer corners; scales a mesh to metres
ABOVE_M = 0.05  # the face stands so far above the screen's middle
GLASS = 0.04  # what a sheet of glass or gloss mirrors, straight on
SPECIES = ("head", "print-flat", "print-bent", "print-gloss", "tablet", "tablet-other-code", "stream-other-code", "late", "mask")


@dataclass(frozen=True, slots=True)
class Light:
    """One scene. lux: of the room at the face; side: share of it that comes from one side; delay_s: screen and camera together."""

    distance_m: float
    lux: float
    side: float
    side_deg: float
    delay_s: float
    tilt_deg: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Answering:
    """Relative light at each point: 1 + across(t) * a + along(t) * b, and the same mirrored in glass, where there is some."""

    across: np.ndarray
    along: np.ndarray


def answering(species: str, face: Surface, scale_m: float, light: Light, emission_lux: float = 0.0) -> Answering:
    """Return how strongly each point of a surface answers. scale_m: across the face; emission_lux: of a tablet's own light."""
    points, normal = shaped(species, face, scale_m, light)
    screen, facing = _panel()
    reach = screen[None] - points[:, None]  # (points, patches, 3)
    far = np.linalg.norm(reach, axis=2)
    to = reach / far[..., None]
    at_skin = np.clip((to * normal[:, None]).sum(axis=2), 0.0, None)
    at_screen = np.clip(-(to * facing).sum(axis=2), 0.0, None)
    area = SCREEN_M[0] * SCREEN_M[1] / (GRID[0] * GRID[1])
    lux = 0.5 * SCREEN_NIT * at_skin * at_screen * area / far**2  # of a half-bright panel
    across, along = _weights()
    ambient = light.lux * (1 - light.side + light.side * 2 * np.clip(normal @ _direction(light.side_deg), 0.0, None))
    total = ambient + lux.sum(axis=1)
    if species.startswith("tablet"):  # glass takes most of what falls on it; what shines is the tablet's own picture
        total = emission_lux + 0.02 * total
        lux = 0.02 * lux
    a, b = (DEPTH * (lux * weight).sum(axis=1) / total for weight in (across, along))
    if species in ("print-gloss", "tablet", "tablet-other-code"):
        mirrored = _mirrored(points, normal)
        shine = GLASS * np.pi * 0.5 * SCREEN_NIT / total
        a = a + DEPTH * shine * mirrored[:, 0]
        b = b + DEPTH * shine * mirrored[:, 1]
    return Answering(a, b)


def lit(
    skin: np.ndarray, times: np.ndarray, answer: Answering, code: LightCode, delay_s: float, rows: np.ndarray, shutter_s: float
) -> np.ndarray:
    """Return the brightness (frames, points) of a clip under the pattern. rows: place of each point down the picture, 0..1.

    shutter_s: how much later the lowest row is read than the highest.
    """
    fine = np.arange(-1.0, LENGTH_S + 1.0, 0.005)
    across, along = np.array([code.levels(float(t)) for t in fine]).T
    at = times[:, None] + rows[None] * shutter_s - delay_s  # (f, points)
    return np.asarray(skin * (1 + np.interp(at, fine, across) * answer.across + np.interp(at, fine, along) * answer.along))


def shaped(species: str, face: Surface, scale_m: float, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """Return (points, normals) in metres: x to the person's left, y up, z from the screen to the person."""
    place = (face.place - face.place.mean(axis=0)) * scale_m
    flat = np.stack([place[:, 0], -place[:, 1], np.zeros(len(place))], axis=1)
    out = np.stack([face.normal[:, 0], -face.normal[:, 1], -face.normal[:, 2]], axis=1)  # towards the screen: -z
    if species in ("print-flat", "print-gloss", "tablet", "tablet-other-code"):
        out = np.tile((0.0, 0.0, -1.0), (len(place), 1))
    elif species == "print-bent":
        radius = 0.09 + 0.06 * abs(np.sin(np.radians(light.tilt_deg[0] * 7)))
        angle = flat[:, 0] / radius
        out = np.stack([np.sin(angle), np.zeros(len(place)), -np.cos(angle)], axis=1)
        flat = np.stack([radius * np.sin(angle), flat[:, 1], radius * (1 - np.cos(angle))], axis=1)
    elif species == "mask":  # cut and folded paper: a nose and cheeks, but coarse ones
        out = out + (0.0, 0.0, -0.8)
        out /= np.linalg.norm(out, axis=1, keepdims=True)
    turn = _turn(*light.tilt_deg)
    points = flat @ turn.T + (0.0, ABOVE_M, light.distance_m)
    return points, out @ turn.T


def _panel() -> tuple[np.ndarray, np.ndarray]:
    x = ((np.arange(GRID[0]) + 0.5) / GRID[0] - 0.5) * SCREEN_M[0]
    y = (0.5 - (np.arange(GRID[1]) + 0.5) / GRID[1]) * SCREEN_M[1]
    grid = np.stack([*np.meshgrid(x, y), np.zeros((GRID[1], GRID[0]))], axis=2).reshape(-1, 3)
    return grid, np.array((0.0, 0.0, 1.0))


def _weights() -> tuple[np.ndarray, np.ndarray]:
    """What each patch carries of the two gradients: across is positive at the person's left."""
    x, y = ((np.arange(n) + 0.5) / n for n in GRID)
    gx, gy = np.meshgrid(x, y)
    calm = (gy < PAGE[0]) | (gy > PAGE[1])
    for left, right, top, bottom in CALM:
        calm |= (gx > left) & (gx < right) & (gy > top) & (gy < bottom)
    middle = 0.5 * (PAGE[0] + PAGE[1])
    across, along = (np.where(calm, 0.0, w).reshape(-1) for w in (2 * gx - 1, (middle - gy) / (0.5 * (PAGE[1] - PAGE[0]))))
    return across, along


def _mirrored(points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """The levels of the patch that each point mirrors into a camera above the screen; 0 where it mirrors none."""
    camera = np.array((0.0, SCREEN_M[1] / 2 + 0.03, 0.0))
    view = camera - points
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    back = 2 * (view * normal).sum(axis=1, keepdims=True) * normal - view
    reach = -points[:, 2] / np.where(np.abs(back[:, 2]) < 1e-6, -1e-6, back[:, 2])
    hit = points + back * reach[:, None]
    inside = (np.abs(hit[:, 0]) < SCREEN_M[0] / 2) & (np.abs(hit[:, 1]) < SCREEN_M[1] / 2) & (reach > 0)
    return np.where(inside[:, None], np.stack([2 * hit[:, 0] / SCREEN_M[0], 2 * hit[:, 1] / SCREEN_M[1]], axis=1), 0.0)


def _direction(degrees: float) -> np.ndarray:
    return np.array((np.sin(np.radians(degrees)), 0.3, -np.cos(np.radians(degrees))))


def _turn(yaw_deg: float, pitch_deg: float) -> np.ndarray:
    a, b = np.radians(yaw_deg), np.radians(pitch_deg)
    yaw = np.array(((np.cos(a), 0, np.sin(a)), (0, 1, 0), (-np.sin(a), 0, np.cos(a))))
    pitch = np.array(((1, 0, 0), (0, np.cos(b), -np.sin(b)), (0, np.sin(b), np.cos(b))))
    return np.asarray(yaw @ pitch)
