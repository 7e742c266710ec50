"""Import MediaPipe without what a kiosk must not have: no microphone library, no compiler run, no lines on stderr at every start.

Called by `landmarks.py` and the puppet; the only place where MediaPipe is imported.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any


def import_mediapipe() -> Any:
    """Return the `mediapipe` module, imported once."""
    if "mediapipe" not in sys.modules:
        os.environ.setdefault("GLOG_minloglevel", "2")
        if "sounddevice" not in sys.modules:
            # WORKAROUND mediapipe 0.10.31: its audio tasks import sounddevice, which runs ldconfig, gcc and ld to look for
            # portaudio (half a second, and a compiler started by a kiosk). A kiosk records no sound: an empty module stands in.
            sys.modules["sounddevice"] = ModuleType("sounddevice")
    import mediapipe

    return mediapipe
