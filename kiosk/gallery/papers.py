"""The pictures of docs/deploying.md, made from the real pages of the set-up: `python -m kiosk.gallery.papers`. Drawn faces only."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.config import ROOT

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

FOLDER = ROOT / "docs" / "deploying"
WIDTH, COLOURS = 683, 160
# scene -> the picture's name
PICTURES = {
    "setup-screen-fits": "screen",
    "setup-screen-corners": "corners",
    "setup-clock": "clock",
    "setup-camera": "camera",
    "setup-reader-read": "reader",
    "setup-sound-good": "sound",
    "setup-printer": "printer",
    "setup-network": "network",
    "setup-register": "register",
    "setup-supervisor": "supervisor",
    "setup-summary": "summary",
}


def main(folder: Path = FOLDER) -> int:
    """Make them; return how many there are."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication

    from kiosk.gallery import installation
    from kiosk.gallery.scenes import sample_settings
    from kiosk.gallery.stage import make_window, set_form

    app = QApplication.instance() or QApplication(sys.argv[:1])
    window = make_window(sample_settings(), "zh_CN")
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    window.show()
    set_form(window, (1366, 768), "paper", False)
    folder.mkdir(parents=True, exist_ok=True)
    with installation.opened(window) as view:
        for scene in installation.states():
            if scene.name in PICTURES:
                installation.show(view, scene)
                small = window.grab().toImage().scaledToWidth(WIDTH, Qt.TransformationMode.SmoothTransformation)
                flat = small.convertToFormat(QImage.Format.Format_Indexed8, _colours(small), Qt.ImageConversionFlag.ThresholdDither)
                flat.save(str(folder / f"{PICTURES[scene.name]}.png"))
    window.close()
    del app
    return len(PICTURES)


def _colours(image: QImage) -> list[int]:
    """Return the commonest colours: a table of them makes a picture a third as large."""
    import numpy as np
    from PySide6.QtGui import QImage

    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    values, counts = np.unique(np.frombuffer(plain.constBits(), np.uint32), return_counts=True)
    return [int(value) for value in values[np.argsort(counts)[::-1][:COLOURS]]]


if __name__ == "__main__":
    main()
