"""The desk's small widgets: buttons with drawn icons, labels, fields, cards, notices, chips, a number pad; looks from `look`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QIcon, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from kiosk.ui.desk.look import GAP
from kiosk.ui.icons import draw_icon, icon_image
from kiosk.ui.theme import Look
from kiosk.ui.widgets.text import wrap

_L = TypeVar("_L", QHBoxLayout, QVBoxLayout)
_ANY_HEIGHT = (1 << 24) - 1  # Qt's own largest height of a widget


class Action(QPushButton):
    """A button. kind: primary, outlined, danger, chip, rail, key or ""."""

    def __init__(self, name: str, kind: str = "", *, icon: str = "", checkable: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("kind", kind)
        self.kind, self.icon_name = kind, icon
        self.setCheckable(checkable)
        self.setAutoDefault(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._look = Look()
        if checkable:
            self.toggled.connect(lambda _: self._paint_icon())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._paint_icon()

    def say(self, text: str, accessible: str = "") -> Action:
        """Set text and accessible name; returns itself."""
        self.setText((" " if self.icon_name and text else "") + text.replace("&", "&&"))
        self.setAccessibleName(accessible or text)
        return self

    def set_look(self, look: Look) -> None:
        """Take on colours and sizes."""
        self._look = look
        self._paint_icon()

    def _paint_icon(self) -> None:
        if not self.icon_name:
            return
        side = self._look.px(30)
        ink = {"primary": "on_action", "outlined": "action", "danger": "stop"}.get(self.kind, "ink")
        if self.kind == "chip" and self.isChecked():
            ink = "on_action"
        if not self.isEnabled():
            ink = "quiet"
        picture = icon_image(self.icon_name, side, self._look.colour(ink).name())
        self.setIcon(QIcon(QPixmap.fromImage(picture)))
        self.setIconSize(QSize(side, side))


class Words(QLabel):
    """A text. role: title, heading, figure, small, strong or ""; tone: quiet, good, bad, strong or ""."""

    def __init__(self, name: str = "", role: str = "", tone: str = "", *, wrap: bool = True, text: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", role)
        self.setProperty("tone", tone)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setSizePolicy(QSizePolicy.Policy.Preferred if not wrap else QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        if text:
            self.say(text)

    def say(self, text: str, tone: str | None = None) -> None:
        """Set the text (empty: hidden) and, where given, the tone."""
        self.setText(text)
        self.setAccessibleName(text)
        if self.parentWidget() is not None or not text:  # shown without a parent it would be a window of its own
            self.setVisible(bool(text))
        if tone is not None and tone != self.property("tone"):
            self.setProperty("tone", tone)
            self.style().unpolish(self)
            self.style().polish(self)


class Field(QLineEdit):
    """One line of input. `digits`: mostly a number, a pad may fill it; `latin`: no Chinese, as an address."""

    def __init__(self, name: str, *, digits: bool = False, secret: bool = False, latin: bool = False, limit: int = 64) -> None:
        super().__init__()
        self.setObjectName(name)
        self.digits, self.secret, self.latin = digits, secret, latin
        self.padded = False  # a pad stands on its page: the keyboard on the screen comes only when it is asked for
        self.setMaxLength(limit)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setDragEnabled(False)
        if secret:
            self.setEchoMode(QLineEdit.EchoMode.Password)
            self.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)

    def say(self, label: str) -> Field:
        """Set the accessible name and the words in the empty field; returns itself."""
        self.setAccessibleName(label)
        self.setPlaceholderText(label)
        return self


class Tick(QCheckBox):
    """A box to tick."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # its words do not widen the page
        self._look = Look()

    def say(self, text: str) -> Tick:
        """Set text and accessible name; returns itself."""
        self.setAccessibleName(text)
        self._wrap()
        return self

    def set_look(self, look: Look) -> None:
        """Take on colours and sizes."""
        self._look = look
        self._wrap()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._wrap()

    def _wrap(self) -> None:
        """Qt does not wrap beside a box: the lines are broken here."""
        room = self.width() - self._look.px(34 + 14) - 6
        lines, _ = wrap(self.accessibleName(), self.font(), max(60, room))
        text = "\n".join(line for line, _ in lines).replace("&", "&&")
        if text != self.text():
            self.setText(text)
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            option = QStyleOptionButton()
            self.initStyleOption(option)
            box = QRectF(self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self))
            draw_icon(QPainter(self), "tick", box.adjusted(3, 3, -3, -3), self._look.colour("on_action"))


class Card(QFrame):
    """A white card; add to `.box`."""

    def __init__(self, name: str = "", kind: str = "card", *, heading: Words | None = None) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("kind", kind)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(GAP + 4, GAP, GAP + 4, GAP)
        self.box.setSpacing(10)
        if heading is not None:
            self.box.addWidget(heading)


