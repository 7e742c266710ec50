"""The person of the demonstration: has eyes on the real widgets, fingers on the real buttons, a card, a face.

Used by `kiosk demo`, tests and benches. It knows what a person knows: what stands on the screen. It never calls the program,
and the program never learns anything from it but touches, the card and pixels.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from kiosk.domain.reasons import Action
from kiosk.ui.window import KioskWindow

log = logging.getLogger(__name__)

_HAVE_IT_MS = 4000
LEAST_READING_S = 0.65  # what is touched sooner after a change of page counts for nothing
_KEY_AGAIN_MS = 600  # the same key twice: a quicker second hit counts as the same press
_READS_ANSWER_MS = 1500  # an answer that came while the page was read is read before the page is left
_LAY_AGAIN_MS = 6000  # somebody who sees that nothing came of the card lays it once more


class Hands(Protocol):
    """What a person does besides touching the screen."""

    def lay_card(self, whose: str) -> None:
        """Lay a card ("beneficiary" or "helper") on the reader."""

    def lift_card(self) -> None:
        """Take the card away."""

    def hold_up(self, side: Literal["front", "back", ""]) -> None:
        """Hold one side of the card up to the camera, or put it away."""

    def show_code(self, kind: str) -> None:
        """Hold up a code: last year's slip, or the electronic social-security card."""

    def act(self, action: Action) -> None:
        """Blink, open the mouth, turn or nod."""

    def read_aloud(self, digits: str, *, mouth: bool) -> None:
        """Let digits be heard; with `mouth` it is this person's that says them."""

    def unplug(self, device: str) -> None:
        """Pull the cable of the "reader" or the "camera"."""

    def plug(self, device: str) -> None:
        """Put it back."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How this person goes about it. Times in seconds."""

    look_ms: int = 60  # between two looks at the screen
    reading_s: float = 0.15  # between seeing a page and touching it, LEAST_READING_S at least
    reaction_s: float = 0.45  # between the cue and the movement
    mode: str = "self"  # self | other | query
    manual: bool = False
    scan: bool = False  # holds the card up to the camera, for the reader's cable is pulled
    keeps_trying: bool = True
    pulls: str = ""  # pulls this cable once, at its page, and puts it back
    confirms: bool = True
    number: str = field(default="", repr=False)  # what this person would type
    name: str = field(default="", repr=False)  # and choose among the names
    prints: bool = False
    code: str = ""  # holds up a code: "slip" (of last year) or "social-card"
    reads: str = "right"  # four digits: right | wrong (one is another) | elsewhere (somebody else says them)
    asks: str = ""  # after the last try: "review" or "home-visit"
    visits: int = 1  # comes back so many times, to make sure
    stays_s: float = 0.0  # at the result at least so long: whoever watches wants to read it
    waits_s: float = 25.0  # at the result, for the centre's answer


