"""An attendant is called: still open, why, and that somebody comes. Never a dead end, and never a word like "done"."""

from __future__ import annotations

from kiosk.domain.calendar_days import add_months
from kiosk.domain.reasons import Reason
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.pages.open_visit import OpenSign, Ways
from kiosk.ui.widgets.flow import Card
from kiosk.ui.widgets.labels import IconLine, Sign
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.after_failure import to_do


class ReferredPage(Page[s.Referred]):
    """Failure is kind; "without face" is not failure at all."""

    name = "referred"
    step = ""
    leave = ""
    left_share = 0.42
    no_face = False
    says_called = True

    def build(self) -> None:
        self.now = IconLine("what-now", "wait")
        self.card = Card(self.now, gap=26)
        self.head.add(self.card)
        self.picture = Sign("help", 420)
        self.body.add(self.picture)
        self.saved = Text("saved", "label", "quiet", centred=True)
        self.body.add(self.saved)
        self.open = OpenSign(self)
        self.besides = Ways()
        self.foot.add(self.besides)
        self.review = self.button("review", "outlined", e.ReviewTouched(), icon="help", to=self.besides)
        self.visit = self.button("home-visit", "outlined", e.VisitTouched(), icon="place", to=self.besides)
        self.back = self.button("back-to-face", "outlined", e.BackTouched(), to=self.open.ways)

    def fill(self, state: s.Referred, kit: Kit) -> None:
        reason = f"reason.{state.reason}"
        self.open.fill(kit, stayed=state.stayed, waiting=True)
        self.title.say(kit.text(f"{reason}.title"))
        self.lead.say(kit.text(f"{reason}.why"))
        self.now.say(kit.text(f"reason.{to_do(state)}.now"))
        self.saved.say(kit.text("page.referred.saved") if state.record_ids else "")
        self.back.say(kit.text("page.referred.back"))
        from_age = kit.settings.home_visits.offered_from_age
        born_by = add_months(kit.now().date(), -12 * from_age) if from_age else None
        self.review.say(kit.text("page.referred.more.review"))
        self.review.setVisible(kit.settings.review.offered and s.failed_face(state) is not None)
        self.visit.say(kit.text("page.referred.more.visit"))
        self.visit.setVisible(s.visit_offered(state, born_by))
        self.besides.setVisible(not (self.review.isHidden() and self.visit.isHidden()))
        can_return = (
            state.reason is Reason.NO_FACE_WANTED
            and state.case is not None
            and state.case.visit.tries < kit.settings.liveness.tries_per_visit
        )
        self.back.setVisible(can_return)
