"""Draws the puppet: one pose in, one picture out. Background, body, and the head turned in depth over it.

Used by the puppet camera only. The head is a field of points with depth; each is rotated, projected and written into a
coarse map from the far side to the near side, so that near parts hide far ones; the map then pulls the portrait's pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kiosk.camera.opencv import import_cv2
from kiosk.emulators.puppet_face import FaceSkin
from kiosk.emulators.puppet_motion import Pose
from kiosk.emulators.puppet_scene import TRAGUS, Scene

cv2 = import_cv2()

Array = np.ndarray[Any, Any]

_CAMERA_DISTANCE = 4.0  # in widths of the face: 56 cm
_YAW_MAX_DEG = 39.0  # beyond, too much would show that the portrait does not know
_COARSE = 4  # of the picture of how squarely each place faces the screen
_ORDERS = 8  # directions in which the points are sorted beforehand


class Renderer:
    """Draws poses of one scene. Not safe for threads."""

    def __init__(self, scene: Scene, rest: Pose | None = None) -> None:
        """rest: the pose added to every other, to make a portrait that looks aside look ahead."""
        self.scene = scene
        self._rest = rest or Pose()
        self._skin = FaceSkin(scene)
        width = float(scene.points[TRAGUS[1], 0] - scene.points[TRAGUS[0], 0])
        self._distance = _CAMERA_DISTANCE * width
        self._cell = max(1, round(width / 45))  # map cells, in pixels
        step = max(1, int(self._cell * 0.67))
        alpha = cv2.dilate(scene.head_alpha, np.ones((5, 5), np.uint8))
        lattice = np.zeros(alpha.shape, bool)
        lattice[::step, ::step] = True
        # Denser where it is steep: stretching would leave holes there, through which far parts shine.
        slope_y, slope_x = np.gradient(scene.depth)
        steep = cv2.dilate((np.hypot(slope_x, slope_y) > 0.45).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        wide = (lattice.shape[1] // _COARSE, lattice.shape[0] // _COARSE)
        self._facing = cv2.resize(1 / np.sqrt(1 + slope_x**2 + slope_y**2), wide, interpolation=cv2.INTER_AREA).astype(np.float32)
        lattice |= steep & (scene.depth < np.percentile(scene.depth[alpha > 0.5], 40))
        y, x = np.nonzero(lattice & (alpha > 0.01))
        depth = scene.depth[y, x]
        self._centre = scene.pivot[:2]
        self._far = self._distance + scene.pivot[2]
        spread = (self._distance + depth) / self._distance
        points = np.stack(
            [x, y, (x - scene.pivot[0]) * spread, (y - scene.pivot[1]) * spread, depth - scene.pivot[2], scene.follow[y, x]]
        ).astype(np.float32)
        # Sorted along each of a few directions: source x, y; relative to the pivot x, y, z; how much it follows.
        angles = np.arange(_ORDERS) * 2 * np.pi / _ORDERS
        self._sorted = [np.ascontiguousarray(points[:, np.argsort(x * np.cos(a) + y * np.sin(a))]) for a in angles]
        body = scene.body_alpha > 0
        self._body_rows = int(np.nonzero(body.any(1))[0][0]) if body.any() else scene.canvas.shape[0]

    def draw(self, pose: Pose) -> Array:
        """Return a new picture, uint8 BGR (height, width, 3)."""
        frame = self.scene.background.copy()
        shift = self._similarity(pose)
        self._draw_body(frame, shift)
        self._draw_head(frame, shift, pose)
        return frame

    def facing(self, pose: Pose) -> Array:
        """Return how squarely each place faces the screen, 0 to 1, a quarter of the picture's size; as if the head looked ahead."""
        scale, tx, ty = self._similarity(pose)
        width, height = self.scene.size
        small = 1 / _COARSE
        matrix = np.array([[scale, 0, tx * small], [0, scale, ty * small]], np.float32)
        out: Array = cv2.warpAffine(self._facing, matrix, (width // _COARSE, height // _COARSE), borderMode=cv2.BORDER_REPLICATE)
        return out

    def _similarity(self, pose: Pose) -> tuple[float, float, float]:
        """Canvas to frame: u = scale * x + tx, v = scale * y + ty. Distance scales about the face's middle, low."""
        width, height = self.scene.size
        ox, oy = self.scene.origin
        ax, ay = ox + width / 2, oy + 0.55 * height
        tx = (1 - pose.scale) * ax - ox + pose.shift_x * height
        ty = (1 - pose.scale) * ay - oy + pose.shift_y * height
        return pose.scale, tx, ty

    def _draw_body(self, frame: Array, shift: tuple[float, float, float]) -> None:
        scale, tx, ty = shift
        top = max(0, int(scale * self._body_rows + ty) - 2)
        height, width = frame.shape[:2]
        if top >= height:
            return
        matrix = np.array([[scale, 0, tx], [0, scale, ty - top]], np.float32)
        size = (width, height - top)
        skin = cv2.warpAffine(self.scene.canvas, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.warpAffine(self.scene.body_alpha, matrix, size, flags=cv2.INTER_LINEAR)
        frame[top:] = cv2.blendLinear(skin, frame[top:], alpha, 1 - alpha)

    def _draw_head(self, frame: Array, shift: tuple[float, float, float], pose: Pose) -> None:
        scale, tx, ty = shift
        cell = self._cell
        yaw_deg = min(_YAW_MAX_DEG, max(-_YAW_MAX_DEG, pose.yaw_deg + self._rest.yaw_deg))
        rotation = _rotation(yaw_deg, pose.pitch_deg + self._rest.pitch_deg, pose.roll_deg)
        # Far to near: near points move the way the nose moves, so what lies further that way is hidden and comes first.
        way = np.arctan2(rotation[1, 2], rotation[0, 2])  # the image of a step backwards
        source_x, source_y, x, y, z, follow = self._sorted[round(way / (2 * np.pi / _ORDERS)) % _ORDERS]
        turned = [row[0] * x + row[1] * y + row[2] * z for row in rotation.tolist()]
        z = z + follow * (turned[2] - z)
        shrink = (scale * self._distance) / (self._far + z)
        u = (x + follow * (turned[0] - x)) * shrink + (self._centre[0] * scale + tx)
        v = (y + follow * (turned[1] - y)) * shrink + (self._centre[1] * scale + ty)
        x0, y0 = (max(0, int(low) // cell * cell) for low in (u.min() - 2 * cell, v.min() - 2 * cell))
        x1, y1 = min(frame.shape[1], int(u.max()) + 2 * cell), min(frame.shape[0], int(v.max()) + 2 * cell)
        if x1 - x0 < 8 or y1 - y0 < 8:
            return
        columns, rows = -(-(x1 - x0) // cell), -(-(y1 - y0) // cell)
        # Each point says which pixel of the portrait belongs into the middle of its cell.
        column = np.floor((u - (x0 - 0.5)) / cell)
        row = np.floor((v - (y0 - 0.5)) / cell)
        pulled_x = source_x + (column * cell + (x0 + 0.5 * cell - 0.5) - u) / scale
        pulled_y = source_y + (row * cell + (y0 + 0.5 * cell - 0.5) - v) / scale
        keep = (column >= 0) & (row >= 0) & (column < columns) & (row < rows)
        flat = (row * columns + column)[keep].astype(np.int32)
        map_x, map_y, valid = (np.zeros(rows * columns, np.float32) for _ in range(3))
        map_x[flat], map_y[flat], valid[flat] = pulled_x[keep], pulled_y[keep], 1  # the last one written stays
        map_x, map_y, valid = _close(*(field.reshape(rows, columns) for field in (map_x, map_y, valid)))
        # Up to full resolution; cell centres fall where cv2.resize puts them.
        size = (columns * cell, rows * cell)
        map_x, map_y = cv2.resize(map_x, size), cv2.resize(map_y, size)
        valid = np.clip(cv2.resize(cv2.GaussianBlur(valid, (0, 0), 1.0), size) * 4 - 1.8, 0, 1)
        height, width = y1 - y0, x1 - x0
        map_x, map_y, valid = map_x[:height, :width], map_y[:height, :width], valid[:height, :width]
        skin = self._skin.draw(pose.blink, pose.jaw)
        head = cv2.remap(skin, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.remap(self.scene.head_alpha, map_x, map_y, cv2.INTER_LINEAR) * valid
        patch = frame[y0:y1, x0:x1]
        patch[:] = cv2.blendLinear(head, np.ascontiguousarray(patch), alpha, 1 - alpha)


def _rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Array:
    """Rotation of (x right, y down, z away): positive yaw moves near points right, positive pitch moves them down."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, np.float32)


def _close(map_x: Array, map_y: Array, valid: Array) -> tuple[Array, Array, Array]:
    """Close small holes of the map, carry it some cells beyond its edge, and take the grain off.

    All (rows, columns). Returns map x, map y, and the validity without what was carried.
    """
    solid = cv2.morphologyEx(valid, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    fields = [map_x, map_y]
    for _ in range(3):
        share = cv2.blur(valid, (3, 3))
        hole = valid == 0
        for field in fields:  # holes hold 0, so the mean over the valid neighbours is the blur over their share
            np.divide(cv2.blur(field, (3, 3)), share, out=field, where=hole & (share > 0.01))
        valid = (share > 0.01).astype(np.float32)
    inner = cv2.erode(valid, np.ones((3, 3), np.uint8)) > 0
    for field in fields:
        np.copyto(field, cv2.blur(field, (3, 3)), where=inner)
    return map_x, map_y, solid
