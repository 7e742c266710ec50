"""A live set-up for tests: the real window, controller and store; the devices are behind ports that the test moves."""

from __future__ import annotations

import json
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from kiosk import config
from kiosk.app import installation_file
from kiosk.app.installation import Installation
from kiosk.app.installation_ports import SetupPorts
from kiosk.camera.frame import Frame
from kiosk.camera.worker import CameraWorker
from kiosk.domain.reasons import Reason
from kiosk.errors import CameraUnavailable, ConfigError
from kiosk.installation.events import DoctorTold
from kiosk.installation.states import DoctorLine, SetupOffer
from kiosk.printer.worker import PrintDone
from kiosk.store.desk import staff
from kiosk.store.opening import open_store
from kiosk.ui.window import KioskWindow
from tests.store import made

SUE = ("9001", "360914")


@dataclass
class Machine:
    """What the test's machine is like; a test changes it while the set-up runs."""

    camera: str = "good"  # good, none, or refuse
    picture: np.ndarray = field(default_factory=lambda: np.full((48, 64, 3), 90, np.uint8))
    hint: str = ""
    code: str = ""
    printer: Reason = Reason.OK
    cameras: list[SetupOffer] = field(default_factory=lambda: [SetupOffer("device:0", "A"), SetupOffer("device:2", "B")])
    ports: list[SetupOffer] = field(
        default_factory=lambda: [SetupOffer("/dev/ttyUSB0", "CH340"), SetupOffer("/dev/ttyUSB1", "CP2102")]
    )
    printers: list[SetupOffer] = field(default_factory=lambda: [SetupOffer("none", ""), SetupOffer("usb|0416:5011", "POS58")])
    certificates: list[SetupOffer] = field(default_factory=list)
    turns: list[tuple[str, int]] = field(default_factory=list)
    can_turn: bool = True
    clock: list[object] = field(default_factory=list)
    clock_answer: str = ""
    speaker: str = ""
    said: list[tuple[float, str]] = field(default_factory=list)  # volume and language of what was said
    slips: list[object] = field(default_factory=list)
    readers: list[FakeReader] = field(default_factory=list)


