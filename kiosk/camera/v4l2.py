"""A camera's controls on Linux, by the kernel's own calls (V4L2). Elsewhere there are none, which `doctor` says.

OpenCV's settings are not used for this: they know no ranges, and belong to the thread that reads. A second handle on the device may
steer it while another reads (Video for Linux API, "Opening and closing devices").
"""

from __future__ import annotations

import os
import struct
import sys
from dataclasses import dataclass

# linux/v4l2-controls.h. One that an automatism owns (exposure, mostly) is inactive, and left to it: the light changes all day.
_IDS = {"exposure": 0x009A0902, "gain": 0x00980913, "white-balance": 0x0098091A, "brightness": 0x00980900}
# What changes a picture by itself: its switch, the switch's value for "stand still", and what then stands where it was.
_AUTOMATISMS = ((0x009A0901, 1, 0x009A0902), (0x0098090C, 0, 0x0098091A), (0x00980912, 0, 0x00980913))
_QUERY, _GET, _SET = 36, 27, 28
_UNUSABLE = 0x0001 | 0x0004 | 0x0010  # disabled, read only, inactive
_QUERYCTRL = struct.Struct("=II32siiiiI8x")
_VALUE = struct.Struct("=Ii")


@dataclass(frozen=True, slots=True)
class Control:
    """What one control can be set to, and where it stands."""

    low: int
    high: int
    step: int
    value: int


class Controls:
    """The controls of one open device. Belongs to nobody: each call stands for itself, from any thread."""

    def __init__(self, device: str) -> None:
        """device: a number or a path. Raises OSError where it cannot be opened, or where there is no V4L2."""
        if sys.platform != "linux":
            raise OSError("no V4L2 here")
        path = f"/dev/video{device}" if device.isdigit() else os.path.realpath(device)
        self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._held: list[tuple[int, int]] = []
        self._as_made()

    def close(self) -> None:
        """Let the device go; may be called twice."""
        self.hold(False)
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def find(self, name: str) -> Control | None:
        """Return a control that can be set now; None where the camera has none of this name, or its automatism owns it."""
        number = _IDS[name]
        asked = self._call(_QUERY, _QUERYCTRL, number, 0, b"", 0, 0, 0, 0, 0)
        got = self._call(_GET, _VALUE, number, 0)
        if asked is None or got is None or asked[7] & _UNUSABLE or asked[3] >= asked[4]:
            return None
        return Control(asked[3], asked[4], max(asked[5], 1), got[1])

    def set(self, name: str, value: int) -> bool:
        """Set a control; False when the camera refuses."""
        return self._call(_SET, _VALUE, _IDS[name], value) is not None

    def hold(self, on: bool) -> bool:
        """Let exposure, white balance and gain stand still where they are, or go on by themselves; True while any stands still."""
        held, self._held = self._held, []
        for switch, before in held if not on else ():
            self._call(_SET, _VALUE, switch, before)
        for switch, still, value in _AUTOMATISMS if on and not held else ():
            now, stands = self._call(_GET, _VALUE, switch, 0), self._call(_GET, _VALUE, value, 0)
            if now is None or now[1] == still or self._call(_SET, _VALUE, switch, still) is None:
                continue
            self._held.append((switch, now[1]))
            if stands is not None:  # a camera may go back to what was last set by hand
                self._call(_SET, _VALUE, value, stands[1])
        self._held = held if on and held else self._held
        return bool(self._held)

    def _as_made(self) -> None:
        """A kiosk that died in the middle of a take left its camera standing still: what is made to go by itself does so again."""
        for switch, still, _ in _AUTOMATISMS:
            asked, now = self._call(_QUERY, _QUERYCTRL, switch, 0, b"", 0, 0, 0, 0, 0), self._call(_GET, _VALUE, switch, 0)
            if asked is not None and now is not None and now[1] == still != asked[6]:
                self._call(_SET, _VALUE, switch, asked[6])

    def _call(self, what: int, layout: struct.Struct, *values: int | bytes) -> tuple[int, ...] | None:
        import fcntl

        request = 3 << 30 | layout.size << 16 | ord("V") << 8 | what  # _IOWR('V', what, layout)
        try:
            return layout.unpack(fcntl.ioctl(self._file, request, layout.pack(*values)))
        except (OSError, ValueError):  # pulled, or closed meanwhile
            return None
