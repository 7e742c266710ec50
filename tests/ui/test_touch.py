"""One press of an unsteady hand is one press: slips, long presses, second hits, hits meant for the page before."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication

from kiosk.gallery.scenes import scenes
from kiosk.ui.touch import EXEMPT, TouchRules
from kiosk.visit import events as e

SCENES = {scene.name: scene for scene in scenes()}
NONE, LEFT = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton


class Finger:
    """Sends mouse events at times it chooses, in the clock of a device that was switched on long after the program."""

    def __init__(self, window, behind_ms: float) -> None:
        self.window, self.behind_ms = window, behind_ms
        self.now_s = 500.0
        self.sent: list[object] = []
        window.touched.connect(self.sent.append)
        self.rules = TouchRules(window, lambda: self.now_s)
        QApplication.instance().installEventFilter(self.rules)

    def _send(self, kind, widget, at: QPoint, held) -> None:
        event = QMouseEvent(kind, QPointF(at), QPointF(widget.mapToGlobal(at)), LEFT, held, Qt.KeyboardModifier.NoModifier)
        event.setTimestamp(int(self.now_s * 1000 - self.behind_ms))
        QCoreApplication.sendEvent(widget, event)

    def down(self, name: str, at: QPoint | None = None, ago_ms: float = 0.0) -> None:
        self.widget = self.window.findChild(QAbstractButton, name)
        self.at = at or self.widget.rect().center()
        late, self.now_s = self.now_s, self.now_s - ago_ms / 1000
        event = QMouseEvent(
            QEvent.Type.MouseButtonPress,
            QPointF(self.at),
            QPointF(self.widget.mapToGlobal(self.at)),
            LEFT,
            LEFT,
            Qt.KeyboardModifier.NoModifier,
        )
        event.setTimestamp(int(self.now_s * 1000 - self.behind_ms))
        self.now_s = late
        QCoreApplication.sendEvent(self.widget, event)

    def slide(self, by: QPoint) -> None:
        self.at += by
        self._send(QEvent.Type.MouseMove, self.widget, self.at, LEFT)

    def up(self) -> None:
        self._send(QEvent.Type.MouseButtonRelease, self.widget, self.at, NONE)

    def hit(self, name: str, at: QPoint | None = None) -> None:
        self.down(name, at)
        self.now_s += 0.04
        self.up()


@pytest.fixture(params=[0.0, 123_456.0, -60_000.0], ids=["same-clock", "other-clock", "ahead"])
def finger(request, window):
    window.show_state(SCENES["confirm"].state)
    made = Finger(window, request.param)
    window.changed_at = 400.0
    yield made
    QApplication.instance().removeEventFilter(made.rules)


@pytest.mark.parametrize("slide", [QPoint(0, 0), QPoint(0, 45), QPoint(-31, 31), QPoint(0, -45)])
def test_a_press_counts_though_the_finger_slips_off_the_button(finger, slide):
    edge = QPoint(200, finger.window.page.yes.height() - 3 if slide.y() > 0 else 3)
    finger.down("yes", edge)
    finger.slide(slide)
    assert finger.window.page.yes.isDown()
    finger.up()
    assert finger.sent == [e.Confirmed()]


def test_a_finger_that_slides_away_on_purpose_presses_nothing(finger):
    finger.down("yes", QPoint(200, 3))
    finger.slide(QPoint(0, -90))
    finger.up()
    assert finger.sent == []
    finger.now_s += 1
    finger.hit("yes")
    assert finger.sent == [e.Confirmed()]


def test_a_long_slide_that_ends_inside_the_button_counts(finger):
    finger.down("yes", QPoint(100, 40))
    finger.slide(QPoint(300, 10))
    finger.up()
    assert finger.sent == [e.Confirmed()]


@pytest.mark.parametrize("seconds", [0.02, 0.5, 2.0, 6.0])
def test_a_press_counts_however_long_it_is_held(finger, seconds):
    finger.down("yes")
    finger.now_s += seconds
    finger.up()
    assert finger.sent == [e.Confirmed()]


@pytest.mark.parametrize(("gap_s", "counts"), [(0.1, 1), (0.44, 1), (0.6, 2)])
def test_a_second_hit_on_the_same_place_is_the_same_press(finger, gap_s, counts):
    finger.hit("yes")
    finger.now_s += gap_s
    finger.hit("yes", finger.at + QPoint(12, -9))
    assert len(finger.sent) == counts


def test_a_bounce_after_a_long_press_is_the_same_press(finger):
    finger.down("yes")
    finger.now_s += 1.8
    finger.up()
    finger.now_s += 0.1
    finger.hit("yes")
    assert len(finger.sent) == 1


def test_another_button_may_be_pressed_at_once(finger):
    finger.hit("yes")
    finger.now_s += 0.1
    finger.hit("no")
    assert finger.sent == [e.Confirmed(), e.Denied()]


@pytest.mark.parametrize(("after_s", "counts"), [(0.05, 0), (0.45, 0), (0.55, 1)])
def test_what_is_hit_right_after_a_change_of_page_counts_for_nothing(finger, after_s, counts):
    finger.hit("no")  # the clocks are compared
    finger.sent.clear()
    finger.now_s += 5
    finger.window.changed_at = finger.now_s
    finger.now_s += after_s
    finger.hit("yes")
    assert len(finger.sent) == counts


def test_a_hit_is_judged_by_when_it_happened_not_by_when_it_was_handled(finger):
    """The program was busy: the press of the page before arrives two seconds after the page changed."""
    finger.hit("no")
    finger.sent.clear()
    finger.now_s += 5
    finger.window.changed_at = finger.now_s
    finger.now_s += 2
    finger.down("yes", ago_ms=1900)
    finger.up()
    assert finger.sent == []


def test_practised_hands_at_the_desk_are_left_alone(finger):
    finger.window.page.setProperty(EXEMPT, True)
    try:
        finger.window.changed_at = finger.now_s
        finger.hit("yes")
        finger.now_s += 0.1
        finger.hit("yes")
        assert len(finger.sent) == 2
    finally:
        finger.window.page.setProperty(EXEMPT, False)


def test_the_rules_hold_in_every_window_mode(qtbot, settings):
    from kiosk.gallery.stage import make_window

    for fullscreen in (True, False):
        window = make_window(settings.model_copy(update={"ui": settings.ui.model_copy(update={"fullscreen": fullscreen})}))
        qtbot.addWidget(window)
        window.take_over_screen()
        assert window.findChild(TouchRules) is not None


@pytest.mark.parametrize(("gap_s", "number"), [(0.1, "5"), (0.44, "5"), (0.6, "55")])
def test_two_quick_hits_on_a_digit_are_one_digit(finger, gap_s, number):
    """A trembling hand types no digit too many; who means it twice takes half a second, as people do."""
    finger.window.show_state(SCENES["number-empty"].state)
    finger.window.changed_at = 400.0
    finger.hit("key-5")
    finger.now_s += gap_s
    finger.hit("key-5")
    assert finger.window.page.number == number


def test_two_digits_may_be_typed_as_quickly_as_anybody_can(finger):
    finger.window.show_state(SCENES["number-empty"].state)
    finger.window.changed_at = 400.0
    finger.hit("key-5")
    finger.now_s += 0.1
    finger.hit("key-6")
    assert finger.window.page.number == "56"
