"""The table beside the kiosk when a person plays: cards to drag onto the reader, a face to move, cables to pull, tasks to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPoint, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from kiosk.demo.training import Progress, Task
from kiosk.domain.reasons import Action
from kiosk.ui.theme import FAMILIES, Look
from kiosk.ui.widgets.face import Pose, paint_face

_MEDIUM = "把 U 盘送到社保中心"
_SAID_MS = 8000  # how long the stick's button tells how it went
CLICK_PX = 8  # moved less than this, it was a touch and no drag
STYLE = """
QWidget#table { background: #E9E2D3; } QScrollArea { border: none; background: transparent; } QWidget#inner { background: #E9E2D3; }
QPushButton { background: #FFFFFF; border: 2px solid #7A6F58; border-radius: 10px; padding: 8px 4px; color: #1E2B2A; }
QPushButton:pressed { background: #DCEBE4; } QPushButton:checked { background: #8A1C14; color: #FFFFFF; border-color: #8A1C14; }
QLabel { color: #1E2B2A; } QLabel[head="true"] { font-weight: bold; padding-top: 8px; }
QLabel[done="true"] { color: #14532D; font-weight: bold; }
"""


@dataclass(frozen=True, slots=True)
class Card:
    """A drawn card: its key at the emulated reader, and what stands on it."""

    key: str
    name: str
    born: str
    remark: str
    pose: Pose = Pose()


class Props(Protocol):
    """What the hands at the table reach: the emulated hardware."""

    def lay(self, key: str) -> None:
        """Lay a card on the reader."""

    def lift(self) -> None:
        """Take it away."""

    def act(self, action: Action) -> None:
        """Move the face before the camera."""

    def away(self, gone: bool) -> None:
        """Walk away from the camera, or come back."""

    def cable(self, device: str, pulled: bool) -> None:
        """Pull the cable of the "reader" or the "camera", or put it back."""

    def network(self, gone: bool) -> None:
        """Take the network away, or give it back."""

    def photo(self, held: bool) -> None:
        """Hold a printed photograph before the camera."""

    def carry(self) -> None:
        """Carry the stick to the centre and back."""


def paint_card(painter: QPainter, rect: QRectF, card: Card) -> None:
    """Draw an identity card. The number is not on it: it belongs to nobody."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("#5C7F8C"), 2))
    painter.setBrush(QColor("#E6F0F4"))
    painter.drawRoundedRect(rect, rect.height() * 0.08, rect.height() * 0.08)
    side = rect.height() * 0.62
    paint_face(
        painter,
        QRectF(rect.right() - side * 1.12, rect.top() + rect.height() * 0.2, side, side),
        card.pose,
        Look().palette,
        ground=False,
    )
    font = QFont()
    font.setFamilies(list(FAMILIES))
    for text, size, top, bold in (
        (card.name, 0.2, 0.12, True),
        (card.born, 0.12, 0.42, False),
        (card.remark, 0.12, 0.6, False),
    ):
        font.setPixelSize(max(9, int(rect.height() * size)))
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(QColor("#1E2B2A"))
        painter.drawText(
            QRectF(rect.left() + rect.width() * 0.06, rect.top() + rect.height() * top, rect.width() * 0.6, rect.height() * 0.36),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap,
            text,
        )


class CardFace(QWidget):
    """A card on the table: dragged onto the reader, or touched."""

    let_go = Signal(str, QPoint)  # key, where (global)
    touched = Signal(str)

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.card = card
        self.laid = False
        self.setObjectName(f"card-{card.key}")
        self.setAccessibleName(f"{card.name}，{card.remark}")
        self.setMinimumSize(110, 74)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self._ghost: QLabel | None = None
        self._from = QPoint()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._from = event.globalPosition().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.globalPosition().toPoint()
        if self._ghost is None:
            if self.laid or (place - self._from).manhattanLength() < CLICK_PX:
                return
            picture = QPixmap(self.size())
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            paint_card(painter, QRectF(picture.rect()).adjusted(2, 2, -2, -2), self.card)
            painter.end()
            self._ghost = QLabel(self.window())
            self._ghost.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self._ghost.setPixmap(picture)
            self._ghost.resize(self.size())
            self._ghost.show()
            self.update()
        corner = self.window().mapFromGlobal(place) - self.rect().center()
        self._ghost.move(corner)
        self._ghost.raise_()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._ghost is None:
            self.touched.emit(self.card.key)
            return
        self._ghost.deleteLater()
        self._ghost = None
        self.update()
        self.let_go.emit(self.card.key, event.globalPosition().toPoint())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.laid or self._ghost is not None:
            painter.setOpacity(0.25)
        paint_card(painter, QRectF(self.rect()).adjusted(2, 2, -2, -2), self.card)


class Tray(QWidget):
    """The reader: what lies on it. A touch takes the card away."""

    touched = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("reader")
        self.setAccessibleName("读身份证的地方")
        self.setMinimumHeight(110)
        self.card: Card | None = None

    def show_card(self, card: Card | None) -> None:
        """Show what lies here now."""
        self.card = card
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.touched.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#0B5A53"), 3, Qt.PenStyle.DashLine if self.card is None else Qt.PenStyle.SolidLine))
        painter.setBrush(QColor("#4A5654"))
        box = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        painter.drawRoundedRect(box, 12, 12)
        if self.card is None:
            painter.setPen(QColor("#FFFFFF"))
            words = "读身份证的地方\n把身份证拖到这里，或者点一下身份证"
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
            return
        tall = box.height() * 0.82
        wide = min(box.width() * 0.9, tall * 1.58)
        paint_card(painter, QRectF(box.center().x() - wide / 2, box.center().y() - tall / 2, wide, tall), self.card)


class DemoTable(QWidget):
    """Everything beside the kiosk. `props`: what it moves."""

    def __init__(
        self, cards: tuple[Card, ...], props: Props, *, webcam: bool, tasks: tuple[Task, ...] = (), note: str = ""
    ) -> None:
        """tasks: of a first day; then there is a stick, too."""
        super().__init__()
        self.setObjectName("table")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(STYLE)
        self._cards, self._props = {card.key: card for card in cards}, props
        self.tray = Tray()
        self.tray.touched.connect(self.lift)
        self.faces = {card.key: CardFace(card) for card in cards}
        inner = QWidget()
        inner.setObjectName("inner")
        column = QVBoxLayout(inner)
        column.addWidget(self.tray)
        column.addLayout(self._grid(list(self.faces.values()), 2))
        for face in self.faces.values():
            face.touched.connect(self._touched)
            face.let_go.connect(self._let_go)
        column.addWidget(self._head("镜头前是您自己" if webcam else "镜头前的人（画的）"))
        if not webcam:
            column.addLayout(self._grid([self._mover(action, words) for action, words in MOVES], 3))
        column.addLayout(self._grid(self._mischief(webcam), 2))
        self.medium = QPushButton(_MEDIUM)
        self.medium.setObjectName("carry")
        self.medium.clicked.connect(self._carry)
        self.medium.setVisible(bool(tasks))
        column.addWidget(self.medium)
        self._tasks, self.tasks = tasks, {task.name: QLabel() for task in tasks}
        if tasks:
            column.addWidget(self._head("第一天的任务"))
            for label in self.tasks.values():
                label.setWordWrap(True)
                column.addWidget(label)
            self.finished = self._head("都办完了，第一天辛苦了！")
            column.addWidget(self.finished)
            self.show_progress(Progress())
        if note:
            label = QLabel(note)
            label.setWordWrap(True)
            column.addWidget(label)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        for part in (scroll, *self.findChildren(QPushButton)):  # the keys are the kiosk's, whatever was touched here
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    # --- cards

    @Slot(str)
    def lay(self, key: str) -> None:
        """Lay a card on the reader, instead of the one that lies there."""
        if self.tray.card is not None:
            self.lift()
        self.tray.show_card(self._cards[key])
        self._show_laid()
        self._props.lay(key)

    @Slot()
    def lift(self) -> None:
        """Take the card from the reader."""
        if self.tray.card is None:
            return
        self.tray.show_card(None)
        self._show_laid()
        self._props.lift()

    @Slot(str)
    def _touched(self, key: str) -> None:
        if self.tray.card is not None and self.tray.card.key == key:
            self.lift()
        else:
            self.lay(key)

    @Slot(str, QPoint)
    def _let_go(self, key: str, place: QPoint) -> None:
        if self.tray.rect().contains(self.tray.mapFromGlobal(place)):
            self.lay(key)

    def _show_laid(self) -> None:
        for key, face in self.faces.items():
            face.laid = self.tray.card is not None and self.tray.card.key == key
            face.update()

    # --- the other things

    def show_progress(self, progress: Progress) -> None:
        """Check off what is done."""
        for task in self._tasks:
            label, done = self.tasks[task.name], task.name in progress.done
            label.setText(f"{'✓' if done else '○'} {task.title}" + ("" if done else f"\n{task.how}"))
            label.setProperty("done", done)
            label.style().unpolish(label)
            label.style().polish(label)
        self.finished.setVisible(progress.complete)

    @Slot()
    def _carry(self) -> None:
        self.medium.setEnabled(False)
        self.medium.setText("U 盘在路上…")
        self._props.carry()

    @Slot(int)
    def show_medium(self, batches: int) -> None:
        """The stick is back from the centre, which took so many batches from it."""
        self.medium.setEnabled(True)
        self.medium.setText("U 盘回来了，带着社保中心的回执" if batches else "U 盘回来了：上面没有要送的记录")
        QTimer.singleShot(_SAID_MS, self, lambda: self.medium.setText(_MEDIUM))

    def _mover(self, action: Action, words: str) -> QPushButton:
        made = QPushButton(words)
        made.setObjectName(f"do-{action}")
        made.clicked.connect(lambda _=False: self._props.act(action))
        return made

    def _mischief(self, webcam: bool) -> list[QPushButton]:
        made = []
        for name, words, does in (
            ("pull-reader", "拔读卡器的线", lambda on: self._props.cable("reader", on)),
            ("pull-network", "断开网络", self._props.network),
            *(
                ()
                if webcam
                else (
                    ("pull-camera", "拔镜头的线", lambda on: self._props.cable("camera", on)),
                    ("photo", "举一张照片", self._props.photo),
                    ("away", "走开", self._props.away),
                )
            ),
        ):
            button = QPushButton(words)
            button.setObjectName(name)
            button.setCheckable(True)
            button.toggled.connect(does)
            made.append(button)
        return made

    @staticmethod
    def _head(words: str) -> QLabel:
        label = QLabel(words)
        label.setProperty("head", True)
        return label

    @staticmethod
    def _grid(widgets: list[QWidget] | list[QPushButton] | list[CardFace], columns: int) -> QGridLayout:
        grid = QGridLayout()
        for number, widget in enumerate(widgets):
            grid.addWidget(widget, number // columns, number % columns)
        return grid


MOVES: tuple[tuple[Action, str], ...] = (
    (Action.BLINK, "眨眼"),
    (Action.MOUTH_OPEN, "张嘴"),
    (Action.TURN_LEFT, "向左转头"),
    (Action.TURN_RIGHT, "向右转头"),
    (Action.NOD, "点头"),
)
