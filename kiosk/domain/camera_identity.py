"""What a camera is, by the system's own word, and what is odd about it. Values only: `camera.sysfs` reads, the store keeps.

A name can be given to anything. What is pinned here is where the camera hangs, what it tells of itself on the bus, and which driver
serves it: a program that plays a camera has no bus, and a box that turns a monitor's cable into a camera has no lens to steer.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

UVC_DRIVER = "uvcvideo"
CAMERA_TERMINAL = "0x0201"  # UVC 1.5, table B-2: a camera's sensor; 0x0401 and above are sockets for a cable
# What only makes sense before a lens: exposure, focus, zoom, aperture (camera terminal); white balance, backlight, gain and
# the mains' frequency (processing unit). Brightness, contrast, hue and saturation a box for cables offers as well.
LENS_CONTROLS = frozenset(
    {
        "exposure-mode",
        "exposure-priority",
        "exposure-time",
        "focus",
        "focus-auto",
        "iris",
        "zoom",
        "white-balance",
        "backlight",
        "gain",
        "power-line",
    }
)
# Sizes of television and of monitors. A sensor has no reason for them; two together are told.
_VIDEO_SIZES = frozenset({"720x480", "720x576", "1360x768", "1366x768", "1440x900", "1680x1050", "1920x1200"})
_VIDEO_SIZES_TOLD = 2

WHYS = ("replaced", "moved", "added", "other")  # why a supervisor confirms another camera


@dataclass(frozen=True, slots=True)
class CameraIdentity:
    """One camera, as the system tells. Every field may be empty: what has no bus tells of none."""

    driver: str = ""  # "uvcvideo"
    usb_path: str = ""  # "1-1.2": the socket it hangs in
    vendor: str = ""  # four hex digits
    product: str = ""
    serial: str = ""
    descriptors: str = ""  # SHA-256 of what it told the bus
    terminals: tuple[str, ...] = ()  # where its pictures come from, "0x0201"
    controls: tuple[str, ...] = ()  # what can be set on it, among LENS_CONTROLS and others
    modes: tuple[str, ...] = ()  # "MJPG 1280x720@30"
    others: tuple[str, ...] = ()  # every other source of pictures that the system has, "uvcvideo 1-3 534d:2109"

    @property
    def digest(self) -> str:
        """Sixteen hex digits that name this camera in the journal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """Return it as text, always the same for the same camera."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> CameraIdentity:
    """Return what `to_json` wrote; what a later version added is left out."""
    told: dict[str, Any] = json.loads(text)
    known = {field.name for field in fields(CameraIdentity)}
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items() if name in known}
    return CameraIdentity(**values)


def suspicions(camera: CameraIdentity) -> tuple[str, ...]:
    """Return why this may be no camera before a lens; nothing for an ordinary USB camera that is the only one."""
    found = []
    if not camera.usb_path:
        found.append("no-bus")
    if camera.driver != UVC_DRIVER:
        found.append("not-uvc")
    if camera.usb_path and CAMERA_TERMINAL not in camera.terminals:
        found.append("no-camera-terminal")
    if camera.usb_path and LENS_CONTROLS.isdisjoint(camera.controls):
        found.append("no-lens-controls")
    if len({size_of(mode) for mode in camera.modes} & _VIDEO_SIZES) >= _VIDEO_SIZES_TOLD:
        found.append("video-modes")
    if camera.others:
        found.append("second-node")
    return tuple(found)


def differences(pinned: CameraIdentity, seen: CameraIdentity | None) -> tuple[str, ...]:
    """Return in what another camera stands here than the pinned one. A source of pictures that went away is no difference."""
    if seen is None:
        return ("unreadable",)
    found = [name for name in ("driver", "usb_path", "serial") if getattr(pinned, name) != getattr(seen, name)]
    if (pinned.vendor, pinned.product) != (seen.vendor, seen.product):
        found.append("model")
    for name in ("terminals", "controls", "modes"):
        if getattr(pinned, name) != getattr(seen, name):
            found.append(name)
    if pinned.descriptors != seen.descriptors:
        found.append("descriptors")
    if set(seen.others) - set(pinned.others):
        found.append("second-node")
    return tuple(found)


def same_sensor(pinned: CameraIdentity, seen: CameraIdentity) -> bool:
    """Whether what was measured of the pinned camera still holds: only its socket, or what else is plugged in, may differ."""
    return not set(differences(pinned, seen)) - {"usb_path", "second-node"}


def size_of(mode: str) -> str:
    """Return the size of a mode, "1280x720"."""
    return mode.partition(" ")[2].partition("@")[0]
