"""A restless hand: thousands of touches anywhere, on any page, in any order. Nothing may break, nothing may leave the screen."""

from __future__ import annotations

import random

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from kiosk.gallery.scenes import scenes
from kiosk.gallery.stage import show_scene
from kiosk.ui.widgets.button import Button
from tests.ui.measure import layout_findings, shown


def test_touches_anywhere(window):
    hand = random.Random(7)
    everything = scenes()
    events = []
    window.touched.connect(events.append)
    for number in range(750):
        if number % 25 == 0:
            show_scene(window, hand.choice(everything))
        if hand.random() < 0.5:
            target = hand.choice(shown(window, Button))
            QTest.mouseClick(target, Qt.MouseButton.LeftButton)
        else:
            place = QPoint(hand.randrange(window.width()), hand.randrange(window.height()))
            below = window.childAt(place) or window
            QTest.mouseClick(below, Qt.MouseButton.LeftButton, pos=below.mapFrom(window, place))
        if number % 25 == 24:
            assert layout_findings(window) == []
    assert len(events) > 75
