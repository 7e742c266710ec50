"""The cards of the form in `assist`, one a subject: benefits, the agent, the agent's papers, why no face, glasses, signatures."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from kiosk.desk import states as s
from kiosk.desk.checks import WHYS
from kiosk.desk.events import AgentTyped
from kiosk.desk.values import Document
from kiosk.domain.desk_rules import PROXIES, PROXY_PAPERS
from kiosk.domain.documents import TYPED
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.identity import DocumentKind
from kiosk.domain.outcome import Glasses
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.drawing import SignaturePad
from kiosk.ui.desk.file_choice import FileChoice
from kiosk.ui.desk.widgets import Action, Card, Chips, Field, Tick, Words, row
from kiosk.ui.theme import Look

# What is wrong with a typed identity is said beside it, too: the foot of the form lies below what is seen of it.
_OF_THE_AGENT = frozenset({"name-missing", "number-odd-again", "day-unread", "document-expired", "agent-is-principal"})


class _HeadedCard(Card):
    """A card of the form under its heading, `desk.assist.NAME`."""

    def __init__(self, name: str) -> None:
        self.heading = Words(f"{name}-heading", "strong")
        super().__init__(f"assist-{name}", heading=self.heading)
        self._heading_key = f"assist.{name}"

    def say_heading(self, kit: DeskKit) -> None:
        """Set the heading."""
        self.heading.say(kit.text(self._heading_key))


class BenefitsCard(_HeadedCard):
    """Which of the due benefits are certified."""

    def __init__(self) -> None:
        super().__init__("benefits")
        self._ticks_box = QVBoxLayout()
        self.box.addLayout(self._ticks_box)
        self._ticks: dict[str, Tick] = {}

    def offer(self, due: tuple[Eligibility, ...], kit: DeskKit, look: Look) -> None:
        """Show what is due, all of it ticked."""
        for item in due:
            tick = Tick(f"benefit-{item.benefit_id}").say(f"{kit.benefit(item.benefit_kind)}:  {kit.rule(item)}")
            tick.setChecked(True)
            tick.set_look(look)
            self._ticks_box.addWidget(tick)
            self._ticks[item.benefit_id] = tick

    def chosen(self) -> tuple[str, ...]:
        """Return the ids of the ticked benefits."""
        return tuple(benefit for benefit, tick in self._ticks.items() if tick.isChecked())

    def clear(self) -> None:
        """Take the ticks away."""
        for tick in self._ticks.values():
            tick.hide()
            tick.setParent(None)
            tick.deleteLater()
        self._ticks = {}


class AgentCard(_HeadedCard):
    """Who acts for the person: by which right, and the agent's card or typed identity. `take`: the typed one is to be taken."""

    def __init__(self) -> None:
        super().__init__("agent")
        self.kind = Chips("proxy-kind", [channel.value for channel in PROXIES])
        self._who = Words("agent-who")
        self.document = Chips("agent-document", [kind.value for kind in TYPED], columns=2)
        self.document.choose(TYPED[0].value)
        self.document.chosen.connect(lambda _: self._show_term())
        # Long enough for both lines of a passport's MRZ, as a scanner types them.
        self.name, self.number = Field("agent-name", limit=60), Field("agent-number", digits=True, limit=100)
        self.valid_to = Field("agent-valid-to", digits=True, limit=10)
        self.take = Action("agent-take", "outlined")
        self.told = Words("agent-problem", tone="bad")
        self._mrz = ""
        self.box.addWidget(self.kind)
        self.box.addWidget(self._who)
        self.box.addWidget(self.document)
        for field in (self.name, self.number, self.valid_to):
            self.box.addWidget(field)
        self.box.addWidget(self.told)
        self.box.addLayout(row(self.take, 1))

    def show_page(self, page: s.Assisting, kit: DeskKit) -> None:
        """Fill from the page."""
        self.say_heading(kit)
        self.setVisible(page.channel in PROXIES)
        self.told.say(kit.problem(page.problem) if page.problem in _OF_THE_AGENT else "")
        self.kind.say(lambda key: kit.text(f"channel.{key}"))
        self.kind.choose(page.channel.value)
        self._who.say(
            kit.text("assist.agent_is", who=kit.who(page.agent)) if page.agent else kit.text("assist.agent_hint"),
            "good" if page.agent else "quiet",
        )
        if page.mrz and page.mrz != self._mrz:  # a passport that was photographed fills number and term, as a scanner would
            self._mrz = page.mrz
            self.number.setText(page.mrz)
            self.document.choose(DocumentKind.PASSPORT.value)
        if page.mrz and page.agent is None:
            self._who.say(kit.text("assist.passport_read"), "good")
        self.name.say(kit.text("assist.agent_name"))
        self.number.say(kit.text("assist.agent_number"))
        self.valid_to.say(kit.text("assist.agent_valid_to"))
        self.document.say(lambda key: kit.text(f"document.{key}"))
        self.take.say(kit.text("assist.agent_take"))
        self._show_term()

    def typed(self) -> AgentTyped:
        """Return what was typed."""
        kind = DocumentKind(self.document.key)
        term = "" if kind is DocumentKind.RESIDENT else self.valid_to.text()
        return AgentTyped(self.name.text(), self.number.text(), kind, term)

    def _show_term(self) -> None:
        self.valid_to.setVisible(self.document.key != DocumentKind.RESIDENT.value)

    def clear(self) -> None:
        """Empty the fields."""
        self._mrz = ""
        for field in (self.name, self.number, self.valid_to):
            field.clear()
        self.document.choose(TYPED[0].value)


