"""Photographing papers: what the camera sees with the outline of the sheet, the page that was taken, whether it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from kiosk.desk import events as e
from kiosk.desk.papers import Papered, usable
from kiosk.domain.desk_rules import PROXY_PAPERS
from kiosk.ui.desk.base import DeskKit, DeskPage, Shown
from kiosk.ui.desk.look import GAP, PAD
from kiosk.ui.desk.widgets import Action, Chips, Words, column, row
from kiosk.ui.theme import Look

if TYPE_CHECKING:
    import numpy as np


class Picture(QWidget):
    """A picture as large as fits, whole and not mirrored, with an outline over it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.quad: tuple[tuple[float, float], ...] = ()
        self._look = Look()
        self._image = QImage()
        self._pixels: object = None  # QImage does not own the buffer it shows

    def set_look(self, look: Look) -> None:
        """Take on colours."""
        self._look = look
        self.update()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return self._image.isNull()

    def show_image(self, image_rgb: np.ndarray) -> None:
        """Show a picture: uint8 (height, width, 3) RGB, not changed by anybody afterwards."""
        height, width = image_rgb.shape[:2]
        self._pixels = image_rgb
        self._image = QImage(image_rgb.data, width, height, image_rgb.strides[0], QImage.Format.Format_RGB888)
        self.update()

    def outline(self, quad: tuple[tuple[float, float], ...]) -> None:
        """Draw an outline in shares of the picture; empty: none."""
        self.quad = quad
        self.update()

    def clear(self) -> None:
        """Forget the picture."""
        self._image, self._pixels, self.quad = QImage(), None, ()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect())
        painter.fillRect(area, self._look.colour("track"))
        if self._image.isNull():
            return
        scale = min(area.width() / self._image.width(), area.height() / self._image.height())
        target = QRectF(0, 0, self._image.width() * scale, self._image.height() * scale)
        target.moveCenter(area.center())
        painter.drawImage(target, self._image)
        if len(self.quad) == 4:
            painter.setPen(QPen(self._look.colour("action"), self._look.px(8), Qt.PenStyle.SolidLine))
            painter.drawPolygon(
                QPolygonF([QPointF(target.left() + x * target.width(), target.top() + y * target.height()) for x, y in self.quad])
            )


