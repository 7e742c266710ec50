"""The puppet's other trick: somebody holds up a printed photograph. Flat or slightly bent, moved and tilted by hand.

Used by the puppet camera only, to show that a still print cannot pass. Nothing in the face moves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kiosk.camera.opencv import import_cv2
from kiosk.emulators.puppet_motion import Pose
from kiosk.emulators.puppet_scene import Scene

cv2 = import_cv2()

Array = np.ndarray[Any, Any]

_LATTICE = 8  # pixels between the points where the paper's surface is worked out


class PrintRenderer:
    """Draws a held-up print of one scene's portrait. Not safe for threads."""

    def __init__(self, scene: Scene, portrait_bgr: Array, *, bend: float = 0.12) -> None:
        """portrait_bgr: the person looking ahead, as a camera would take it, of the scene's frame size.

        bend: radians of arc from the middle of the sheet to its edge.
        """
        self._scene = scene
        self._bend = bend
        width, height = scene.size
        # A sheet in portrait format round the face, with the white border that prints have.
        sheet_w = round(0.62 * height)
        left = (width - sheet_w) // 2
        picture = portrait_bgr[round(0.06 * height) : round(0.92 * height), left : left + sheet_w]
        border = round(0.02 * height)
        sheet = cv2.copyMakeBorder(picture, border, border, border, border, cv2.BORDER_CONSTANT, value=(226, 230, 232))
        # Ink on paper: less contrast than life, a little softer.
        self._sheet = np.clip(cv2.GaussianBlur(sheet, (0, 0), 0.6).astype(np.float32) * 0.88 + 14, 0, 255).astype(np.uint8)
        self._alpha = cv2.copyMakeBorder(
            np.ones((self._sheet.shape[0] - 4, self._sheet.shape[1] - 4), np.float32), 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0
        )

    def draw(self, pose: Pose) -> Array:
        """Return a new picture, uint8 BGR; the hand follows the pose's angles and shifts, the face does not."""
        frame: Array = self._scene.background.copy()
        height, width = frame.shape[:2]
        rows, columns = self._sheet.shape[:2]
        distance = 2.2 * height
        yaw, pitch, roll = np.radians([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
        about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        rotation = about_y @ about_x @ about_z
        # For each point of the frame: where its ray meets the bent sheet, a piece of an upright cylinder whose middle
        # is nearest to the camera.
        v, u = np.mgrid[0 : height + _LATTICE : _LATTICE, 0 : width + _LATTICE : _LATTICE].astype(np.float64)
        centre = np.array([width * 0.5 + pose.shift_x * height, height * 0.5 + pose.shift_y * height])
        rays = np.stack([(u - centre[0]) / distance, (v - centre[1]) / distance, np.ones_like(u)], -1) @ rotation
        eye = np.array([0.0, 0.0, -distance / pose.scale]) @ rotation
        radius = columns / 2 / max(self._bend, 1e-3)
        a = rays[..., 0] ** 2 + rays[..., 2] ** 2
        b = eye[0] * rays[..., 0] + (eye[2] - radius) * rays[..., 2]
        root = b * b - a * (eye[0] ** 2 + (eye[2] - radius) ** 2 - radius**2)
        reach = (-b - np.sqrt(np.maximum(root, 0))) / a
        x = radius * np.arctan2(eye[0] + reach * rays[..., 0], radius - (eye[2] + reach * rays[..., 2]))
        x = np.where(root > 0, x, 4.0 * columns)  # past the sheet
        y = eye[1] + reach * rays[..., 1]
        map_x = _enlarge((x + columns / 2).astype(np.float32), width, height)
        map_y = _enlarge((y + rows / 2).astype(np.float32), width, height)
        sheet = cv2.remap(self._sheet, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.remap(self._alpha, map_x, map_y, cv2.INTER_LINEAR)
        return np.asarray(cv2.blendLinear(sheet, frame, alpha, 1 - alpha))


def _enlarge(field: Array, width: int, height: int) -> Array:
    """Lattice to pixels: the lattice's points lie on every eighth pixel exactly."""
    matrix = np.array([[_LATTICE, 0, 0], [0, _LATTICE, 0]], np.float32)
    return np.asarray(cv2.warpAffine(field, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