class PapersCard(_HeadedCard):
    """The agent's papers: which were shown, pictures of them by the kiosk's camera or from a stick, and the consent for those."""

    def __init__(self) -> None:
        super().__init__("papers")
        self._ticks = {paper: Tick(f"paper-{paper}") for paper in PROXY_PAPERS}
        for tick in self._ticks.values():
            self.box.addWidget(tick)
        self.review = Tick("review-consent")
        self.photograph = Action("paper-photograph", "outlined", icon="camera")
        self.from_medium = Action("paper-from-stick", "outlined", icon="desk-stick")
        self.files = FileChoice("scan")
        self._scans = Words("scans", "small")
        self.box.addWidget(self.review)
        for button in (self.photograph, self.from_medium):  # below each other: beside, English is wider than a small screen
            self.box.addLayout(row(button, 1))
        self.box.addWidget(self.files)
        self.box.addWidget(self._scans)
        self.next_paper = PROXY_PAPERS[0]
        self._seen: tuple[str, ...] = ()

    def show_page(self, page: s.Assisting, kit: DeskKit, look: Look) -> None:
        """Fill from the page."""
        self.say_heading(kit)
        self.setVisible(page.channel in PROXIES)
        self.next_paper = next((paper for paper in PROXY_PAPERS if paper not in page.seen), PROXY_PAPERS[0])
        for paper, tick in self._ticks.items():
            tick.say(kit.text(f"paper.{paper}"))
            if (paper in page.seen) is not (paper in self._seen):  # laid, photographed, or no longer: another agent was typed
                tick.setChecked(paper in page.seen)
            tick.setEnabled(paper not in page.seen)
        self.review.say(kit.text("assist.review"))
        self.review.setChecked(page.review)
        self.photograph.say(kit.text("assist.photograph"))
        self.photograph.setEnabled(page.review and not page.busy)
        self.from_medium.say(kit.text("assist.from_stick"))
        self.from_medium.setEnabled(not page.scanning and not page.busy)
        self.files.setVisible(page.listed)
        self.files.offer(page.files, kit, look)
        self._seen = page.seen
        self._show_documents(page, kit)

    def _show_documents(self, page: s.Assisting, kit: DeskKit) -> None:
        """Name and digest: a file stays where it is, a page in the store, unless a consent of its own sends it to review."""
        lines = [f"{self._name_of(one, kit)}  SHA-256 {one.digest[:12]}…" for one in page.documents]
        if page.scan_bad:
            self._scans.say(kit.text("assist.scan_bad"), "bad")
        else:
            self._scans.say(kit.text("loading") if page.scanning else "\n".join(lines) or kit.text("assist.scan_none"), "quiet")

    @staticmethod
    def _name_of(document: Document, kit: DeskKit) -> str:
        if not document.page_id:
            return document.name
        name = kit.text(f"paper_short.{document.name.removesuffix('.jpg')}")
        return kit.text("assist.page_flawed", name=name) if document.flawed else kit.text("assist.page", name=name)

    def shown(self) -> tuple[str, ...]:
        """Return the papers that were ticked."""
        return tuple(paper for paper, tick in self._ticks.items() if tick.isChecked())

    def clear(self) -> None:
        """Forget papers and files."""
        for box in (self.review, *self._ticks.values()):
            box.setChecked(False)
        self.files.choose(None)
        self._seen = ()


