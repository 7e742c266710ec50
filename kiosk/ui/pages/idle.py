"""Idle: the invitation. What for, how long, what to bring, that it is free, the date, and whom not to trust."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.bars import Notice
from kiosk.ui.widgets.face import FaceFigure
from kiosk.ui.widgets.flow import Row
from kiosk.ui.widgets.labels import Fact
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s

NEAR_MS = 20_000
NOTICE_MS = 30_000  # who comes next should not wonder whom it is about
FACTS = (("time", "clock"), ("bring", "card"), ("free", "free"))


class IdlePage(Page[s.Idle]):
    """Nobody is here, or somebody just came."""

    name = "idle"
    leave = ""

    def build(self) -> None:
        self.face = FaceFigure("welcome", 400)
        self.today = Text("today", "label", "ink", centred=True, bold=True)
        self.head.add(self.today)
        self.notice = Notice("ended", "info")
        self.body.add(self.notice)
        self.body.add(self.face)
        self.facts = {key: Fact(f"fact-{key}", icon) for key, icon in FACTS}
        self.body.add(Row(*self.facts.values(), gap=16))
        self.title.role = "display"
        self._near = QTimer(self, singleShot=True, interval=NEAR_MS)
        self._near.timeout.connect(self._nobody_near)
        self._moment = QTimer(self)
        self._moment.setSingleShot(True)
        self._moment.setInterval(NOTICE_MS)
        self._moment.timeout.connect(self._drop_notice)
        self.start = self.button("start", "filled", e.Started())
        self.query = self.button("query", "outlined", e.QueryStarted(), icon="calendar")
        self.safe = Notice("safe", "shield", centred=False)
        self.safe.words.bold = False
        self.foot.add(self.safe)

    def fill(self, state: s.Idle, kit: Kit) -> None:
        self.title.say(kit.text("page.idle.title"))
        self.lead.say(kit.text("page.idle.lead"))
        for key, fact in self.facts.items():
            fact.say(kit.text(f"page.idle.fact_{key}"))
        self.today.say(kit.strings.today(kit.now()))
        self.start.say(kit.text("page.idle.start"))
        self.query.say(kit.text("page.idle.query"))
        self.safe.say(kit.text("page.idle.safe"))
        key = f"page.idle.notice.{state.notice}" if state.notice else ""
        self.notice.say(kit.text(key) if key and key in kit.strings else "")
        self.somebody_near()
        if key:
            self._moment.start()

    def somebody_near(self) -> None:
        """Somebody comes, or touches something: the picture moves for a while. A kiosk that nobody looks at stands still."""
        self.face.rest(False)
        self._near.start()

    @Slot()
    def _nobody_near(self) -> None:
        self.face.rest(True)

    @Slot()
    def _drop_notice(self) -> None:
        self.notice.say("")
        self.set_look(self.look)

    def clear(self) -> None:
        super().clear()
        self._moment.stop()
        self._near.stop()
        self.face.rest(False)
        self.notice.say("")
