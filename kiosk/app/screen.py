"""How the picture and the touch are turned, by the X server's own tools. Called at the start, and by the set-up by touch.

Elsewhere than under X nothing is turned, and that is told.
"""

from __future__ import annotations

import shutil
import subprocess

from kiosk.config import Ui

_WAY = {0: "normal", 90: "right", 180: "inverted", 270: "left"}
_MATRIX = {0: "1 0 0 0 1 0 0 0 1", 90: "0 -1 1 1 0 0 0 0 1", 180: "-1 0 1 0 -1 1 0 0 1", 270: "0 1 0 -1 0 1 0 0 1"}
_TIMEOUT_S = 5.0


def turn(settings: Ui) -> None:
    """Turn both as the settings say, where they say anything."""
    if settings.screen_turn:
        turn_picture(settings.screen_turn)
    if settings.touch_turn:
        turn_touch(settings.touch_turn)


def turn_picture(degrees: int) -> bool:
    """Turn the picture clockwise; False where that cannot be done."""
    names = [line.split()[0] for line in (told("xrandr", "--query") or "").splitlines() if " connected" in line]
    return bool(names) and told("xrandr", "--output", names[0], "--rotate", _WAY[degrees]) is not None


def turn_touch(degrees: int) -> bool:
    """Turn what the touch panels tell, clockwise; False where there is none that can be turned."""
    done = []
    for number in (told("xinput", "list", "--id-only") or "").split():
        if number.isdigit() and "XITouchClass" in (told("xinput", "list", number) or ""):
            matrix = _MATRIX[degrees].split()
            done.append(told("xinput", "set-prop", number, "Coordinate Transformation Matrix", *matrix) is not None)
    return any(done)


def told(program: str, *arguments: str) -> str | None:
    """Return what a program of the system says; None where it is not there, fails, or takes too long."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603
            [path, *arguments], capture_output=True, text=True, errors="replace", check=False, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
