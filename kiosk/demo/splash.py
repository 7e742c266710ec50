"""What stands on the screen at once, while a demonstration is still being prepared. Loads nothing but Qt and the drawn face."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QSplashScreen, QWidget

from kiosk.ui.theme import FAMILIES, Look
from kiosk.ui.widgets.face import Pose, paint_face

WIDTH, HEIGHT = 560, 380
# The fixture tells its steps for a terminal, in English; who waits before the splash reads the station's language.
IN_CHINESE = {
    "starting the bureau and the card reader": "正在启动练习用的中心和读卡器",
    "enrolling the demonstration's people": "正在登记练习用的人像",
    "provisioning the kiosk and bringing the roster": "正在设立这台机器，领取名册",
}


def splash_picture() -> QPixmap:
    """Return the picture: the drawn face, what this is, and that it takes a moment."""
    picture = QPixmap(WIDTH, HEIGHT)
    look = Look()
    picture.fill(look.colour("paper"))
    painter = QPainter(picture)
    paint_face(painter, QRectF(190, 36, 180, 180), Pose(), look.palette)
    font = QFont()
    font.setFamilies(list(FAMILIES))
    for text, size, top, colour in (("养老金领取资格认证", 32, 232, "ink"), ("正在准备，请等一等", 22, 286, "quiet")):
        font.setPixelSize(size)
        painter.setFont(font)
        painter.setPen(look.colour(colour))
        painter.drawText(QRect(0, top, WIDTH, 46), Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return picture


class Splash:
    """Shown when it is made; tells how far the preparation is."""

    def __init__(self) -> None:
        self.qt = QApplication.instance() or QApplication(["kiosk-demo"])
        self._screen = QSplashScreen(splash_picture())
        self._screen.show()
        self.qt.processEvents()

    def say(self, words: str) -> None:
        """Write one line below: a step of the preparation, in Chinese; anything else as it is. From the GUI's thread only."""
        at = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter
        self._screen.showMessage(IN_CHINESE.get(words, words), int(at.value), Look().colour("quiet"))
        self.qt.processEvents()

    def finish(self, window: QWidget | None = None) -> None:
        """Make room for the window."""
        if window is not None:
            self._screen.finish(window)
        self._screen.close()
