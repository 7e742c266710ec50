"""A field for a number, or for what a scanner in keyboard mode types: all lines of a code, each with Enter behind it."""

from __future__ import annotations

import re

from PySide6.QtCore import QTimer, Signal, Slot

from kiosk.ui.desk.widgets import Field

_NUMBER = re.compile(r"\s*[A-Za-z0-9()（）·-]{1,20}\s*")  # a document's number as people type it
_PAUSE_MS = 300  # between two lines of a scanner it is less


class ScanField(Field):
    """Enter after a number, or after our own code, is `entered` at once; after anything else more lines may come."""

    entered = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(name, digits=True, limit=1200)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.entered)
        self.returnPressed.connect(self._on_return)
        self.textEdited.connect(self._on_edited)

    @Slot()
    def _on_return(self) -> None:
        text = self.text()
        if "PK1." in text or _NUMBER.fullmatch(text):
            self._pause.stop()
            self.entered.emit()
        elif text.strip():
            self.setText(text.rstrip() + " ")  # the next line follows
            self._pause.start()
        else:
            self.entered.emit()

    @Slot()
    def _on_edited(self) -> None:
        if self._pause.isActive():
            self._pause.start()
