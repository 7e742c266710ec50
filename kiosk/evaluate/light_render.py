"""What a face, a sheet or a screen sends back of the kiosk's light: an area light before a surface, for `kiosk evaluate light`.

Rendered, and said so wherever a figure of it stands. Movement and skin are real: the picture of a clip is multiplied, place by
place and colour by colour, by the light that the pattern adds. The surface (places and normals) is the clip's own mesh for a head,
a plane or a cylinder for a sheet. The room gives diffuse light and some from one side; the screen is a Lambertian panel that
carries the pattern where the camera page does. Interreflection and cast shadows are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiosk.domain.light_pattern import COOL, WARM, Levels, colour
from kiosk.liveness.light.answer import Surface

SCREEN_M = (0.336, 0.598)  # 27 inches, portrait
# How much of each place of the portrait camera page carries the pattern, in ninths: measured on two pictures of `kiosk gallery`.
PAGE = (
    *("0" * 18,) * 5,
    *("872222222222222278", "990000000000000099", "990000000000000099", "994444444444444499", "999996200025999999"),
    *("999820000000179999", "998100000000007999", "992000000000001999", "960000000000000599", "930000000000000299"),
    *("910000000000000099", "910000000000000089", "910000000000000099", "930000000000000029", "960000000000000019"),
    *("992000000000000019", "998100000000000019", "999820000000000019", "999996310135000019", "999844799999449999"),
    *("999500599998008999", "998622688888228899", "910000000000000019", "910000000000000019", "444444444444444444"),
    *("0" * 18,) * 2,
)
PAPER = 0.9  # of full white: what does not carry the pattern
EYES_M = 0.089  # outer corners; scales a mesh to metres
ABOVE_M = 0.05  # the face stands so far above the screen's middle
GLASS = 0.04  # what a sheet of glass or gloss mirrors, straight on
SPECIES = (
    *("head", "print-flat", "print-bent", "print-gloss", "mask", "tablet", "phone", "tablet-other-code"),
    *("stream-other-code", "stream-unlit", "late"),
)
SHINING = frozenset({"tablet", "phone", "tablet-other-code"})
HEADS = frozenset({"head", "stream-other-code", "stream-unlit", "late"})  # what the light falls on, or would


@dataclass(frozen=True, slots=True)
class Light:
    """One scene. lux: of the room at the face; side: share of it that comes from one side; nit: of the white screen; tint: linear
    red, green, blue of the room's light where the camera's white is 1; emission_nit: of a tablet's own picture."""

    distance_m: float
    lux: float
    side: float
    side_deg: float
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    nit: float = 250.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    emission_nit: float = 120.0


@dataclass(frozen=True, slots=True)
class Answering:
    """Light at each point over what it is when the pattern rests, 1 + levels @ share: (points, 3 sequences, 3 colours BGR)."""

    share: np.ndarray


def answering(species: str, face: Surface, scale_m: float, light: Light) -> Answering:
    """Return how strongly each point of a surface answers. scale_m: across the face, in metres."""
    points, normal = shaped(species, face, scale_m, light)
    screen, facing = _panel()
    reach = screen[None] - points[:, None]  # (points, patches, 3)
    far = np.linalg.norm(reach, axis=2)
    to = reach / far[..., None]
    at_skin = np.clip((to * normal[:, None]).sum(axis=2), 0.0, None)
    at_screen = np.clip(-(to * facing).sum(axis=2), 0.0, None)
    area = SCREEN_M[0] * SCREEN_M[1] / len(screen)
    lux = light.nit * at_skin * at_screen * area / far**2  # of a white panel
    carries = _carries()
    rest, half = (np.array(one)[::-1] for one in (colour(0.0), [(w - c) / 2 for w, c in zip(WARM, COOL, strict=True)]))  # BGR
    ambient = light.lux * (1 - light.side + light.side * 2 * np.clip(normal @ _direction(light.side_deg), 0.0, None))
    tint = np.array(light.tint)[::-1]
    total = ambient[:, None] * tint + (lux @ (1 - carries) * PAPER)[:, None] + (lux @ carries)[:, None] * rest  # (points, 3)
    moved = np.stack([lux @ (carries * weight) for weight in _weights()], axis=1)[:, :, None] * half  # (points, 3 sequences, 3)
    if species in SHINING:  # glass takes most of what falls on it; what shines is the tablet's own picture
        total, moved = np.pi * light.emission_nit + 0.02 * total, 0.02 * moved
    share = moved / total[:, None, :]
    if species == "print-gloss" or species in SHINING:
        seen = _mirrored(points, normal) * np.pi * light.nit * GLASS  # (points, 3): of each sequence, where one mirrors the pattern
        share = share + seen[:, :, None] * half / total[:, None, :]
    return Answering(share)


