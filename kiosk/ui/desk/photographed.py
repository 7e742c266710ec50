"""The papers of a declaration or of a unit list: the consent for pictures of them, and what was photographed."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.papers import papers_of
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.widgets import Action, Card, Tick, Words, row


class PhotographedPapers(Card):
    """A consent of its own first, then the camera."""

    sent = Signal(object)

    def __init__(self, name: str) -> None:
        """name: "declare" or "unit", of the texts too."""
        self._name = name
        self._title = Words(f"{name}-papers-title", "strong")
        super().__init__(f"{name}-papers", heading=self._title)
        self._review = Tick("review-consent")
        self._photograph = Action("paper-photograph", "outlined", icon="camera")
        self._pages = Words(f"{name}-pages", "small", "quiet")
        self._next = ""
        self.box.addWidget(self._review)
        self.box.addLayout(row(self._photograph, 1))
        self.box.addWidget(self._pages)
        self._review.toggled.connect(lambda on: self.sent.emit(e.ReviewConsented(on)))
        self._photograph.clicked.connect(self._open)

    def show_page(self, page: s.TakingDeclaration | s.Board, kit: DeskKit) -> None:
        """Fill from the page."""
        papers = papers_of(page)
        self._next = next((one for one in papers if one not in page.seen), papers[0])
        self._title.say(kit.text(f"{self._name}.papers"))
        self._review.say(kit.text(f"{self._name}.review"))
        with QSignalBlocker(self._review):
            self._review.setChecked(page.review)
        self._photograph.say(kit.text("assist.photograph"))
        self._photograph.setEnabled(page.review and not page.busy)
        names = [kit.text(f"paper_short.{one.name.removesuffix('.jpg')}") for one in page.documents]
        self._pages.say("\n".join(kit.text("assist.page", name=name) for name in names) or kit.text(f"{self._name}.no_pages"))

    def _open(self) -> None:
        if self._next:
            self.sent.emit(e.PaperCameraTouched(self._next))

    def clear(self) -> None:
        """Forget consent and pages."""
        with QSignalBlocker(self._review):
            self._review.setChecked(False)
        self._pages.say("")
        self._next = ""