def press(widget: QWidget, at: QPoint | None = None) -> None:
    """Press a widget (at a place of its own, else in its middle) as a finger does: down and up, each with the time it happens."""
    place = QPointF(at if at is not None else widget.rect().center())
    for kind, held in (
        (QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton),
        (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
    ):
        event = QMouseEvent(
            kind, place, QPointF(widget.mapToGlobal(place)), Qt.MouseButton.LeftButton, held, Qt.KeyboardModifier.NoModifier
        )
        event.setTimestamp(int(time.monotonic() * 1000))
        QCoreApplication.sendEvent(widget, event)


# On these pages a person only waits; on any other page without a handler, the demo fails at once.
WAITS = frozenset({"checking", "out-of-service"})


@dataclass(slots=True)
class _Sight:
    """What is seen: the page, the how manieth it is, and since when."""

    page: str = ""
    number: int = 0
    seen_ms: int = 0
    now_ms: int = 0


@dataclass(slots=True)
class _Did:
    """What was done already, so that it is not done again at the next look."""

    side: Literal["front", "back", ""] = ""  # of the card, held up
    typed: int = 0
    typed_ms: int = 0
    laid: str = ""
    laid_ms: int = 0
    pulled: bool = False
    coded: bool = False
    away: bool = False
    told_ms: int = 0  # since when the answer stands there


class DemoPerson(QObject):
    """Looks at the window a few times a second and does the next thing. `left` is emitted when the visit is over for them."""

    left = Signal()
    lost = Signal(str)  # a page that it does not know: whoever plays ends at once

    def __init__(self, window: KioskWindow, hands: Hands, habits: Habits) -> None:
        super().__init__()
        self._window, self._hands, self._habits = window, hands, habits
        self._sight = _Sight()
        self._begun = -1  # the page number on which the present visit was begun
        self._visits = 0
        self._printed = -1
        self._did = _Did()
        self._gone = False
        self._answered: tuple[str, int] = ("", -1)
        self._cued: tuple[Action, int] | None = None
        self.handlers: dict[str, Callable[[], None]] = {
            "idle": self._on_idle,
            "who": self._on_who,
            "card": self._on_card,
            "scan": self._on_scan,
            "looking-up": self._on_looking_up,
            "number": self._on_number,
            "name": self._on_name,
            "confirm": self._on_confirm,
            "benefits": self._on_benefits,
            "consent": self._on_consent,
            "instructions": self._on_instructions,
            "retry": self._on_retry,
            "camera": self._on_camera,
            "answer": self._on_answer,
            "result": self._on_result,
            "referred": self._on_referred,
            "review": self._on_review,
            "review-sent": self._on_review_sent,
            "visit-booked": self._on_visit_booked,
            "take-card": self._on_take_card,
        }
        self._timer = QTimer(self)
        self._timer.setInterval(habits.look_ms)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Come to the kiosk."""
        self._timer.start()

    def stop(self) -> None:
        """Go away."""
        self._timer.stop()

    # --- eyes

    @Slot()
    def _look(self) -> None:
        self._sight.now_ms += self._habits.look_ms
        page = self._window.page_name
        if page != self._sight.page:
            self._sight.page, self._sight.seen_ms = page, self._sight.now_ms
            self._sight.number += 1
        if self._sight.now_ms - self._sight.seen_ms < max(LEAST_READING_S, self._habits.reading_s) * 1000 and page != "camera":
            return
        handler = self.handlers.get(page)
        if handler is not None:
            handler()
        elif page not in WAITS:
            self.stop()
            self.lost.emit(page)

    def _see(self, name: str) -> QWidget | None:
        """Return the visible widget of this object name: what is not shown cannot be touched."""
        for widget in self._window.findChildren(QWidget, name):
            if widget.isVisible():
                return widget
        return None

    def _reads(self, key: str) -> bool:
        """Whether the page's title says the words of this key."""
        title = self._window.page.title
        return title.isVisible() and title.text() == self._window.strings.text(key)

    def _touch(self, *names: str) -> bool:
        """Press the first of these buttons that is visible and enabled, once a page."""
        if self._answered[1] == self._sight.number:
            return False
        for name in names:
            button = self._see(name)
            if isinstance(button, QAbstractButton) and button.isEnabled():
                self._answered = (name, self._sight.number)
                press(button)
                return True
        return False

    # --- page by page

    def _on_idle(self) -> None:
        if self._begun != self._sight.number and self._visits < self._habits.visits:
            if self._touch("query" if self._habits.mode == "query" else "start"):
                self._begun = self._sight.number
                self._visits += 1
                self._did.laid, self._cued, self._did.typed = "", None, 0
        elif self._begun != self._sight.number and not self._gone:
            self._gone = True
            self.left.emit()

    def _on_who(self) -> None:
        self._touch("other" if self._habits.mode == "other" else "self")

    def _on_card(self) -> None:
        self._on_looking_up()  # a code that did not do it is put away
        if self._habits.pulls == "reader" and self._pull("reader", self._reads("page.card.title_away")):
            return
        if self._habits.manual:
            self._touch("manual")
            return
        if self._habits.code and not self._did.coded:
            self._did.coded = True
            self._touch("code")
            return
        if self._habits.scan:
            if not self._did.pulled:
                self._did.pulled = True
                self._hands.unplug("reader")
            self._touch("scan")
            return
        if self._reads("page.card.title_reading") or self._reads("page.card.title_away"):
            return
        helper = self._reads("page.card.title_helper") or self._reads("page.card.title_helper_last")
        whose = "helper" if helper else "beneficiary"
        if self._did.laid != whose or self._sight.now_ms - self._did.laid_ms > _LAY_AGAIN_MS:
            if self._did.laid:
                self._hands.lift_card()
            self._did.laid, self._did.laid_ms = whose, self._sight.now_ms
            self._hands.lay_card(whose)

    def _on_scan(self) -> None:
        """Does as the title says: the code, or front, then back."""
        if self._habits.code:
            if not self._did.side:
                self._did.side = "front"
                self._hands.show_code(self._habits.code)
            return
        sides: tuple[Literal["front", "back"], ...] = ("front", "back")
        for side in sides:
            if self._reads(f"ocr.guidance.show-{side}.title") and self._did.side != side:
                self._did.side = side
                self._hands.hold_up(side)

    def _on_looking_up(self) -> None:
        if self._did.side:
            self._did.side = ""
            self._hands.hold_up("")

    def _on_number(self) -> None:
        if self._did.typed < len(self._habits.number):
            key = self._see(f"key-{self._habits.number[self._did.typed]}")
            again = self._did.typed > 0 and self._habits.number[self._did.typed] == self._habits.number[self._did.typed - 1]
            if again and self._sight.now_ms - self._did.typed_ms < _KEY_AGAIN_MS:
                return
            if isinstance(key, QAbstractButton):
                self._did.typed += 1
                self._did.typed_ms = self._sight.now_ms
                press(key)
        else:
            self._touch("next")

    def _on_name(self) -> None:
        for number in range(8):
            button = self._see(f"name-{number}")
            if button is not None and button.accessibleName() == self._habits.name:
                self._touch(f"name-{number}")
                return
        self._touch("none")

    def _on_confirm(self) -> None:
        self._on_looking_up()
        self._touch("yes" if self._habits.confirms else "no")

    def _on_benefits(self) -> None:
        self._touch("next")

    def _on_consent(self) -> None:
        self._touch("agree")

    def _on_instructions(self) -> None:
        self._touch("begin")

    def _on_retry(self) -> None:
        self._touch("again" if self._habits.keeps_trying else "leave")

    def _on_camera(self) -> None:
        if self._habits.pulls == "camera" and self._pull("camera", self._reads("page.camera.away")):
            return
        prompt = self._see("prompt")
        # The properties say in codes what the title says in words: "现在,请张开嘴巴".
        now = prompt is not None and bool(prompt.property("now"))
        action = str(prompt.property("action") or "") if prompt is not None else ""
        if not now or not action:
            self._cued = None
            return
        wanted = Action(action)
        if self._cued is None or self._cued[0] is not wanted:
            self._cued = (wanted, self._sight.now_ms)
        elif self._cued[1] >= 0 and self._sight.now_ms - self._cued[1] >= self._habits.reaction_s * 1000:
            self._do(wanted, str(prompt.property("digits") or "") if prompt is not None else "")
            # Somebody who sees that nothing came of it does it once more after a while.
            self._cued = (wanted, self._sight.now_ms + (3500 if wanted is not Action.READ_DIGITS else 30_000))

    def _do(self, wanted: Action, digits: str) -> None:
        if wanted is not Action.READ_DIGITS:
            self._hands.act(wanted)
            return
        if self._habits.reads == "wrong":
            digits = digits[:2] + next(one for one in "3705" if one not in digits) + digits[3:]
        self._hands.read_aloud(digits, mouth=self._habits.reads != "elsewhere")

    def _on_answer(self) -> None:
        self._touch("done", "not-today")

    def _on_result(self) -> None:
        """Reads on until the centre has it, or until nothing more is to be expected."""
        if self._sight.now_ms - self._sight.seen_ms < self._habits.stays_s * 1000:
            return
        patient = self._sight.now_ms - self._sight.seen_ms < self._habits.waits_s * 1000
        if self._habits.prints and self._printed != self._sight.number:
            self._printed = self._sight.number
            button = self._see("print")
            if isinstance(button, QAbstractButton):
                press(button)
        if not patient or self._reads("page.result.title_confirmed") or self._reads("page.result.title_received"):
            self._touch("done")

    def _on_referred(self) -> None:
        self._touch(self._habits.asks or "not-today", "not-today")

    def _on_review(self) -> None:
        self._touch("agree-review")

    def _on_review_sent(self) -> None:
        """Waits for the centre's answer, as long as it is patient."""
        now_ms = self._sight.now_ms
        if self._reads("reason.review-passed.title"):
            self._did.told_ms = self._did.told_ms or now_ms
        told = self._did.told_ms and now_ms - self._did.told_ms > _READS_ANSWER_MS
        if told or now_ms - self._sight.seen_ms > self._habits.waits_s * 1000:
            self._touch("done")

    def _on_visit_booked(self) -> None:
        if self._reads("page.visit-booked.title"):
            self._touch("done")

    def _on_take_card(self) -> None:
        if self._did.laid:
            self._did.laid = ""
            self._hands.lift_card()
        elif self._sight.now_ms - self._sight.seen_ms > _HAVE_IT_MS:  # the reader did not notice: say so
            self._hands.lift_card()
            self._touch("done")

    # --- mischief

    def _pull(self, device: str, seen_away: bool) -> bool:
        """Pull a cable, wait until the screen says so, put it back; True while at it."""
        if not self._did.pulled:
            self._did.pulled = True
            self._hands.unplug(device)
            self._did.away = True
            return True
        if self._did.away:
            if seen_away:
                self._did.away = False
                self._hands.plug(device)
            return True
        return False
