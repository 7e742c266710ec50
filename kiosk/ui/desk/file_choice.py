"""Files on the sticks as buttons, some at a time: chosen by touching, never through a text. Used by the page of unit lists and by
the papers of a proxy."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.desk.values import ListFile
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.widgets import Action, Words, row
from kiosk.ui.theme import Look

SHOWN = 6  # buttons at a time


class FileChoice(QWidget):
    """`chosen` is the file that was touched, told by `touched`. Object names: NAME-file-0 … on every leaf, NAME-files-before,
    NAME-files-after; texts of the catalogue's section NAME."""

    touched = Signal(object)  # ListFile

    def __init__(self, name: str = "unit") -> None:
        super().__init__()
        self._name = name
        self.chosen: ListFile | None = None
        self._files: tuple[ListFile, ...] = ()
        self._leaf = 0
        self._kit: DeskKit | None = None
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.none = Words(f"{name}-files-none", tone="quiet")
        self.buttons = [Action(f"{name}-file-{at}", "chip", icon="desk-stick", checkable=True) for at in range(SHOWN)]
        self.before, self.after = Action(f"{name}-files-before"), Action(f"{name}-files-after")
        self.where = Words(f"{name}-files-leaf", wrap=False)
        box.addWidget(self.none)
        for at, button in enumerate(self.buttons):
            button.clicked.connect(lambda _=False, at=at: self._touch(at))
            box.addWidget(button)
        box.addLayout(row(self.before, self.where, self.after, 1))
        self.before.clicked.connect(lambda: self._turn(-1))
        self.after.clicked.connect(lambda: self._turn(1))

    def offer(self, files: tuple[ListFile, ...], kit: DeskKit, look: Look) -> None:
        """Show what can be chosen; a file that is gone is chosen no more."""
        if files != self._files:
            self._files, self._leaf = files, 0
            if self.chosen not in files:
                self.chosen = None
        self._kit = kit
        for button in (*self.buttons, self.before, self.after):
            button.set_look(look)
        self._draw()

    def choose(self, file: ListFile | None) -> None:
        """Choose a file, or none."""
        self.chosen = file
        self._draw()

    def _touch(self, at: int) -> None:
        self.choose(self._files[self._leaf * SHOWN + at])
        self.touched.emit(self.chosen)

    def _turn(self, by: int) -> None:
        self._leaf = max(0, min(self._leaf + by, self._leaves - 1))
        self._draw()

    @property
    def _leaves(self) -> int:
        return max(1, -(-len(self._files) // SHOWN))

    def _draw(self) -> None:
        kit = self._kit
        if kit is None:
            return
        shown = self._files[self._leaf * SHOWN : (self._leaf + 1) * SHOWN]
        media = {file.medium for file in self._files}
        for at, button in enumerate(self.buttons):
            button.setVisible(at < len(shown))
            if at < len(shown):
                file = shown[at]
                button.say(f"{Path(file.medium).name} / {file.name}" if len(media) > 1 else file.name)
                button.setChecked(file == self.chosen)
        self.none.say("" if self._files else kit.text(f"{self._name}.no_files"))
        self.none.setVisible(not self._files)
        many = self._leaves > 1
        self.before.say(kit.text("unit.files_before"))
        self.after.say(kit.text("unit.files_after"))
        self.where.say(kit.text("unit.files_leaf", leaf=self._leaf + 1, leaves=self._leaves) if many else "")
        for part in (self.before, self.where, self.after):
            part.setVisible(many)
        self.before.setEnabled(self._leaf > 0)
        self.after.setEnabled(self._leaf < self._leaves - 1)
