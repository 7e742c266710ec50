"""What is touched while the rest is still loading happens as soon as it is there."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractButton

from kiosk import config
from kiosk.app.startup import Startup
from kiosk.visit import states as s


def test_an_early_touch_is_not_lost(qtbot, tmp_path):
    settings = config.Settings.model_validate(
        {
            "ui": {"fullscreen": False},
            "voice": {"enabled": False},
            "camera": {"source": "device:99"},
            "reader": {"port": str(tmp_path / "none")},
            "store": {"directory": str(tmp_path / "store"), "key_file": str(tmp_path / "keys" / "k")},
            "sync": {"key_file": str(tmp_path / "keys" / "s")},
        }
    )
    front = Startup(settings)
    qtbot.addWidget(front.window)
    front.window.motion = False
    front.start()
    try:
        start = front.window.page.findChild(QAbstractButton, "start")
        start.click()
        assert front.window.page_name == "idle"
        qtbot.waitUntil(lambda: front.kiosk is not None and isinstance(front.kiosk.visits.state, s.ChoosingWho), timeout=60000)
    finally:
        front.stop()


def test_a_broken_installation_says_so_on_the_screen(qtbot):
    front = Startup(config.Settings.model_validate({"ui": {"fullscreen": False}}))
    qtbot.addWidget(front.window)
    front.imported.emit(False)
    assert front.window.page_name == "out-of-service"