class WhyCard(_HeadedCard):
    """Why it is not done by face, and that person and card were seen."""

    def __init__(self) -> None:
        super().__init__("why")
        self.chips = Chips("why", [why.value for why in WHYS], columns=3)
        self._saw_person, self._saw_card = Tick("saw-person"), Tick("saw-card")
        self.box.addWidget(self.chips)
        self.box.addLayout(row(self._saw_person, self._saw_card))

    def show_page(self, page: s.Assisting, kit: DeskKit) -> None:
        """Fill from the page."""
        self.say_heading(kit)
        self.setVisible(page.channel not in PROXIES)
        self.chips.say(lambda key: kit.text(f"why.{key}"))
        self._saw_person.say(kit.text("assist.saw_person"))
        self._saw_card.say(kit.text("assist.saw_card"))

    def saw(self) -> tuple[bool, bool]:
        """Return whether the attendant saw the person, and the card."""
        return self._saw_person.isChecked(), self._saw_card.isChecked()

    def clear(self) -> None:
        """Choose nothing."""
        self._saw_person.setChecked(False)
        self._saw_card.setChecked(False)
        self.chips.choose("")


class GlassesCard(_HeadedCard):
    """Whether the person wears glasses: only where takes failed whose group the answer puts right, nobody else is asked."""

    def __init__(self) -> None:
        super().__init__("glasses")
        self.worn = Chips("glasses", [Glasses.YES.value, Glasses.NO.value])
        self.box.addWidget(self.worn)

    @staticmethod
    def asks(page: s.Assisting) -> bool:
        """Return whether the question is put on this page."""
        return bool(page.found.counted) and page.channel not in PROXIES

    def show_page(self, page: s.Assisting, kit: DeskKit) -> None:
        """Fill from the page."""
        self.say_heading(kit)
        self.setVisible(self.asks(page))
        self.worn.say(lambda key: kit.text(f"assist.glasses_{key}"))

    def clear(self) -> None:
        """Choose nothing."""
        self.worn.choose("")


class SignaturesCard(_HeadedCard):
    """Both signatures: the person's or agent's, and the attendant's."""

    def __init__(self) -> None:
        super().__init__("signs")
        self.person, self.staff = SignaturePad("sign-person"), SignaturePad("sign-staff")
        self._cannot = Tick("cannot-sign")
        self._wipe = Action("sign-wipe", icon="delete")
        self._wipe.clicked.connect(lambda: self.wipe())
        self.box.addLayout(row(self.person, self.staff))
        self.box.addWidget(self._cannot)
        self.box.addLayout(row(self._wipe, 1))

    def show_page(self, page: s.Assisting, kit: DeskKit) -> None:
        """Fill from the page."""
        self.say_heading(kit)
        proxy = page.channel in PROXIES
        self._cannot.setVisible(not proxy)
        self.person.say(kit.text("assist.sign_agent" if proxy else "assist.sign_person"))
        self.staff.say(kit.text("assist.sign_staff", name=kit.session.name if kit.session else ""))
        self._cannot.say(kit.text("assist.cannot_sign"))
        self._wipe.say(kit.text("assist.wipe"))

    def cannot_sign(self) -> bool:
        """Return whether the person cannot sign."""
        return self._cannot.isChecked()

    def wipe(self) -> None:
        """Wipe both pads."""
        self.person.clear()
        self.staff.clear()

    def clear(self) -> None:
        """Wipe, and untick."""
        self._cannot.setChecked(False)
        self.wipe()