class PaperCamera(QWidget):
    """In place of the form while papers are photographed: one touch a page, then the next paper."""

    sent = Signal(object)

    def __init__(self, papers: tuple[str, ...] = PROXY_PAPERS) -> None:
        """papers: of the form that it stands in the place of."""
        super().__init__()
        self.setObjectName("paper-camera")
        self._last = ""  # page id of what "not this one" means
        self.which = Chips("camera-paper", papers)
        self.which.chosen.connect(lambda key: self.sent.emit(e.PaperCameraTouched(key)))
        self._hint = Words("camera-hint", tone="quiet")
        self._live, self._taken = Picture("paper-live"), Picture("paper-taken")
        self._verdict = Words("camera-verdict", "heading")
        self._count = Words("camera-count", tone="quiet")
        self._shoot = Action("paper-shoot", "primary", icon="camera")
        self._anyway, self._again = Action("paper-anyway", "outlined", icon="tick"), Action("paper-drop", "danger", icon="bin")
        self._close = Action("back", icon="back")
        self._shoot.clicked.connect(lambda: self.sent.emit(e.ShootTouched()))
        self._anyway.clicked.connect(lambda: self.sent.emit(e.UseAnywayTouched()))
        self._again.clicked.connect(lambda: self.sent.emit(e.PageDropTouched(self._last)))
        self._close.clicked.connect(lambda: self.sent.emit(e.PaperCameraClosed()))
        self._box = QVBoxLayout(self)
        beside = column(self._verdict, self._taken, self._anyway, self._again, self._count)
        for place, share in enumerate((0, 1, 0, 0, 0)):
            beside.setStretch(place, share)
        beside.addStretch()  # while there is no page yet, the words stand together at the top
        self._pictures = row(self._live, beside)
        self._pictures.setStretch(0, 3)
        self._pictures.setStretch(1, 2)
        self._box.addWidget(self.which)
        self._box.addWidget(self._hint)
        self._box.addLayout(self._pictures, 1)
        self._box.addLayout(row(self._close, 1, self._shoot))

    def show_page(self, page: Papered, kit: DeskKit) -> None:
        """Fill from the form; does nothing while nothing is photographed."""
        camera = page.camera
        if camera is None:
            self.clear()
            return
        self.which.say(lambda key: ("✓ " if key in page.seen else "") + kit.text(f"paper_short.{key}"))
        self.which.choose(camera.paper)
        self._hint.say(kit.text("photo.hint", paper=kit.text(f"paper.{camera.paper}")))
        self._live.setAccessibleName(kit.text("photo.live"))
        self._taken.setAccessibleName(kit.text("photo.taken"))
        self._shoot.say(kit.text("photo.looking") if camera.busy else kit.text("photo.again" if camera.flaws else "photo.shoot"))
        self._shoot.setEnabled(not camera.busy)
        pages = [one for one in page.documents if one.page_id]
        self._last = camera.last if any(one.page_id == camera.last for one in pages) else ""
        good = bool(self._last) and not camera.flaws and not camera.busy and not camera.problem
        if camera.problem:
            self._verdict.say(kit.problem(camera.problem), "bad")
        elif camera.flaws:
            self._verdict.say(kit.text(f"photo.flaw.{camera.flaws[0]}"), "bad")
        else:
            self._verdict.say(kit.text("photo.good") if good else kit.text("photo.none_yet"), "good" if good else "quiet")
        if not (good or camera.flaws or camera.busy):
            self._taken.clear()
        self._taken.setVisible(not self._taken.empty)
        self._anyway.say(kit.text("photo.anyway"))
        self._anyway.setVisible(bool(camera.flaws) and usable(camera.flaws) and not camera.busy)
        self._again.say(kit.text("photo.drop"))
        self._again.setVisible(good)
        self._count.say(kit.text("photo.count", count=len(pages)))
        self._close.say(kit.text("photo.close"))

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show what the camera sees; a picture that comes late is looked at by nobody."""
        if not self.isHidden():
            self._live.show_image(image_rgb)

    def show_outline(self, quad: tuple[tuple[float, float], ...]) -> None:
        """Draw the sheet's outline, in shares of the picture."""
        self._live.outline(quad if not self.isHidden() else ())

    def show_taken(self, image_rgb: np.ndarray) -> None:
        """Show the page that was taken."""
        self._taken.show_image(image_rgb)
        self._taken.setVisible(True)

    def set_look(self, look: Look) -> None:
        """Take on sizes."""
        pad = look.px(PAD)
        self._box.setContentsMargins(pad, pad, pad, pad)
        self._box.setSpacing(look.px(GAP))
        self._live.setMinimumHeight(look.px(220))
        ways = QBoxLayout.Direction
        self._pictures.setDirection(ways.LeftToRight if look.landscape else ways.TopToBottom)  # else a sheet were half as large

    def clear(self) -> None:
        """Forget every picture."""
        self._live.clear()
        self._taken.clear()
        self._verdict.say("")


class PhotographingPage(DeskPage[Shown]):
    """A page that papers are photographed on: what the camera brings is shown in its `camera`."""

    camera: PaperCamera

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show what the camera sees while papers are photographed."""
        self.camera.show_frame(image_rgb)

    def show_outline(self, quad: tuple[tuple[float, float], ...]) -> None:
        """Show where the sheet is seen, in shares of the picture."""
        self.camera.show_outline(quad)

    def show_taken(self, image_rgb: np.ndarray) -> None:
        """Show the page that was taken."""
        self.camera.show_taken(image_rgb)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.camera.set_look(look)
