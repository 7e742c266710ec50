"""The pilot by touch: who stands there or what is held up, then one take, then the next. Numbers go into the book, nothing else.

Built by `kiosk pilot run`. Camera and vision are the kiosk's own; the page carries the light passcode as the camera page does.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from functools import partial

import cv2
from PySide6.QtCore import QPoint, QRectF, QSizeF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QGridLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.domain.light_pattern import Levels
from kiosk.domain.take_view import TakeView
from kiosk.liveness.verdict import TakeOutcome
from kiosk.liveness.worker import TakeRequest
from kiosk.pilot.book import Book, PilotTake
from kiosk.pilot.plan import GENUINE, INSTRUMENTS, QUESTIONS
from kiosk.ui.widgets.circle import CameraCircle
from kiosk.ui.widgets.light import paint_pattern

_FRAME_MS = 40
_STYLE = (
    "QWidget{background:#FBF6EA;color:#1E2B2A;font-size:26px} QPushButton{background:#fff;border:2px solid #7A6F58;"
    "border-radius:14px;padding:14px} QPushButton:checked{background:#0B5A53;color:#fff} QPushButton:disabled{color:#999} "
    "QLabel#title{font-size:40px;font-weight:bold} QCheckBox::indicator{width:44px;height:44px;"
    "border:3px solid #7A6F58;border-radius:8px;background:#fff} QCheckBox::indicator:checked{background:#0B5A53}"
)


def _label(name: str = "") -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label


class PilotTakePage(QWidget):
    """Mirror, one line of words, and the light around both."""

    def __init__(self) -> None:
        super().__init__()
        self.circle, self.words = CameraCircle("pilot-circle"), _label()
        self.words.setObjectName("title")
        self.words.setWordWrap(True)
        self.pattern: Levels | None = None
        column = QVBoxLayout(self)
        column.addWidget(self.words)
        column.addWidget(self.circle, 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the light, and the disc behind the mirror."""
        painter = QPainter(self)
        if self.pattern is not None:
            paint_pattern(painter, QRectF(self.rect()), self.pattern)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.circle.look.colour("paper"))
        side = min(self.circle.width(), self.circle.height())
        at = self.circle.mapTo(self, QPoint((self.circle.width() - side) // 2, (self.circle.height() - side) // 2))
        painter.drawEllipse(QRectF(at, QSizeF(side, side)))


class PilotWindow(QWidget):
    """The pages in order. `texts`: the kiosk's sentences by key."""

    begin_take = Signal(object)  # TakeRequest -> VisionWorker
    cancel_take = Signal()
    camera_wanted = Signal(bool)
    left = Signal()

    def __init__(self, book: Book, mirror: Mailbox[Frame], texts: Callable[[str], str]) -> None:
        super().__init__()
        self.setStyleSheet(_STYLE)
        self._book, self._mirror, self._texts = book, mirror, texts
        self._person, self._kind, self._take = "", GENUINE, 0
        self._groups: dict[str, QButtonGroup] = {}
        self.pages = QStackedWidget()
        self.take_page = PilotTakePage()
        self.done_words = _label("title")
        self.recipe, self.counts = _label(), _label()
        self.consent = QCheckBox("本人同意：只记录数字，不留照片，随时可以退出")
        self.consent.setObjectName("consent")
        self.consent.toggled.connect(self._ready)
        for page in (self._start_page(), self._who_page(), self._what_page(), self.take_page, self._done_page()):
            self.pages.addWidget(page)
        QVBoxLayout(self).addWidget(self.pages)
        self._frames = QTimer(self)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._show_frame)
        self._to_start()

    # --- pages

    def _button(self, name: str, words: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName(name)
        button.setMinimumHeight(96)
        button.clicked.connect(lambda _checked=False: act())
        return button

    def _page(self, title: str, *widgets: QWidget) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        head = _label("title")
        head.setText(title)
        for widget in (head, *widgets):
            column.addWidget(widget)
        return page

    def _start_page(self) -> QWidget:
        return self._page(
            "试点：下一位",
            self.counts,
            self._button("genuine", "真人来做", lambda: self.pages.setCurrentIndex(1)),
            self._button("attack", "出示攻击道具", lambda: self.pages.setCurrentIndex(2)),
            self._button("leave", "今天到此为止", self.left.emit),
        )

    def _who_page(self) -> QWidget:
        grid = QWidget()
        layout = QGridLayout(grid)
        for row, (key, question, answers) in enumerate(QUESTIONS):
            layout.addWidget(QLabel(question), row, 0)
            group = self._groups[key] = QButtonGroup(self)
            for column, (answer, words) in enumerate(answers, start=1):
                button = QPushButton(words)
                button.setObjectName(f"{key}:{answer}")
                button.setCheckable(True)
                button.setMinimumHeight(84)
                group.addButton(button)
                layout.addWidget(button, row, column)
            group.buttonClicked.connect(self._ready)
        self.go = self._button("go", "开始", lambda: self._begin(GENUINE, secrets.token_hex(4)))
        return self._page("请问来的是谁", grid, self.consent, self.go, self._button("back", "返回", self._to_start))

    def _what_page(self) -> QWidget:
        buttons = [self._button(f"show:{one.key}", one.name, partial(self._begin, one.key, "")) for one in INSTRUMENTS]
        return self._page("出示哪一种", self.recipe, *buttons, self._button("back2", "返回", self._to_start))

    def _done_page(self) -> QWidget:
        return self._page(
            "记下了",
            self.done_words,
            self._button("again", "同一位再做一次", lambda: self._begin(self._kind, self._person)),
            self._button("next", "下一位", self._to_start),
        )

    def _to_start(self) -> None:
        counted = Counter(one.kind for one in self._book.takes())
        attacks = "，".join(f"{one.name} {counted[one.key]}" for one in INSTRUMENTS)
        self.counts.setText(f"真人 {counted[GENUINE]} 次；{attacks}")
        self.recipe.setText("\n".join(f"{one.name}：{one.show}" for one in INSTRUMENTS))
        self.consent.setChecked(False)
        for group in self._groups.values():
            group.setExclusive(False)
            for button in group.buttons():
                button.setChecked(False)
            group.setExclusive(True)
        self._ready()
        self.pages.setCurrentIndex(0)

    @Slot()
    def _ready(self) -> None:
        answered = all(group.checkedButton() is not None for group in self._groups.values())
        self.go.setEnabled(answered and self.consent.isChecked())

    def _answers(self) -> dict[str, str]:
        checked = {key: group.checkedButton() for key, group in self._groups.items()}
        return {key: button.objectName().split(":")[1] for key, button in checked.items() if button is not None}

    # --- a take

    def _begin(self, kind: str, person: str) -> None:
        self._kind, self._person = kind, person
        self._take += 1
        self.pages.setCurrentWidget(self.take_page)
        self.camera_wanted.emit(True)
        self._frames.start()
        self.begin_take.emit(TakeRequest("pilot", self._take, shines=True))

    @Slot(object)
    def on_view(self, view: TakeView) -> None:
        """Show where the take stands."""
        self.take_page.pattern = view.light_pattern
        if view.guidance is not None:
            words = self._texts(f"guidance.{view.guidance}.title")
        elif view.action is not None:
            words = self._texts(f"action.{view.action}.{'now' if view.now else 'ready'}")
        else:
            words = self._texts("page.camera.title")
        self.take_page.words.setText(words)
        self.take_page.circle.show_progress(view.progress, view.guidance is None)
        self.take_page.update()

    @Slot(object)
    def on_finished(self, outcome: TakeOutcome) -> None:
        """Write the numbers; the probe is let go here."""
        if outcome.take_id != self._take:
            return
        self._frames.stop()
        self.camera_wanted.emit(False)
        self.take_page.circle.clear()
        seen, lit = outcome.liveness, outcome.lit
        light = {"strength": lit.strength, "noise": lit.noise, "delay_s": lit.best_delay_s or 0.0} if lit.time is not None else {}
        self._book.add(
            PilotTake(
                person=self._person,
                kind=self._kind,
                answers=self._answers() if self._kind == GENUINE else {},
                passed=seen.passed,
                reason=seen.reason.value,
                checks={one.name: (one.score, one.limit, one.flagged, one.mode) for one in seen.checks},
                actions=tuple((one.action.value, one.cued_at_s, one.seen_at_s, one.strength) for one in seen.actions),
                duration_s=round(seen.duration_s, 2),
                light=light,
            )
        )
        self.done_words.setText("通过" if seen.passed else self._texts(f"reason.{seen.reason}.title"))
        self.pages.setCurrentIndex(4)

    @Slot()
    def _show_frame(self) -> None:
        frame = self._mirror.take(0.0)
        if frame is not None:
            self.take_page.circle.show_frame(cv2.cvtColor(frame.image_bgr, cv2.COLOR_BGR2RGB))
