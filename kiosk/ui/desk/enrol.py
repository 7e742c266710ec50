"""Enrolment of a face template: the separate consent first, then a look into the camera, then it is kept; or it is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.domain.take_view import TakeView
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.widgets import Action, Card, Words, row
from kiosk.ui.theme import Look
from kiosk.ui.widgets.circle import CameraCircle

if TYPE_CHECKING:
    import numpy as np


class EnrolPage(DeskPage[s.Enrolling]):
    """Three steps, one below the other; each opens the next."""

    name = "enrol"

    def build(self) -> None:
        self.who = Words("enrol-who", "heading")
        self.consent = Card("enrol-consent", heading=Words("enrol-consent-title", "strong"))
        self.consent_text = Words("enrol-consent-text")
        self.agree = self.on(Action("enrol-agree", "outlined", icon="tick"), e.EnrolConsented())
        self.consent.box.addWidget(self.consent_text)
        self.consent.box.addLayout(row(self.agree, 1))
        self.camera = Card("enrol-camera", heading=Words("enrol-camera-title", "strong"))
        self.prompt = Words("enrol-prompt", "heading")
        self.circle = CameraCircle("enrol-circle")
        self.look_button = self.on(Action("enrol-look", "primary", icon="camera"), e.LookTouched())
        self.camera.box.addWidget(self.prompt)
        self.camera.box.addLayout(row(1, self.circle, 1))
        self.photo = self.on(Action("enrol-photo", "outlined", icon="person"), e.PhotoTouched("photo"))
        self.chip = self.on(Action("enrol-chip", "outlined", icon="card"), e.PhotoTouched("chip"))
        self.photo_text = Words("enrol-photo-text", "small")
        self.camera.box.addLayout(row(self.look_button, self.photo, self.chip, 1))
        self.camera.box.addWidget(self.photo_text)
        self.keep = self.on(Action("enrol-keep", "primary", icon="shield"), e.KeepTouched())
        self.erase = self.on(Action("enrol-erase", "danger", icon="bin"), e.EraseTouched())
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.box.addWidget(self.who)
        self.split((self.consent,), (self.camera,), (2, 3))
        self.box.addLayout(row(self.back, self.erase, 1, self.keep))
        self.box.addStretch(1)

    def show_page(self, page: s.Enrolling, kit: DeskKit) -> None:
        entry = page.found.entry
        template = entry.template if entry else None
        self.title.say(kit.text("person.refresh" if template else "person.enrol"))
        self.say_problem(page, kit)
        self.who.say(kit.who(page.found.person))
        for name, part in (("enrol-consent-title", "enrol.consent"), ("enrol-camera-title", "enrol.camera")):
            heading = self.findChild(Words, name)
            if heading is not None:
                heading.say(kit.text(part))
        self.consent_text.say(kit.text("enrol.consent_text"))
        self.agree.say(kit.text("enrol.agreed" if page.consented else "enrol.agree"))
        self.agree.setEnabled(not page.consented)
        self.look_button.say(kit.text("enrol.again" if page.take_id else "enrol.look"))
        self.look_button.setEnabled(page.consented and not page.looking and not page.busy)
        live = template is not None and template.origin == "live"
        for button, key, there in ((self.photo, "photo", not live), (self.chip, "chip", not live and page.chip)):
            button.say(kit.text(f"enrol.{key}"))
            button.setVisible(there and not page.looking)
            button.setEnabled(self.look_button.isEnabled())
        self.photo_text.say(kit.text("enrol.photo_text"))
        self.photo_text.setVisible(not live and not page.looking)
        self.circle.setVisible(page.looking)
        self.circle.setAccessibleName(kit.text("enrol.camera"))
        if not page.looking:
            self.circle.clear()
            ready = "enrol.ready" if page.origin == "live" else "enrol.ready_photo"
            self._say_prompt(kit.text(ready) if page.ready else kit.text("enrol.wait"), "", False)
        elif page.origin != "live":
            self._say_prompt(kit.text("enrol.lay_photo"), "", False)
        self.keep.say(kit.text("saving") if page.busy else kit.text("enrol.keep"))
        self.keep.setEnabled(page.ready and page.consented and not page.busy)
        self.erase.say(kit.text("enrol.erase"))
        self.erase.setVisible(template is not None)
        self.erase.setEnabled(not page.busy)
        self.back.say(kit.text("back"))

    def show_take(self, view: TakeView, kit: DeskKit) -> None:
        """Show where the take stands, in the retiree's own words: the attendant reads them aloud."""
        self.circle.show_progress(view.progress, view.guidance is None)
        text = kit.strings.text
        if view.guidance is not None:
            self._say_prompt(text(f"guidance.{view.guidance}.title"), "", False)
        elif view.action is not None:
            words = "now" if view.now else "ready"
            self._say_prompt(text(f"action.{view.action}.{words}"), str(view.action), view.now)
        else:
            self._say_prompt(text("page.camera.title"), "", False)

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a picture in the mirror."""
        self.circle.show_frame(image_rgb)

    def _say_prompt(self, words: str, action: str, now: bool) -> None:
        self.prompt.say(words)
        self.prompt.setProperty("action", action)
        self.prompt.setProperty("now", now)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        side = look.px(420 if look.landscape else 560)
        self.circle.setFixedSize(side, side)

    def clear(self) -> None:
        self.who.say("")
        self.circle.clear()
        self._say_prompt("", "", False)
