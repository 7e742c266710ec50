"""The set-up's pages about the bureau and the people: network or stick, the one-time code, the first supervisor, the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.installation.pages import LONGEST_ID, LONGEST_NAME
from kiosk.installation.progress import Mark, SetupStep
from kiosk.ui.desk.widgets import Action, Card, Chips, Field, Words, row
from kiosk.ui.installation.base import Form, OfferList, SetupKit, SetupPage
from kiosk.ui.theme import Look
from kiosk.ui.widgets.circle import CameraCircle

if TYPE_CHECKING:
    import numpy as np

# What the doctor names -> where it is put right.
PUT_RIGHT = {
    "camera": SetupStep.CAMERA,
    "camera-identity": SetupStep.CAMERA,
    "reader": SetupStep.READER,
    "voice": SetupStep.SOUND,
    "headphones": SetupStep.SOUND,
    "digits": SetupStep.SOUND,
    "screen": SetupStep.SCREEN,
    "clock": SetupStep.CLOCK,
    "bureau": SetupStep.NETWORK,
    "registered": SetupStep.REGISTER,
    "supervisor": SetupStep.SUPERVISOR,
}


class NetworkPage(SetupPage):
    """By network: address and certificate. Or by stick, without either."""

    name = "setup-network"

    def build(self) -> None:
        self.way = Chips("setup-way", ("network", "stick"))
        self.lead = Words("setup-network-lead", tone="quiet")
        self.url = Field("setup-url", latin=True, limit=200)
        self.test = self.on(Action("setup-ask", "primary", icon="desk-sync"), lambda: e.AddressTouched(self.url.text()))
        self.words = Words("setup-network-words", "strong")
        self.certificate_words = Words("setup-certificate-words")
        self.offers = OfferList("setup-certificates")
        self.again = self.on(Action("setup-certificate-again", icon="desk-stick"), e.LookAgainTouched())
        self.card = Card("setup-network-card")
        self.form = Form([self.url])
        self.card.box.addLayout(self.form)
        for part in (self.certificate_words, self.offers):
            self.card.box.addWidget(part)
        self.card.box.addLayout(row(self.again, 1, self.test))
        for widget in (self.way, self.lead, self.card, self.words):
            self.box.addWidget(widget)
        self.box.addStretch(1)
        self.way.chosen.connect(lambda key: self.sent.emit(e.WayTouched(key)))
        self.offers.taken.connect(self.sent)
        self.url.textEdited.connect(lambda text: self.sent.emit(e.TextTyped("bureau_url", text)))

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.NetworkStep):
            return
        self.title.say(kit.text("network.title"))
        self.say_trouble(state, kit)
        self.way.say(lambda key: kit.text(f"network.way_{key}"))
        self.way.choose(page.way)
        self.lead.say(kit.text(f"network.lead_{page.way}"))
        self.card.setVisible(page.way == "network")
        self.form.say(self.url, kit.text("network.url"))
        _begin(self.url, kit, "bureau_url", str(kit.value("sync.bureau_url")) or "https://")
        own = str(kit.value("sync.ca_file"))
        self.certificate_words.say(kit.text("network.certificate_own" if own else "network.certificate_system"))
        system = (s.SetupOffer("", kit.text("network.system")),) if own else ()
        self.offers.show_offers((*(page.offers or ()), *system), "-", kit.look)
        self.again.say(kit.text("network.again"))
        self.test.say(kit.text("network.test"))
        self.test.setEnabled(page.status != "asking")
        known = page.status in ("", "asking", "ok")
        words = kit.text(f"network.status_{page.status}") if page.status and known else kit.why(page.status)
        self.words.say(words if page.way == "network" else "", "good" if page.status == "ok" else "quiet" if known else "bad")

    def clear(self) -> None:
        self.url.clear()


class RegisterPage(SetupPage):
    """Station's number and name, the bureau's one-time code: typed, or held to the camera."""

    name = "setup-register"

    def build(self) -> None:
        self._scanning, self._code = False, ""
        self.lead = Words("setup-register-lead", tone="quiet")
        self.station = Field("setup-station-id", digits=True, limit=LONGEST_ID)
        self.person = Field("setup-station-name", limit=LONGEST_NAME)
        self.hotline = Field("setup-hotline", digits=True, limit=40)
        self.code = Field("setup-code", digits=True, limit=60)
        self.scan = self.on(Action("setup-scan", "outlined", icon="camera"), lambda: e.ScanTouched(not self._scanning))
        self.enter = self.on(
            Action("setup-register", "primary", icon="tick"),
            lambda: e.RegisterTouched(self.station.text(), self.person.text(), self.hotline.text(), self.code.text()),
        )
        self.circle = CameraCircle("setup-code-circle")
        self.words = Words("setup-register-words", "strong")
        card = Card("setup-register-card")
        self.form = Form([self.station, self.person, self.hotline, self.code])
        card.box.addLayout(self.form)
        card.box.addLayout(row(self.scan, 1, self.enter))
        self.split([card], [self.lead, row(1, self.circle, 1), self.words], (3, 2))
        self.box.addStretch(1)
        for field, name in ((self.station, "station_id"), (self.person, "station_name"), (self.hotline, "hotline")):
            field.textEdited.connect(lambda text, name=name: self.sent.emit(e.TextTyped(name, text)))

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.RegisterStep):
            return
        self._scanning, done = page.scanning, bool(kit.facts.kiosk_id)
        self.title.say(kit.text("register.title"))
        self.say_trouble(state, kit)
        self.lead.say(
            kit.text("register.done", kiosk=kit.facts.kiosk_id) if done else kit.text("register.lead"), "good" if done else "quiet"
        )
        unset = str(kit.value("station.station_id")) == "UNSET"
        for field, label, name, key in (
            (self.station, "register.station", "station_id", "station.station_id"),
            (self.person, "register.name", "station_name", "station.name"),
            (self.hotline, "register.hotline", "hotline", "station.hotline"),
        ):
            self.form.say(field, kit.text(label))
            field.setEnabled(not done)
            _begin(field, kit, name, "" if unset and name != "hotline" else str(kit.value(key)))
        self.form.say(self.code, kit.text("register.code"))
        if page.code and page.code != self._code:
            self.code.setText(page.code)
            self.station.setText(kit.facts.progress.drafts.get("station_id", self.station.text()))
        self._code = page.code
        busy = page.status == "asking"
        self.scan.say(kit.text("register.scan_off" if page.scanning else "register.scan"))
        self.enter.say(kit.text("register.enter"))
        self.form.show_field(self.code, not done)
        self.code.setEnabled(not busy)
        for button in (self.scan, self.enter):
            button.setVisible(not done)
            button.setEnabled(not busy)
        self.circle.setVisible(page.scanning)
        self.circle.setAccessibleName(kit.text("camera.picture"))
        if not page.scanning:
            self.circle.clear()
        if page.scanning and page.camera not in ("opening", "up"):
            self.words.say(kit.why(page.camera), "bad")
        else:
            known = {"asking": "quiet", "scanned": "good", "other-code": "bad"}
            self.words.say(kit.text(f"register.status_{page.status}") if page.status in known else "", known.get(page.status, ""))

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a picture of the camera."""
        self.circle.show_frame(image_rgb)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.circle.setFixedSize(look.px(260), look.px(260))

    def clear(self) -> None:
        self.circle.clear()
        for field in (self.station, self.person, self.hotline, self.code):
            field.clear()


