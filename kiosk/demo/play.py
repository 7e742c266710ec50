"""`kiosk demo --play`: a person plays. The real kiosk on the left of a window, a table with cards, face and cables on the right.

The face before the camera is drawn by the kiosk itself, or it is the player's own where there is a webcam. Nothing of it is kept.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QColor, QFont, QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

from kiosk.app.desk_controller import DeskMoved
from kiosk.config import ROOT
from kiosk.demo import desk_scripts, people
from kiosk.demo.desk_script import ATTENDANT, SUPERVISOR
from kiosk.demo.fixture import DemoFixture
from kiosk.demo.portraits import draw_portrait, pose_of
from kiosk.demo.scenarios import Scenario
from kiosk.demo.splash import Splash
from kiosk.demo.table import Card, DemoTable
from kiosk.demo.training import Facts, Progress, in_words, read_facts
from kiosk.desk import events as e
from kiosk.domain.reasons import Action
from kiosk.domain.record import Outcome
from kiosk.domain.take_view import TakeView
from kiosk.errors import KioskError
from kiosk.store.engine.database import Store
from kiosk.texts.strings import Strings
from kiosk.ui.theme import FAMILIES
from kiosk.ui.touch import TouchRules

PLAYED = ("li", "chen", "hongkong", "zhuang", "huang", "wang")  # due, done already, two benefits, suspended, no template, unknown
REMARKS = {
    "li": "该认证了",
    "chen": "这个月办过了",
    "hongkong": "有两项待遇",
    "zhuang": "停发了，来恢复",
    "huang": "还没有登记照片",
    "wang": "名单里没有",
}
PAPERS = ("户口本", "代办人的身份证复印件")
TABLE_SHARE, TABLE_LEAST, TABLE_MOST = 0.3, 230, 400
_RETURN_AFTER_MS = 6000  # the centre returns the trainee's first record


def draw_paper(path: Path, words: str) -> None:
    """Draw a sheet that says what it stands for, as a picture that somebody brought on a stick."""
    sheet = QImage(840, 1188, QImage.Format.Format_RGB32)
    sheet.fill(QColor("#FFFFFF"))
    painter = QPainter(sheet)
    font = QFont()
    font.setFamilies(list(FAMILIES))
    font.setPixelSize(64)
    painter.setFont(font)
    painter.drawText(sheet.rect().adjusted(60, 160, -60, 0), int(Qt.AlignmentFlag.AlignHCenter), f"{words}\n\n（练习用的样本）")
    painter.end()
    if not sheet.save(str(path), None, 80):  # the name tells the format
        raise KioskError(f"{path.name} cannot be written")


class PlayFixture(DemoFixture):
    """A fixture whose people all have the face that is before the camera, and whose bureau decides by hand when training."""

    def __init__(self, folder: Path, portrait: Path, webcam: bool, train: bool, seed: int) -> None:
        scenario = Scenario("play", "a person plays", Outcome.PASSED, "ok", portrait=str(portrait), confirms=not train)
        medium = folder / "stick"
        overrides: dict[str, Any] = {"ui": {"fullscreen": False}, "desk": {"stick_folders": [str(medium)]}}
        if webcam:
            overrides["camera"] = {"source": "device:0"}
        super().__init__(replace(scenario, also=PLAYED), folder, seed, overrides)
        self._portrait, self._webcam = portrait, webcam

    def prepare(self, say: Callable[[str], None]) -> None:
        super().prepare(say)
        desk_scripts.prepare("play", self)
        for name in PAPERS:
            draw_paper(self.folder / "stick" / f"{name}.jpg", name)

    def people(self, today: Any) -> list[Any]:
        """Return the roster: everybody who is enrolled has the face before the camera."""
        picture = _look_into_camera() if self._webcam else None
        return people.roster(today, PLAYED, self._portrait if picture is None else picture)


def _look_into_camera() -> Any:
    """Return one picture of the webcam with a face in it (BGR), or None."""
    import cv2

    camera = cv2.VideoCapture(0)
    try:
        for _ in range(45):
            good, image = camera.read()
            if not good:
                return None
        return image
    finally:
        camera.release()


def has_webcam() -> bool:
    """Return whether a camera delivers a picture."""
    import cv2

    camera = cv2.VideoCapture(0)
    try:
        return bool(camera.isOpened() and camera.read()[0])
    finally:
        camera.release()


class FixtureHands(QObject):
    """The hands at the table, on what is emulated."""

    medium_back = Signal(int)  # how many sealed batches the centre took from the stick

    def __init__(self, fixture: PlayFixture) -> None:
        super().__init__()
        self._fixture = fixture
        self._line = threading.Lock()  # one thing at a time happens to the network

    def lay(self, key: str) -> None:
        self._tell(f"lay {key}")

    def lift(self) -> None:
        self._tell("lift")

    def act(self, action: Action) -> None:
        self._fixture.act(action)

    def away(self, gone: bool) -> None:
        if gone:
            self._fixture.puppet.leave()
        else:
            self._fixture.puppet.come()

    def cable(self, device: str, pulled: bool) -> None:
        if pulled:
            self._fixture.unplug(device)
        else:
            self._fixture.plug(device)

    def network(self, gone: bool) -> None:
        threading.Thread(target=self._network, args=(gone,), name="network", daemon=True).start()

    def _network(self, gone: bool) -> None:
        with self._line:
            if gone:
                self._fixture.bureau.stop()
            else:
                self._fixture.bureau.start()

    @Slot(object)
    def shine(self, view: TakeView) -> None:
        """The screen lights whoever stands before it."""
        self._fixture.shine(view)

    def photo(self, held: bool) -> None:
        self._fixture.puppet.set_mode("print" if held else "live")

    def carry(self) -> None:
        threading.Thread(target=self._carry, name="carry", daemon=True).start()

    def _carry(self) -> None:
        """A clerk at the centre serves the stick: the same program as there, its network left aside."""
        with self._line:
            folder, medium = self._fixture.bureau.data, self._fixture.folder / "stick"
            command = [sys.executable, "-m", "kiosk", "bureau", "--data", str(folder), "--stick", str(medium)]
            told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own interpreter
        lines = told.stdout.splitlines()
        self.medium_back.emit(sum(line.startswith("batch-") and line.endswith(": taken") for line in lines))

    def _tell(self, words: str) -> None:
        if self._fixture.reader is not None:
            self._fixture.reader.tell(words)


class PlayWindow(QWidget):
    """The kiosk and the table, side by side, at any size."""

    def __init__(self, kiosk: QWidget, table: DemoTable) -> None:
        super().__init__()
        self.setWindowTitle("养老金领取资格认证：试一试")
        self._kiosk, self._table = kiosk, table
        kiosk.setParent(self)
        table.setParent(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = min(TABLE_MOST, max(TABLE_LEAST, round(self.width() * TABLE_SHARE)))
        # A kiosk's screen is upright: in a broad window what is left over goes to the table.
        kiosk = min(self.width() - wide, max(round(self.height() * 0.75), self.width() // 2))
        self._kiosk.setGeometry(0, 0, kiosk, self.height())
        self._table.setGeometry(kiosk, 0, self.width() - kiosk, self.height())

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        QApplication.quit()


class Teacher(QObject):
    """Looks into the store whenever something happened at the desk, and checks off the tasks. Has the first record returned."""

    looked = Signal(object, bool)  # Facts, whether the centre has just taken the stick: from the store's thread

    def __init__(self, fixture: PlayFixture, table: DemoTable, ask: Callable[[Callable[[Store], None]], None]) -> None:
        """ask: runs a function in the store's thread."""
        super().__init__()
        self._fixture, self._table, self._ask = fixture, table, ask
        self.progress = Progress()
        self._first = ""
        self._later = QTimer(self, singleShot=True, interval=_RETURN_AFTER_MS)
        self._later.timeout.connect(self._return_first)
        self.looked.connect(self._on_looked)

    @Slot(object)
    def on_desk_moved(self, moved: DeskMoved) -> None:
        """Something happened at the desk."""
        if isinstance(moved.event, e.Saved | e.Acted | e.RecordStatusMoved | e.Loaded):
            self.look()
        record_ids = getattr(moved.event, "record_ids", ())
        if record_ids and not self._first:
            self._first = record_ids[0]
            self._later.start()

    @Slot()
    def on_medium_taken(self) -> None:
        """The centre has read the stick and written its answers on it."""
        self.look(medium_taken=True)

    def look(self, *, medium_taken: bool = False) -> None:
        """Have the store looked into."""
        today = datetime.now(ZoneInfo(self._fixture.settings.station.timezone)).date()

        def read(store: Store) -> None:  # and returns nothing: an answer would go to the visit
            self.looked.emit(read_facts(store, today), medium_taken)

        self._ask(read)

    @Slot(object, bool)
    def _on_looked(self, facts: Facts, medium_taken: bool) -> None:
        before, self.progress = self.progress, self.progress.after(facts, medium_taken=medium_taken)
        if self.progress.done != before.done:
            self._table.show_progress(self.progress)

    @Slot()
    def _return_first(self) -> None:
        threading.Thread(target=self._decide, name="centre", daemon=True).start()

    def _decide(self) -> None:
        import httpx

        for _ in range(300):  # it has to arrive there first, and the network may be away for a while
            try:
                self._fixture.bureau.decide(self._first, "returned", "photo-unclear")
            except (httpx.HTTPError, KioskError, OSError):
                time.sleep(2.0)
            else:
                return

    def stop(self) -> None:
        """No more."""
        self._later.stop()


