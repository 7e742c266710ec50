"""Simulated sensors: how often is the own one taken for another (false alarm), and another one for the own (miss)?

A sensor here is a pattern of independent factors (photo response non-uniformity), shot noise that grows with the light, a scene
that is none of the pattern's, and the compression of a camera's stream. Two corners of 256 pixels, as the kiosk looks at.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from kiosk.camera.frame import Frame
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Table, number
from kiosk.liveness.camera_proof import sensor
from kiosk.liveness.camera_proof.proof import SENSOR_LIMIT

PRNU = 0.01
FULL = 8.0  # electrons a grey level: shot noise of 4 grey levels at 128
QUALITIES = (95, 85, 75)  # of the stream's JPEG
SET_UP, TAKE = 100, 12  # pictures
_TAKES_A_SENSOR = 20


class Paper:
    """White paper near the lens, as at set-up: a frame source at 30 pictures a second, without a clock of its own."""

    name = "paper"

    def __init__(self, size: tuple[int, int], seed: int = 0, noise: float = 2.0) -> None:
        """size: (width, height)."""
        self._rng, self._seq = np.random.default_rng(seed), 0
        self._width, self._height = size
        table = self._rng.normal(0, noise, (self._height + 32, self._width + 32, 3)).round()
        self._more, self._less = np.clip(table, 0, 255).astype(np.uint8), np.clip(-table, 0, 255).astype(np.uint8)
        self._paper = np.full((self._height, self._width, 3), 150, np.uint8)

    def open(self) -> None:
        """Nothing to open."""

    def read(self) -> Frame:
        """Return the next picture."""
        self._seq += 1
        y, x = self._rng.integers(0, 32, 2)
        window = np.s_[y : y + self._height, x : x + self._width]
        image = cv2.subtract(cv2.add(self._paper, self._more[window]), self._less[window])
        return Frame(image, self._seq / 30, self._seq)

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Likenesses (PCE) by the quality of the stream: of the own sensor, and of another one."""

    own: dict[int, list[float]]
    other: dict[int, list[float]]

    def table(self) -> Table:
        """Return the figures for a report."""
        table = Table(
            f"Simulated sensors, {100 * PRNU:g} % PRNU, {SET_UP} pictures at set-up, {TAKE} of a take, limit {SENSOR_LIMIT:g}",
            ("JPEG", "own: lowest", "own: median", "false alarm", "another: highest", "miss"),
        )
        for quality, own in self.own.items():
            other = self.other[quality]
            table.rows.append(
                (
                    str(quality),
                    number(min(own), 0),
                    number(float(np.median(own)), 0),
                    Rate(sum(one < SENSOR_LIMIT for one in own), len(own)).text(),
                    number(max(other), 1),
                    Rate(sum(one >= SENSOR_LIMIT for one in other), len(other)).text(),
                )
            )
        return table

    def json(self) -> dict[str, object]:
        """Return the likenesses."""
        return {
            "limit": SENSOR_LIMIT,
            "own": {str(k): v for k, v in self.own.items()},
            "other": {str(k): v for k, v in self.other.items()},
        }


def simulate(takes: int, seed: int) -> Spread:
    """Return the likenesses of `takes` takes, of the own sensor and of another one, shared out over the qualities."""
    rng = np.random.default_rng(seed)
    own: dict[int, list[float]] = {quality: [] for quality in QUALITIES}
    other: dict[int, list[float]] = {quality: [] for quality in QUALITIES}
    count = 0
    while count < takes:
        sensors = [1 + PRNU * rng.normal(0, 1, (2, sensor.BLOCK, sensor.BLOCK)).astype(np.float32) for _ in range(2)]
        for quality in QUALITIES:
            paper = np.full((2, sensor.BLOCK, sensor.BLOCK), rng.uniform(110, 190), np.float32)
            reference = sensor.pattern([_shoot(paper, sensors[0], quality, rng) for _ in range(SET_UP)])
            for _ in range(min(_TAKES_A_SENSOR, takes - count)):
                scene = np.stack([_scene(rng) for _ in range(2)])
                for pattern, into in ((sensors[0], own), (sensors[1], other)):
                    pictures = [_shoot(scene, pattern, quality, rng) for _ in range(TAKE)]
                    into[quality].append(sensor.likeness(reference, sensor.pattern(pictures)))
                count += 1
    return Spread({k: v for k, v in own.items() if v}, {k: v for k, v in other.items() if v})


def _shoot(scene: np.ndarray, pattern: np.ndarray, quality: int, rng: np.random.Generator) -> np.ndarray:
    """Return one picture of both corners, uint8 (2, BLOCK, BLOCK)."""
    noise = rng.standard_normal(scene.shape, dtype=np.float32) * np.sqrt(scene / FULL)
    grey = np.clip(scene * pattern + noise + 0.5, 0, 255).astype(np.uint8)
    coded = [cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for one in grey]
    return np.stack([np.asarray(cv2.imdecode(one, cv2.IMREAD_GRAYSCALE)) for one in coded])


def _scene(rng: np.random.Generator) -> np.ndarray:
    """Return a corner of a room: soft shapes, some texture, some edges."""
    scene = np.full((sensor.BLOCK, sensor.BLOCK), rng.uniform(60, 190), np.float32)
    for blur, strength in ((40, 30), (12, 15), (4, 6)):
        soft = cv2.GaussianBlur(rng.standard_normal(scene.shape, dtype=np.float32), (0, 0), blur)
        scene += strength * soft / soft.std()
    for _ in range(6):
        x0, y0, x1, y1 = (int(one) for one in rng.integers(0, sensor.BLOCK, 4))
        edge = np.zeros_like(scene)
        cv2.rectangle(edge, (x0, y0), (x1, y1), float(rng.uniform(-40, 40)), 2)
        scene += edge
    return np.clip(scene, 5, 250)