def lit(levels: np.ndarray, answer: Answering) -> np.ndarray:
    """Return the light at each point, over the resting one: (points, 3 BGR). levels: (points, 3), as shown to each."""
    return np.asarray(1 + np.einsum("ps,psc->pc", levels, answer.share))


def shaped(species: str, face: Surface, scale_m: float, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """Return (points, normals) in metres: x to the person's left, y up, z from the screen to the person."""
    place = (face.place - face.place.mean(axis=0)) * scale_m
    flat = np.stack([place[:, 0], -place[:, 1], np.zeros(len(place))], axis=1)
    out = np.stack([face.normal[:, 0], -face.normal[:, 1], -face.normal[:, 2]], axis=1)  # towards the screen: -z
    if species in ("print-flat", "print-gloss") or species in SHINING:
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
    return flat @ turn.T + (0.0, ABOVE_M, light.distance_m), out @ turn.T


def _grid() -> tuple[np.ndarray, np.ndarray]:
    """Right and down, 0 to 1, of the middle of each patch."""
    wide, tall = len(PAGE[0]), len(PAGE)
    right, down = np.meshgrid((np.arange(wide) + 0.5) / wide, (np.arange(tall) + 0.5) / tall)
    return right.reshape(-1), down.reshape(-1)


def _panel() -> tuple[np.ndarray, np.ndarray]:
    right, down = _grid()
    grid = np.stack([(right - 0.5) * SCREEN_M[0], (0.5 - down) * SCREEN_M[1], np.zeros(len(right))], axis=1)
    # The screen's left is the person's left: x grows to the person's left, as the pattern's.
    return grid * (-1.0, 1.0, 1.0), np.array((0.0, 0.0, 1.0))


def _carries() -> np.ndarray:
    """The share of each patch that carries the pattern."""
    return np.array([int(one) / 9 for row in PAGE for one in row])


def _weights() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How strongly each patch follows the three sequences, as `domain.light_pattern.level_at` has them."""
    right, down = _grid()
    rows = [number for number, row in enumerate(PAGE) if row.strip("0")]
    top, bottom = rows[0] / len(PAGE), (rows[-1] + 1) / len(PAGE)
    return np.ones_like(right), 1 - 2 * right, 1 - 2 * (down - top) / (bottom - top)


def _mirrored(points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """What each point mirrors of the pattern into a camera above the screen, (points, 3); 0 where it mirrors none."""
    camera = np.array((0.0, SCREEN_M[1] / 2 + 0.03, 0.0))
    view = camera - points
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    back = 2 * (view * normal).sum(axis=1, keepdims=True) * normal - view
    reach = -points[:, 2] / np.where(np.abs(back[:, 2]) < 1e-6, -1e-6, back[:, 2])
    hit = points + back * reach[:, None]
    wide, tall = len(PAGE[0]), len(PAGE)
    column = np.floor((0.5 - hit[:, 0] / SCREEN_M[0]) * wide).astype(int)
    row = np.floor((0.5 - hit[:, 1] / SCREEN_M[1]) * tall).astype(int)
    inside = (column >= 0) & (column < wide) & (row >= 0) & (row < tall) & (reach > 0)
    at = np.where(inside, row * wide + column, 0)
    carries, weights = _carries(), np.stack(_weights(), axis=1)
    return np.asarray(np.where(inside[:, None], weights[at] * carries[at, None], 0.0))


def shown(levels: Levels, strength: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return a code's levels as the page shows them."""
    return levels[0] * strength[0], levels[1] * strength[1], levels[2] * strength[2]


def _direction(degrees: float) -> np.ndarray:
    return np.array((np.sin(np.radians(degrees)), 0.3, -np.cos(np.radians(degrees))))


def _turn(yaw_deg: float, pitch_deg: float) -> np.ndarray:
    a, b = np.radians(yaw_deg), np.radians(pitch_deg)
    yaw = np.array(((np.cos(a), 0, np.sin(a)), (0, 1, 0), (-np.sin(a), 0, np.cos(a))))
    pitch = np.array(((1, 0, 0), (0, np.cos(b), -np.sin(b)), (0, np.sin(b), np.cos(b))))
    return np.asarray(yaw @ pitch)
