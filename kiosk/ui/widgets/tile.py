"""A choice as a picture: people on a card, the words on a strip below that looks pressable."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen

from kiosk.ui.theme import EDGE, RADIUS_CARD
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.face import Pose, paint_face
from kiosk.ui.widgets.text import draw_lines

ONE: tuple[tuple[float, float, Pose], ...] = ((0.5, 1.0, Pose()),)
TWO: tuple[tuple[float, float, Pose], ...] = ((0.3, 0.82, Pose(yaw=0.12)), (0.7, 0.82, Pose(yaw=-0.12, young=True)))


class Tile(Button):
    """A large button with one or two drawn people. `people`: (centre of the width, size, pose)."""

    def __init__(self, name: str, people: tuple[tuple[float, float, Pose], ...]) -> None:
        super().__init__(name, "filled")
        self.people = people

    def _strip(self, width: int) -> int:
        return super().need(width)

    def need(self, width: int) -> int:
        return self._strip(width) + self.look.px(150)

    def want(self, width: int) -> int:
        return self._strip(width) + min(self.look.px(380), round(width * 0.8))

    def _picture(self) -> QRectF:
        face = self.face_rect()
        strip = self._strip(self.width()) - self.look.px(EDGE)
        return QRectF(face.left(), face.top(), face.width(), face.height() - strip)

    def words_rect(self) -> QRectF:
        lines, _ = self.lines(self.width())
        face, top = self.face_rect(), self._picture().bottom()
        tall = len(lines) * self.look.line_px(self.role)
        wide = max((length for _, length in lines), default=0.0)
        return QRectF(face.center().x() - wide / 2, (top + face.bottom()) / 2 - tall / 2, wide, tall)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        look = self.look
        radius = look.px(RADIUS_CARD)
        whole = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour("action_edge"))
        painter.drawRoundedRect(whole, radius, radius)
        face = self.face_rect()
        shape = QPainterPath()
        shape.addRoundedRect(face, radius, radius)
        painter.fillPath(shape, look.colour("action"))
        picture = self._picture()
        ground = QPainterPath()
        line = look.px(5)
        ground.addRoundedRect(face.adjusted(line, line, -line, -line), radius - line, radius - line)
        window = QPainterPath()
        window.addRect(picture.adjusted(line, line, -line, 0))
        painter.save()
        painter.setClipPath(ground.intersected(window))
        painter.fillRect(picture, look.colour("tint"))
        for centre, size, pose in self.people:
            side = min(picture.height() * 0.96, picture.width() * 0.72) * size
            square = QRectF(picture.left() + picture.width() * centre - side / 2, picture.bottom() - side * 0.98, side, side)
            paint_face(painter, square, pose, look.palette, ground=False)
        painter.restore()
        painter.setPen(look.colour("on_action"))
        draw_lines(painter, self.words_rect(), self.lines(self.width())[0], self.font_of(), Qt.AlignmentFlag.AlignHCenter)
        if self.hasFocus() and self.by_keyboard:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(look.colour("focus"), look.px(6)))
            painter.drawRoundedRect(face.adjusted(line, line, -line, -line), radius - line, radius - line)
