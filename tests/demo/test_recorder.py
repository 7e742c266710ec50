"""What watches a demonstration: a page is photographed when it is there, however long that takes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from kiosk.demo import recorder as module
from kiosk.demo.recorder import Recorder
from kiosk.ui.widgets.overlay import Transition


def test_a_page_that_still_fades_in_is_photographed_later(qtbot: QtBot, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "_SETTLE_MS", 1)
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(40, 40)
    fade = Transition(window)
    window.show()
    fade.show()
    recorder = Recorder(window, lambda: "idle", "pass", 0.0, tmp_path)
    recorder.first_page()
    qtbot.wait(20)
    assert recorder.shots == []
    fade.hide()
    qtbot.waitUntil(lambda: recorder.shots == [tmp_path / "01-idle.png"])
