"""The pilot by touch: who stands there or what is held up, then one take, then the next. Numbers go into the book; pictures into
the album, only with a consent of their own.

Built by `kiosk pilot run`. Camera and vision are the kiosk's own; the page carries the light passcode as the camera page does.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial

import cv2
from PySide6.QtCore import QPoint, QRectF, QSizeF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.domain.light_pattern import Levels
from kiosk.domain.take_view import TakeView
from kiosk.liveness.verdict import TakeOutcome
from kiosk.liveness.worker import TakeRequest
from kiosk.pilot.book import Book, PilotTake
from kiosk.pilot.erasing import KEEP_DAYS
from kiosk.pilot.pictures import Album, Watch
from kiosk.pilot.plan import GENUINE, INSTRUMENTS, QUESTIONS
from kiosk.texts.strings import Strings
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


class _Tick(QWidget):
    """A box to tick, and words beside it that may need several lines."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__()
        self.box, label = QCheckBox(), QLabel(words)
        self.box.setObjectName(name)
        self.box.setAccessibleName(words)
        label.setWordWrap(True)
        row = QHBoxLayout(self)
        row.addWidget(self.box)
        row.addWidget(label, 1)


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
    """The pages in order."""

    begin_take = Signal(object)  # TakeRequest -> VisionWorker
    cancel_take = Signal()
    camera_wanted = Signal(bool)
    left = Signal()

    def __init__(
        self,
        book: Book,
        mirror: Mailbox[Frame],
        strings: Strings,
        album: Album | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        """album: where pictures go whose person agreed; None: the pilot keeps none, and asks for none."""
        super().__init__()
        self.setStyleSheet(_STYLE)
        self._book, self._mirror, self._strings, self._album = book, mirror, strings, album
        self._watch: Watch | None = None
        self._today = today
        self._person, self._kind, self._take = "", GENUINE, 0
        self._groups: dict[str, QButtonGroup] = {}
        self.pages = QStackedWidget()
        self.take_page = PilotTakePage()
        self.done_words = _label("title")
        self.recipe, self.counts = _label(), _label()
        self.consent, self.pictures = (
            _Tick("consent", self._say("consent")),
            _Tick("pictures", self._say("consent_pictures", days=KEEP_DAYS)),
        )
        self.consent.box.toggled.connect(self._ready)
        self.pictures.setVisible(album is not None)
        for page in (self._start_page(), self._who_page(), self._what_page(), self.take_page, self._done_page()):
            self.pages.addWidget(page)
        QVBoxLayout(self).addWidget(self.pages)
        self._frames = QTimer(self)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._show_frame)
        self._to_start()

    def _say(self, key: str, **values: object) -> str:
        return self._strings.text(f"pilot.{key}", **values)

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
            self._say("title"),
            self.counts,
            self._button("genuine", self._say("genuine"), lambda: self.pages.setCurrentIndex(1)),
            self._button("attack", self._say("attack"), lambda: self.pages.setCurrentIndex(2)),
            self._button("leave", self._say("leave"), self.left.emit),
        )

    def _who_page(self) -> QWidget:
        grid = QWidget()
        layout = QGridLayout(grid)
        for row, (key, answers) in enumerate(QUESTIONS):
            layout.addWidget(QLabel(self._say(f"question.{key}")), row, 0)
            group = self._groups[key] = QButtonGroup(self)
            for column, answer in enumerate(answers, start=1):
                button = QPushButton(self._say(f"{key}.{answer}"))
                button.setObjectName(f"{key}:{answer}")
                button.setCheckable(True)
                button.setMinimumHeight(84)
                group.addButton(button)
                layout.addWidget(button, row, column)
            group.buttonClicked.connect(self._ready)
        self.go = self._button("go", self._say("go"), lambda: self._begin(GENUINE, secrets.token_hex(4)))
        back = self._button("back", self._say("back"), self._to_start)
        return self._page(self._say("who"), grid, self.consent, self.pictures, self.go, back)

    def _what_page(self) -> QWidget:
        buttons = [
            self._button(f"show:{one.key}", one.word("name", self._strings), partial(self._begin, one.key, ""))
            for one in INSTRUMENTS
        ]
        return self._page(self._say("what"), self.recipe, *buttons, self._button("back2", self._say("back"), self._to_start))

    def _done_page(self) -> QWidget:
        return self._page(
            self._say("done"),
            self.done_words,
            self._button("again", self._say("again"), lambda: self._begin(self._kind, self._person)),
            self._button("next", self._say("next"), self._to_start),
        )

    def _to_start(self) -> None:
        counted = Counter(one.kind for one in self._book.takes())
        names = [(one.word("name", self._strings), one) for one in INSTRUMENTS]
        attacks = " · ".join(f"{name} {counted[one.key]}" for name, one in names)
        self.counts.setText(self._say("counts", genuine=counted[GENUINE], attacks=attacks))
        self.recipe.setText("\n".join(self._say("recipe", name=name, show=one.word("show", self._strings)) for name, one in names))
        for tick in (self.consent, self.pictures):  # the next one is asked anew
            tick.box.setChecked(False)
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
        self.go.setEnabled(answered and self.consent.box.isChecked())

    def _answers(self) -> dict[str, str]:
        checked = {key: group.checkedButton() for key, group in self._groups.items()}
        return {key: button.objectName().split(":")[1] for key, button in checked.items() if button is not None}

    # --- a take

    def _begin(self, kind: str, person: str) -> None:
        self._kind, self._person = kind, person
        self._take += 1
        agreed = self._album is not None and kind == GENUINE and self.pictures.box.isChecked()
        self._watch = Watch() if agreed else None
        self.pages.setCurrentWidget(self.take_page)
        self.camera_wanted.emit(True)
        self._frames.start()
        self.begin_take.emit(TakeRequest("pilot", self._take, shines=True, traced=True))

    @Slot(object)
    def on_view(self, view: TakeView) -> None:
        """Show where the take stands."""
        self.take_page.pattern = view.light_pattern
        if view.guidance is not None:
            words = self._strings.text(f"guidance.{view.guidance}.title")
        elif view.action is not None:
            words = self._strings.text(f"action.{view.action}.{'now' if view.now else 'ready'}")
        else:
            words = self._strings.text("page.camera.title")
        self.take_page.words.setText(words)
        self.take_page.circle.show_progress(view.progress, view.guidance is None)
        self.take_page.update()

    @Slot(object)
    def on_finished(self, outcome: TakeOutcome) -> None:
        """Write the numbers, and pictures where they were agreed to; the probe is let go here."""
        if outcome.take_id != self._take:
            return
        self._frames.stop()
        self.camera_wanted.emit(False)
        self.take_page.circle.clear()
        seen, lit, number = outcome.liveness, outcome.lit, secrets.token_hex(6)
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
                take=number,
            ),
            outcome.trace,
        )
        if self._watch is not None and self._album is not None:
            self._album.keep(number, self._watch.pictures, self._today())
        self._watch = None
        self.done_words.setText(self._say("passed") if seen.passed else self._strings.text(f"reason.{seen.reason}.title"))
        self.pages.setCurrentIndex(4)

    @Slot()
    def _show_frame(self) -> None:
        frame = self._mirror.take(0.0)
        if frame is not None:
            if self._watch is not None:
                self._watch.look(frame)
            self.take_page.circle.show_frame(cv2.cvtColor(frame.image_bgr, cv2.COLOR_BGR2RGB))
