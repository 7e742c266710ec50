"""Somebody of another street, for Qt: asks the bureau in a thread of its own, then the store, and answers as the store does.

Asleep but while somebody is asked for. Made by `visit_controller`. Neither name nor number is logged.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
from kiosk.visit import events as e

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked for, and how to look them up once the bureau has named them."""

    visit_id: str
    person: Person = field(repr=False)
    ask: Callable[[], Reason]
    look_up: Callable[[], None]
    forget: Callable[[], None]


class ElsewhereWorker(QObject):
    """Asks when it is told to. Slots only leave a wish: they may be called from any thread."""

    answered = Signal(object)  # visit.events.LookedUp, when there is nobody to look up

    def __init__(self) -> None:
        super().__init__()
        self._wishes: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._visit_id = ""
        self._thread: threading.Thread | None = None

    @Slot(object)
    def ask(self, asked: Asked) -> None:
        """Ask for somebody."""
        if self._thread is None:  # seldom needed: most kiosks know everybody who comes
            self._thread = threading.Thread(target=self._run, name="elsewhere", daemon=True)
            self._thread.start()
        self._visit_id = asked.visit_id
        self._wishes.put(asked)

    @Slot()
    def over(self) -> None:
        """The visit ended: what still comes is for nobody."""
        self._visit_id = ""

    @Slot()
    def stop(self) -> None:
        """End; returns when the thread has ended, or a question has had its time."""
        self._visit_id = ""
        if self._thread is not None:
            self._wishes.put(None)
            self._thread.join(timeout=10.0)

    def _run(self) -> None:
        while (asked := self._wishes.get()) is not None:
            if asked.visit_id == self._visit_id:
                self._answer(asked)

    def _answer(self, asked: Asked) -> None:
        try:
            reason = asked.ask()
            if asked.visit_id != self._visit_id:
                asked.forget()
                return
        except Exception as error:  # a bug of ours must not leave somebody before a page that waits for ever
            _log.error("elsewhere-failed", extra={"code": type(error).__name__})  # no trace: it could hold a name
            reason = Reason.INTERNAL_ERROR
        if reason is Reason.OK:
            asked.look_up()
        else:
            self.answered.emit(e.LookedUp(asked.visit_id, asked.person.id_number, reason))
