"""`kiosk evaluate starts CSV`: does a take begin? Clips as they are, scaled as the guidance likes it, and with masks drawn on.

CSV: `file`, one clip of one person a row, whatever its label. Nobody may be kept from starting for what hinders no match; nobody
with a covered mouth may start. A clip is looped for `LIMIT_S` at most and left as soon as its challenge begins. Masked forms are
looked at five times a second, each clip in three of the nine colours.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from kiosk.camera.frame import Frame
from kiosk.config import Liveness, Settings
from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, frames, read_rows
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Report, Table
from kiosk.evaluate.takes import fitted, fitting
from kiosk.liveness.challenge import draw_challenge
from kiosk.liveness.guidance import hints
from kiosk.liveness.landmarks import FaceObservation, Landmarker
from kiosk.liveness.pace import BLOCKING
from kiosk.liveness.small_faces import SmallFaces
from kiosk.liveness.take import Take

LIMIT_S = 8.0
_SIDE = 1280  # the camera gives no more
_MASK_LIMIT_S, _MASK_STEP_S = 4.0, 0.2
# Cloth and paper, BGR at full light.
COLOURS: dict[str, tuple[int, int, int]] = {
    "white": (235, 235, 235),
    "light blue": (215, 180, 140),
    "dark blue": (120, 60, 30),
    "green": (130, 170, 110),
    "black": (35, 35, 35),
    "grey": (150, 150, 150),
    "pink": (190, 160, 235),
    "red": (50, 40, 180),
    "beige": (140, 170, 205),
}
_OF_EACH = 3
# From ear to ear along the jaw, and over the nose.
_EDGE = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 347, 195, 118)


@dataclass(frozen=True, slots=True)
class Start:
    """One form of one clip. hindered: what stood in the way in most of its pictures, where it did not begin."""

    name: str
    form: str
    started_s: float | None
    hindered: str

    def json(self) -> dict[str, Any]:
        """Return it for a line of JSON."""
        return {"file": self.name, "form": self.form, "started_s": self.started_s, "hindered": self.hindered}


def run(
    csv: Path, settings: Settings, make: Callable[[], Landmarker], detector: Path, on_clip: Callable[[Start], None] = lambda _: None
) -> Report:
    """Return the report. detector: the second one's weights, for faces too small for the mesh. on_clip: told of each."""
    errors: list[tuple[str, str]] = []
    done: list[Start] = []
    rows = read_rows(csv, ("file",))
    progress = Progress("clip", len(rows))
    for index, row in enumerate(rows):
        progress.at(index, row["file"])
        try:
            for one in _forms(row["file"], csv.parent / row["file"], index, settings.liveness, make, SmallFaces(detector)):
                on_clip(one)
                done.append(one)
        except (ClipError, ModelError) as error:
            errors.append((row["file"], str(error)))
    progress.done()
    return report(done, errors)


def _forms(
    name: str, path: Path, index: int, settings: Liveness, make: Callable[[], Landmarker], small: SmallFaces
) -> Iterator[Start]:
    clip = [_small(frame) for frame in frames(path, LIMIT_S)]
    matrix = fitting(clip, make)
    scaled = [Frame(fitted(one.image_bgr, matrix), one.t_s, one.seq) for one in clip]
    yield Start(name, "as it is", *began(clip, settings, make, small))
    yield Start(name, "scaled", *began(scaled, settings, make, small))
    landmarker = make()
    bare = []
    for frame in _thinned(scaled):
        points = landmarker.observe(frame).points
        if points is not None:
            bare.append((frame, points))
    landmarker.close()
    names = list(COLOURS)
    for number in range(_OF_EACH if bare else 0):
        colour = names[(index * _OF_EACH + number) % len(names)]
        masked = [Frame(wear(frame.image_bgr, points, COLOURS[colour]), frame.t_s, frame.seq) for frame, points in bare]
        yield Start(name, f"mask, {colour}", *began(masked, settings, make, small, _MASK_LIMIT_S))


