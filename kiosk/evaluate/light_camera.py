"""An emulated camera before a rendered light: noise, rolling shutter, exposure and white balance that follow, compression.

For `kiosk evaluate light`. The pictures are a clip's own; the light is multiplied into them where they are linear.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from kiosk.evaluate.light_render import Answering, lit
from kiosk.evaluate.takes import Played
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.answer import POINTS, LitFrames, Surface, room_of, skin_of
from kiosk.liveness.light.code import GRADIENT, HUE, LENGTH_S, LightCode

_GAMMA = 2.2
_LINEAR = ((np.arange(256) / 255.0) ** _GAMMA).astype(np.float32)
_FINE = 8191
_CODED = ((np.arange(_FINE + 1) / _FINE) ** (1 / _GAMMA) * 255).astype(np.float32)
_NOISE = np.random.default_rng(0).standard_normal((760, 760, 3), dtype=np.float32)  # read at a new place for every picture
_COARSE = 24  # the light is smooth: it is known at so many places across and down the face, and in between by interpolation
_REACH = 0.12  # of the face, how far a point speaks for its surroundings
_MARGIN = 12
_WIDE = 144  # pixels of the cut: fewer than a kiosk's camera gives, so that noise and compression are rather worse than there
_MOST_YAW_DEG = 25.0
_STRENGTH = np.array((HUE, GRADIENT, GRADIENT))
_LINES = np.array((0.114, 0.587, 0.299), np.float32)


@dataclass(frozen=True, slots=True)
class Camera:
    """noise: grey levels; jpeg: quality; shutter_s: from the face's top to its bottom; exposure_s, white_s: time constants."""

    noise: float
    jpeg: int
    shutter_s: float
    exposure_s: float
    white_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A clip and what lights it. quiet_s, acting_s: the code stops after the one for the other, where the clip is long enough.
    start: 0 to 1, where in the clip. room_share: what the room behind answers, share of the face."""

    clip: Played
    surface: Surface
    shown: tuple[tuple[LightCode, Answering], ...]
    delay_s: float
    quiet_s: float
    acting_s: float
    start: float
    room_share: float


def record(scene: Scene, camera: Camera | None, rng: np.random.Generator) -> LitFrames | None:
    """Return what the kiosk sees of a take's quiet moments; None when the face is not in view long enough. None: as it is."""
    observations = scene.clip.observations
    whole = LENGTH_S + 0.1
    split = scene.clip.length_s >= whole + scene.acting_s + 0.1
    needed = whole + (scene.acting_s if split else 0.0)
    begin = scene.start * max(0.0, scene.clip.length_s - needed)
    times: list[float] = []
    clock: list[tuple[float, float]] = []
    skins, rooms = [], []
    exposure, white = 1.0, np.ones(3)
    wanted: tuple[float, np.ndarray] | None = None
    spread = _spread(scene.surface)
    last = None
    for number, seen in enumerate(observations):
        t_s = seen.t_s - begin
        if t_s < 0:
            continue
        if t_s > needed:
            break
        acting = split and scene.quiet_s <= t_s < scene.quiet_s + scene.acting_s
        code_s = min(t_s, scene.quiet_s) if acting else t_s - (scene.acting_s if split and t_s >= scene.quiet_s else 0.0)
        clock.append((t_s, code_s))
        if acting or seen.points is None or abs(seen.yaw_deg) > _MOST_YAW_DEG:
            continue
        cut = _cut(scene.clip.pictures[number], seen)
        if cut is None:
            continue
        image, moved = cut
        room = room_of(scene.clip.pictures[number], seen)
        if camera is not None:
            lights, behind = _lights(scene, np.array(clock), t_s, camera.shutter_s)
            linear = _LINEAR[image] * _field(lights, spread, image.shape)
            before = linear.reshape(-1, 3).mean(axis=0) * 0.5 + room * behind * 0.5
            if wanted is None:
                wanted = float(before @ _LINES), before / max(float(before @ _LINES), 1e-6)
            step = 0.0 if last is None else t_s - last
            now = before * exposure * white
            exposure *= (wanted[0] / max(float(now @ _LINES), 1e-6)) ** min(1.0, step / camera.exposure_s)
            balance = wanted[1] / np.maximum(now / max(float(now @ _LINES), 1e-6), 1e-6)
            white = white * balance ** min(1.0, step / camera.white_s)
            image = _taken(linear * (exposure * white).astype(np.float32), camera, rng)
            room = room * behind * exposure * white
        last = t_s
        skin = skin_of(image, moved)
        if skin is not None:
            times.append(t_s)
            skins.append(skin)
            rooms.append(room)
    if len(times) < 24:
        return None
    return LitFrames(np.array(times), np.stack(skins), np.stack(rooms), np.array(clock))


