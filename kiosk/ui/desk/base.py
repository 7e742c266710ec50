"""What the desk's pages share: texts, the way events leave, scrolling where a page is longer than the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QLayout, QScrollArea, QVBoxLayout, QWidget

from kiosk.config import Settings
from kiosk.desk import states as s
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.identity import last_four, mask_name
from kiosk.domain.person import Person
from kiosk.texts.strings import Strings
from kiosk.ui.desk.look import GAP, PAD
from kiosk.ui.desk.widgets import Action, Notice, Words, column
from kiosk.ui.theme import Look


@dataclass(frozen=True, slots=True)
class DeskKit:
    """What a page needs to fill itself."""

    strings: Strings
    settings: Settings
    now: Callable[[], datetime]
    look: Look
    session: s.Session | None = None

    def text(self, key: str, /, **values: object) -> str:
        """Return a text of the catalogue; keys without a dot in front of them belong to the desk."""
        return self.strings.text(f"desk.{key}", **values)

    def problem(self, code: str) -> str:
        """Return what to say about a problem: the desk's own codes first, then the reasons' words for attendants."""
        if not code:
            return ""
        return self.strings.any_of(f"desk.problem.{code}", f"reason.{code}.attendant", "desk.problem.unknown")

    def short(self, code: str) -> str:
        """Return the same in few words, for a row of a table."""
        if not code:
            return ""
        return self.strings.any_of(f"desk.short.{code}", f"desk.problem.{code}", f"reason.{code}.title", "desk.problem.unknown")

    def stage(self, stage: str) -> str:
        """Return a stage in words."""
        return self.strings.text(f"stage.{stage}.title")

    def benefit(self, kind: str) -> str:
        """Return a benefit's name."""
        return self.strings.any_of(f"benefit.{kind}.name", "desk.benefit_other")

    def day(self, day: date | None) -> str:
        """Return a day, short."""
        return "" if day is None else f"{day:%Y-%m-%d}"

    def moment(self, at: datetime | None) -> str:
        """Return day and time at the station."""
        return "" if at is None else f"{at.astimezone(ZoneInfo(self.settings.station.timezone)):%m-%d %H:%M}"

    def who(self, person: Person | None) -> str:
        """Return a masked person."""
        return "" if person is None else self.text("who", name=mask_name(person.name), four=last_four(person.id_number))

    def rule(self, item: Eligibility) -> str:
        """Return what the rules say about a benefit, in one line."""
        if item.may_pass:
            if item.suspended_months:
                return self.text("rule.suspended", months=item.suspended_months)
            if item.suspended:
                return self.text("rule.suspended_now")
            return self.text("rule.due", day=self.day(item.due)) if item.due else self.text("rule.may")
        if item.earliest_next:
            return self.text("rule.not_yet", day=self.day(item.earliest_next))
        return self.strings.text(f"reason.{item.reason}.title")


Shown = TypeVar("Shown")


class DeskPage(QWidget, Generic[Shown]):
    """One page, for one kind of page of the machine. Subclasses build in `build` (add to `self.box`) and fill in `show_page`."""

    sent = Signal(object)
    name = ""
    scrolls = True
    notices = True  # False: what is wrong is said elsewhere on the page, and no room is kept for it above

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName(f"desk-page-{self.name}")
        self.look = Look()
        self._splits: list[QBoxLayout] = []
        self.outer = QVBoxLayout(self)
        self.outer.setContentsMargins(0, 0, 0, 0)
        self.outer.setSpacing(0)
        inner = QWidget()
        inner.setObjectName("desk-scroll")
        self.box = QVBoxLayout(inner)
        self.box.setContentsMargins(PAD, PAD, PAD, PAD)
        self.box.setSpacing(GAP)
        if self.scrolls:
            self.area = area = QScrollArea()
            area.setObjectName("desk-area")
            area.setWidgetResizable(True)
            area.setFrameShape(QFrame.Shape.NoFrame)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            area.setWidget(inner)
            self.outer.addWidget(area)
        else:
            self.outer.addWidget(inner)
        self.title = Words("desk-title", "title")
        self.problem = Notice("problem")
        self._top = QBoxLayout(QBoxLayout.Direction.TopToBottom)  # on a landscape screen the notice stands beside the title
        self._top.addWidget(self.title, 2)
        if self.notices:
            self._top.addWidget(self.problem, 3)
        self.box.addLayout(self._top)
        self.build()

    def build(self) -> None:
        """Make the parts, once."""

    def split(
        self, left: Sequence[QWidget | QLayout], right: Sequence[QWidget | QLayout], shares: tuple[int, int] = (1, 1)
    ) -> None:
        """Add two columns, which stand below each other on a portrait screen."""
        box = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        for items, share in ((left, shares[0]), (right, shares[1])):
            box.addLayout(column(*items, 1), share)
        self.box.addLayout(box)
        self._splits.append(box)

    def show_page(self, page: Shown, kit: DeskKit) -> None:
        """Fill from a page of the machine."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget everything about a person."""

    def set_look(self, look: Look) -> None:
        """Take on sizes that a style sheet cannot say."""
        self.look = look
        pad = look.px(PAD)
        self.box.setContentsMargins(pad, pad, pad, pad)
        self.box.setSpacing(look.px(GAP))
        for box in (self._top, *self._splits):
            box.setDirection(QBoxLayout.Direction.LeftToRight if look.landscape else QBoxLayout.Direction.TopToBottom)
            box.setSpacing(look.px(PAD if look.landscape else GAP))

    def first_field(self) -> QWidget | None:
        """Return what gets the focus when the page opens."""
        return None

    def say_problem(self, page: s.Page | s.SettingUp | s.SigningIn, kit: DeskKit) -> None:
        """Show problem or notice of the page."""
        problem, notice, detail = _told(page)
        if problem:
            self.problem.say(" ".join(part for part in (kit.problem(problem), detail) if part))
        elif notice:
            self.problem.say(" ".join(part for part in (kit.text(f"notice.{notice}"), detail) if part), good=True)
        else:
            self.problem.say("")

    def on(self, button: Action, event: Callable[[], object] | object) -> Action:
        """Let a button send an event, or what a function returns, if anything."""
        button.clicked.connect(lambda _=False: self._send(event))
        return button

    def _send(self, event: Callable[[], object] | object) -> None:
        made = event() if callable(event) else event
        if made is not None:
            self.sent.emit(made)


def _told(page: s.Page | s.SettingUp | s.SigningIn) -> tuple[str, str, str]:
    """Return problem, notice and detail of a page, as far as it can have them."""
    match page:
        case s.Board(problem=problem, notice=notice, detail=detail):
            return problem, notice, detail
        case s.Showing(notice=notice):
            return "", notice, ""
        case s.Done():
            return "", "", ""
        case _:
            return page.problem, "", ""