def began(
    clip: list[Frame], settings: Liveness, make: Callable[[], Landmarker], small: SmallFaces, limit_s: float = LIMIT_S
) -> tuple[float | None, str]:
    """Return when the challenge of a take began before this clip, looped, and what stood in the way where it did not."""
    take = Take(draw_challenge(settings, rng=random.Random(0)), settings)
    told: Counter[str] = Counter()
    landmarker = make()
    try:
        for frame in _looped(clip, limit_s):
            seen = small.look(landmarker.observe(frame), frame.image_bgr)
            take.step(seen, frame.image_bgr)
            if take.started:
                return frame.t_s, ""
            told[_hindrance(seen, frame.image_bgr)] += 1
    finally:
        landmarker.close()
    del told[""]
    return None, told.most_common(1)[0][0] if told else "moving"


def wear(image_bgr: np.ndarray, points: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Return the picture with a mask over nose and mouth, in the light that falls on the face."""
    face = points[:, :2].astype(np.float32)
    shape = np.zeros(image_bgr.shape[:2], np.uint8)
    cv2.fillPoly(shape, [face[list(_EDGE)].astype(np.int32)], 255)
    inside = cv2.GaussianBlur(shape, (0, 0), 1.0).astype(np.float32)[..., None] / 255
    light = cv2.GaussianBlur(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), (0, 0), max(2.0, float(np.ptp(face[:, 0])) / 12))
    shade = np.clip(light.astype(np.float32) / 160.0, 0.05, 1.15)[..., None]
    rows = np.mgrid[0 : image_bgr.shape[0], 0 : image_bgr.shape[1]][0]
    folds = 1 + 0.05 * np.sin(rows * (2 * np.pi * 7 / max(float(np.ptp(face[:, 1])), 1.0)))[..., None]
    cloth = np.array(colour, np.float32) * shade * folds
    return np.asarray(np.clip(image_bgr * (1 - inside) + cloth * inside, 0, 255), np.uint8)


def report(done: list[Start], errors: list[tuple[str, str]]) -> Report:
    """Return the report: bare faces that are kept from starting, and masks that start."""
    table = Table("Does a take begin?", ("form", "clips", "kept from starting", "what stood in the way"))
    names = Table("Wrong", ("file", "form", "began after s", "what stood in the way"))
    data: dict[str, Any] = {"forms": {}}
    for form in dict.fromkeys(one.form for one in done):
        chosen = [one for one in done if one.form == form]
        kept = Rate(sum(one.started_s is None for one in chosen), len(chosen))
        why = Counter(one.hindered for one in chosen if one.started_s is None)
        table.rows.append((form, str(len(chosen)), kept.text(), ", ".join(f"{name} {n}" for name, n in why.most_common())))
        data["forms"][form] = {"kept": kept.json(), "why": dict(why)}
    for one in done:
        if (one.started_s is None) is not one.form.startswith("mask"):
            began_s = "-" if one.started_s is None else f"{one.started_s:.1f}"
            names.rows.append((one.name, one.form, began_s, one.hindered))
    masks = [one for one in done if one.form.startswith("mask")]
    started = Rate(sum(one.started_s is not None for one in masks), len(masks))
    data["masks_that_start"] = started.json()
    note = f"Masks that start a take: {started.text()}. They are drawn on the clip; the landmarks are found anew in each picture."
    return Report("starts", data, [table, names], [note], errors=errors)


def _hindrance(seen: FaceObservation, image_bgr: np.ndarray) -> str:
    found = [one for one in hints(seen, image_bgr) if one in BLOCKING]
    return str(found[0] if found else "")


def _small(frame: Frame) -> Frame:
    factor = _SIDE / max(frame.image_bgr.shape[:2])
    if factor >= 1:
        return frame
    return Frame(cv2.resize(frame.image_bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), frame.t_s, frame.seq)


def _thinned(clip: list[Frame]) -> Iterator[Frame]:
    next_s = 0.0
    for frame in clip:
        if frame.t_s >= next_s and frame.t_s <= _MASK_LIMIT_S:
            next_s = frame.t_s + _MASK_STEP_S
            yield frame


def _looped(clip: list[Frame], limit_s: float) -> Iterator[Frame]:
    length = clip[-1].t_s + max(float(np.median(np.diff([one.t_s for one in clip]))) if len(clip) > 1 else 0.04, 0.01)
    turn = 0.0
    while turn <= limit_s:
        for frame in clip:
            if frame.t_s + turn > limit_s:
                return
            yield Frame(frame.image_bgr, frame.t_s + turn, frame.seq)
        turn += length
