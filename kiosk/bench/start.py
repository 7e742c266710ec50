"""Command to touchable first page, against the bare import of the kiosk's libraries. All as whole processes, in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_BOUND = 1.3
_OWN_BOUND = 1.5  # against importing what the page itself needs
# The libraries of a running kiosk (pyproject.toml). Most of them the kiosk loads in its workers, behind the first page.
_LIBRARIES = (
    "PySide6.QtCore",
    "PySide6.QtGui",
    "PySide6.QtWidgets",
    "PySide6.QtSvg",
    "cv2",
    "mediapipe",
    "onnxruntime",
    "numpy",
    "serial",
    "sqlite_utils",
    "sqlcipher3",
    "pyttsx3",
    "pydantic",
    "argon2",
    "httpx",
    "joserfc.jws",
    "joserfc.jwe",
    "cryptography",
)
# The stricter comparison: only what is loaded when the first page can be touched.
_LIST = """
import sys
before = set(sys.modules)
import kiosk.app.startup
names = {name.split(".")[0] for name in set(sys.modules) - before} - {"kiosk"} - set(sys.stdlib_module_names)
print(" ".join(sorted(n for n in names if n.isidentifier() and not n.startswith("_")
                      and getattr(getattr(sys.modules.get(n), "__spec__", None), "origin", None))))
"""
# All that is imported when the first page can be touched, the kiosk's own modules too, and nothing done with it.
_OWN = """
import os
import kiosk.config, kiosk.models, kiosk.app.startup
from PySide6 import QtWidgets
qt = QtWidgets.QApplication(["bare"])
os._exit(0)
"""
_APP = """
import os, sys, time
from pathlib import Path
from kiosk import config
settings = config.load(None, {"ui": {"fullscreen": False}, "voice": {"enabled": False}, "camera": {"source": "device:99"},
    "store": {"directory": sys.argv[1], "key_file": sys.argv[1] + "/k"}, "sync": {"key_file": sys.argv[1] + "/s"}})
from kiosk import models
checked = models.Requirement()
from PySide6.QtWidgets import QApplication
from kiosk.app.startup import Startup
qt = QApplication(["kiosk"])
checked.wait()
front = Startup(settings)
front.start()
while front.window.findChild(object, "start") is None or not front.window.page.isVisible():
    qt.processEvents()
front.window.grab()
print(front.window.page_name)
sys.stdout.flush()
os._exit(0)
"""


def run(runs: int = 7) -> dict[str, Any]:
    """Return medians over `runs` pairs of processes."""
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    loaded = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", _LIST], capture_output=True, text=True, check=True, env=environment
    ).stdout.split()
    commands = {
        "imported": [sys.executable, "-c", _OWN],
        "all": [sys.executable, "-c", _bare(_LIBRARIES)],
        "loaded": [sys.executable, "-c", _bare(("PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets", *loaded))],
    }
    times: dict[str, list[float]] = {"ours": [], "all": [], "loaded": [], "imported": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs + 1):
            times["ours"].append(_time([sys.executable, "-c", _APP, str(Path(folder) / str(number))], environment))
            for name, command in commands.items():
                times[name].append(_time(command, environment))
    ours = times["ours"][1:]  # the first round warms the disk
    ratio = statistics.median(a / b for a, b in zip(ours, times["all"][1:], strict=True))
    own = statistics.median(a / b for a, b in zip(ours, times["imported"][1:], strict=True))
    return {
        "first_page_s": statistics.median(ours),
        "bare_import_s": statistics.median(times["all"][1:]),
        "ratio": ratio,
        "bare_import_of_first_page_s": statistics.median(times["loaded"][1:]),
        "times_first_page_libraries": statistics.median(a / b for a, b in zip(ours, times["loaded"][1:], strict=True)),
        "import_of_first_page_s": statistics.median(times["imported"][1:]),
        "times_import_of_first_page": own,
        "bound": _BOUND,
        "runs": runs,
        "bound_of_own": _OWN_BOUND,
        "within_bounds": ratio <= _BOUND and own <= _OWN_BOUND,
    }


def _bare(libraries: Iterable[str]) -> str:
    # sounddevice: MediaPipe would run a compiler to look for it; the kiosk keeps it out as well (liveness/mediapipe_import.py).
    return (
        "import sys, types\nsys.modules['sounddevice'] = types.ModuleType('sounddevice')\n"
        + "\n".join(f"import {name}" for name in libraries)
        + "\nfrom PySide6 import QtWidgets\nqt = QtWidgets.QApplication(['bare'])\nimport os\nos._exit(0)"
    )


def _time(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, capture_output=True)  # noqa: S603  our own interpreter
    return time.perf_counter() - began
