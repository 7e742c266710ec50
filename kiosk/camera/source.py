"""Frame sources by name: `device:0`, `file:clip.mp4`, `file:face.gif?loop=1`; emulators add theirs with `register`.

Used by the camera worker and by commands that read a clip. A source belongs to the thread that opened it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from kiosk.camera import sysfs, v4l2
from kiosk.camera.frame import Frame, FrameSource
from kiosk.camera.opencv import import_cv2
from kiosk.config import Camera
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.errors import CameraUnavailable, ConfigError

Factory = Callable[[str, dict[str, str], Camera], FrameSource]

_VIDEO_NAMES = Path("/sys/class/video4linux")
_DARK_READS = 30  # a device may give empty pictures while it wakes; more than a second of them is a fault


def open_source(spec: str, settings: Camera) -> FrameSource:
    """Return the source that `spec` names, not yet opened.

    spec: KIND:ARGUMENT, with `?key=value&…` behind it for options. Raises ConfigError on an unknown kind.
    """
    kind, _, rest = spec.partition(":")
    argument, _, query = rest.partition("?")
    factory = _FACTORIES.get(kind)
    if factory is None or not argument:
        known = ", ".join(f"{name}:…" for name in sorted(_FACTORIES))
        raise ConfigError(f"camera.source {spec!r}: expected one of {known}")
    return factory(argument, dict(parse_qsl(query)), settings)


def register(kind: str, factory: Factory) -> None:
    """Make KIND:… known. For emulators: production code knows devices and files alone."""
    _FACTORIES[kind] = factory


class DeviceSource:
    """A camera of this machine, by number or by device path, through OpenCV."""

    def __init__(self, device: str, settings: Camera) -> None:
        """device: a number (0), a path (/dev/video0), or /dev/v4l/by-id/… which stays the same when others are plugged."""
        self.name = f"device:{device}"
        self._device, self._settings = device, settings
        self._capture: Any = None
        self._controls: v4l2.Controls | None = None
        self._seq = 0

    def open(self) -> None:
        """Open the camera at the configured size. Raises CameraUnavailable when absent, in use, or refused by its name."""
        self.close()
        label = device_label(self._device)
        refused = refused_by(label, self._settings.refuse_names)
        if refused:
            raise CameraUnavailable(f"{self.name} is called {label!r}: refused by camera.refuse_names ({refused!r})")
        cv2 = import_cv2()
        target: int | str = int(self._device) if self._device.isdigit() else os.path.realpath(self._device)
        if sys.platform == "win32":
            capture = cv2.VideoCapture(target, cv2.CAP_DSHOW)  # the default there takes half a minute to open
        elif sys.platform == "linux":
            capture = cv2.VideoCapture(target, cv2.CAP_V4L2)
        else:
            capture = cv2.VideoCapture(target)
        if not capture.isOpened():
            capture.release()
            raise CameraUnavailable(f"{self.name} cannot be opened")
        # MJPG first: many cameras give 720p at 30 a second only so; size before rate.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._settings.height)
        capture.set(cv2.CAP_PROP_FPS, self._settings.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture
        with contextlib.suppress(OSError):  # elsewhere than on Linux it cannot be steered
            self._controls = v4l2.Controls(self._device)

    def read(self) -> Frame | None:
        """Block for the next picture. Raises CameraUnavailable when the camera is gone. May block for ever: see the worker."""
        if self._capture is None:
            raise CameraUnavailable(f"{self.name} is not open")
        for _ in range(_DARK_READS):
            good, image = self._capture.read()
            if not good:
                break
            if image is not None and image.size:
                self._seq += 1
                return Frame(turned(image, self._settings.rotate), time.monotonic(), self._seq)
        self.close()
        raise CameraUnavailable(f"{self.name} gives no pictures")

    def identity(self) -> CameraIdentity | None:
        """Return which camera it is, by the system's tree of devices."""
        return sysfs.identify(self._device)

    @property
    def controls(self) -> v4l2.Controls | None:
        """What can be set on it, for whoever measures it; None where it is not open, or cannot be steered."""
        return self._controls

    def steer(self, control: str, value: int) -> bool:
        """Set a control of the camera."""
        controls = self._controls
        return controls is not None and controls.set(control, value)

    def stand_still(self, on: bool) -> bool:
        """Let exposure and white balance stand still, where the camera can."""
        controls = self._controls
        return controls is not None and controls.hold(on)

    def close(self) -> None:
        """Release the camera."""
        controls, self._controls = self._controls, None
        if controls is not None:
            controls.close()
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class FileSource:
    """A clip (anything FFmpeg reads, GIF too), at its own pace. Times are those of the clip."""

    def __init__(self, path: Path, *, loop: bool = False, realtime: bool = True, rotate: int = 0) -> None:
        """loop: begin again at the end, times going on. realtime: False gives the frames as fast as they are taken.

        rotate: degrees clockwise, as `[camera] rotate`.
        """
        self.name = f"file:{path.name}"
        self._path, self._loop, self._realtime, self._rotate = path, loop, realtime, rotate
        self._capture: Any = None
        self._seq = 0
        self._frame_s = 1 / 25
        self._offset_s = 0.0
        self._last_s = 0.0
        self._started_s = 0.0

    @property
    def fps(self) -> float:
        """Pictures a second, as the clip states it; known once it is open."""
        return 1 / self._frame_s

    def open(self) -> None:
        """Open the clip at its beginning. Raises CameraUnavailable when it cannot be read."""
        self.close()
        cv2 = import_cv2()
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG) if self._path.is_file() else None
        if capture is None or not capture.isOpened():
            raise CameraUnavailable(f"{self._path} cannot be read as a clip")
        fps = capture.get(cv2.CAP_PROP_FPS)
        self._frame_s = 1 / fps if 1 <= fps <= 240 else 1 / 25
        self._capture = capture
        self._started_s = time.monotonic()
        self._offset_s, self._last_s = 0.0, -self._frame_s

    def read(self) -> Frame | None:
        """Return the next picture at its time; None at the end of a clip that does not loop."""
        if self._capture is None:
            raise CameraUnavailable(f"{self.name} is not open")
        cv2 = import_cv2()
        good, image = self._capture.read()
        if not good and self._loop and self._last_s > self._offset_s - self._frame_s:
            self._offset_s = self._last_s + self._frame_s
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            good, image = self._capture.read()
        if not good:
            return None
        # Containers without time stamps say 0 for ever: then count frames. Times never go backwards.
        stated_s = self._offset_s + self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        self._last_s = stated_s if stated_s > self._last_s else self._last_s + self._frame_s
        self._seq += 1
        if self._realtime:
            wait = self._started_s + self._last_s - time.monotonic()
            if wait > 0:
                time.sleep(wait)
        return Frame(turned(image, self._rotate), self._last_s, self._seq)

    def close(self) -> None:
        """Close the clip."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def turned(image_bgr: np.ndarray, degrees: int) -> np.ndarray:
    """Return a picture turned clockwise by 0, 90, 180 or 270 degrees."""
    if not degrees:
        return image_bgr
    cv2 = import_cv2()
    how = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}[degrees]
    out: np.ndarray = cv2.rotate(image_bgr, how)
    return out


def steady_path(device: str, folder: Path = Path("/dev/v4l/by-id")) -> str:
    """Return the path of a camera that stays its own when it is plugged in elsewhere; "" where there is none."""
    node = Path(f"/dev/video{device}" if device.isdigit() else os.path.realpath(device))
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return ""
    return next((str(link) for link in links if Path(os.path.realpath(link)) == node), "")


def cameras(refuse_names: tuple[str, ...], names: Path = _VIDEO_NAMES) -> list[tuple[str, str]]:
    """Return (device, what it is called) of every camera that is plugged in and not refused; a steady path where there is one.

    A camera has further nodes (its metadata): only the first gives pictures.
    """
    found = []
    for node in sorted(names.glob("video*"), key=lambda path: (len(path.name), path.name)):
        try:
            first = (node / "index").read_text(encoding="ascii").strip() == "0"
            label = (node / "name").read_text(encoding="utf-8", errors="replace").strip()[:60]
        except OSError:
            continue  # pulled while it is looked at
        number = node.name.removeprefix("video")
        if first and not refused_by(label, refuse_names):
            found.append((steady_path(number) or number, label or node.name))
    return found


def device_label(device: str) -> str:
    """Return the name that the system gives the camera, where it gives one; else an empty string."""
    node = f"video{device}" if device.isdigit() else Path(os.path.realpath(device)).name
    try:
        return (_VIDEO_NAMES / node / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def refused_by(label: str, refuse_names: tuple[str, ...]) -> str:
    """Return the first of `refuse_names` that stands in `label` (case does not matter); else an empty string.

    A virtual camera can play any video: it would be an easy way round the liveness check. A name is no proof, but it
    stops whoever just installs a program.
    """
    return next((name for name in refuse_names if name and name.casefold() in label.casefold()), "")


def _device(argument: str, _options: dict[str, str], settings: Camera) -> FrameSource:
    return DeviceSource(argument, settings)


def _file(argument: str, options: dict[str, str], settings: Camera) -> FrameSource:
    return FileSource(
        Path(argument).expanduser(),
        loop=options.get("loop") == "1",
        realtime=options.get("pace") != "0",
        rotate=settings.rotate,
    )


_FACTORIES: dict[str, Factory] = {"device": _device, "file": _file}
