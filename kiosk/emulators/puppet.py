"""The puppet camera: an ordinary frame source that animates a still portrait, or holds a print of it up.

For the demo, tests and training, never in production. It draws pixels and nothing else: whoever controls it plays the
person in front of the machine, and the program has to see for itself. Importing this module makes `puppet:PORTRAIT`
known to `kiosk.camera.source.open_source`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any, Literal

import numpy as np

from kiosk import models
from kiosk.camera import source as camera_source
from kiosk.camera.frame import Frame
from kiosk.camera.opencv import import_cv2
from kiosk.config import Camera
from kiosk.domain.light_pattern import Levels
from kiosk.domain.reasons import Action
from kiosk.emulators.puppet_light import ScreenLight
from kiosk.emulators.puppet_motion import Choreography, Manner, Pose
from kiosk.emulators.puppet_print import PrintRenderer
from kiosk.emulators.puppet_render import Renderer
from kiosk.emulators.puppet_scene import build_scene
from kiosk.errors import CameraUnavailable, ModelError

cv2 = import_cv2()

Mode = Literal["live", "print"]
_PATIENT = 1.5  # frames that may pass between two that are read
_PRINT_MANNER = Manner(turn_deg=42.0, nod_deg=28.0, natural_blink_every_s=0.0, unrest=2.2)


@dataclass(frozen=True, slots=True)
class _Stage:
    """What is drawn now: one portrait, alive and as a print."""

    live: Renderer
    flat: PrintRenderer


class PuppetSource:
    """A camera with a puppet in front of it. `read` belongs to one thread; all else may be called from any thread."""

    def __init__(
        self,
        portrait: Path | str,
        *,
        size: tuple[int, int] = (640, 480),
        fps: float = 30.0,
        seed: int = 0,
        manner: Manner | None = None,
        mode: Mode = "live",
        realtime: bool = True,
        noise: float = 2.0,
        bend: float = 0.12,
        patient: bool = False,
    ) -> None:
        """portrait: a picture with one face, or the name of a demo face (`obama`, `biden`, `astronaut`).

        size: (width, height) of the frames. realtime: False draws as fast as it can, each frame 1/fps later than the
        last. patient: its time waits for a reader that is late, as on a busy machine: no motion passes between two frames.
        noise: standard deviation of the sensor's noise, in grey levels. bend: of a held-up print, radians from its
        middle to its edge (0.6: rolled like a can).
        """
        self.name = f"puppet:{Path(portrait).stem}"
        self._portrait = _portrait_path(portrait)
        self._size, self._fps, self._realtime, self._bend = size, fps, realtime, bend
        self._longest_s = _PATIENT / fps if patient else math.inf
        self._lock = RLock()
        self._manner = manner or Manner()
        self._dances = {"live": Choreography(seed, self._manner), "print": Choreography(seed + 1, _PRINT_MANNER)}
        self._mode: Mode = mode
        self._stage: _Stage | None = None
        self._plugged = True
        self._opened = False
        self._seq = 0
        self._started_s = 0.0
        self._next_s = 0.0
        self._now_s = 0.0
        self._noise = _Noise(size, noise, seed)
        self._light = ScreenLight()

    # ---- FrameSource

    def open(self) -> None:
        """Prepare the portrait (about half a second) and start the clock. Raises CameraUnavailable when unplugged."""
        with self._lock:
            if not self._plugged:
                raise CameraUnavailable(f"{self.name} is unplugged")
        if self._stage is None:
            self._set_stage(self._portrait)
        with self._lock:
            self._opened = True
            if self._seq == 0:  # later its clock just runs on, as a real camera's does while it is unplugged
                self._started_s = time.monotonic()
            self._next_s = self._now() if self._realtime else self._now_s + (1 / self._fps if self._seq else 0.0)

    def read(self) -> Frame | None:
        """Return the next frame at its time. Raises CameraUnavailable when unplugged or not open."""
        if self._realtime:
            wait = self._started_s + self._next_s - time.monotonic()
            if wait > 0:
                time.sleep(wait)
        with self._lock:
            if not self._plugged or not self._opened or self._stage is None:
                raise CameraUnavailable(f"{self.name} is unplugged")
            now_s = time.monotonic() - self._started_s if self._realtime else self._next_s
            late_s = now_s - self._now_s - self._longest_s if self._realtime and self._seq else 0.0
            if late_s > 0:
                self._started_s, now_s = self._started_s + late_s, now_s - late_s
                self._next_s = now_s
            # A reader that is late gets fewer frames, not old ones.
            self._next_s = max(self._next_s + 1 / self._fps, now_s - 1 / self._fps)
            self._now_s = max(now_s, self._now_s)
            stage, mode = self._stage, self._mode
            dance = self._dances[mode]
            pose, present = dance.pose(self._now_s), dance.present(self._now_s)
            self._seq += 1
            seq = self._seq
        if not present:
            image = stage.live.scene.background.copy()
        else:
            image = stage.live.draw(pose) if mode == "live" else stage.flat.draw(pose)
        facing = partial(stage.live.facing, pose) if present and mode == "live" else None
        image = self._light.add(image, self._now_s, facing)
        self._noise.add(image)
        return Frame(image, self._now_s, seq)

    def close(self) -> None:
        """Stop; a later `open` goes on with the same person."""
        with self._lock:
            self._opened = False

    # ---- what the one who plays the person can do

    def perform(self, action: Action, speed: float = 1.0) -> None:
        """Start a natural motion now: blink 0.25 s, mouth 1 s, turn there and back 1.6 s, nod 1.1 s, at `speed` 1."""
        self._each(lambda dance, now_s: dance.perform(action, now_s, speed), only_current=True)

    def speak(self, openings: Sequence[float], every_s: float) -> None:
        """Move the mouth as somebody who speaks."""
        self._each(lambda dance, now_s: dance.speak(openings, every_s, now_s), only_current=True)

    def busy(self) -> bool:
        """Whether an asked-for motion is still under way."""
        with self._lock:
            return self._dances[self._mode].busy(self._now())

    def leave(self) -> None:
        """Walk out of the picture (0.9 s)."""
        self._each(lambda dance, now_s: dance.leave(now_s))

    def come(self) -> None:
        """Walk back in front of the camera (0.9 s)."""
        self._each(lambda dance, now_s: dance.come(now_s))

    def set_distance(self, distance: float) -> None:
        """Step nearer (0.5: twice as large) or back (2: half as large); 1 is the usual distance."""
        self._each(lambda dance, now_s: dance.set_distance(distance, now_s))

    def set_portrait(self, portrait: Path | str) -> None:
        """Let another person stand there. Takes about half a second, in the caller's thread."""
        path = _portrait_path(portrait)
        self._set_stage(path)
        self._portrait = path

    def set_mode(self, mode: Mode) -> None:
        """Stand there alive, or hold a print up."""
        with self._lock:
            self._mode = mode

    def shine(self, levels: Levels | None) -> None:
        """The kiosk's screen shows this pattern from now on: it lights the face."""
        self._light.shine(levels, max(self._now(), self._now_s))

    def unplug(self) -> None:
        """Pull the camera's plug: `read` and `open` raise CameraUnavailable."""
        with self._lock:
            self._plugged = False
            self._opened = False

    def plug(self) -> None:
        """Put the plug in again; the next `open` works."""
        with self._lock:
            self._plugged = True

    def shown_s(self) -> float:
        """Return the time of the newest picture."""
        return self._now_s

    # ---- inside

    def _now(self) -> float:
        if not self._realtime or not self._started_s:
            return self._now_s
        return min(time.monotonic() - self._started_s, self._now_s + self._longest_s)

    def _each(self, what: Callable[[Choreography, float], Any], *, only_current: bool = False) -> None:
        with self._lock:
            # The next frame is the first that can show it: a motion must not start in the past.
            now_s = max(self._now(), self._now_s)
            for mode, dance in self._dances.items():
                if not only_current or mode == self._mode:
                    what(dance, now_s)

    def _set_stage(self, portrait: Path) -> None:
        scene = build_scene(portrait, self._size)
        # A person who looked aside on the portrait looks at the camera now, most of the way.
        rest = Pose(yaw_deg=float(np.clip(-0.9 * scene.rest_yaw_deg, -14, 14)))
        live = Renderer(scene, rest)
        stage = _Stage(live, PrintRenderer(scene, live.draw(Pose()), bend=self._bend))
        with self._lock:
            self._stage = stage


