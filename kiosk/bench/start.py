"""Command to touchable first page, against the bare import of the same libraries. Both as whole processes, in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_BOUND = 1.3
# What the first page needs is what `kiosk.app` imports; the bare process imports the same third-party libraries and shows nothing.
_LIST = """
import sys
before = set(sys.modules)
import kiosk.app
print(" ".join(sorted({name.split(".")[0] for name in set(sys.modules) - before} - {"kiosk"} - set(sys.stdlib_module_names))))
"""
_APP = """
import os, sys, time
from pathlib import Path
from kiosk import config
settings = config.load(None, {"ui": {"fullscreen": False}, "voice": {"enabled": False}, "camera": {"source": "device:99"},
    "store": {"directory": sys.argv[1], "key_file": sys.argv[1] + "/k"}, "sync": {"key_file": sys.argv[1] + "/s"}})
from PySide6.QtWidgets import QApplication
from kiosk.app import KioskApp
qt = QApplication(["kiosk"])
kiosk = KioskApp(settings)
kiosk.start()
for _ in range(3):
    qt.processEvents()
kiosk.window.grab()
print(kiosk.window.page_name)
sys.stdout.flush()
os._exit(0)
"""


def run(runs: int = 7) -> dict[str, Any]:
    """Return medians over `runs` pairs of processes."""
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    libraries = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", _LIST], capture_output=True, text=True, check=True, env=environment).stdout.split()
    bare = ("from PySide6 import QtCore, QtGui, QtWidgets\n" + "\n".join(f"import {name}" for name in libraries)
            + "\nqt = QtWidgets.QApplication(['bare'])\nimport os\nos._exit(0)")
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs + 1):
            ours.append(_time([sys.executable, "-c", _APP, str(Path(folder) / str(number))], environment))
            theirs.append(_time([sys.executable, "-c", bare], environment))
    ratio = statistics.median(a / b for a, b in zip(ours[1:], theirs[1:], strict=True))  # the first pair warms the disk
    return {
        "first_page_s": statistics.median(ours[1:]), "bare_import_s": statistics.median(theirs[1:]), "ratio": ratio,
        "bound": _BOUND, "runs": runs, "libraries": len(libraries), "within_bounds": ratio <= _BOUND,
    }


def _time(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, capture_output=True)  # noqa: S603  our own interpreter
    return time.perf_counter() - began
