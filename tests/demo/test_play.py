"""A person plays: cards dragged and touched, cables and network, the tasks of the first day; and a terminal without noise."""

from __future__ import annotations

import inspect
import random
import re
from datetime import date

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from kiosk import models
from kiosk.config import Match, Settings
from kiosk.demo import fixture, people
from kiosk.demo.play import PlayWindow, cards_of, draw_paper
from kiosk.demo.portraits import draw_portrait
from kiosk.demo.splash import Splash, splash_picture
from kiosk.demo.table import DemoTable
from kiosk.demo.training import TASKS, Progress
from kiosk.domain.reasons import Action, Reason
from kiosk.emulators.puppet import PuppetSource
from kiosk.face.compare import vector_of
from kiosk.liveness.challenge import draw_challenge
from kiosk.liveness.landmarks import Landmarker
from kiosk.liveness.take import Take
from tests.forms import WHOLE
from tests.liveness.test_seen import act


class FileOutcome:
    """Stands where the props stand; writes down what the hands do."""

    def __init__(self) -> None:
        self.done = []

    def __getattr__(self, name):
        return lambda *what: self.done.append((name, *what))


@pytest.fixture
def props():
    return FileOutcome()


@pytest.fixture
def table(qtbot, props):
    made = DemoTable(cards_of(), props, webcam=False, tasks=TASKS)
    kiosk = QWidget()
    window = PlayWindow(kiosk, made)
    qtbot.addWidget(window)
    window.resize(1240, 900)
    window.show()
    qtbot.waitExposed(window)
    yield made
    window.hide()


def drag(table, key, to):
    card = table.faces[key]
    QTest.mousePress(card, Qt.MouseButton.LeftButton, pos=card.rect().center())
    for share in (0.3, 0.7, 1.0):
        way = card.rect().center() + (card.mapFromGlobal(to) - card.rect().center()) * share
        QTest.mouseMove(card, way)
    QTest.mouseRelease(card, Qt.MouseButton.LeftButton, pos=card.mapFromGlobal(to))


def test_a_card_is_dragged_onto_the_reader_and_lifted_by_a_touch(table, props):
    drag(table, "li", table.tray.mapToGlobal(table.tray.rect().center()))
    assert props.done == [("lay", "li")]
    assert table.faces["li"].laid
    QTest.mouseClick(table.tray, Qt.MouseButton.LeftButton)
    assert props.done[-1] == ("lift",)
    assert not table.faces["li"].laid


def test_what_is_touched_on_the_table_takes_no_keys_from_the_kiosk(table):
    """Whoever plays without sight presses keys all the time, and moves the face by the table's buttons in between."""
    assert {button.focusPolicy() for button in table.findChildren(QPushButton)} == {Qt.FocusPolicy.NoFocus}


def test_a_card_that_misses_the_reader_stays_on_the_table(table, props):
    drag(table, "li", table.mapToGlobal(QPoint(10, table.height() - 5)))
    assert props.done == []


def test_a_touched_card_goes_onto_the_reader_instead_of_the_one_there_and_back(table, props):
    for key in ("li", "chen", "chen"):
        QTest.mouseClick(table.faces[key], Qt.MouseButton.LeftButton)
    assert props.done == [("lay", "li"), ("lift",), ("lay", "chen"), ("lift",)]


def test_the_face_the_cables_the_network_and_the_photo(table, props):
    for name in ("do-blink", "do-turn-left", "pull-reader", "pull-network", "pull-network", "pull-camera", "photo", "away"):
        QTest.mouseClick(table.findChild(QPushButton, name), Qt.MouseButton.LeftButton)
    assert props.done == [
        ("act", Action.BLINK),
        ("act", Action.TURN_LEFT),
        ("cable", "reader", True),
        ("network", True),
        ("network", False),
        ("cable", "camera", True),
        ("photo", True),
        ("away", True),
    ]