def _cut(image: np.ndarray, seen: FaceObservation) -> tuple[np.ndarray, FaceObservation] | None:
    """The face alone, and where it is in that."""
    if seen.box is None or seen.points is None:
        return None
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (round(v) for v in seen.box)
    x0, y0, x1, y1 = x0 - _MARGIN, y0 - _MARGIN, x1 + _MARGIN, y1 + _MARGIN
    if x0 < 0 or y0 < 0 or x1 > width or y1 > height or x1 - x0 < 80:
        return None
    scale = _WIDE / (x1 - x0)
    part = cv2.resize(image[y0:y1, x0:x1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    box = tuple(scale * v for v in (seen.box[0] - x0, seen.box[1] - y0, seen.box[2] - x0, seen.box[3] - y0))
    points = scale * (seen.points - np.array((x0, y0, 0), seen.points.dtype))
    return part, replace(seen, points=points, box=(box[0], box[1], box[2], box[3]), size=(part.shape[1], part.shape[0]))


def _spread(surface: Surface) -> np.ndarray:
    """How much each point speaks for each place of a coarse grid over the face: (places, points)."""
    at = (np.arange(_COARSE) + 0.5) / _COARSE
    places = np.stack(np.meshgrid(at, at), axis=2).reshape(-1, 2)
    far = ((places[:, None] - surface.place[None]) ** 2).sum(axis=2)
    weights = np.exp(-far / (2 * _REACH**2 / 4)) + 1e-9
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _field(lights: np.ndarray, spread: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The light over the whole cut: (height, width, 3)."""
    coarse = (spread @ lights).reshape(_COARSE, _COARSE, 3).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))


def _lights(scene: Scene, clock: np.ndarray, t_s: float, shutter_s: float) -> tuple[np.ndarray, np.ndarray]:
    """The light at each point (points, 3) and what the room has of it (3,)."""
    lights, behind = np.ones((len(POINTS), 3)), np.ones(3)
    rows = scene.surface.place[:, 1] * shutter_s
    for code, answer in scene.shown:
        at = np.interp(t_s - scene.delay_s + np.linspace(0, shutter_s, 3), *clock.T)
        levels = code.course(at) * _STRENGTH
        each = np.stack([np.interp(rows, np.linspace(0, shutter_s, 3), levels[:, k]) for k in range(3)], axis=1)
        now = lit(each, answer)
        lights = lights * now
        behind = behind * (1 + scene.room_share * (now.mean(axis=0) - 1))
    return lights, behind


def _taken(linear: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """What the sensor and its compression make of it."""
    coded = _CODED[np.minimum(linear * _FINE, _FINE).astype(np.uint16)]
    y, x = (int(rng.integers(0, _NOISE.shape[k] - linear.shape[k] + 1)) for k in range(2))
    noisy = coded + camera.noise * _NOISE[y : y + linear.shape[0], x : x + linear.shape[1]]
    image = np.clip(noisy, 0, 255).round().astype(np.uint8)
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg])
    out = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return image if out is None else out