class _Preparing(QObject):
    """The fixture is prepared in a thread; the splash tells how far it is."""

    told = Signal(str)
    done = Signal(object)  # None, or the error

    def __init__(self, make: Callable[[Callable[[str], None]], None]) -> None:
        super().__init__()
        self._make = make

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="prepare", daemon=True).start()

    def _run(self) -> None:
        try:
            self._make(self.told.emit)
        except Exception as error:  # whatever it was: a splash must not stand for ever
            self.done.emit(error)
        else:
            self.done.emit(None)


def cards_of() -> tuple[Card, ...]:
    """Return the cards on the table."""
    found = []
    for key in PLAYED:
        card = people.card(key)
        found.append(Card(key, str(card["name"]), f"{str(card['born'])[:4]}年生", REMARKS[key], pose_of(str(card["id_number"]))))
    return tuple(found)


def play(splash: Splash, folder: Path, *, train: bool, seed: int, size: tuple[int, int], webcam: bool | None = None) -> int:
    """Open the window and let somebody play until it is closed. Returns an exit status. `webcam` None: use one if there is one."""
    qt = splash.qt
    signal.signal(signal.SIGTERM, lambda *_: qt.quit())
    signal.signal(signal.SIGINT, lambda *_: qt.quit())
    pulse = QTimer()  # lets Python see signals while Qt waits
    pulse.timeout.connect(lambda: None)
    pulse.start(500)
    portrait = draw_portrait(folder / "portrait.png")
    parts: dict[str, Any] = {}

    def prepare(say: Callable[[str], None]) -> None:
        own = has_webcam() if webcam is None else webcam
        fixture = parts["fixture"] = PlayFixture(folder, portrait, own, train, seed)
        parts["webcam"] = own
        fixture.prepare(say)

    def on_ready(error: object) -> None:
        if error is not None:
            print(f"demo: {error}")
            qt.exit(1)
            return
        parts["shown"] = _open(parts["fixture"], parts["webcam"], train, size)
        splash.finish(parts["shown"][1])

    preparing = _Preparing(prepare)
    preparing.told.connect(splash.say)
    preparing.done.connect(on_ready)
    preparing.start()
    try:
        return int(qt.exec())
    finally:
        if "shown" in parts:
            app, window, teacher = parts["shown"]
            teacher.stop()
            app.stop()
            window.deleteLater()
        if "fixture" in parts:
            parts["fixture"].clear()


def _open(fixture: PlayFixture, webcam: bool, train: bool, size: tuple[int, int]) -> tuple[Any, PlayWindow, Teacher]:
    from kiosk.app.composition import KioskApp

    app = KioskApp(fixture.settings)
    note = f"工作人员台：工作人员 {ATTENDANT[0]}，密码 {ATTENDANT[2]}；主管 {SUPERVISOR[0]}，密码 {SUPERVISOR[2]}"
    props = FixtureHands(fixture)
    tasks = in_words(Strings.load("zh_CN")) if train else ()
    table = DemoTable(cards_of(), props, webcam=webcam, tasks=tasks, note=note)
    window = PlayWindow(app.window, table)
    window.resize(*size)
    window.show()
    app.window.show()
    qt = QApplication.instance()
    if qt is not None:
        qt.installEventFilter(TouchRules(app.window))
    teacher = Teacher(fixture, table, app.store.ask)
    app.desk.moved.connect(teacher.on_desk_moved)
    props.medium_back.connect(table.show_medium)
    props.medium_back.connect(teacher.on_medium_taken)
    app.vision.view.connect(props.shine)
    app.start()
    return app, window, teacher
