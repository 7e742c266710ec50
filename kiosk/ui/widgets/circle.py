"""The camera circle: the live picture as a mirror, with a ring that fills as an action is seen.

Also the big tick and the waiting ring.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import RING, Look
from kiosk.ui.widgets.flow import centre_square
from kiosk.ui.widgets.motion import Moving, ease

if TYPE_CHECKING:
    import numpy as np


class CameraCircle(QWidget):
    """The mirror. Pictures come unmirrored and are drawn mirrored; the last one is dropped by `clear`."""

    def __init__(self, name: str = "circle") -> None:
        super().__init__()
        self.look = Look()
        self.setObjectName(name)
        self.setAccessibleName(name)
        self.progress = 0.0
        self.good = True  # ring colour: going well, or something to change
        self.cued = False  # now: the ring changes, so that nobody has to hear the cue
        self._image = QImage()
        self._pixels: object = None  # QImage does not own the buffer it shows

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show one picture: uint8 (height, width, 3) RGB, not mirrored, not changed by anybody afterwards."""
        height, width = image_rgb.shape[:2]
        self._pixels = image_rgb
        self._image = QImage(image_rgb.data, width, height, image_rgb.strides[0], QImage.Format.Format_RGB888)
        self.update(self._square().toAlignedRect())

    def show_progress(self, progress: float, good: bool) -> None:
        """Fill the ring to 0..1."""
        progress = min(1.0, max(0.0, progress))
        if (progress, good) != (self.progress, self.good):
            self.progress, self.good = progress, good
            self.update(self._square().toAlignedRect())

    def show_cue(self, cued: bool) -> None:
        """The ring says whether to act now."""
        if cued != self.cued:
            self.cued = cued
            self.update()

    def clear(self) -> None:
        """Forget the picture."""
        self._image, self._pixels = QImage(), None
        self.progress, self.good, self.cued = 0.0, True, False
        self.update()

    def need(self, width: int) -> int:
        return min(width, self.look.px(400))

    def want(self, width: int) -> int:
        return min(width, self.look.px(900))

    def _square(self) -> QRectF:
        return centre_square(self.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square = self._square()
        ring = self.look.px(RING)
        inner = square.adjusted(ring * 1.7, ring * 1.7, -ring * 1.7, -ring * 1.7)
        if not self._image.isNull():
            self._draw_mirror(painter, inner)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.look.colour("track"))
            painter.drawEllipse(inner)
        line = square.adjusted(ring / 2, ring / 2, -ring / 2, -ring / 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.cued:
            painter.setPen(QPen(self.look.colour("cue"), ring))
            painter.drawEllipse(line)
        else:  # thin while there is nothing to do
            painter.setPen(QPen(self.look.colour("track"), ring / 2))
            painter.drawEllipse(line)
        if self.progress > 0:
            painter.setPen(
                QPen(self.look.colour("action" if self.good else "warn"), ring, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            )
            painter.drawArc(line, 90 * 16, -round(self.progress * 360 * 16))

    def _draw_mirror(self, painter: QPainter, inner: QRectF) -> None:
        image = self._image
        side = min(image.width(), image.height())
        # Clipped, not painted over at its corners: the light passcode may shine behind it.
        source = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
        disc = QPainterPath()
        disc.addEllipse(inner)
        painter.save()
        painter.setClipPath(disc)
        painter.translate(inner.center().x(), 0)
        painter.scale(-1, 1)
        painter.translate(-inner.center().x(), 0)
        painter.drawImage(inner, image, source)
        painter.restore()


class BigTick(Moving):
    """A large tick in a disc, drawn stroke by stroke once; or a bell, a clock, a cross, by `sign`."""

    loop_ms = 1_000_000
    still = 1.0

    def __init__(self, name: str = "tick", share: float = 250, sign: str = "tick") -> None:
        super().__init__()
        self.setObjectName(name)
        self.share, self.sign = share, sign

    def need(self, width: int) -> int:
        return min(width, self.look.px(self.share * 0.5))

    def want(self, width: int) -> int:
        return min(width, self.look.px(self.share))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square = centre_square(self.rect())
        seconds = self.phase * self.loop_ms / 1000
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("done"))
        grown = 0.9 + 0.1 * ease(seconds / 0.25)
        painter.drawEllipse(square.center(), square.width() / 2 * grown, square.width() / 2 * grown)
        if seconds > 1 and self._timer.isActive():
            self._timer.stop()
        unit = square.width() / 100
        points = [QPointF(28, 52), QPointF(44, 68), QPointF(73, 35)]
        share = ease((seconds - 0.1) / 0.45)
        path = QPainterPath(square.topLeft() + points[0] * unit)
        first = min(1.0, share / 0.35)
        path.lineTo(square.topLeft() + (points[0] + (points[1] - points[0]) * first) * unit)
        if share > 0.35:
            second = (share - 0.35) / 0.65
            path.lineTo(square.topLeft() + (points[1] + (points[2] - points[1]) * second) * unit)
        painter.setPen(
            QPen(self.look.colour("on_done"), 9 * unit, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if share > 0:
            painter.drawPath(path)


class WaitingRing(Moving):
    """Something is being done: three dots that swell one after another, inside a calm ring."""

    loop_ms = 1800
    still = 0.3

    def __init__(self, name: str = "waiting") -> None:
        super().__init__()
        self.setObjectName(name)

    def need(self, width: int) -> int:
        return min(width, self.look.px(220))

    def want(self, width: int) -> int:
        return min(width, self.look.px(420))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square = centre_square(self.rect())
        ring = self.look.px(RING) / 2
        painter.setPen(QPen(self.look.colour("track"), ring))
        painter.setBrush(self.look.colour("card"))
        painter.drawEllipse(square.adjusted(ring, ring, -ring, -ring))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("action"))
        unit = square.width() / 100
        for number in range(3):
            swell = max(0.0, math.sin((self.phase - number * 0.17) * 2 * math.pi))
            size = (5 + 3 * swell) * unit
            painter.drawEllipse(square.center() + QPointF((number - 1) * 20 * unit, 0), size, size)
