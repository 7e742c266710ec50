"""The set-up's pages with a device to look into or to lay a card on: camera, reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.ui.desk.widgets import Action, Chips, Words, row
from kiosk.ui.installation.base import OfferList, SetupKit, SetupPage
from kiosk.ui.theme import Look
from kiosk.ui.widgets.circle import CameraCircle
from kiosk.ui.widgets.kiosk_picture import PLACES, KioskPicture

if TYPE_CHECKING:
    import numpy as np


class SetupCameraPage(SetupPage):
    """The live picture, which camera, how it is turned; the ring is green when the face is well in the circle."""

    name = "setup-camera"

    def build(self) -> None:
        self.circle = CameraCircle("setup-circle")
        self.words = Words("setup-camera-words", "heading")
        self.lead = Words("setup-camera-lead", tone="quiet")
        self.offers = OfferList("setup-cameras")
        self.turn = self.on(Action("setup-camera-turn", "outlined", icon="desk-sync"), self._turn)
        self.again = self.on(Action("setup-camera-again", icon="desk-find"), e.LookAgainTouched())
        self.split([row(1, self.circle, 1)], [self.words, self.lead, self.offers, row(self.turn, self.again, 1)], (1, 1))
        self.box.addStretch(1)
        self.offers.taken.connect(self.sent)
        self._turned = 0

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.CameraStep):
            return
        self.title.say(kit.text("camera.title"))
        self.say_trouble(state, kit)
        self._turned = int(kit.value("camera.rotate") or 0)
        good = page.status == "up" and page.hint == ""
        if page.status == "opening":
            words, tone = kit.text("camera.opening"), "quiet"
        elif page.status != "up":
            words, tone = kit.why(page.status), "bad"
        elif page.hint is None:
            words, tone = kit.text("camera.up"), "quiet"
        else:
            words = kit.text("camera.good") if good else kit.strings.text(f"guidance.{page.hint}.title")
            tone = "good" if good else "wait"
        self.words.say(words, tone)
        self.circle.show_progress(1.0 if page.status == "up" and page.hint is not None else 0.0, good)
        self.circle.setAccessibleName(kit.text("camera.picture"))
        if page.status != "up":
            self.circle.clear()
        self.lead.say(kit.text("camera.seen" if page.seen else "camera.lead"))
        found = page.offers
        self.offers.show_offers(found or (), str(kit.value("camera.source")), kit.look)
        self.turn.say(kit.text("camera.turn", degrees=self._turned))
        self.again.say(kit.text("look_again" if found is not None else "looking"))

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a picture of the camera."""
        self.circle.show_frame(image_rgb)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        side = look.px(400 if look.landscape else 480)
        self.circle.setFixedSize(side, side)

    def clear(self) -> None:
        self.circle.clear()

    def _turn(self) -> object:
        return e.SettingTouched("camera.rotate", (self._turned + 90) % 360)


class ReaderPage(SetupPage):
    """Lay any card: what answered, at which port; where the reader is, as it is drawn for the people."""

    name = "setup-reader"

    def build(self) -> None:
        self.picture = KioskPicture("setup-reader-picture")
        self.place_words = Words("setup-place-words")
        self.places = Chips("setup-place", list(PLACES), columns=3)
        self.words = Words("setup-reader-words", "heading")
        self.answer = Words("setup-reader-answer")
        self.card = Words("setup-card-words", "strong")
        self.offers = OfferList("setup-ports")
        self.again = self.on(Action("setup-reader-again", icon="desk-find"), e.LookAgainTouched())
        self.split(
            [self.place_words, row(1, self.picture, 1), self.places],
            [self.words, self.answer, self.card, self.offers, row(self.again, 1)],
        )
        self.box.addStretch(1)
        self.offers.taken.connect(self.sent)
        self.places.chosen.connect(lambda key: self.sent.emit(e.SettingTouched("station.reader_place", key)))

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        if not isinstance(page, s.ReaderStep):
            return
        self.title.say(kit.text("reader.title"))
        self.say_trouble(state, kit)
        ready = page.status == "ready"
        if ready:
            self.words.say(
                kit.text("reader.ready" if page.card == "read" else "reader.lay"), "good" if page.card == "read" else "strong"
            )
        else:
            searching = page.status == "searching"
            self.words.say(kit.text("reader.searching") if searching else kit.why(page.status), "quiet" if searching else "bad")
        sam = page.sam or kit.text("reader.sam_untold")
        self.answer.say(kit.text("reader.answer", port=page.port or str(kit.value("reader.port")), sam=sam) if ready else "")
        if not page.card:
            self.card.say("")
        else:
            self.card.say(
                kit.text("reader.card_read") if page.card == "read" else kit.why(page.card),
                "good" if page.card == "read" else "bad",
            )
        self.offers.show_offers(page.offers or (), str(kit.value("reader.port")), kit.look)
        self.again.say(kit.text("look_again" if page.offers is not None else "looking"))
        place = str(kit.value("station.reader_place"))
        self.place_words.say(kit.text("reader.place"))
        self.places.say(lambda key: kit.text(f"place.{key}"))
        self.places.choose(place)
        self.picture.look = kit.look
        self.picture.show_place(place if place in PLACES else "below")
        self.picture.setAccessibleName(kit.text("reader.place"))

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.picture.setFixedSize(look.px(330), look.px(275))
