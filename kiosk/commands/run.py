"""`kiosk run`: the kiosk itself, fullscreen, until the service manager stops it."""

from __future__ import annotations

import argparse
import os
import signal
from datetime import UTC, datetime
from pathlib import Path


def main(argv: list[str]) -> int:
    """Run the kiosk; return its exit status."""
    parser = argparse.ArgumentParser(prog="kiosk run", description=__doc__)
    parser.add_argument("--config", type=Path, help="configuration file (default: $KIOSK_CONFIG, else config/kiosk.toml)")
    parser.add_argument("--windowed", action="store_true", help="in a window instead of fullscreen")
    parser.add_argument("--setup", action="store_true", help="open the set-up by touch (站点安装) first")
    options = parser.parse_args(argv)

    os.umask(0o077)  # whatever this process writes is its owner's alone
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # a camera that is away would fill the system's log
    from kiosk import config, failpoints, log, memory, settings_trial

    memory.stay_small()
    failpoints.seal()  # whatever the environment says: nobody injects faults into a kiosk that serves people
    over = {"ui": {"fullscreen": False}} if options.windowed else None
    settings_trial.started(config.resolve(config.load(options.config, layered=False).store.directory), datetime.now(UTC))
    settings = config.load(options.config, over)
    log.setup(config.resolve(settings.store.directory) / "log")
    from kiosk import models

    checked = models.Requirement()  # a missing or altered model is a clear error before any page opens; read while Qt loads
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from kiosk.app import installation_file, watchdog
    from kiosk.app.startup import Startup

    qt = QApplication(["kiosk"])
    checked.wait()
    if options.setup:
        installation_file.wish(settings)
    signal.signal(signal.SIGTERM, lambda *_: qt.quit())
    signal.signal(signal.SIGINT, lambda *_: qt.quit())
    pulse = QTimer()  # lets Python see signals while Qt waits
    pulse.timeout.connect(lambda: None)
    pulse.start(500)
    while True:
        front = Startup(settings)
        front.start()
        try:
            status = qt.exec()
        finally:
            front.stop()
        if status != watchdog.AGAIN or os.environ.get("NOTIFY_SOCKET"):
            return status  # a service manager starts it anew, with keys that are sealed meanwhile
        front.window.hide()
        front.window.deleteLater()
        settings = config.load(options.config, over)