@pytest.mark.parametrize("size", [(1240, 900), (700, 500), (1900, 1000), (900, 1400), (480, 400)])
def test_it_fits_a_window_of_any_size(table, size):
    window = table.window()
    window.resize(*size)
    kiosk = window.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)[0]
    assert kiosk.geometry().right() < table.geometry().left()
    assert window.rect().contains(table.geometry())
    assert kiosk.width() >= 0.45 * size[0]


def test_tasks_are_shown_as_done_and_the_stick_goes_to_the_centre_and_back(table, props):
    table.show_progress(Progress(frozenset({"proxy"})))
    marks = {name: label.text()[0] for name, label in table.tasks.items()}
    assert marks.pop("proxy") == "✓"
    assert set(marks.values()) == {"○"}
    assert table.finished.isHidden()
    table.show_progress(Progress(frozenset(task.name for task in TASKS)))
    assert not table.finished.isHidden()
    QTest.mouseClick(table.medium, Qt.MouseButton.LeftButton)
    assert props.done == [("carry",)]
    assert not table.medium.isEnabled(), "it is on its way"
    table.show_medium(1)
    assert table.medium.isEnabled()
    assert "回执" in table.medium.text()
    table.show_medium(0)
    assert "没有要送的记录" in table.medium.text()


def test_the_splash_and_the_drawn_portrait(qtbot, tmp_path):
    assert not splash_picture().isNull()
    assert draw_portrait(tmp_path / "p.png").stat().st_size > 5000
    draw_paper(tmp_path / "户口本.jpg", "户口本")
    assert (tmp_path / "户口本.jpg").read_bytes()[:3] == b"\xff\xd8\xff", "papers for the stick"


def test_the_splash_tells_every_step_of_the_stage_in_chinese(qtbot):
    steps = re.findall(r'\bsay\("([^"]+)"\)', inspect.getsource(fixture))
    assert len(steps) >= 3
    splash = Splash()
    for step in steps:
        splash.say(step)
        shown = splash._screen.message()
        assert shown
        assert not re.search("[A-Za-z]", shown), step
    splash.finish()


@pytest.mark.parametrize("seed", [1, 3] if WHOLE else [3])
def test_a_player_passes_with_the_drawn_face(tmp_path, seed):
    """The whole take with the real models, at a fixed speed: what is asked for is done by the drawing, and it shows depth."""
    source = PuppetSource(draw_portrait(tmp_path / "p.png"), seed=seed, fps=20, realtime=False)
    source.open()
    settings = Settings().liveness
    take = Take(draw_challenge(settings, rng=random.Random(seed)), settings)
    landmarker = Landmarker(models.path("face_landmarker.task"))
    try:
        act(take, source, landmarker)
    finally:
        landmarker.close()
    assert take.result is not None
    assert take.result.reason is Reason.OK
    depth = next(check for check in take.result.checks if check.name == "depth")
    assert depth.score > 1.3 * depth.limit


def test_drawn_people_are_nobody_of_the_photographs(qtbot):
    """The stranger of `other-person` is a photograph: drawings alike are one person to the encoder, and a photograph is another."""
    drawn = [entry for entry in people.roster(date(2026, 11, 30), ("li", "chen", "zhuang")) if entry.template is not None]
    assert len(drawn) == 3, "a man, a woman and a younger woman: the landmarks find each of their faces"
    stranger = vector_of(people.template_of("biden.jpg", "c"))
    assert all(float(vector_of(entry.template) @ stranger) < Match().reject for entry in drawn)


def test_the_drawn_face_is_accepted_and_recognised_again(qtbot, tmp_path):
    """Landmarks and encoder take the kiosk's own drawing for a face: no photograph is needed to play."""
    portrait = draw_portrait(tmp_path / "p.png")
    entries = {entry.person_id: entry for entry in people.roster(date(2026, 11, 30), ("li", "huang"), portrait)}
    assert entries["P-li"].template is not None
    assert entries["P-huang"].template is None, "who has no portrait is enrolled by the attendant"
