"""What a USB camera tells of itself: terminals, controls and modes, read from its raw descriptors. Pure; used by `sysfs`.

The layout is that of the USB Video Class 1.5, sections 3.7 and 3.9. A camera is hostile until it is pinned: lengths are looked at,
and what is cut short or makes no sense is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_INTERFACE, _CS_INTERFACE = 0x04, 0x24
_VIDEO_CLASS, _CONTROL, _STREAMING = 0x0E, 0x01, 0x02
_INPUT_TERMINAL, _PROCESSING_UNIT = 0x02, 0x05
_FORMATS = {0x04: "raw", 0x06: "MJPG", 0x10: "frames"}  # uncompressed, MJPEG, frame based (H.264)
_FRAMES = {0x05: 25, 0x07: 25, 0x11: 21}  # subtype: where the number of intervals stands
_INTERVALS = 26
_CAMERA_SENSOR = 0x0201
_MOST = 512  # terminals, controls or modes that are kept: a camera has some dozens

_CAMERA_BITS = {
    1: "exposure-mode",
    2: "exposure-priority",
    3: "exposure-time",
    5: "focus",
    7: "iris",
    9: "zoom",
    17: "focus-auto",
}
_PROCESSING_BITS = {
    0: "brightness",
    1: "contrast",
    2: "hue",
    3: "saturation",
    4: "sharpness",
    5: "gamma",
    6: "white-balance",
    8: "backlight",
    9: "gain",
    10: "power-line",
    12: "white-balance-auto",
}


@dataclass(frozen=True, slots=True)
class DescriptorFacts:
    """What the descriptors say."""

    terminals: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()


def read(descriptors: bytes) -> DescriptorFacts:
    """Return what a device's descriptors say of its video functions; nothing for a device that has none."""
    terminals: list[str] = []
    controls: list[str] = []
    modes: list[str] = []
    inside, picture = 0, ""
    for kind, body in _walk(descriptors):
        if kind == _INTERFACE and len(body) >= 7:
            inside = body[6] if body[5] == _VIDEO_CLASS else 0
        elif kind == _CS_INTERFACE and len(body) >= 3 and inside == _CONTROL:
            if body[2] == _INPUT_TERMINAL and len(body) >= 8:
                what = _number(body, 4, 2)
                terminals.append(f"0x{what:04x}")
                if what == _CAMERA_SENSOR and len(body) > 15:
                    controls += _named(_number(body, 15, body[14]), _CAMERA_BITS)
            elif body[2] == _PROCESSING_UNIT and len(body) > 8:
                controls += _named(_number(body, 8, body[7]), _PROCESSING_BITS)
        elif kind == _CS_INTERFACE and len(body) >= 3 and inside == _STREAMING:
            if body[2] in _FORMATS:
                picture = _format(body)
            elif body[2] in _FRAMES:
                modes += _modes(body, picture)
    return DescriptorFacts(tuple(terminals[:_MOST]), tuple(sorted(set(controls))), tuple(sorted(set(modes[:_MOST]))))


def _walk(descriptors: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (type, whole descriptor) one after the other, up to the first that does not fit."""
    at = 0
    while at + 2 <= len(descriptors):
        length = descriptors[at]
        if length < 2 or at + length > len(descriptors):
            return
        yield descriptors[at + 1], descriptors[at : at + length]
        at += length


def _named(bits: int, names: dict[int, str]) -> list[str]:
    return [name for bit, name in names.items() if bits >> bit & 1]


def _number(body: bytes, at: int, size: int) -> int:
    return int.from_bytes(body[at : at + size], "little")


def _format(body: bytes) -> str:
    """Return the four letters of a format; a GUID begins with them."""
    if body[2] == 0x06 or len(body) < 9:
        return _FORMATS[body[2]]
    letters = body[5:9].decode("latin-1")
    return letters if letters.isalnum() else _FORMATS[body[2]]


def _modes(body: bytes, picture: str) -> list[str]:
    if len(body) < _INTERVALS:
        return []
    width, height, count = _number(body, 5, 2), _number(body, 7, 2), body[_FRAMES[body[2]]]
    stated = [_number(body, at, 4) for at in range(_INTERVALS, min(len(body) - 3, _INTERVALS + 4 * max(count, 1)), 4)]
    # Units of 100 ns. With a count of 0 the first is the shortest of a range.
    return [f"{picture} {width}x{height}@{round(1e7 / every)}" for every in stated if every > 0]
