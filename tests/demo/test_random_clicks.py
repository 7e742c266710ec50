"""Somebody presses whatever is there, thousands of times, while devices come and go: no crash, no dead end, always home in the end.

The real window and the real machine; services are answered at random. KIOSK_CLICKS sets the number of steps (CI: fewer).
"""

from __future__ import annotations

import os
import random

import pytest
from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QAbstractButton

from kiosk import config
from kiosk.domain.reasons import Reason
from kiosk.texts.strings import Strings
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from tests.visit import samples as x

STEPS = int(os.environ.get("KIOSK_CLICKS", "1500"))


class Scripted(QObject):
    """A visit controller whose services answer at random."""

    def __init__(self, window: KioskWindow, rng: random.Random) -> None:
        super().__init__()
        self.window, self.rng, self.state = window, rng, s.Idle()
        self.visits = 0
        window.touched.connect(self.feed)

    @Slot(object)
    def feed(self, event: e.Event) -> None:
        world = World(f"v{self.visits}", self.rng.random() < 0.9, self.rng.random() < 0.9)
        before = self.state
        self.state, _ = step(before, event, world)
        if s.visit_of(before) is None and s.visit_of(self.state) is not None:
            self.visits += 1
        if self.state != before:
            self.window.show_state(self.state)

    def something_happens(self) -> None:
        visit = s.visit_of(self.state)
        if self.rng.random() < 0.6 and self._goes_well():
            return
        if isinstance(self.state, s.LookingUp | s.Checking | s.EnteringNumber | s.Acting) or self.rng.random() < 0.2:
            if visit is not None:
                take = self.state.take_id if isinstance(self.state, s.Acting) else 1
                self.feed(self.rng.choice(x.answers(visit.visit_id, take)))
                return
        if self.rng.random() < 0.15:
            self.feed(self.rng.choice([event for event in x.device_events() if not isinstance(event, e.ServicePaused)]))

    def _goes_well(self) -> bool:
        """Answer as the services of a good day would, so that the late pages are reached."""
        match self.state:
            case s.AwaitingCard(whose=s.Whose.HELPER):
                self.feed(e.CardWasRead(x.LI))
            case s.AwaitingCard():
                self.feed(e.CardWasRead(x.CHEN))
            case s.LookingUp(visit, person):
                self.feed(x.looked_up(visit.visit_id, person, self.rng.choice((1, 2))))
            case s.Acting(case, _, _, take_id):
                self.feed(e.TakeEnded(case.visit.visit_id, take_id, True, Reason.OK))
            case s.Checking(case, saving):
                self.feed(e.RecordsSaved(case.visit.visit_id, ("r1",)) if saving else e.FaceMatched(case.visit.visit_id, Reason.OK))
            case _:
                return False
        return True


def buttons(window: KioskWindow) -> list[QAbstractButton]:
    return [b for b in window.findChildren(QAbstractButton) if b.isVisible() and b.isEnabled()]


@pytest.mark.parametrize("seed", [1])
def test_random_clicks(qtbot, seed):
    rng = random.Random(seed)
    window = KioskWindow(config.Settings(), Strings.load("zh_CN"), motion=False)
    qtbot.addWidget(window)
    window.resize(1080, 1920)
    window.show()
    world = Scripted(window, rng)
    seen: set[str] = set()
    for _ in range(STEPS):
        choices = buttons(window)
        names = {b.objectName() for b in choices}
        seen.add(window.page_name)
        assert "help" in names, f"{window.page_name}: no way to a person"
        if not isinstance(world.state, s.LookingUp | s.Checking | s.OutOfService):
            # A way on or back besides calling for help: something of the page itself, or leave.
            assert names - {"help", "replay"}, f"{window.page_name}: a dead end"
        assert all(b.accessibleName() for b in choices), f"{window.page_name}: a button without a name"
        primary = window.page.primary
        button = primary if primary in choices and rng.random() < 0.5 else rng.choice(choices)
        button.click()
        world.something_happens()
    for event in (e.IdleExpired(), e.RecordsSaved("v", ("r",)), e.CardTaken(), e.ServiceResumed()):
        if isinstance(world.state, s.Checking):
            world.feed(e.SaveFailed(world.state.case.visit.visit_id))
        world.feed(event)
    assert isinstance(world.state, s.Idle), world.state
    assert len(seen) >= 15, f"only saw {sorted(seen)}"
