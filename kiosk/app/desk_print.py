"""The desk's lists on the slip printer: people to call, one slip. Lives in the GUI thread; built by `DeskController`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.config import Settings
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.desk_backend.reminders import why
from kiosk.domain.reasons import Reason
from kiosk.printer.slip import Slip
from kiosk.printer.worker import PrintDone
from kiosk.texts.strings import Strings

_NAME = "desk-reminders"  # what the printer is told instead of a visit


class DeskPrint(QObject):
    """Prints, and tells the desk what became of it."""

    print_slip = Signal(str, object)  # a name, Slip

    def __init__(self, settings: Settings, strings: Callable[[], Strings], answer: Callable[[e.Event], None]) -> None:
        """answer: told how it went, in the GUI thread."""
        super().__init__()
        self._settings, self._strings, self._answer = settings, strings, answer
        self._session_id = 0

    def do(self, command: c.PrintReminders, now: datetime) -> None:
        """Print a list. now: local."""
        text = self._strings().text
        made = self._strings().date(command.made_on) if command.made_on else ""
        rows = tuple(
            (f"□ {one.who}", f"{one.phone or text('desk.reminders.no_phone')} {one.area} {why(one)}") for one in command.rows
        )
        note, station = text("desk.reminders.slip_note"), f"{self._settings.station.name} {now:%Y-%m-%d %H:%M}"
        slip = Slip(f"{text('desk.place.reminders')} {made}", rows, (note,), "", "", station, self._settings.printer.large)
        self._session_id = command.by.session_id
        self.print_slip.emit(_NAME, slip)

    @Slot(object)
    def on_printed(self, done: PrintDone) -> None:
        """The printer answered."""
        if done.visit_id == _NAME:
            good = done.reason is Reason.OK
            told = e.Acted(
                self._session_id, Place.REMINDERS, "reminders-printed" if good else "", "" if good else done.reason.value
            )
            self._answer(told)