class FirstPage(SetupPage):
    """The first supervisor and their PIN."""

    name = "setup-supervisor"

    def build(self) -> None:
        self.lead = Words("setup-supervisor-lead", tone="quiet")
        self.staff = Field("setup-first-id", digits=True, limit=32)
        self.person = Field("setup-first-name", limit=40)
        self.pin = Field("setup-first-pin", digits=True, secret=True, limit=32)
        self.again = Field("setup-first-again", digits=True, secret=True, limit=32)
        self.enter = self.on(
            Action("setup-first", "primary", icon="shield"),
            lambda: e.FirstTouched(self.staff.text(), self.person.text(), self.pin.text(), self.again.text()),
        )
        self.card = Card("setup-first-card")
        self.fields = (self.staff, self.person, self.pin, self.again)
        self.form = Form(self.fields)
        self.card.box.addLayout(self.form)
        self.card.box.addLayout(row(1, self.enter))
        self.box.addWidget(self.lead)
        self.box.addWidget(self.card)
        self.box.addStretch(1)
        self.again.returnPressed.connect(self.enter.click)
        for field, name in ((self.staff, "staff_id"), (self.person, "staff_name")):
            field.textEdited.connect(lambda text, name=name: self.sent.emit(e.TextTyped(name, text)))

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.SupervisorStep):
            return
        done = kit.facts.supervised
        self.title.say(kit.text("supervisor.title"))
        self.say_trouble(state, kit)
        digits = kit.settings.desk.pin_min_length
        self.lead.say(
            kit.text("supervisor.done") if done else kit.text("supervisor.lead", digits=digits), "good" if done else "quiet"
        )
        self.card.setVisible(not done)
        self.form.say(self.staff, kit.strings.text("desk.sign_in.number"))
        self.form.say(self.person, kit.strings.text("desk.staff.name"))
        self.form.say(self.pin, kit.strings.text("desk.staff.pin"))
        self.form.say(self.again, kit.strings.text("desk.staff.pin_again"))
        _begin(self.staff, kit, "staff_id", "")
        _begin(self.person, kit, "staff_name", "")
        self.enter.say(kit.text("supervisor.enter"))
        self.enter.setEnabled(not page.busy)
        if done or page.problem:
            self.pin.clear()
            self.again.clear()

    def clear(self) -> None:
        for field in self.fields:
            field.clear()


