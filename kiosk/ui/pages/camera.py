"""In front of the camera: a mirror in a circle, one instruction, a drawn face that does it, ticks for what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.domain.light_pattern import Levels
from kiosk.domain.reasons import Action, Guidance
from kiosk.domain.take_view import TakeView
from kiosk.ui.pages.base import Kit, Page, friend_of
from kiosk.ui.theme import RADIUS_CARD, Look
from kiosk.ui.views import take_hint
from kiosk.ui.widgets.circle import CameraCircle
from kiosk.ui.widgets.face import FaceFigure
from kiosk.ui.widgets.flow import Stack
from kiosk.ui.widgets.light import paint_pattern
from kiosk.ui.widgets.progress import Step, StepBar
from kiosk.ui.widgets.text import Text, wrap
from kiosk.visit import events as e
from kiosk.visit import states as s

if TYPE_CHECKING:
    import numpy as np


_LEADS = (
    "lead",
    "away_lead",
    "wait_lead",
    "guide_lead",
    "hint_returning",
    "hint_too_early",
    "hint_wrong_way",
    "hint_larger",
    "hint_slower",
    "hint_weighing",
    "after_last_lead",
)


class ShowCard(Stack):
    """The small card with the drawn face: like this."""

    def __init__(self) -> None:
        self.face = FaceFigure("demonstration", 300)
        self.caption = Text("like-this", "small", "action", centred=True, bold=True)
        super().__init__(self.face, self.caption, gap=6, centred=True)
        self.pad = 16

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.look.colour("action"), self.look.px(4)))
        painter.setBrush(self.look.colour("card"))
        inset = self.look.px(4) / 2
        radius = self.look.px(RADIUS_CARD * 0.8)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), radius, radius)


class Mirror(QWidget):
    """The circle, with the demonstrating face beside it; where there is no room beside, over its lower right edge."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.circle = CameraCircle()
        self.show_card = ShowCard()
        for child in (self.circle, self.show_card):
            child.setParent(self)

    def set_look(self, look: Look) -> None:
        self.look = look
        self.circle.set_look(look)
        self.show_card.set_look(look)
        self.arrange()

    def need(self, width: int) -> int:
        return min(width, self.look.px(430))

    def want(self, width: int) -> int:
        return min(width, self.look.px(900))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Place circle and card: beside each other, or as far as there is room; then the card covers a corner of the square."""
        side = min(self.width(), self.height())
        card = max(self.look.px(230), int(side * 0.34))
        caption = self.show_card.caption.need(card)
        tall = card + caption
        reach = max(0, min(self.width() - side, card + self.look.px(16)))
        left = (self.width() - side) // 2 - reach // 2
        self.circle.setGeometry(left, (self.height() - side) // 2, side, side)
        self.show_card.setGeometry(
            min(self.width() - card, left + side - card + reach), (self.height() + side) // 2 - tall, card, tall
        )
        self.show_card.arrange()


class SteadyHead(Stack):
    """Title and lead, always as high as the longest of all that may stand here: the mirror never jumps while somebody acts."""

    def __init__(self, *children: Text) -> None:
        super().__init__(*children, gap=20, centred=True)
        self.longest: dict[Text, tuple[str, ...]] = {}

    def need(self, width: int) -> int:
        gap = self.look.space(self.gap, min(self.gap, 18))
        tall = [
            max((len(wrap(text, label.font_for(width), max(1, width))[0]) for text in texts), default=0) * label.step(width)
            for label, texts in self.longest.items()
        ]
        return max(super().need(width), sum(tall) + gap * max(0, len(tall) - 1))

    want = need

    def widest(self, width: int) -> float:
        """Return how wide the widest line is of all that may stand here."""
        lines = [
            length
            for label, texts in self.longest.items()
            for text in texts
            for _, length in wrap(text, label.font_for(width), max(1, width))[0]
        ]
        return max(lines, default=0.0)


class CameraPage(Page[s.Acting]):
    """Shows what the take says, nothing of its own. `prompt` carries action and now as it says them in words."""

    name = "camera"
    divisible = False
    step = "camera"
    leave = "back"
    body_low = True
    left_share = 0.52

    def build(self) -> None:
        self._kit: Kit | None = None
        self._practice = False
        self._ready = True
        self._view_key: object = None
        self._light: tuple[int, int, int] | None = None
        self._pattern: Levels | None = None
        self._cued = False  # something was asked for in this take: to go back now costs a try
        self._can_swap = True
        self._friend, self._take_id = "", 0
        self.head.items.clear()  # title and lead are the steady head's now: two that place them would fight
        self.head.hide()
        self.head = self.steady = SteadyHead(self.title, self.lead)
        self.head.setParent(self)
        self.head.show()  # a part that comes late is hidden: the first camera page of the day had no words
        self.title.setObjectName("prompt")
        self.mirror = Mirror()
        self.ticks = StepBar("actions", role="label", line=False)
        self.practice_note = Text("practice", "label", "action", centred=True, bold=True)
        self.body.add(self.mirror)
        self.head.add(self.practice_note)
        self.foot.add(self.ticks)
        self.swap = self.button("swap", "outlined", self._cannot)
        room = self.swap.sizePolicy()
        room.setRetainSizeWhenHidden(True)  # its room stays empty while it is hidden, so that the page does not jump
        self.swap.setSizePolicy(room)

    def leave_event(self) -> e.Event:
        """Before the first cue it is only a rest."""
        return e.BackTouched(before_cue=not self._cued)

    def _cannot(self) -> e.Event:
        return e.SwapTouched() if self._can_swap else e.HelpTouched()

    @property
    def circle(self) -> CameraCircle:
        """The mirror."""
        return self.mirror.circle

    def fill(self, state: s.Acting, kit: Kit) -> None:
        self._kit, self._practice, self._ready = kit, state.practice, state.camera_ready
        self._friend = friend_of(state.case)
        self._view_key = None
        if state.take_id != self._take_id:
            self._take_id, self._cued = state.take_id, False
        self.steady.longest = {
            self.title: self._titles(kit),
            self.lead: tuple(kit.text(f"page.camera.{key}") for key in _LEADS),
        }
        self.circle.setAccessibleName(kit.text("page.camera.circle_name"))
        self.practice_note.say(kit.text("page.camera.practice") if state.practice else "")
        if not state.camera_ready:
            self.circle.clear()
        self.show_take(None)

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show one picture of the camera in the mirror."""
        self.circle.show_frame(image_rgb)

    def show_take(self, view: TakeView | None) -> None:
        """Show where the take stands. Cheap when nothing but the progress moved."""
        if self._kit is None:
            return
        light = view.light if view is not None and self._ready else None
        pattern = view.light_pattern if view is not None and self._ready else None
        if (light, pattern) != (self._light, self._pattern):
            self._light, self._pattern = light, pattern
            self.update()
        if view is not None and self._ready:
            self.circle.show_progress(view.progress, view.guidance is None)
            self.circle.show_cue(view.now and view.guidance is None and not view.weighing)
            self._cued = self._cued or view.now or bool(view.done_actions)
        key = (
            None
            if view is None
            else (
                view.guidance,
                view.action,
                view.now,
                view.action_index,
                view.action_count,
                tuple(view.done_actions),
                take_hint(view),
                view.can_swap,
                view.digits,
            )
        )
        if key == self._view_key and view is not None:
            return
        self._view_key = key
        kit = self._kit
        title, lead, action, now = self._words(view, kit)
        self.title.say(title)
        self.title.setProperty("action", action)
        self.title.setProperty("now", now)
        self.title.setProperty("digits", view.digits if view is not None else "")
        self.lead.say(lead)
        shown = view.action if view is not None and view.guidance is None and self._ready else None
        self.mirror.show_card.setVisible(shown is not None)
        self.mirror.show_card.face.show_action(shown, waiting=not now)
        self.mirror.show_card.caption.say(kit.text("page.camera.like_this" if now else "page.camera.ready_caption"))
        # The button keeps its place: where no other kind of action can be had, somebody can be called.
        self._can_swap = view is None or view.action is None or view.can_swap
        self.swap.say(kit.text("page.camera.swap" if self._can_swap else "page.camera.swap_help"))
        self.swap.setVisible(shown is not None)
        self._fill_ticks(view, kit)
        self.set_look(self.look)
        self.update()  # the calm ground under the words is this page's own, and words have moved

    def _words(self, view: TakeView | None, kit: Kit) -> tuple[str, str, str, bool]:
        self.lead.colour, self.lead.bold = "quiet", None
        if not self._ready:
            return kit.text("page.camera.away"), kit.text("page.camera.away_lead"), "", False
        if view is not None and view.guidance is not None:
            return kit.text(f"guidance.{view.guidance}.title"), kit.text("page.camera.guide_lead"), "", False
        if view is not None and view.action is not None:
            action, hint = f"action.{view.action}", take_hint(view)
            lead = kit.text(f"page.camera.hint_{hint}") if hint else ""
            self.lead.colour, self.lead.bold = ("action", True) if hint else ("quiet", None)
            digits = f" {' '.join(view.digits)}" if view.digits else ""
            if view.now:
                return kit.text(f"{action}.now") + digits, lead or kit.text(f"{action}.how"), str(view.action), True
            return kit.text(f"{action}.ready") + digits, lead or kit.text("page.camera.wait_lead"), str(view.action), False
        if view is not None and view.done_actions and len(view.done_actions) >= view.action_count:
            return kit.text("page.camera.after_last"), kit.text("page.camera.after_last_lead"), "", False
        return self._opening(kit), kit.text("page.camera.lead"), "", False

    def _opening(self, kit: Kit) -> str:
        if self._friend:
            return kit.text("page.camera.title_other", name=self._friend)
        return kit.text("page.camera.title")

    def _titles(self, kit: Kit) -> tuple[str, ...]:
        return (
            self._opening(kit),
            *(kit.text(f"guidance.{code}.title") for code in Guidance),
            *(kit.text(f"action.{code}.{key}") for code in kit.settings.liveness.allowed for key in ("ready", "now")),
            *(kit.text(f"action.{Action.READ_DIGITS}.{key}") + " 0 0 0 0" for key in ("ready", "now") if self._reads(kit)),
            kit.text("page.camera.away"),
            kit.text("page.camera.after_last"),
        )

    @staticmethod
    def _reads(kit: Kit) -> bool:
        return kit.settings.liveness.digits != "off"

    def _fill_ticks(self, view: TakeView | None, kit: Kit) -> None:
        done = () if view is None else tuple(view.done_actions)
        count = view.action_count if view is not None and view.action_count else kit.settings.liveness.actions
        steps = [Step(kit.text(f"action.{action}.name"), "done") for action in done]
        if view is not None and view.action is not None and len(done) < count:
            steps.append(Step(kit.text(f"action.{view.action}.name"), "now"))
        while len(steps) < count:
            steps.append(Step(kit.text("page.camera.later"), "later"))
        words = "; ".join(kit.text(f"page.camera.action_{step.mark}", action=step.text) for step in steps)
        self.ticks.show_steps(tuple(steps), words)
        self.ticks.setVisible(bool(steps))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shine in the colour or the pattern of the light checks, where one is switched on: the face answers it."""
        if self._light is not None:
            QPainter(self).fillRect(self.rect(), QColor(*self._light))
        elif self._pattern is not None:
            painter = QPainter(self)
            paint_pattern(painter, QRectF(self.rect()), self._pattern)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.look.colour("paper"))
            pad, radius = self.look.px(14), self.look.px(RADIUS_CARD)
            for calm in self._calm():  # what is read stays as calm as on any page
                painter.drawRoundedRect(calm.adjusted(-pad, -pad, pad, pad), radius, radius)
            painter.drawEllipse(QRectF(self.circle.mapTo(self, QPoint(0, 0)), QSizeF(self.circle.size())))

    def _calm(self) -> list[QRectF]:
        """Where words stand, no larger than the longest that may stand there: all else carries the light."""
        out = [QRectF(box).translated(QPointF(self.ticks.mapTo(self, QPoint(0, 0)))) for box in self.ticks.words()]
        wide = self.steady.widest(self.steady.width())
        at = QRectF(self.steady.mapTo(self, QPoint(0, 0)), QSizeF(self.steady.size()))
        out.append(QRectF(at.center().x() - wide / 2, at.top(), wide, at.height()))
        return out

    def clear(self) -> None:
        super().clear()
        self._light = self._pattern = None
        self._friend, self._cued, self._take_id = "", False, 0
        self.steady.longest = {}
        self.circle.clear()
        self._kit, self._view_key = None, None
        self.title.setProperty("action", "")
        self.title.setProperty("now", False)
        self.title.setProperty("digits", "")
        self.mirror.show_card.face.show_action(None)
        self.ticks.clear()
