"""`python -m kiosk.demo.pilot_trial --out DIR [--people N] [--attacks N]`: a pilot from end to end.

Fingers press the window's buttons; drawn people and emulated attacks (a print, a tablet) stand before the camera and do what is
asked. For the workbench alone.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QAbstractButton, QApplication

from kiosk.camera.frame import Frame, FrameSource
from kiosk.config import Settings, load
from kiosk.domain.take_view import TakeView
from kiosk.emulators.held_tablet import HeldTablet
from kiosk.emulators.person import press
from kiosk.emulators.puppet import PuppetSource
from kiosk.pilot.book import Book
from kiosk.pilot.pictures import Album
from kiosk.pilot.plan import GENUINE, QUESTIONS
from kiosk.pilot.report_files import report_to
from kiosk.pilot.session import Session
from kiosk.texts.strings import Strings

_LOOK_MS, _REACTION_MS, _AGAIN_S = 150, 450, 3.5
_PORTRAITS = ("obama", "biden")


class Player(QObject):
    """Plays `plan`, one kind after the other: genuine, print-matt or tablet."""

    def __init__(self, settings: Settings, book: Book, plan: list[str], shots: Path | None, album: Album | None = None) -> None:
        super().__init__()
        self._plan, self._shots, self._number = plan, shots, 0
        self.puppet = PuppetSource(_PORTRAITS[0])
        self._tablet = HeldTablet(self.puppet)
        self.session = Session(settings, book, self._source, album)
        self.session.vision.view.connect(self._on_view)
        self._cued, self._acted_s = -1, 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def _source(self) -> FrameSource:
        return _Switch(self)

    @property
    def source(self) -> FrameSource:
        """What stands before the camera now."""
        return self._tablet if self._plan[min(self._number, len(self._plan) - 1)] == "tablet" else self.puppet

    def start(self) -> None:
        """Show the window and play."""
        self.session.start()
        self.session.window.resize(1080, 1600)
        self.session.window.show()
        self._timer.start()

    def _press(self, name: str) -> None:
        button = self.session.window.findChild(QAbstractButton, name)
        if button is not None:
            press(button)

    @Slot()
    def _look(self) -> None:
        at = self.session.window.pages.currentIndex()
        if self._shots is not None:
            self.session.window.grab().save(str(self._shots / f"page-{at}.png"))
        if at == 4:
            self._number += 1
            self._cued = -1
            self._press("next")
        elif at == 0 and self._number >= len(self._plan):
            self._timer.stop()
            self._press("leave")
        elif at == 0:
            kind = self._plan[self._number]
            self.puppet.set_mode("print" if kind == "print-matt" else "live")
            self._press("genuine" if kind == GENUINE else "attack")
        elif at == 1:
            for row, (key, answers) in enumerate(QUESTIONS):
                self._press(f"{key}:{answers[(self._number + row) % len(answers)]}")
            for tick in (self.session.window.consent, self.session.window.pictures):  # every second one agrees to pictures
                if not tick.box.isChecked() and (tick is self.session.window.consent or self._number % 2):
                    tick.box.click()
            self._press("go")
        elif at == 2:
            self._press(f"show:{self._plan[self._number]}")

    @Slot(object)
    def _on_view(self, view: TakeView) -> None:
        if self.source is self.puppet:
            self.puppet.shine(view.light_pattern)
        again = time.monotonic() - self._acted_s > _AGAIN_S  # a slow camera missed it
        if view.now and view.action is not None and (view.action_index != self._cued or again):
            self._cued, self._acted_s, action = view.action_index, time.monotonic(), view.action
            QTimer.singleShot(_REACTION_MS, self, lambda: self.puppet.perform(action))


class _Switch:
    """Whatever stands before the camera now, as one source."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self.name = "trial"

    def open(self) -> None:
        """Open it."""
        self._player.puppet.open()

    def read(self) -> Frame | None:
        """Return its next picture."""
        return self._player.source.read()

    def close(self) -> None:
        """Release it."""
        self._player.puppet.close()


def main(argv: list[str]) -> int:
    """Play the trial and write its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--attacks", type=int, default=2, help="of each: print and tablet")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    qt = QApplication.instance() or QApplication(sys.argv[:1])
    book = Book(options.out / "takes.jsonl")
    book.erase()
    settings, key = load(), secrets.token_bytes(32)
    album = Album(options.out / "pictures", key)
    player = Player(settings, book, [GENUINE] * options.people + ["print-matt", "tablet"] * options.attacks, options.out, album)
    player.session.window.left.connect(qt.quit)
    player.start()
    qt.exec()
    player.session.stop()
    print(f"{album.open_to(options.out / 'opened')} pictures were agreed to, sealed, and opened again")
    return report_to(settings, book, options.out, Strings.load(settings.ui.language))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