class SummaryPage(SetupPage):
    """What the doctor says: first what is red, each with the way to where it is put right."""

    name = "setup-summary"

    def build(self) -> None:
        self.words = Words("setup-summary-words", "heading")
        self.lead = Words("setup-summary-lead", tone="quiet")
        self.again = self.on(Action("setup-check", "outlined", icon="shield"), e.LookAgainTouched())
        self.lines = FindingList()
        self.box.addWidget(self.words)
        self.box.addWidget(self.lead)
        self.box.addWidget(self.lines)
        self.box.addLayout(row(self.again, 1))
        self.box.addStretch(1)
        self.lines.sent.connect(self.sent)

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.SummaryStep):
            return
        self.title.say(kit.text("summary.title"))
        self.say_trouble(state, kit)
        facts = kit.facts
        own = [
            s.DoctorLine("registered", "ok" if facts.kiosk_id else "bad"),
            s.DoctorLine("supervisor", "ok" if facts.supervised else "bad"),
        ]
        lines = [*own, *(page.lines or ())]
        bad = sum(one.state == "bad" for one in lines)
        skipped = [step for step in SetupStep if facts.progress.mark(step) is Mark.SKIPPED]
        if page.lines is None:
            self.words.say(kit.text("summary.checking"), "quiet")
        else:
            self.words.say(kit.text("summary.bad", n=bad) if bad else kit.text("summary.good"), "bad" if bad else "good")
        serves = facts.kiosk_id and facts.supervised
        told = [] if serves else [kit.text("summary.closed")]
        if skipped:
            names = kit.text("comma").join(kit.text(f"step.{step}") for step in skipped)
            told.append(kit.text("summary.skipped", names=names))
        self.lead.say(" ".join(told))
        self.again.say(kit.text("summary.again"))
        self.again.setEnabled(page.lines is not None)
        self.lines.show_lines(sorted(lines, key=lambda one: ("bad", "idle", "ok").index(one.state)), kit)


class FindingList(QWidget):
    """One row a finding; what is red has a button to its step: setup-go-PART."""

    sent = Signal(object)  # e.StepTouched

    def __init__(self) -> None:
        super().__init__()
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)
        self.rows: dict[str, tuple[Card, Words, Words, Action]] = {}

    def show_lines(self, lines: list[s.DoctorLine], kit: SetupKit) -> None:
        """Show the findings in this order."""
        for one in lines:
            card, words, more, go = self.rows.get(one.part) or self._made(one.part)
            self._box.removeWidget(card)
            self._box.addWidget(card)
            name = kit.strings.any_of(f"setup.finding.{one.part}.name", f"doctor.{one.part}.name", "setup.problem.unknown")
            told = kit.strings.any_of(
                f"setup.finding.{one.part}.{one.state}", f"doctor.{one.part}.{one.state}", "setup.problem.unknown"
            )
            mark = {"ok": "✓", "bad": "✗", "idle": "–"}[one.state]
            words.say(
                kit.text("summary.line", mark=mark, name=name, told=told), {"ok": "good", "bad": "bad"}.get(one.state, "quiet")
            )
            detail = kit.text("summary.detail", what=one.what, remedy=one.remedy) if one.remedy else one.what
            more.say(detail if one.state == "bad" else "")
            go.say(kit.text("summary.go"))
            go.setVisible(one.state == "bad" and one.part in PUT_RIGHT)
        shown = {one.part for one in lines}
        for part, (card, *_) in self.rows.items():
            card.setVisible(part in shown)

    def _made(self, part: str) -> tuple[Card, Words, Words, Action]:
        name = f"setup-finding-{part}"
        card, words, more = Card(name), Words(f"{name}-words"), Words(f"{name}-more", "small")
        go = Action(f"setup-go-{part}", "outlined")
        card.box.addLayout(row(words, go))
        card.box.addWidget(more)
        if part in PUT_RIGHT:
            go.clicked.connect(lambda _=False: self.sent.emit(e.StepTouched(PUT_RIGHT[part])))
        self.rows[part] = card, words, more, go
        return self.rows[part]


def _begin(field: Field, kit: SetupKit, draft: str, value: str) -> None:
    """Fill an empty field that nobody is typing in: with what was begun, else with what is in force."""
    if not field.text() and not field.hasFocus():
        field.setText(kit.facts.progress.drafts.get(draft, "") or value)
