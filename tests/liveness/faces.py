"""Drawn-up faces for tests: a mesh with a nose that sticks out, moved by numbers. No camera, no model, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kiosk.liveness.attacks.parallax import OVAL
from kiosk.liveness.guidance import _CHEEKS, _FOREHEAD, _MOUTH_AROUND, _NOSE
from kiosk.liveness.landmarks import BLENDSHAPES, FaceObservation

SIZE = (640, 480)
EYE_PX = 90.0  # distance of the outer eye corners


@dataclass(frozen=True)
class Pose:
    """What the face does. Angles in degrees; `blink` 0..1; `mouth`: lip gap in eye distances."""

    yaw: float = 0.0
    pitch: float = 0.0
    blink: float = 0.0
    mouth: float = 0.0
    x: float = 320.0
    y: float = 240.0
    scale: float = 1.0


def _mesh() -> np.ndarray:
    rng = np.random.default_rng(5)
    points = np.zeros((478, 3))
    points[:, :2] = rng.uniform(-1, 1, (478, 2)) * (0.6, 0.8)
    # The regions whose colours the guidance compares lie where they belong; elsewhere the mesh is random.
    for region, (x, y), (wide, tall) in (
        (_FOREHEAD, (0, -0.65), (0.4, 0.15)),
        (_CHEEKS, (0, 0.05), (0.5, 0.1)),
        (_MOUTH_AROUND, (0, 0.5), (0.35, 0.2)),
        (_NOSE, (0, -0.1), (0.05, 0.2)),
    ):
        points[list(region), :2] = rng.uniform(-1, 1, (len(region), 2)) * (wide, tall) + (x, y)
    angle = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    points[list(OVAL), 0], points[list(OVAL), 1] = 0.72 * np.sin(angle), -0.95 * np.cos(angle)
    for inner, outer, side in ((133, 33, -1), (362, 263, 1)):
        points[inner, :2], points[outer, :2] = (0.18 * side, -0.3), (0.5 * side, -0.3)
    points[4, :2], points[168, :2] = (0, 0.05), (0, -0.35)
    points[61, :2], points[291, :2] = (-0.25, 0.42), (0.25, 0.42)
    # Depth: a rounded head, and a nose on it.
    radius = np.hypot(points[:, 0], points[:, 1])
    points[:, 2] = 0.55 * radius**2 - 0.35 * np.exp(-((points[:, 0] / 0.12) ** 2) - ((points[:, 1] + 0.05) / 0.25) ** 2)
    return points


_MESH = _mesh()
_LIDS = ((160, 144, -0.41), (159, 145, -0.34), (158, 153, -0.27), (385, 380, 0.27), (386, 374, 0.34), (387, 373, 0.41))
_LIPS = ((82, 87, -0.06), (13, 14, 0.0), (312, 317, 0.06))


def face(t_s: float, pose: Pose | None = None, others: tuple[tuple[float, float, float, float], ...] = ()) -> FaceObservation:
    """Return an observation of one face at a time."""
    pose = pose or Pose()
    points = _MESH.copy()
    lid = 0.05 * (1 - pose.blink)
    for upper, lower, x in _LIDS:
        points[upper], points[lower] = (x, -0.3 - lid, 0.05), (x, -0.3 + lid, 0.05)
    for upper, lower, x in _LIPS:
        points[upper], points[lower] = (x, 0.42 - pose.mouth / 2, -0.05), (x, 0.42 + pose.mouth / 2, -0.05)
    yaw, pitch = np.radians(pose.yaw), np.radians(pose.pitch)
    turn = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    world = points @ (nod @ turn).T
    depth = 6.0 + world[:, 2:]
    seen = world[:, :2] * 6.0 / depth * EYE_PX * pose.scale + (pose.x, pose.y)
    cloud = np.concatenate([seen, world[:, 2:] * EYE_PX * pose.scale], axis=1).astype(np.float32)
    blend = np.full(len(BLENDSHAPES), 0.02, np.float32)
    blend[BLENDSHAPES.index("jawOpen")] = pose.mouth
    blend[[BLENDSHAPES.index("eyeBlinkLeft"), BLENDSHAPES.index("eyeBlinkRight")]] = 0.05 + 0.6 * pose.blink
    low, high = cloud[:, :2].min(axis=0), cloud[:, :2].max(axis=0)
    return FaceObservation(
        t_s=t_s,
        size=SIZE,
        face_count=1 + len(others),
        points=cloud,
        blendshapes=blend,
        matrix=np.eye(4, dtype=np.float32),
        yaw_deg=pose.yaw,
        pitch_deg=pose.pitch,
        box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        other_boxes=others,
    )


def nobody(t_s: float) -> FaceObservation:
    """Return an observation without a face."""
    return FaceObservation(t_s=t_s, size=SIZE)


class Camera:
    """Plain skin-coloured pictures with noise that never comes back."""

    def __init__(self, seed: int = 0, noise: float = 3.0) -> None:
        self._rng = np.random.default_rng(seed)
        grid = 20 * np.sin(np.arange(SIZE[0]) / 5.0)[None, :, None] + 20 * np.sin(np.arange(SIZE[1]) / 4.0)[:, None, None]
        # 90 to 230, so that whole noise can be added to bytes: a take is made of hundreds of pictures.
        self._whole = noise in (0.0, 3.0)
        base = np.array([130.0, 150.0, 190.0]) + grid
        self._base = (base.astype(np.uint8) if self._whole else base).reshape(SIZE[1] // 8, 8, SIZE[0] * 3)
        self._noise = noise

    def picture(self) -> np.ndarray:
        """Return one picture: squares of eight pixels, each a little lighter or darker than in the last one."""
        rows = self._rng.integers(-3, 4, (SIZE[1] // 8, SIZE[0] // 8)) * (self._noise / 3)
        squares = (rows.astype(np.int8).view(np.uint8) if self._whole else rows).repeat(8 * 3, axis=1)
        return (self._base + squares[:, None, :]).astype(np.uint8).reshape(SIZE[1], SIZE[0], 3)


def sway(pose: Pose, t_s: float) -> Pose:
    """Return the pose with the small unrest of somebody who stands."""
    return replace(
        pose,
        x=pose.x + 4 * np.sin(t_s * 1.9) + 2 * np.sin(t_s * 5.3),
        y=pose.y + 3 * np.sin(t_s * 1.3),
        yaw=pose.yaw + 1.2 * np.sin(t_s * 0.9),
        pitch=pose.pitch + 0.8 * np.sin(t_s * 1.1),
    )
