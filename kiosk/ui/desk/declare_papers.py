"""The papers of a declaration: the consent for pictures of them, and what was photographed. For the page of a declaration."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.domain.desk_rules import DECLARATION_PAPERS
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.widgets import Action, Card, Tick, Words, row


class DeclarationPapers(Card):
    """A consent of its own first, then the camera."""

    sent = Signal(object)

    def __init__(self) -> None:
        self._title = Words("declare-papers-title", "strong")
        super().__init__("declare-papers", heading=self._title)
        self._review = Tick("review-consent")
        self._photograph = Action("paper-photograph", "outlined", icon="camera")
        self._pages = Words("declare-pages", "small", "quiet")
        self._seen: tuple[str, ...] = ()
        self.box.addWidget(self._review)
        self.box.addLayout(row(self._photograph, 1))
        self.box.addWidget(self._pages)
        self._review.toggled.connect(lambda on: self.sent.emit(e.ReviewConsented(on)))
        self._photograph.clicked.connect(self._open)

    def show_page(self, page: s.TakingDeclaration, kit: DeskKit) -> None:
        """Fill from the page."""
        self._seen = page.seen
        self._title.say(kit.text("declare.papers"))
        self._review.say(kit.text("declare.review"))
        with QSignalBlocker(self._review):
            self._review.setChecked(page.review)
        self._photograph.say(kit.text("assist.photograph"))
        self._photograph.setEnabled(page.review and not page.busy)
        names = [kit.text(f"paper_short.{one.name.removesuffix('.jpg')}") for one in page.documents]
        self._pages.say("\n".join(kit.text("assist.page", name=name) for name in names) or kit.text("declare.no_pages"))

    def _open(self) -> None:
        paper = next((one for one in DECLARATION_PAPERS if one not in self._seen), DECLARATION_PAPERS[0])
        self.sent.emit(e.PaperCameraTouched(paper))

    def clear(self) -> None:
        """Forget consent and pages."""
        with QSignalBlocker(self._review):
            self._review.setChecked(False)
        self._pages.say("")
        self._seen = ()
