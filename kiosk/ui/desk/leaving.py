"""A form that is not left without a word: whether something was signed or written on it, and the question that is asked then."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QSizePolicy

from kiosk.desk import events as e
from kiosk.desk.papers import Papered
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.drawing import SignaturePad
from kiosk.ui.desk.widgets import Action, Card, Field, Words, row


class Filling(QObject):
    """Tells when the first word or stroke is on a form, and when the last is gone."""

    changed = Signal(object)  # FormFilled

    def __init__(self, owner: QObject, fields: Sequence[Field], pads: Sequence[SignaturePad] = ()) -> None:
        super().__init__(owner)
        self._fields, self._pads = fields, pads
        self._on = self._silent = False
        for field in fields:
            field.textChanged.connect(self._look)
        for pad in pads:
            pad.changed.connect(self._look)

    @Slot()
    def _look(self) -> None:
        on = any(field.text().strip() for field in self._fields) or any(pad.signature() is not None for pad in self._pads)
        if on is not self._on:
            self._on = on
            if not self._silent:
                self.changed.emit(e.FormFilled(on))

    def hush(self, on: bool) -> None:
        """Tell nothing while the form is emptied: that is nobody's hand."""
        self._silent = on


class LeaveQuestion(Card):
    """In place of the form: stay, or leave and lose what is on it."""

    sent = Signal(object)

    def __init__(self) -> None:
        self._title = Words("leave-title", "title")
        super().__init__("leave-question", heading=self._title)
        self._words = Words("leave-words", "heading")
        self.stay = Action("leave-stay", "primary", icon="back")
        self.leave = Action("leave-go", "danger", icon="bin")
        self.stay.clicked.connect(self._stay)
        self.leave.clicked.connect(self._leave)
        self.box.addWidget(self._words)
        self.box.addSpacing(32)
        self.box.addLayout(row(self.leave, 1, self.stay))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)  # a question in the middle, no empty sheet

    @Slot()
    def _stay(self) -> None:
        self.sent.emit(e.StayTouched())

    @Slot()
    def _leave(self) -> None:
        self.sent.emit(e.LeaveTouched())

    def show_page(self, page: Papered, kit: DeskKit) -> None:
        """Ask, or not."""
        asks = page.leaving is not None
        appears = asks and self.isHidden()
        self._title.say(kit.text("leave.title"))
        self._words.say(kit.text("leave.words"))
        self.stay.say(kit.text("leave.stay"))
        self.leave.say(kit.text("leave.go"))
        parent = self.parentWidget()
        if not asks and not self.isHidden() and parent is not None:  # no control of the form is framed as if it were chosen
            parent.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setVisible(asks)
        if appears:
            self.stay.setFocus(Qt.FocusReason.OtherFocusReason)
