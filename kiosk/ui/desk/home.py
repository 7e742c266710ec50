"""The desk's first page: who called, the visit under the desk, a search, what waits."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import HomeData
from kiosk.desk.values import Place
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.scan_field import ScanField
from kiosk.ui.desk.widgets import Action, Card, Words, row

_COUNTS = (Place.TODO, Place.HOME_VISITS, Place.APPROVAL, Place.SYNC)


class CountTile(Card):
    """A count that is a button: one touch to what it counts, by finger or by key."""

    clicked = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._down = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._down = True

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        down, self._down = self._down, False
        if down and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class HomePage(DeskPage[s.Board]):
    """Everything at a glance, one touch from everything."""

    name = "home"

    def build(self) -> None:
        self.call = Card("call")
        self.call_title = Words("call-title", "heading")
        self.calls = Words("calls")
        self.answered = self.on(Action("call-answered", "outlined", icon="tick"), e.CallAnswered())
        self.call.box.addWidget(self.call_title)
        self.call.box.addLayout(row(self.calls, self.answered))
        self.visit = Card("visit")
        self.visit_title = Words("visit-title", "heading")
        self.visit_who = Words("visit-who")
        self.take = self.on(Action("take-over", "primary", icon="persons"), e.TakeOverTouched())
        self.visit.box.addWidget(self.visit_title)
        self.visit.box.addLayout(row(self.visit_who, self.take))
        self.vouch = self.on(Action("in-sight", "outlined", icon="tick"), e.InSightTouched())
        self.vouch_words = Words("in-sight-words", "small")
        self.visit.box.addLayout(row(self.vouch_words, self.vouch))
        self.search = Card("search-card")
        self.search_title = Words("search-title", "heading")
        self.number = ScanField("home-number")
        self.find_button = self.on(Action("home-find", "outlined", icon="desk-find"), self._search)
        self.number.entered.connect(lambda: self._send(self._search))
        self.search_hint = Words("search-hint", "small")
        self.search.box.addWidget(self.search_title)
        self.search.box.addLayout(row(self.number, self.find_button))
        self.search.box.addWidget(self.search_hint)
        self.short_pin = self.on(Action("home-short-pin", icon="desk-lock"), e.Went(Place.SHORT_PIN))
        self.grid = QGridLayout()
        self.counts: dict[Place, tuple[Words, Words, Card]] = {}
        for number, place in enumerate(_COUNTS):
            card = CountTile(f"count-{place}")
            card.clicked.connect(lambda place=place: self.sent.emit(e.Went(place)))
            figure, words = Words(f"count-{place}-figure", "figure"), Words(f"count-{place}-words", "small")
            card.box.addWidget(figure)
            card.box.addWidget(words)
            self.grid.addWidget(card, 0, number)
            self.counts[place] = (figure, words, card)
        self.stale = Card("stale", "notice")
        self.stale_words = Words("stale-words")
        self.stale.box.addWidget(self.stale_words)
        self.box.addWidget(self.stale)
        self.split((self.call, self.visit), (self.search, self.grid))
        self.box.addLayout(row(1, self.short_pin))
        self.box.addStretch(1)

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        data = page.data if isinstance(page.data, HomeData) else HomeData()
        self.title.say(kit.text("home.title", name=kit.session.name if kit.session else ""))
        self.say_problem(page, kit)
        self.call.setVisible(bool(data.calls))
        self.call_title.say(kit.text("home.calls", count=len(data.calls)))
        self.calls.say(
            "\n".join(f"{kit.moment(call.at)}  {kit.strings.text(f'reason.{call.reason}.attendant')}" for call in data.calls[-3:])
        )
        self.answered.say(kit.text("home.answered"))
        self.visit_title.say(kit.text("home.visit"))
        visit = data.visit
        self.take.setVisible(visit is not None)
        self.take.say(kit.text("home.take_over"))
        again = visit is not None and visit.may_vouch
        self.vouch.setVisible(again)
        self.vouch_words.setVisible(again)
        self.vouch.say(kit.text("home.in_sight"))
        self.vouch_words.say(kit.text("home.in_sight_means"))
        if visit is None:
            self.visit_who.say(kit.text("home.no_visit"))
        else:
            lines = [
                kit.text("home.visit_of", who=kit.who(visit.person)) if visit.person else kit.text("home.visit_unknown"),
                kit.text("home.visit_at", page=kit.text(f"visit_page.{visit.page}"), mode=kit.text(f"mode.{visit.mode}")),
            ]
            if visit.helper:
                lines.append(kit.text("home.helper", who=kit.who(visit.helper)))
            if visit.reason:
                lines.append(kit.strings.text(f"reason.{visit.reason}.attendant"))
            self.visit_who.say("\n".join(lines))
        self.search_title.say(kit.text("home.search"))
        self.number.say(kit.text("find.number"))
        self.find_button.say(kit.text("find.find"))
        self.short_pin.say(kit.text("place.short-pin"))
        self.short_pin.setVisible(kit.session is not None and not kit.session.quick)
        self.search_hint.say(kit.text("home.search_hint"))
        tallies = data.tallies
        for place, count, tone in (
            (Place.TODO, data.due_soon + data.sent_back, "bad" if data.sent_back else ""),
            (Place.HOME_VISITS, data.home_visits, ""),
            (Place.APPROVAL, data.unapproved_days, ""),
            (Place.SYNC, tallies.waiting, "bad" if tallies.level != "ok" else ""),
        ):
            figure, words, card = self.counts[place]
            figure.say(str(count), tone)
            words.say(kit.text(f"home.count.{place}"))
            card.setAccessibleName(f"{kit.text(f'home.count.{place}')} {count}")
        told = [
            kit.text("home.roster_stale", day=kit.day(tallies.roster_at.date()))
            if tallies.roster_stale and tallies.roster_at
            else "",
            kit.text("home.no_roster") if not tallies.roster_version else "",
            kit.text("home.drowned") if data.drowned else "",
            kit.text("home.clock_suspect") if tallies.clock_suspect else "",
            kit.text(f"level.{tallies.level}") if tallies.level != "ok" else "",
        ]
        text = "\n".join(one for one in told if one)
        self.stale_words.say(text)
        self.stale.setVisible(bool(text))

    def clear(self) -> None:
        self.number.clear()
        self.visit_who.say("")

    def first_field(self) -> QWidget | None:
        return self.number

    def _search(self) -> e.SearchTouched | None:
        return e.SearchTouched(self.number.text()) if self.number.text().strip() else None
