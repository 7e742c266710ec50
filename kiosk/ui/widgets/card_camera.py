"""The camera's picture as it is (not mirrored: letters must stay readable), with the outline a card should fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import RADIUS_CARD, Look

if TYPE_CHECKING:
    import numpy as np

CARD_SHAPE = 85.6 / 54.0  # ID-1, millimetres (ISO/IEC 7810)
_FRAME_SHARE = 0.86  # of the picture's width


class CardCamera(QWidget):
    """Shows pictures and where the card is seen; `clear` forgets both."""

    def __init__(self, name: str = "card-camera") -> None:
        super().__init__()
        self.look = Look()
        self.setObjectName(name)
        self.setAccessibleName(name)
        self.progress = 0.0
        self._quad: tuple[tuple[float, float], ...] = ()
        self._image = QImage()
        self._pixels: object = None  # QImage does not own the buffer it shows

    def set_look(self, look: Look) -> None:
        """Take on a look."""
        self.look = look
        self.update()

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show one picture: uint8 (height, width, 3) RGB, not changed by anybody afterwards."""
        height, width = image_rgb.shape[:2]
        self._pixels = image_rgb
        self._image = QImage(image_rgb.data, width, height, image_rgb.strides[0], QImage.Format.Format_RGB888)
        self.update()

    def show_progress(self, progress: float, quad: tuple[tuple[float, float], ...]) -> None:
        """Fill the bar to 0..1 and draw the outline that is seen (shares of the picture)."""
        self.progress, self._quad = min(1.0, max(0.0, progress)), quad
        self.update()

    def clear(self) -> None:
        """Forget the picture."""
        self._image, self._pixels, self._quad, self.progress = QImage(), None, (), 0.0
        self.update()

    def need(self, width: int) -> int:
        """Return the least height for a width."""
        return min(int(width / CARD_SHAPE), self.look.px(420))

    def want(self, width: int) -> int:
        """Return the height it would like for a width."""
        return min(int(width * 0.75), self.look.px(760))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        radius = self.look.px(RADIUS_CARD)
        clip = QPainterPath()
        clip.addRoundedRect(area, radius, radius)
        painter.setClipPath(clip)
        painter.fillRect(area, self.look.colour("track"))
        picture = self._draw_picture(painter, area)
        self._draw_outline(painter, picture)
        if self.progress > 0:
            bar = QRectF(area.left(), area.bottom() - self.look.px(18), area.width() * self.progress, self.look.px(18))
            painter.fillRect(bar, self.look.colour("action"))

    def _draw_picture(self, painter: QPainter, area: QRectF) -> QRectF:
        if self._image.isNull():
            return area
        scale = max(area.width() / self._image.width(), area.height() / self._image.height())
        size = (self._image.width() * scale, self._image.height() * scale)
        target = QRectF(area.center().x() - size[0] / 2, area.center().y() - size[1] / 2, *size)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, self._image)
        return target

    def _draw_outline(self, painter: QPainter, picture: QRectF) -> None:
        area = QRectF(self.rect())
        width = min(area.width() * _FRAME_SHARE, area.height() * _FRAME_SHARE * CARD_SHAPE)
        frame = QRectF(0, 0, width, width / CARD_SHAPE)
        frame.moveCenter(area.center())
        pen = QPen(self.look.colour("card"), self.look.px(8), Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRoundedRect(frame, self.look.px(24), self.look.px(24))
        if len(self._quad) == 4:
            painter.setPen(QPen(self.look.colour("action"), self.look.px(8)))
            painter.drawPolygon(
                QPolygonF(
                    [QPointF(picture.left() + x * picture.width(), picture.top() + y * picture.height()) for x, y in self._quad]
                )
            )