class _Noise:
    """Sensor noise from a table that is larger than the frame, read at a new place each time: cheap and never the same."""

    def __init__(self, size: tuple[int, int], sigma: float, seed: int) -> None:
        self._width, self._height = size
        self._random = np.random.default_rng(seed)
        self._sigma = sigma
        if sigma > 0:
            table = self._random.normal(0, sigma, (self._height + 61, self._width + 67, 3)).round()
            self._more = np.clip(table, 0, 255).astype(np.uint8)
            self._less = np.clip(-table, 0, 255).astype(np.uint8)

    def add(self, image: np.ndarray[Any, Any]) -> None:
        """Add noise to `image` in place."""
        if self._sigma <= 0:
            return
        y, x = int(self._random.integers(0, 61)), int(self._random.integers(0, 67))
        window = np.s_[y : y + self._height, x : x + self._width]
        cv2.add(image, self._more[window], dst=image)
        cv2.subtract(image, self._less[window], dst=image)


def _portrait_path(portrait: Path | str) -> Path:
    """Return the picture's path: as given, or the demo face of that name."""
    given = Path(portrait)
    if given.is_file():
        return given
    try:
        return models.path(str(portrait))
    except ModelError as error:
        raise CameraUnavailable(f"puppet: no picture {portrait!s}, and no demo face of that name: {error}") from error


def _from_spec(argument: str, options: dict[str, str], settings: Camera) -> PuppetSource:
    mode: Mode = "print" if options.get("mode") == "print" else "live"
    size = (int(options.get("width", "640")), int(options.get("height", "480")))
    return PuppetSource(
        argument,
        size=size,
        fps=settings.fps,
        seed=int(options.get("seed", "0")),
        mode=mode,
        bend=float(options.get("bend", "0.12")),
    )


camera_source.register("puppet", _from_spec)
