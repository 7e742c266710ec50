"""Windows for tests: off screen, without motion, at a fixed time, with the catalogue and the stations' channels."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

from kiosk.gallery.scenes import sample_settings
from kiosk.gallery.stage import make_window


@pytest.fixture(autouse=True)
def no_text_is_missing(caplog):
    """A missing text is logged and reads as nothing, so that no visit stops; in a test it is a failure."""
    yield
    missing = {record.code for record in caplog.get_records("call") if record.getMessage() == "text missing"}
    assert missing == set()


@pytest.fixture
def settings():
    return sample_settings()


@pytest.fixture
def window(qtbot, settings):
    made = make_window(settings)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made
