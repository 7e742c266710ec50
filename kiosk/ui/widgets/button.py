"""Buttons that look pressable, drawn by ourselves: filled, outlined, quiet (bottom bar), chip (top bar), key (pad)."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFocusEvent, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from kiosk.ui.icons import draw_icon
from kiosk.ui.theme import EDGE, RADIUS_BUTTON, STROKE, Look, Role
from kiosk.ui.widgets.text import Lines, draw_lines, wrap

Kind = Literal["filled", "outlined", "quiet", "chip", "key"]
_ROLE: dict[Kind, Role] = {"filled": "button", "outlined": "body", "quiet": "label", "chip": "label", "key": "key"}


class Button(QAbstractButton):
    """One control. Its accessible name is its text unless one is given; its object name is stable."""

    def __init__(
        self,
        name: str,
        kind: Kind = "filled",
        *,
        icon: str = "",
        role: Role | None = None,
        checkable: bool = False,
        above: bool = False,
    ) -> None:
        super().__init__()
        self.kind, self.icon_name, self.above = kind, icon, above
        self.role: Role = role or _ROLE[kind]
        self.look = Look()
        self.by_keyboard = False
        self.ground = "action"  # colour of a filled button: action, or other
        self.lit = False  # a key of the number pad that is pressed by the keyboard
        self.setObjectName(name)
        self.setCheckable(checkable)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def say(self, text: str, accessible: str = "") -> None:
        """Set the text, and the name a screen reader reads."""
        self.setText(text.replace("&", "&&"))
        self.setAccessibleName(accessible or text.replace("\n", " "))
        self.update()

    def shown_text(self) -> str:
        """Return the text as it is drawn."""
        return self.text().replace("&&", "&")

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    # --- measures

    def font_of(self) -> QFont:
        """Return the font the text is drawn in."""
        return self.look.font(self.role, True if self.kind != "chip" else None)

    def _edge(self) -> int:
        return self.look.px(EDGE) if self.kind == "filled" else 0

    def _padding(self) -> int:
        return self.look.px({"filled": 36, "outlined": 32, "quiet": 8, "chip": 12, "key": 8}[self.kind])

    def _icon_px(self) -> int:
        if not self.icon_name:
            return 0
        if self.above:
            return self.look.px(46)
        return round(self.look.font_px(self.role) * (1.12 if self.shown_text() else 1.35))

    def text_width(self, width: int) -> int:
        """Return the room the text has."""
        beside = 0 if self.above or not self.icon_name else self._icon_px() + self._icon_gap()
        return max(1, width - 2 * self._padding() - beside)

    def lines(self, width: int) -> tuple[Lines, bool]:
        """Return the lines of the text and whether they fit."""
        if not self.shown_text():
            return (), True
        return wrap(self.shown_text(), self.font_of(), self.text_width(width))

    def need(self, width: int) -> int:
        lines = len(self.lines(width)[0]) * self.look.line_px(self.role)
        if self.above:
            lines += self._icon_px() + self.look.px(2)
        return max(self.look.target(self.kind), lines + self.look.px(18) + self._edge())

    want = need

    def natural_width(self) -> int:
        """Return the width of a chip."""
        words = self.lines(100000)[0]
        text = max((length for _, length in words), default=0.0)
        icon = self._icon_px() + (self.look.px(12) if words else 0) if self.icon_name and not self.above else 0
        return max(self.look.target("chip"), round(text) + icon + 2 * self._padding())

    # --- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        look, down = self.look, self.isDown() or self.lit
        line = look.px(STROKE)
        inset = line / 2
        whole = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        radius = min(look.px(RADIUS_BUTTON), whole.height() / 2)
        strong = self.kind == "filled" or (self.isChecked() and self.kind == "chip")
        face = self.face_rect()
        if self.kind == "filled":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.colour(f"{self.ground}_edge"))
            painter.drawRoundedRect(whole, radius, radius)
        painter.setPen(QPen(look.colour(self._line_colour()), line))
        painter.setBrush(look.colour(self.ground if strong else "tint" if down or self._tinted() else "card"))
        if self.kind == "filled":
            painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(face, radius, radius)
        self._draw_words(painter, strong)
        if self.hasFocus() and self.by_keyboard:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(look.colour("focus"), look.px(6)))
            inner = face.adjusted(look.px(6), look.px(6), -look.px(6), -look.px(6))
            painter.drawRoundedRect(inner, radius - look.px(6), radius - look.px(6))

    def _line_colour(self) -> str:
        if self.kind in ("quiet", "chip", "key") and not self.isChecked():
            return "edge"
        return "action"

    def _tinted(self) -> bool:
        return self.kind != "chip" and self.isCheckable() and self.isChecked()

    def _text_colour(self, strong: bool) -> str:
        if strong:
            return "on_action"
        if self.kind == "outlined":
            return "ink" if self.isDown() or self._tinted() else "action"
        return "ink"

    def face_rect(self) -> QRectF:
        """Return the face of the button, without its pressed edge."""
        inset = self.look.px(STROKE) / 2
        whole = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        if self.kind != "filled":
            return whole
        edge, down = self._edge(), self.isDown() or self.lit
        return whole.adjusted(0, edge * 0.6 if down else 0, 0, 0 if down else -edge)

    def words_rect(self) -> QRectF:
        """Return where the words are drawn, exactly as wide and high as they are."""
        lines, _ = self.lines(self.width())
        wide = max((length for _, length in lines), default=0.0)
        tall = len(lines) * self.look.line_px(self.role)
        face, size = self.face_rect(), self._icon_px()
        if self.icon_name and self.above:
            top = face.top() + (face.height() - tall - size - self.look.px(2)) / 2 + size + self.look.px(2)
            return QRectF(face.center().x() - wide / 2, top, wide, tall)
        beside = size + self._icon_gap() if self.icon_name else 0
        return QRectF(face.center().x() - (wide + beside) / 2 + beside, face.center().y() - tall / 2, wide, tall)

    def _icon_gap(self) -> int:
        if not self.shown_text():
            return 0
        return self.look.px(18 if self.kind != "chip" else 12)

    def _draw_words(self, painter: QPainter, strong: bool) -> None:
        colour, size, face = self.look.colour(self._text_colour(strong)), self._icon_px(), self.face_rect()
        words = self.words_rect()
        painter.setPen(colour)
        if self.icon_name and self.above:
            draw_icon(
                painter,
                self.icon_name,
                QRectF(face.center().x() - size / 2, words.top() - size - self.look.px(2), size, size),
                colour,
            )
        elif self.icon_name:
            left = words.left() - size - self._icon_gap()
            draw_icon(painter, self.icon_name, QRectF(left, face.center().y() - size / 2, size, size), colour)
        draw_lines(painter, words, self.lines(self.width())[0], self.font_of(), Qt.AlignmentFlag.AlignHCenter)

    # --- the focus ring belongs to people who use keys

    def setVisible(self, visible: bool) -> None:
        if not visible and self.hasFocus():  # Qt would hand the focus on as the tab key does, and frame a button nobody asked for
            self.clearFocus()
        super().setVisible(visible)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.by_keyboard = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        super().focusInEvent(event)
        self.update()
