"""The attendant of the demonstration: reads the real pages, touches the real buttons, types on the real fields, signs on the pads.

Plays a script that it is handed: a generator that yields what it waits for and then acts. Used by `kiosk demo` and tests.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QScrollArea, QWidget

from kiosk.app.composition import KioskApp
from kiosk.demo import people
from kiosk.demo.desk_script import ATTENDANT, Script, Until, W
from kiosk.demo.fixture import DemoFixture
from kiosk.demo.recorder import Recorder
from kiosk.domain.reasons import Action
from kiosk.emulators.person import LEAST_READING_S, press
from kiosk.ui.desk.table import Table

_LOOK_MS = 60
_READ_MS = 480  # a page is read, and photographed, before it is touched


class DeskPerson(QObject):
    """Looks at the screen a few times a second and goes on with the script. `left` when the script is over."""

    left = Signal()

    def __init__(self, kiosk: KioskApp, fixture: DemoFixture, script: Callable[[DeskPerson], Script], recorder: Recorder) -> None:
        """script: begun at once; what it does happens from `start` on."""
        super().__init__()
        self.kiosk, self.fixture, self.recorder = kiosk, fixture, recorder
        self.window, self.view = kiosk.window, kiosk.desk.view
        kiosk.desk.use_media_folders(lambda: [fixture.folder / "stick"])
        self._script: Script = script(self)
        self._until: Until | None = None
        self._shown: tuple[str, str] = ("", "")
        self._seen_ms = self._now_ms = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Come to work."""
        self._timer.start()

    def stop(self) -> None:
        """Go home."""
        self._timer.stop()

    @Slot()
    def _look(self) -> None:
        self._now_ms += _LOOK_MS
        page = (self.window.page_name, self.view.page_name)
        if page != self._shown:
            self._shown, self._seen_ms = page, self._now_ms
        if self._now_ms - self._seen_ms < _READ_MS or (self._until is not None and not self._until()):
            return
        try:
            self._until = next(self._script)
        except StopIteration:
            self._timer.stop()
            self.left.emit()

    # --- eyes

    def on_page(self, name: str) -> Until:
        """Return whether the visit's page of this name is seen (the desk being closed)."""
        return lambda: self.window.page_name == name and not self.view.page_name

    def on_desk(self, name: str) -> Until:
        """Return whether the desk's page of this name is seen."""
        return lambda: self.view.page_name == name

    def sees(self, name: str) -> Until:
        """Return whether a widget of this name can be seen and used."""

        def seen() -> bool:
            found = self._find(name, QWidget)
            return found is not None and found.isEnabled()

        return seen

    def reads(self, name: str, text: str) -> Until:
        """Return whether a widget's name or text holds these words."""

        def read() -> bool:
            found = self._find(name, QWidget)
            return found is not None and text in (found.accessibleName() + str(getattr(found, "text", lambda: "")()))

        return read

    def _find(self, name: str, kind: type[W]) -> W | None:
        root: QWidget = self.view if self.view.isVisible() else self.window
        return next((one for one in root.findChildren(kind, name) if one.isVisible()), None)

    def _must(self, name: str, kind: type[W]) -> W:
        found = self._find(name, kind)
        if found is None or not found.isEnabled():
            raise LookupError(f"{name} cannot be used on page {self.window.page_name}/{self.view.page_name}")
        self._bring_into_view(found)
        return found

    @staticmethod
    def _bring_into_view(widget: QWidget) -> None:
        parent = widget.parentWidget()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parentWidget()
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)

    # --- hands

    def touch(self, name: str) -> None:
        """Touch a button; on a page of the visit not before it has stood for a moment, as a person who reads it."""
        if not self.view.isVisible():
            young_s = time.monotonic() - self.window.changed_at
            if young_s < LEAST_READING_S:
                QTest.qWait(int((LEAST_READING_S - young_s) * 1000))
        press(self._must(name, QAbstractButton))

    def tick(self, name: str) -> None:
        """Tick a box."""
        button = self._must(name, QAbstractButton)
        if not button.isChecked():
            press(button, QPoint(12, button.height() // 2))

    def type(self, name: str, text: str, *, enter: bool = False) -> None:
        """Type into a field, as a keyboard or a scanner does."""
        field = self._must(name, QLineEdit)
        field.setFocus()
        if text.isascii():
            QTest.keyClicks(field, text)
        else:
            field.insert(text)  # an input method commits whole words
        if enter:
            QTest.keyClick(field, Qt.Key.Key_Return)

    def clear(self, name: str) -> None:
        """Empty a field."""
        field = self._must(name, QLineEdit)
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(field, Qt.Key.Key_Delete)

    def write(self, name: str, text: str) -> Script:
        """Touch a field and write on the screen's own keys."""
        field = self._must(name, QLineEdit)
        QTest.mouseClick(field, Qt.MouseButton.LeftButton)
        for one in text:
            yield self.sees(f"keyboard-{one}")
            self.touch(f"keyboard-{one}")

    def sign(self, name: str) -> None:
        """Sign with a finger: two waves."""
        pad = self._must(name, QWidget)
        for line in (0.4, 0.6):
            points = [
                QPoint(int(pad.width() * (0.2 + 0.03 * n)), int(pad.height() * (line + 0.12 * math.sin(n)))) for n in range(20)
            ]
            QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=points[0])
            for point in points[1:]:
                QTest.mouseMove(pad, point)
            QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=points[-1])

    def choose_row(self, name: str, row: int) -> None:
        """Open a row of a table with the keyboard."""
        table = self._must(name, Table)
        table.setFocus()
        table.selectRow(row)
        QTest.keyClick(table, Qt.Key.Key_Return)

    def lay(self, card: str) -> None:
        """Lay a card by its key."""
        if self.fixture.reader is not None:
            self.fixture.reader.tell("lift")
            self.fixture.reader.tell(f"lay {card}")

    def lift(self) -> None:
        """Take the card away."""
        self.fixture.lift_card()

    def acts_until(self, name: str, asks: str = "enrol-prompt") -> Until:
        """Do before the camera what the prompt asks for, until a button can be used. asks: the prompt's name."""
        done: list[str] = []

        def look() -> bool:
            prompt = self._find(asks, QWidget)
            action = str(prompt.property("action") or "") if prompt is not None else ""
            if action and prompt is not None and prompt.property("now"):
                if action not in done[-1:]:
                    done.append(action)
                    if len(done) == 1 and self.view.isVisible():
                        self.keep_picture("desk-enrol-camera")
                    QTimer.singleShot(450, self, lambda: self.fixture.act(Action(action)))
            return self.sees(name)()

        return look

    def asked(self) -> str:
        """Return what the visit's camera page asks for now, "" while it does not."""
        prompt = self._find("prompt", QWidget)
        return str(prompt.property("action") or "") if prompt is not None and prompt.property("now") else ""

    def pause(self, milliseconds: int) -> Until:
        """Wait a moment: what is on its way to the screen arrives."""
        until = self._now_ms + milliseconds
        return lambda: self._now_ms >= until

    def meanwhile(self, work: Callable[[], list[str]]) -> Until:
        """Let somebody else do something, elsewhere; what it says is wrong, is wrong with the demonstration."""

        def run() -> None:
            try:
                self.fixture.problems += work()
            except Exception as error:  # whatever it was, the demonstration has failed
                self.fixture.problems.append(f"{type(error).__name__}: {error}")

        thread = threading.Thread(target=run, name="elsewhere", daemon=True)
        thread.start()
        return lambda: not thread.is_alive()

    def rows(self, name: str) -> int:
        """Return how many rows a table shows."""
        table = self._find(name, Table)
        return len(table.texts()) if table is not None else 0

    def row_reads(self, name: str, row: int, text: str) -> bool:
        """Return whether a row of a table holds these words."""
        table = self._find(name, Table)
        rows = table.texts() if table is not None else []
        return row < len(rows) and any(text in cell for cell in rows[row])

    def keep_picture(self, name: str) -> None:
        """Take a further picture of this page, under a name of its own."""
        self.recorder.keep(name)

    def photograph(self) -> None:
        """Take a picture of the page as it is filled in now."""
        self.recorder.reshoot()

    # --- little scenes that several scripts share

    def sign_in(self, who: tuple[str, str, str] = ATTENDANT) -> Script:
        """Open the desk with one touch and sign in."""
        self.touch("desk-open")
        yield self.on_desk("sign-in")
        yield self.sees("sign-in")
        self.type("staff-id", who[0], enter=True)
        self.type("staff-pin", who[2], enter=True)
        yield self.on_desk("home")
        yield self.reads("desk-waits", "中心")

    def until_status(self, *stages: str) -> Until:
        """Return whether the record that was saved last reached one of these stages."""
        return lambda: self.recorder.stage is not None and self.recorder.stage.value in stages

    def card(self, key: str) -> dict[str, Any]:
        """Return what is printed on a card."""
        return people.card(key)
