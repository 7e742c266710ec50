"""Measure a camera at set-up: which control answers, how late and how much; and its sensor's pattern. By `kiosk camera measure`.

The camera looks at a sheet of white paper held near the lens, in the light that it has by day: near, the paper's own grain is
blurred. A wall that is in focus would give its own grain for the sensor's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from kiosk.camera.frame import Frame
from kiosk.camera.v4l2 import Control
from kiosk.domain.camera_facts import CONTROLS, CameraFacts
from kiosk.errors import CameraUnavailable
from kiosk.liveness.camera_proof import pulses, sensor

WARM_S = 1.5  # until exposure and white balance have found their place
TRIAL_S = 12.0  # of pulses for one control
WANTED = 0.035  # share of the brightness that a whole step should change: nobody sees it, the mean of a picture does
_FIRST_SHARE = 0.08  # of a control's range: what is tried first
_LEAST, _MOST = 0.012, 0.1  # a response outside is no use: too small to find, or large enough to be seen
_CLEAR = 6.0  # response over noise
PATTERN_PICTURES = 120
_EVEN = 4.0  # grey levels: what the mean of all pictures may differ from its own surroundings; paper and a sensor differ by 2


class Found(Protocol):
    """The controls of an open camera (`kiosk.camera.v4l2.Controls`)."""

    def find(self, name: str) -> Control | None:
        """Return a control that can be set now."""


class Measurable(Protocol):
    """A frame source whose camera can be steered: `kiosk.camera.source.DeviceSource`, or an emulator."""

    @property
    def controls(self) -> Found | None:
        """Return what can be set; None where nothing can."""

    def read(self) -> Frame | None:
        """Return the next picture."""

    def steer(self, control: str, value: int) -> bool:
        """Set a control."""


def measure(
    source: Measurable, say: Callable[[str], None], *, pattern: bool = True, rng: random.Random | None = None
) -> CameraFacts:
    """Return what the open camera answers. say: a line for whoever waits. Raises CameraUnavailable when it goes away."""
    for frame in _frames(source, WARM_S):
        size = frame.image_bgr.shape[1::-1]
    facts = CameraFacts(size=(int(size[0]), int(size[1])))
    best = 0.0
    for name in CONTROLS:
        control = source.controls.find(name) if source.controls is not None else None
        if control is None:
            say(f"{name}: none, or the camera keeps it to itself")
            continue
        found = _try(source, name, control, rng)
        clear = abs(found.response) / max(found.noise, 1e-6)
        usable = _LEAST <= abs(found.response) <= _MOST and clear >= _CLEAR
        told = f"{100 * found.response:.1f} % after {1000 * found.delay_s:.0f} ms, {clear:.0f}x noise"
        say(f"{name}: step {found.unit}, {told}: {'answers' if usable else 'no clear answer'}")
        if usable and min(clear, 50.0) > 1.5 * best:  # the nearest to the sensor, unless another is much clearer
            best, facts = min(clear, 50.0), replace(found, size=facts.size)
    if pattern:
        facts = replace(facts, pattern=_pattern(source, say))
    return facts


def _try(source: Measurable, name: str, control: Control, rng: random.Random | None) -> CameraFacts:
    """Play pulses on one control, once more with a better step where the first was too small or too large."""
    span = control.high - control.low
    room = max(control.step, min(control.high - control.value, control.value - control.low))
    unit = _step(_FIRST_SHARE * span, control, room)
    found = _play(source, name, control, unit, rng)
    if found.response and not 0.7 <= abs(found.response) / WANTED <= 1.6:
        better = _step(unit * WANTED / abs(found.response), control, room)
        if better != unit:
            found = _play(source, name, control, better, rng)
    return found


def _step(wish: float, control: Control, room: int) -> int:
    steps = max(1, round(wish / control.step))
    return int(min(steps * control.step, room))


def _play(source: Measurable, name: str, control: Control, unit: int, rng: random.Random | None) -> CameraFacts:
    played = pulses.Pulses(rng)
    level = 0.0
    column = 2 if name == "white-balance" else 1
    try:
        for frame in _frames(source, TRIAL_S):
            played.look(frame.t_s, frame.image_bgr)
            now = played.level(frame.t_s, True)
            if now != level:
                level = now
                source.steer(name, control.value + round(level * unit))
    finally:
        source.steer(name, control.value)
    delay_s, response, noise = pulses.calibrate(played.seen(), played.played, column)
    return CameraFacts(name, control.value, unit, delay_s, response, noise)


def _pattern(source: Measurable, say: Callable[[str], None]) -> bytes:
    pictures = []
    for frame in _frames(source, 60.0):
        found = sensor.corners(frame.image_bgr)
        if found is None:
            continue
        pictures.append(found)
        if len(pictures) >= PATTERN_PICTURES:
            break
    if len(pictures) < PATTERN_PICTURES:
        say("pattern: the upper corners are too dark, too bright or too small; not taken")
        return b""
    # The halves must agree with each other, or what they share is not the sensor's.
    halves = sensor.likeness(sensor.pattern(pictures[::2]), sensor.pattern(pictures[1::2]))
    # A test picture or a wall in focus agrees with itself, too: edges and grain, which are no sensor's.
    mean = np.asarray(np.mean(np.stack(pictures), axis=0, dtype=np.float32))
    uneven = max(float((one - cv2.GaussianBlur(one, (0, 0), 8)).std()) for one in mean)
    if halves < sensor.CLEAR or uneven > _EVEN:
        say(f"pattern: likeness of two halves {halves:.0f}, unevenness {uneven:.1f}: no even paper, or no pattern; not taken")
        return b""
    say(f"pattern: {len(pictures)} pictures, likeness of two halves {halves:.0f}")
    return sensor.pack(sensor.pattern(pictures))


def _frames(source: Measurable, seconds: float) -> Iterator[Frame]:
    began = None
    while True:
        frame = source.read()
        if frame is None:
            raise CameraUnavailable("the clip has ended")
        began = frame.t_s if began is None else began
        if frame.t_s - began > seconds:
            return
        yield frame
