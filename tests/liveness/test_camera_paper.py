"""When a sheet of paper gives a sensor's pattern at set-up, and what is said when it does not. Made-up pictures."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.liveness.camera_proof import measure as measured
from kiosk.liveness.camera_proof import sensor
from tests.liveness.test_camera_numbers import Paper

EVEN = np.full((2, 256, 256), 120.0, np.float32)
SLOPE = EVEN + np.linspace(-40, 40, 256, dtype=np.float32)
CHECKS = (np.indices((256, 256)).sum(axis=0) // 2 % 2 * 2 - 1).astype(np.float32)


@pytest.mark.parametrize(
    ("picture", "halves", "taken"),
    [
        (EVEN, 60.0, True),
        (EVEN, 59.9, False),
        (SLOPE, 300.0, True),  # light from one side is no unevenness
        (EVEN + 3.9 * CHECKS, 300.0, True),
        (EVEN + 4.1 * CHECKS, 300.0, False),
        (np.stack([EVEN[0], EVEN[0] + 5 * CHECKS]), 300.0, False),  # one corner of the two
    ],
)
def test_even_paper_gives_a_pattern(monkeypatch: pytest.MonkeyPatch, picture: np.ndarray, halves: float, taken: bool) -> None:
    made, lines, source = list[int](), list[str](), Paper()
    monkeypatch.setattr(sensor, "corners", lambda image_bgr: None if source.n % 2 else picture)
    monkeypatch.setattr(sensor, "pattern", lambda pictures: made.append(len(pictures)) or made[-1])
    monkeypatch.setattr(sensor, "likeness", lambda one, other: halves if (one, other) == (60, 60) else 0.0)
    monkeypatch.setattr(sensor, "pack", lambda pattern: b"%d" % pattern)
    kept = measured._pattern(source, lines.append)
    assert kept == (b"120" if taken else b"")
    assert source.n == 240  # pictures with nothing to see are left out, and no more are taken than are needed
    (line,) = lines
    assert line.startswith(
        f"pattern: 120 pictures, likeness of two halves {halves:.0f}" if taken else "pattern: likeness of two halves"
    )
    assert line.endswith("not taken") is not taken


def test_a_minute_without_enough_of_them_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, source = list[str](), Paper()
    monkeypatch.setattr(sensor, "corners", lambda image_bgr: EVEN if source.n <= 119 else None)
    assert measured._pattern(source, lines.append) == b""
    assert lines == ["pattern: the upper corners are too dark, too bright or too small; not taken"]
    assert source.n / 30 == pytest.approx(60.05, abs=0.05)


@pytest.mark.parametrize("height", [9.0, 60.0])
def test_what_stands_out_of_its_surroundings_counts_less_where_these_change_themselves(height: float) -> None:
    """One pixel: the three by three about it share a ninth of it; the calmest window, of seven by seven, tells noise from scene."""
    grey = np.full((21, 21), 100.0, np.float32)
    grey[10, 10] += height
    shown = np.zeros((21, 21))
    shown[9:12, 9:12] = -height / 9
    shown[10, 10] = height * 8 / 9
    calm = np.maximum(height**2 * 48 / 49**2, 6.0)
    assert sensor._residual(grey) == pytest.approx(shown * 6.0 / calm, abs=0.02)
