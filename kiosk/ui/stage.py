"""Shows a scene in a window as the conductor would. Used by `kiosk gallery`, `kiosk bench ui` and the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.config import Settings
from kiosk.ui.scenes import NOW, Scene
from kiosk.ui.strings import Strings
from kiosk.ui.theme import Look, ThemeName
from kiosk.ui.widgets.face import Pose, face_image
from kiosk.ui.window import KioskWindow

if TYPE_CHECKING:
    import numpy as np

SIZES: tuple[tuple[int, int], ...] = ((1080, 1920), (1920, 1080), (1366, 768), (1280, 1024))


def make_window(settings: Settings, language: str = "zh_CN") -> KioskWindow:
    """Return a window without motion, at a fixed time, not shown."""
    voice = settings.voice.model_copy(update={"language": language})
    chosen = settings.model_copy(update={"voice": voice})
    return KioskWindow(chosen, Strings.load(language), motion=False, now=lambda: NOW)


def show_scene(window: KioskWindow, scene: Scene) -> None:
    """Bring the window into a scene."""
    window.show_help_called(scene.help_called)
    window.show_state(scene.state)
    if scene.face:
        window.show_frame(drawn_frame())
    if scene.take is not None:
        window.show_take(scene.take)
    for key in ("clear", *scene.typed) if scene.typed else ():
        button = window.page.findChild(type(window.bottom.help), f"key-{key}")
        if button is not None:
            button.click()
    window.show_countdown(scene.countdown)


def set_form(window: KioskWindow, size: tuple[int, int], theme: ThemeName, large: bool) -> None:
    """Give the window a size, a theme and a text size."""
    window.theme, window.large = theme, large
    if (window.width(), window.height()) != size:
        window.resize(*size)
    else:
        window.refresh()


def drawn_frame(side: int = 480) -> np.ndarray:
    """Return the drawn face as a camera picture: uint8 RGB (side, side, 3)."""
    import numpy as np

    image = face_image(side, Pose(), Look())
    rows = np.frombuffer(image.constBits(), np.uint8, image.sizeInBytes()).reshape(side, image.bytesPerLine())
    return rows[:, : side * 3].reshape(side, side, 3).copy()
