"""The slip of a result as the kiosk prints it: for this person's letters, and with the station's ways."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from kiosk.app.visit_showing import VisitShowing
from kiosk.camera.mailbox import Mailbox
from kiosk.config import Channel, Printer
from kiosk.gallery.scenes import sample_settings, scenes
from kiosk.gallery.stage import make_window

STATE = next(scene for scene in scenes() if scene.name == "result").state


@pytest.mark.parametrize(("always", "wished"), [(False, False), (False, True), (True, False)])
def test_large_print_for_whoever_wished_large_letters_or_for_all(qtbot, always, wished):
    settings = sample_settings().model_copy(update={"printer": Printer(kind="dummy", large=always)})
    window = make_window(settings)
    qtbot.addWidget(window)
    if wished:
        window.wishes.toggle_large_text()
    slip = VisitShowing(settings, window, Mailbox(), time.monotonic).make_slip(STATE, datetime(2026, 11, 21, 18, 30))
    assert slip.large is (always or wished)


def test_only_the_ways_from_afar_are_printed(qtbot):
    base = sample_settings()
    station = base.station.model_copy(
        update={"channels": (*base.station.channels, Channel(name="邮政EMS", phone="11183", far=True))}
    )
    settings = base.model_copy(update={"station": station})
    window = make_window(settings)
    qtbot.addWidget(window)
    slip = VisitShowing(settings, window, Mailbox(), time.monotonic).make_slip(STATE, datetime(2026, 11, 21, 18, 30))
    assert slip.notes[-2:] == ("家里人在国外、外地，可以这样办：", "· 邮政EMS 11183")
    assert base.station.channels[0].name not in " ".join(slip.notes)
