"""Hold the card up to the camera: the picture, where the card belongs, and one hint at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.domain.take_view import ScanView
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.card_camera import CardCamera
from kiosk.ui.widgets.text import Text
from kiosk.visit import states as s

if TYPE_CHECKING:
    import numpy as np


class ScanPage(Page[s.ScanningCard]):
    """Front, then back. Nothing of a picture is kept."""

    name = "scan"
    divisible = False
    step = "card"
    leave = "back"
    body_low = True
    left_share = 0.56

    def build(self) -> None:
        self._kit: Kit | None = None
        self._shown: object = None
        self.camera = CardCamera()
        self.body.add(self.camera)
        self.front = Text("front-done", "body", "done", centred=True, bold=True)
        self.privacy = Text("privacy", "label", "quiet", centred=True)
        self.head.add(self.front)
        self.foot.add(self.privacy)

    def fill(self, state: s.ScanningCard, kit: Kit) -> None:
        self._kit, self._shown = kit, None
        page = "page.code" if state.code else "ocr.page"
        self.title.say(kit.text(f"{page}.title" if state.camera_ready else "page.camera.away"))
        self.lead.say(kit.text(f"{page}.lead" if state.camera_ready else "page.camera.away_lead"))
        self.privacy.say(kit.text(f"{page}.privacy"))
        self.front.say("")
        if not state.camera_ready:
            self.camera.clear()

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show one picture of the camera."""
        self.camera.show_frame(image_rgb)

    def show_scan(self, view: ScanView) -> None:
        """Show where the scan stands. Cheap when only the progress moved."""
        if self._kit is None:
            return
        self.camera.show_progress(view.progress, view.quad)
        key = (str(view.guidance), view.masked_name)
        if key != self._shown:
            self._shown = key
            self.title.say(self._kit.text(f"ocr.guidance.{view.guidance}.title"))
            self.front.say(f"{self._kit.text('ocr.page.front_done')}  {view.masked_name}" if view.masked_name else "")
            self.set_look(self.look)

    def clear(self) -> None:
        super().clear()
        self._kit = None
        self.front.say("")
        self.camera.clear()
