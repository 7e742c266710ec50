"""The set-up's pages about the machine itself: who is there, screen, clock, loudspeaker, printer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QGridLayout, QWidget

from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.installation.corners import TURNS
from kiosk.texts.strings import SPOKEN, WRITTEN
from kiosk.ui.desk.widgets import Action, Card, Chips, Field, Pad, Words, row
from kiosk.ui.installation.base import OfferList, SetupKit, SetupPage

UNITS = ("year", "month", "day", "hour", "minute")


class LockedPage(SetupPage):
    """A station with a supervisor is set up by a supervisor."""

    name = "setup-locked"

    def build(self) -> None:
        self.lead = Words("setup-locked-lead", tone="quiet")
        self.staff = Field("setup-staff-id", digits=True, limit=32)
        self.pin = Field("setup-staff-pin", digits=True, secret=True, limit=32)
        self.pad = Pad([self.staff, self.pin], letter=False)
        self.enter = self.on(Action("setup-unlock", "primary", icon="desk-lock"), self._unlock)
        card = Card("setup-locked-card")
        for part in (self.staff, self.pin, self.enter):
            card.box.addWidget(part)
        self.box.addWidget(self.lead)
        self.split([card], [self.pad])
        self.box.addStretch(1)
        self.pin.returnPressed.connect(self.enter.click)

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        self.title.say(kit.text("locked.title"))
        self.lead.say(kit.text("locked.lead"))
        self.staff.say(kit.strings.text("desk.sign_in.number"))
        self.pin.say(kit.strings.text("desk.sign_in.pin"))
        self.pad.say(kit.strings.text)
        self.enter.say(kit.text("locked.enter"))
        if isinstance(state, s.Locked):
            self.enter.setEnabled(not state.busy)
            if state.problem:
                self.pin.clear()
            if state.problem == "pin-locked":
                self.problem.say(kit.strings.text("desk.sign_in.locked", seconds=round(state.wait_s)))
            elif state.problem == "pin-wrong":
                self.problem.say(kit.strings.text("desk.sign_in.wrong", left=state.tries_left))
            else:
                self.say_trouble(state, kit)

    def clear(self) -> None:
        self.staff.clear()
        self.pin.clear()

    def first_field(self) -> QWidget | None:
        return self.staff

    def _unlock(self) -> object:
        return e.UnlockTouched(self.staff.text().strip(), self.pin.text()) if self.staff.text() and self.pin.text() else None


class ScreenPage(SetupPage):
    """Language, colours, direction; four corners say whether touch and picture fit."""

    name = "setup-screen"

    def build(self) -> None:
        self.languages = Chips("setup-language", WRITTEN)
        self.themes = Chips("setup-theme", ("paper", "contrast"))
        self.turns = Chips("setup-turn", [str(turn) for turn in TURNS], columns=2)
        self.corners = self.on(Action("setup-corners-begin", "primary", icon="place"), e.CornersTouched())
        self.touch = Words("setup-touch-words", "strong")
        self.parts: list[tuple[str, Card]] = []
        for name, widgets in (
            ("language", (self.languages,)),
            ("theme", (self.themes,)),
            ("turn", (self.turns, self.corners, self.touch)),
        ):
            card = Card(f"setup-{name}-card", heading=Words(f"setup-{name}-title", "strong"))
            for widget in widgets:
                card.box.addWidget(widget)
            self.parts.append((name, card))
        self.split([self.parts[0][1], self.parts[1][1]], [self.parts[2][1]])
        self.box.addStretch(1)
        self.languages.chosen.connect(lambda key: self.sent.emit(e.SettingTouched("ui.language", key)))
        self.themes.chosen.connect(lambda key: self.sent.emit(e.SettingTouched("ui.theme", key)))
        self.turns.chosen.connect(lambda key: self.sent.emit(e.TurnTouched(int(key))))

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.ScreenStep):
            return
        self.title.say(kit.text("screen.title"))
        self.say_trouble(state, kit)
        for name, card in self.parts:
            card.findChildren(Words)[0].say(kit.text(f"screen.{name}"))
        self.languages.say(lambda key: kit.text(f"language.{key}"))
        self.languages.choose(str(kit.value("ui.language")))
        self.themes.say(lambda key: kit.text(f"screen.theme_{key}"))
        self.themes.choose(str(kit.value("ui.theme")))
        self.turns.say(lambda key: kit.text(f"turn.{key}"))
        self.turns.choose(str(page.turn if page.turn is not None else kit.value("ui.screen_turn")))
        self.corners.say(kit.text("screen.corners"))
        tone = {"good": "good", "unclear": "bad"}.get(page.touch, "quiet")
        self.touch.say(kit.text(f"screen.touch_{page.touch or 'untried'}"), tone)


class SetupClockPage(SetupPage):
    """Date and time, moved by buttons."""

    name = "setup-clock"

    def build(self) -> None:
        self.shown = Words("setup-clock-shown", "figure", wrap=False)
        self.lead = Words("setup-clock-lead", tone="quiet")
        card = Card("setup-clock-card")
        grid = QGridLayout()
        grid.setSpacing(10)
        self.rows: dict[str, tuple[Action, Words, Action]] = {}
        for number, unit in enumerate(UNITS):
            less, more = (
                self.on(Action(f"setup-{unit}-{way}", "key"), self._nudge(unit, by)) for way, by in (("less", -1), ("more", 1))
            )
            words = Words(f"setup-{unit}", "heading", wrap=False)
            for column, widget in enumerate((less, words, more)):
                grid.addWidget(widget, number % 3, column + 3 * (number // 3))
            self.rows[unit] = (less, words, more)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(4, 1)
        card.box.addLayout(grid)
        self.set = self.on(Action("setup-clock-set", "primary", icon="clock"), e.ClockTouched())
        for widget in (self.shown, self.lead, card):
            self.box.addWidget(widget)
        self.box.addLayout(row(1, self.set))
        self.box.addStretch(1)
        self._kit: SetupKit | None = None
        self._draft: datetime | None = None

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.ClockStep):
            return
        self._kit, self._draft = kit, page.draft
        self.title.say(kit.text("clock.title"))
        self.say_trouble(state, kit)
        self.lead.say(kit.text("clock.draft" if page.draft else "clock.lead"))
        self.set.say(kit.text("clock.set"))
        self.set.setEnabled(page.draft is not None and not page.busy)
        for unit, (less, _, more) in self.rows.items():
            less.say("−", kit.text(f"clock.{unit}_less"))
            more.say("+", kit.text(f"clock.{unit}_more"))
        self.tick()

    def tick(self) -> None:
        """The time goes on."""
        kit = self._kit
        if kit is None:
            return
        at = self._draft or kit.now()
        self.shown.say(kit.strings.day_and_time(at), "strong" if self._draft else "")
        for unit, (_, words, _) in self.rows.items():
            words.say(kit.text(f"clock.{unit}", n=getattr(at, unit)))

    def _nudge(self, unit: str, by: int) -> Any:
        return lambda: e.ClockNudged(unit, by, self._kit.now().replace(second=0, microsecond=0)) if self._kit else None


class SoundPage(SetupPage):
    """A prompt, louder, softer."""

    name = "setup-sound"

    def build(self) -> None:
        self.hear = self.on(Action("setup-hear", "primary", icon="replay"), e.HearTouched())
        self.softer = self.on(Action("setup-softer", icon="quieter"), e.LouderTouched(-1))
        self.louder = self.on(Action("setup-louder", icon="louder"), e.LouderTouched(1))
        self.volume = Words("setup-volume", "heading", wrap=False)
        self.languages = Chips("setup-spoken", SPOKEN)
        self.heard = self.on(Action("setup-heard", "outlined", icon="tick"), e.HeardTouched(heard=True))
        self.unheard = self.on(Action("setup-unheard", icon="cross"), e.HeardTouched(heard=False))
        self.words = Words("setup-sound-words", "strong")
        left = Card("setup-sound-card", heading=Words("setup-sound-title", "strong"))
        left.box.addWidget(self.languages)
        left.box.addWidget(self.hear)
        left.box.addLayout(row(self.softer, self.louder, self.volume, 1))
        right = Card("setup-heard-card", heading=Words("setup-heard-title", "strong"))
        right.box.addLayout(row(self.heard, self.unheard))
        right.box.addWidget(self.words)
        self.split([left], [right])
        self.box.addStretch(1)
        self.languages.chosen.connect(lambda key: self.sent.emit(e.SettingTouched("voice.language", key)))

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.SoundStep):
            return
        self.title.say(kit.text("sound.title"))
        self.say_trouble(state, kit)
        for name, text in (("setup-sound-title", "sound.lead"), ("setup-heard-title", "sound.question")):
            heading = self.findChild(Words, name)
            if heading is not None:
                heading.say(kit.text(text))
        self.hear.say(kit.text("sound.hear"))
        self.softer.say(kit.text("sound.softer"))
        self.louder.say(kit.text("sound.louder"))
        self.volume.say(kit.text("sound.volume", percent=round(float(kit.value("voice.volume") or 0) * 100)))
        self.languages.say(lambda key: kit.text(f"spoken.{key}"))
        self.languages.choose(str(kit.value("voice.language")))
        self.heard.say(kit.text("sound.heard"))
        self.unheard.say(kit.text("sound.unheard"))
        for button in (self.heard, self.unheard):
            button.setEnabled(page.played)
        if page.trouble:
            self.words.say(kit.why(page.trouble), "bad")
        elif page.heard is None:
            self.words.say("")
        else:
            self.words.say(kit.text("sound.good" if page.heard else "sound.bad"), "good" if page.heard else "bad")


class PrinterPage(SetupPage):
    """Which printer, what paper, a test slip."""

    name = "setup-printer"

    def build(self) -> None:
        self.lead = Words("setup-printer-lead", tone="quiet")
        self.offers = OfferList("setup-printers")
        self.again = self.on(Action("setup-printer-again", icon="desk-find"), e.LookAgainTouched())
        self.paper = Chips("setup-paper", ("58", "80"))
        self.kind = Chips("setup-print-text", ("gb18030", "image"))
        self.slip = self.on(Action("setup-slip", "primary", icon="device"), e.SlipTouched())
        self.words = Words("setup-printer-words", "strong")
        self.paper_words, self.kind_words = Words("setup-paper-words"), Words("setup-print-text-words")
        self.split(
            [self.lead, self.offers, row(self.again, 1)],
            [self.paper_words, self.paper, self.kind_words, self.kind, self.slip, self.words],
        )
        self.box.addStretch(1)
        self.offers.taken.connect(self.sent)
        self.paper.chosen.connect(lambda key: self.sent.emit(e.SettingTouched("printer.width_mm", int(key))))
        self.kind.chosen.connect(lambda key: self.sent.emit(e.SettingTouched("printer.text", key)))

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.PrinterStep):
            return
        none = kit.value("printer.kind") == "none"
        self.title.say(kit.text("printer.title"))
        self.say_trouble(state, kit)
        self.lead.say(kit.text("printer.lead" if page.offers is not None else "looking"))
        used = "none" if none else f"{kit.value('printer.kind')}|{kit.value('printer.target')}"
        named = [s.SetupOffer(one.key, kit.text("printer.none") if one.key == "none" else one.label) for one in page.offers or ()]
        self.offers.show_offers(named, used, kit.look)
        self.again.say(kit.text("look_again"))
        self.paper_words.say(kit.text("printer.paper"))
        self.paper.say(lambda key: kit.text("printer.width", mm=key))
        self.paper.choose(str(kit.value("printer.width_mm")))
        self.kind_words.say(kit.text("printer.text"))
        self.kind.say(lambda key: kit.text(f"printer.text_{key}"))
        self.kind.choose(str(kit.value("printer.text")))
        self.slip.say(kit.text("printer.slip"))
        self.slip.setEnabled(page.status != "printing" and not none)
        for part in (self.paper_words, self.paper, self.kind_words, self.kind, self.slip):
            part.setVisible(not none)
        known = page.status in ("", "printing", "printed")
        words = kit.text(f"printer.status_{page.status}") if page.status and known else kit.why(page.status)
        self.words.say(words, "good" if page.status == "printed" else "quiet" if known else "bad")
