"""The one place that imports OpenCV for the camera side, and undoes what its import does to Qt.

Everything that needs cv2 before or beside Qt uses `import_cv2()`.
"""

from __future__ import annotations

import os
from typing import Any

_QT_LEFTOVERS = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")


def import_cv2() -> Any:
    """Return the cv2 module, quiet, with Qt's environment as it was before.

    On import opencv-python points Qt at its own Qt 5 plug-ins: PySide6 then fails to open a real screen.
    """
    before = {name: os.environ.get(name) for name in _QT_LEFTOVERS}
    # Both are read when the library loads: a missing camera would else print warnings to the console every second.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    for name, value in before.items():
        if value is None or "cv2" in value:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return cv2
