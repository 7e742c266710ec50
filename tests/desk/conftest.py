"""A live desk for tests: the real window, visit controller and store (in its own thread); camera, reader and centre are absent."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from kiosk.app.desk_controller import DeskController
from kiosk.app.visit_controller import VisitController
from kiosk.camera.mailbox import Mailbox
from kiosk.store.desk import staff
from kiosk.store.opening import open_store
from kiosk.store.worker import StoreWorker
from kiosk.ui.desk.frame import DeskView
from kiosk.ui.window import KioskWindow
from tests.store import made

ANN, SUE = ("1001", "270518"), ("9001", "360914")


class Clock:
    """Time that only the test moves: both clocks."""

    def __init__(self) -> None:
        self.now, self.monotonic = made.NOW, time.monotonic()  # the store reads the real counter where it is not told

    def wall(self) -> datetime:
        return self.now

    def steady(self) -> float:
        return self.monotonic

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.monotonic += seconds


@dataclass
class Live:
    """Everything a test needs, with a few hands."""

    qtbot: object
    window: KioskWindow
    visits: VisitController
    desk: DeskController
    store: StoreWorker
    clock: Clock
    medium: Path

    @property
    def view(self) -> DeskView:
        return self.desk.view

    def find(self, name: str, kind: type = QWidget):
        root = self.view if self.view.isVisible() else self.window
        found = next((one for one in root.findChildren(kind, name) if one.isVisible()), None)
        assert found is not None, f"{name} is not on page {self.window.page_name}/{self.view.page_name}"
        return found

    def touch(self, name: str) -> None:
        self.until(lambda: self.find(name).isEnabled())
        button = self.find(name)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(12, button.height() // 2))

    def type(self, name: str, text: str, *, enter: bool = False) -> None:
        field = self.find(name)
        field.setFocus()
        QTest.keyClicks(field, text)
        if enter:
            QTest.keyClick(field, Qt.Key.Key_Return)

    def sign(self, name: str) -> None:
        pad = self.find(name)
        QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(20, 40))
        for n in range(12):
            QTest.mouseMove(pad, QPoint(20 + 9 * n, 40 + 7 * (n % 3)))
        QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=QPoint(130, 40))

    def until_page(self, name: str) -> None:
        self.qtbot.waitUntil(lambda: self.view.page_name == name, timeout=20_000)

    def until(self, condition) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    def loaded(self) -> None:
        self.until(lambda: getattr(self.desk.state.page, "data", None) is not None and not self.desk.state.page.busy)

    def sign_in(self, who=ANN) -> None:
        self.touch("desk-open")
        self.until_page("sign-in")
        self.until(lambda: self.find("sign-in").isEnabled())
        self.type("staff-id", who[0], enter=True)
        self.type("staff-pin", who[1], enter=True)
        self.until_page("home")
        self.loaded()

    def ask(self, work):
        """Ask the store; not in the GUI thread's way, because nothing else runs then."""
        return self.store.run(work)


def build(qtbot, folder: Path, *, people=(), members=True, **sections) -> Live:
    settings = made.settings(folder / "var", **sections)
    clock = Clock()
    with open_store(settings, now=made.NOW) as store:
        if people:
            made.give_roster(store, *people)
        if members:
            staff.add(store, ANN[0], "刘站员", staff.Role.ATTENDANT, ANN[1], made.NOW, by="test")
            staff.add(store, SUE[0], "黄主管", staff.Role.SUPERVISOR, SUE[1], made.NOW, by="test")
    window = KioskWindow(settings, motion=False, now=clock.wall)
    qtbot.addWidget(window)
    worker = StoreWorker(settings)
    visits = VisitController(settings, window, worker, Mailbox(), clock.wall, clock.steady)
    medium = folder / "stick"
    medium.mkdir()
    desk = DeskController(
        settings, window, DeskView(window), worker, visits, Mailbox(), clock.wall, clock.steady, media_folders=lambda: [medium]
    )
    worker.start()
    visits.start()
    window.show()
    qtbot.waitExposed(window)
    return Live(qtbot, window, visits, desk, worker, clock, medium)


@pytest.fixture
def live(qtbot, tmp_path):
    made_live = build(
        qtbot, tmp_path, people=(made.entry(), made.entry("440305194810010111", "李建国", "p-2", template=None, home_visit=True))
    )
    yield made_live
    close(made_live)


def close(live: Live) -> None:
    live.desk.stop()
    live.visits.stop()
    live.store.stop()