class Notice(Card):
    """What the attendant must know; hidden while there is nothing to say, but its room stays: no button jumps when it comes."""

    def __init__(self, name: str = "problem") -> None:
        super().__init__(name, "notice")
        self.words = Words(f"{name}-words")
        self.box.addWidget(self.words)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.hide()

    def set_look(self, look: Look) -> None:
        """Keep room for a line, two where the page is narrow."""
        margins = self.box.contentsMargins()
        line = QFontMetrics(self.words.font()).lineSpacing()
        edges = margins.top() + margins.bottom() + 2 * look.px(2)
        self.setMinimumHeight(edges + (1 if look.landscape else 2) * line)
        self._bound()

    def _bound(self) -> None:
        """While hidden it takes just that room: the layout of what is hidden still remembers the last words' height."""
        self.setMaximumHeight(_ANY_HEIGHT if self.words.text() else self.minimumHeight())

    def say(self, text: str, *, good: bool = False) -> None:
        """Show a text, or hide."""
        self.words.say(text)
        self.setAccessibleName(text)
        kind = "good" if good else "notice"
        if kind != self.property("kind"):
            self.setProperty("kind", kind)
            for one in (self, self.words):  # the words' colour depends on what they stand on
                one.style().unpolish(one)
                one.style().polish(one)
        self._bound()
        self.setVisible(bool(text))


class Chips(QWidget):
    """One of several: `chosen` tells which. Keys are in the object names: NAME-KEY."""

    chosen = Signal(str)

    def __init__(self, name: str, keys: Sequence[str], columns: int = 0) -> None:
        super().__init__()
        self.setObjectName(name)
        self.buttons = {key: Action(f"{name}-{key or 'all'}", "chip", checkable=True) for key in keys}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(10)
        for number, (key, button) in enumerate(self.buttons.items()):
            row, column = divmod(number, columns or len(keys))
            grid.addWidget(button, row, column)
            button.clicked.connect(lambda _=False, key=key: self._choose(key))
        self.key = ""

    def say(self, text: Callable[[str], str]) -> None:
        """Set the texts."""
        for key, button in self.buttons.items():
            button.say(text(key))

    def choose(self, key: str) -> None:
        """Choose without telling."""
        self.key = key
        for one, button in self.buttons.items():
            button.setChecked(one == key)

    def _choose(self, key: str) -> None:
        self.choose(key)
        self.chosen.emit(key)


class Pad(QWidget):
    """Digits for touch screens; types into the field that had the focus last. `letters_wanted`: a field, for the keyboard."""

    letters_wanted = Signal(object)
    KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "X", "0", "back")

    def __init__(self, fields: Sequence[Field], *, letter: bool = True) -> None:
        super().__init__()
        self.setObjectName("desk-pad")
        self._fields, self._field = list(fields), fields[0]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(10)
        self.keys: dict[str, Action] = {}
        for number, key in enumerate(self.KEYS):
            button = Action(f"desk-key-{key}", "key", icon="delete" if key == "back" else "")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, key=key: self._press(key))
            grid.addWidget(button, number // 3, number % 3)
            self.keys[key] = button
            if key == "X" and not letter:
                button.setEnabled(False)
                button.setVisible(False)
        for field in fields:
            field.padded = True
        self.letters = Action("desk-key-letters", "key")
        self.letters.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)
        self.letters.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.letters.clicked.connect(lambda _=False: self.letters_wanted.emit(self._lettered()))
        grid.addWidget(self.letters, 0, 3, len(self.KEYS) // 3, 1)  # beside the digits: no page becomes longer

    def aim(self, field: Field) -> None:
        """Type into this field from now on, unless another has the focus."""
        self._field = field

    def _lettered(self) -> Field:
        """The field that letters are for: the one with the focus, but a PIN is of digits."""
        fields = [one for one in self._fields if not one.secret]
        return next((one for one in fields if one.hasFocus()), self._field if self._field in fields else fields[0])

    def say(self, text: Callable[[str], str]) -> None:
        """Set the texts."""
        for key, button in self.keys.items():
            button.say("" if key == "back" else key, text("desk.key_back") if key == "back" else key)
        self.letters.say("ABC", text("desk.key_letters"))

    def _press(self, key: str) -> None:
        field = next((one for one in self._fields if one.hasFocus()), self._field)
        self._field = field
        if key == "back":
            field.backspace()
        else:
            field.insert(key)
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)


def row(*items: QWidget | QLayout | int, spacing: int = GAP) -> QHBoxLayout:
    """Return widgets beside each other; a number is a stretch."""
    return _filled(QHBoxLayout(), items, spacing)


def column(*items: QWidget | QLayout | int, spacing: int = GAP) -> QVBoxLayout:
    """Return widgets below each other; a number is a stretch."""
    return _filled(QVBoxLayout(), items, spacing)


def _filled(layout: _L, items: Sequence[QWidget | QLayout | int], spacing: int) -> _L:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for item in items:
        if isinstance(item, int):
            layout.addStretch(item)
        elif isinstance(item, QWidget):  # wrapped words take the room that buttons leave
            layout.addWidget(item, 1 if isinstance(item, Words) and item.wordWrap() else 0)
        else:
            layout.addLayout(item)
    return layout
