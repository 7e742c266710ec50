"""Shows a scene in a window as the visit's controller would. Used by `kiosk gallery`, `kiosk bench ui` and the tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from kiosk.config import Settings
from kiosk.gallery.scenes import NOW, QUAD, Scene
from kiosk.texts.strings import Strings, is_chinese
from kiosk.ui.theme import Look, ThemeName
from kiosk.ui.widgets.face import Pose, face_image, paint_face
from kiosk.ui.widgets.flash import EdgeFlash
from kiosk.ui.window import KioskWindow

if TYPE_CHECKING:
    import numpy as np

SIZES: tuple[tuple[int, int], ...] = ((1080, 1920), (1920, 1080), (1366, 768), (1280, 1024))


def make_window(settings: Settings, language: str = "zh_CN") -> KioskWindow:
    """Return a window without motion, at a fixed time, not shown. `language`: what its screen shows, one of WRITTEN."""
    voice = settings.voice.model_copy(update={"language": "zh_CN" if is_chinese(language) else language})
    chosen = settings.model_copy(update={"voice": voice})
    return KioskWindow(chosen, Strings.load(language), motion=False, now=lambda: NOW)


def show_scene(window: KioskWindow, scene: Scene) -> None:
    """Bring the window into a scene."""
    window.show_help_called(scene.help_called)
    window.show_state(scene.state)
    if scene.face:
        window.show_frame(drawn_frame() if scene.scan is None else drawn_card_frame())
    if scene.scan is not None:
        window.show_scan(scene.scan)
    if scene.take is not None:
        window.show_take(scene.take)
    for key in ("clear", *scene.typed) if scene.typed else ():
        button = window.page.findChild(type(window.bottom.help), f"key-{key}")
        if button is not None:
            button.click()
    window.show_countdown(scene.countdown)
    window.wishes.close_panels()
    for flash in window.findChildren(EdgeFlash):  # half a second long: a picture would show it for ever
        flash.rest()
    if scene.panel:
        (window.top.language if scene.panel == "language" else window.top.sound).click()


def set_form(window: KioskWindow, size: tuple[int, int], theme: ThemeName, large: bool) -> None:
    """Give the window a size, a theme and a text size."""
    window.wishes.theme, window.wishes.large = theme, large
    if (window.width(), window.height()) != size:
        window.resize(*size)
    else:
        window.refresh()


def show_in_form(window: KioskWindow, scene: Scene, size: tuple[int, int], theme: ThemeName, large: bool) -> None:
    """Bring the window into a scene in a form, laid out once where `show_scene` and `set_form` do it twice."""
    window.wishes.theme, window.wishes.large = theme, large
    if (window.width(), window.height()) != size:
        window.resize(*size)
    show_scene(window, scene)
    if (window.wishes.theme, window.wishes.large) != (theme, large):  # the page before belonged to another visit
        set_form(window, size, theme, large)


@cache
def drawn_frame(side: int = 480) -> np.ndarray:
    """Return the drawn face as a camera picture: uint8 RGB (side, side, 3). The same one each time: nobody writes on it."""
    return _array(face_image(side, Pose(), Look()))


@cache
def drawn_card_frame(width: int = 960, height: int = 720) -> np.ndarray:
    """Return a drawn card before the camera: uint8 RGB (height, width, 3)."""
    image = QImage(width, height, QImage.Format.Format_RGB888)
    image.fill(QColor("#B9C7C2"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("#5C7F8C"), 4))
    painter.setBrush(QColor("#E6F0F4"))
    corners = [QPointF(x * width, y * height) for x, y in QUAD]
    painter.drawPolygon(QPolygonF(corners))
    painter.setPen(QPen(QColor("#5C7F8C"), 9))
    for down, end in ((0.2, 0.45), (0.4, 0.55), (0.6, 0.5), (0.8, 0.6)):
        left = corners[0] + (corners[3] - corners[0]) * down
        across = corners[1] - corners[0]
        painter.drawLine(left + across * 0.08, left + across * end)
    photo = corners[0] + (corners[1] - corners[0]) * 0.7 + (corners[3] - corners[0]) * 0.2
    paint_face(painter, QRectF(photo.x(), photo.y(), 100, 120), Pose(), Look().palette, ground=False)
    painter.end()
    return _array(image)


def _array(image: QImage) -> np.ndarray:
    import numpy as np

    rows = np.frombuffer(image.constBits(), np.uint8, image.sizeInBytes()).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()