class FakeSource:
    """A camera: the machine's picture, or none."""

    name = "test"

    def __init__(self, machine: Machine, settings: config.Camera) -> None:
        self.machine, self.settings, self.seq = machine, settings, 0

    def open(self) -> None:
        if self.machine.camera != "good":
            raise CameraUnavailable("away")

    def read(self) -> Frame:
        if self.machine.camera != "good":
            raise CameraUnavailable("pulled")
        self.seq += 1
        return Frame(np.rot90(self.machine.picture, -self.settings.rotate // 90).copy(), self.seq / 30, self.seq)

    def close(self) -> None:
        pass


class FakeReader(QObject):
    """A reader: tells what the test tells it to."""

    event = Signal(object)

    def __init__(self, settings: config.Reader) -> None:
        super().__init__()
        self.settings, self.running = settings, False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


class FakeVoice(QObject):
    def __init__(self, machine: Machine, settings: config.Voice) -> None:
        super().__init__()
        self.machine, self.settings = machine, settings

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def say(self, keys: list[str]) -> None:
        self.machine.said.append((self.settings.volume, self.settings.language))


class FakePrinter(QObject):
    done = Signal(object)

    def __init__(self, machine: Machine, settings: config.Printer) -> None:
        super().__init__()
        if settings.kind == "usb" and ":" not in settings.target:
            raise ConfigError("target")
        self.machine, self.settings = machine, settings

    def print_slip(self, visit_id: str, slip: object) -> None:
        self.machine.slips.append((self.settings, slip))
        self.done.emit(PrintDone(visit_id, self.machine.printer))


def ports(machine: Machine) -> SetupPorts:
    def reader(settings: config.Reader) -> FakeReader:
        machine.readers.append(FakeReader(settings))
        return machine.readers[-1]

    def turn(what: str):
        def turned(degrees: int) -> bool:
            machine.turns.append((what, degrees))
            return machine.can_turn

        return turned

    def set_clock(to: object) -> str:
        machine.clock.append(to)
        return machine.clock_answer

    return SetupPorts(
        camera=lambda settings, boxes: CameraWorker(settings, boxes, lambda: FakeSource(machine, settings)),
        reader=reader,
        voice=lambda settings: FakeVoice(machine, settings),
        printer=lambda settings: FakePrinter(machine, settings),
        cameras=lambda _: machine.cameras,
        ports=lambda _: machine.ports,
        printers=lambda _: machine.printers,
        certificates=lambda: machine.certificates,
        judge=lambda: lambda _: machine.hint,
        code=lambda: lambda _: machine.code,
        turn_picture=turn("picture"),
        turn_touch=turn("touch"),
        set_clock=set_clock,
        speaker_trouble=lambda _: machine.speaker,
        doctor=lambda *_: DoctorTold((DoctorLine("voice", "bad", "没有声卡", "接上喇叭"), DoctorLine("disk", "ok"))),
    )


class Hands:
    """A set-up that runs, with hands on its real window."""

    def __init__(self, qtbot: object, folder: Path, machine: Machine, **sections: object) -> None:
        self.qtbot, self.folder, self.machine = qtbot, folder, machine
        self.sections = {
            "station": {"station_id": "UNSET", "name": "（未设置的站点）"},
            "camera": {"reopen_delay_s": 0.05},
            **sections,
        }
        self.window: KioskWindow | None = None
        self.app: Installation | None = None
        self.start()

    def start(self) -> None:
        """As a start of the program: settings and progress are read from the disk."""
        self.base = made.settings(self.folder / "var", **self.sections)
        data, problems = config.laid_over(self.base.model_dump(), self.folder / "var")
        assert not problems
        settings = config.Settings.model_validate(data)
        self.window = KioskWindow(settings, motion=False)
        self.window.resize(1080, 1920)
        self.qtbot.addWidget(self.window)
        self.window.show()
        self.app = Installation(settings, self.window, ports(self.machine))
        self.app.start()
        self.until(lambda: self.app.state is not None)

    def pull_the_plug(self) -> None:
        """The program ends without a word, and is started again."""
        self.app.stop()
        self.window.close()
        self.start()

    @property
    def view(self):
        return self.app.view

    @property
    def page(self):
        return self.app.state.page

    @property
    def facts(self):
        return self.app.state.facts

    def until(self, condition) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=10_000)

    def find(self, name: str) -> QWidget:
        found = next((one for one in self.view.findChildren(QWidget, name) if one.isVisible()), None)
        assert found is not None, f"{name} is not on {self.view.page_name}"
        return found

    def touch(self, name: str) -> None:
        self.until(lambda: any(one.isVisible() and one.isEnabled() for one in self.view.findChildren(QWidget, name)))
        button = self.find(name)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(12, button.height() // 2))

    def type(self, name: str, text: str) -> None:
        field_ = self.find(name)
        field_.setFocus()
        field_.clear()
        QTest.keyClicks(field_, text)

    def words(self, name: str) -> str:
        return self.find(name).text()

    def go(self, step: str) -> None:
        self.touch(f"setup-step-{step}")
        self.until(lambda: self.facts.progress.at == step)

    def next(self) -> None:
        at = self.facts.progress.at
        self.touch("setup-next")
        self.until(lambda: self.app.state.facts.progress.at is not at)

    def corner(self, x: float, y: float) -> None:
        targets = self.find("setup-corners")
        at = QPoint(round(x * targets.width()), round(y * targets.height()))
        QTest.mouseClick(targets, Qt.MouseButton.LeftButton, pos=at)

    def values(self) -> dict[str, object]:
        """What the next start will find."""
        data, _ = config.laid_over(self.base.model_dump(), self.folder / "var")
        return data

    def kept(self, key: str, value: object) -> None:
        """Wait until a setting holds, and look whether it stands in the file."""
        self.until(lambda: self.facts.values[key] == value)
        section, name = key.split(".")
        assert self.values()[section][name] == value

    def progress(self):
        return installation_file.read(self.app.settings)

    def journal(self) -> list[tuple[str, dict[str, object]]]:
        from kiosk.store.engine import journal

        return self.app.store.run(
            lambda store: [(one.kind, json.loads(one.body)["data"]) for one in journal.entries_since(store, 0, 1000)]
        )


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def hands(qtbot, tmp_path, machine, monkeypatch):
    monkeypatch.setattr(QApplication, "exit", staticmethod(lambda *_: None))
    made_hands = Hands(qtbot, tmp_path, machine)
    yield made_hands
    made_hands.app.stop()


@pytest.fixture
def supervised(qtbot, tmp_path, machine, monkeypatch):
    """A station that has a supervisor already."""
    monkeypatch.setattr(QApplication, "exit", staticmethod(lambda *_: None))
    with open_store(made.settings(tmp_path / "var"), now=made.NOW) as store:
        staff.add(store, SUE[0], "黄主管", staff.Role.SUPERVISOR, SUE[1], made.NOW, by="test")
        staff.add(store, "1001", "刘站员", staff.Role.ATTENDANT, "270518", made.NOW, by="test")
    made_hands = Hands(qtbot, tmp_path, machine)
    yield made_hands
    made_hands.app.stop()
