"""How a page fits its screen: three parts below each other or in two columns, denser where needed, as two leaves where it must be.

Base of `pages.base.Page` alone. Nothing is clipped, nothing scrolls, and large text is never smaller than normal text.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.texts.strings import Strings
from kiosk.ui.pages import seated
from kiosk.ui.theme import DENSITIES, ENLARGED, LARGE, MARGIN, TIGHT, Look
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.flow import Stack, block

# Which parts stand on the first and on the second leaf: choices apart from what they are about, or the middle with the choices.
Split = Literal["", "choices", "middle"]
_LEAVES: dict[Split, tuple[tuple[str, ...], ...]] = {
    "": (("head", "body", "foot"),),
    "choices": (("head", "body"), ("head", "foot")),
    "middle": (("head",), ("body", "foot")),
}


WIDE, WIDEST = 1200, 1600  # units: of a single column, and of a leaf that is read


class Base(Stack):
    """What stands at the foot of a page: its own buttons, and those that turn the leaf. Empty ones take no room."""

    def visible_items(self) -> list[QWidget]:
        return [part for part in super().visible_items() if not isinstance(part, Stack) or part.visible_items()]

    def arrange(self) -> None:
        """Place the parts; an empty one must lie over nothing that is touched."""
        shown = self.visible_items()
        for part in self.items:
            if part not in shown:
                part.setGeometry(0, 0, 0, 0)
        super().arrange()


class Fitting(QWidget):
    """A page's parts and where they stand. Subclasses fill `head`, `body` and `foot`."""

    leaf_turned = Signal()
    left_share = 0.48  # width of the picture's column on a landscape screen
    body_low = False  # 坐着办: the picture is touched, or is the camera's: it goes to the lower part
    divisible = True  # whether it may become two leaves

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.fits = True
        self.low: int | None = None  # 坐着办: where the lower part begins, in pixels from the page's top; None: standing
        self._low: int | None = None  # … where it fitted
        self.head = Stack(gap=20, centred=True)
        self.body = Stack(gap=28, centred=True)
        self.foot = Stack(gap=24)
        self.more = Button("next-leaf", "filled")
        self.less = Button("leaf-before", "outlined", icon="back")
        self.turner = Stack(self.more, self.less)
        self.base: Stack = Base(self.foot, self.turner, gap=24)
        for part in (self.head, self.body, self.base):
            part.setParent(self)
        self.more.clicked.connect(lambda: self._turn(1))
        self.less.clicked.connect(lambda: self._turn(0))
        self.split: Split = ""
        self.leaf = 0
        self._show_leaf()

    # --- two leaves

    def say_leaves(self, strings: Strings) -> None:
        """Take on the words of the buttons that turn the leaf."""
        self.more.say(strings.text("more.next"))
        self.less.say(strings.text("more.back"))

    def first_leaf(self) -> None:
        """Somebody else, or another page: begin where it begins."""
        self.leaf = 0

    def _turn(self, leaf: int) -> None:
        self.leaf = leaf
        self.set_look(self.look)
        self.leaf_turned.emit()

    def leaves(self) -> int:
        """Return how many leaves the page has at its size."""
        return len(_LEAVES[self.split])

    def _show_leaf(self) -> None:
        leaves = _LEAVES[self.split]
        shown = leaves[min(self.leaf, len(leaves) - 1)]
        for name, part in (("head", self.head), ("body", self.body), ("foot", self.foot)):
            part.setVisible(name in shown)
        self.turner.setVisible(len(leaves) > 1)
        self.more.setVisible(len(leaves) > 1 and self.leaf == 0)
        self.less.setVisible(len(leaves) > 1 and self.leaf > 0)

    # --- fitting

    def set_look(self, look: Look) -> None:
        """Take on a look: the largest that fits. Large text on two leaves rather than smaller than a step above normal."""
        if self.low is not None:
            self.split = ""
            self._show_leaf()
        self._low = None if self.low is None else seated.fit(self, look)
        if self._low is not None:
            self.fits = True
            self.arrange()
            return
        if look.large:
            normal, _ = self._best(look.normal(), DENSITIES[-1])
            chosen, self.fits = self._best(look, normal.density * ENLARGED / LARGE)
            if not self.fits:  # where even two leaves are too small: as large as there is room for, never smaller than normal
                chosen, self.fits = self._best(look, normal.density / LARGE)
        else:
            chosen, self.fits = self._best(look, DENSITIES[-1])
        self.put_on(chosen)
        self._show_leaf()
        self.arrange()

    def _best(self, look: Look, least: float) -> tuple[Look, bool]:
        """Return the look that fits with the densities allowed, and whether one does; sets how the page is split."""
        tried = look
        splits: tuple[Split, ...] = ("",) if not self.divisible else ("", "choices", "middle")
        densities = [density for density in DENSITIES if density >= least] or [DENSITIES[0]]
        if least not in densities and least > DENSITIES[-1]:
            densities.append(least)
        for split in splits:
            for density in densities:
                for tight in TIGHT if look.large else TIGHT[:1]:
                    tried = look.with_density(density, tight)
                    if self._fits_on_all(split, tried):
                        return tried, True
            if not look.large:
                for tight in TIGHT[1:]:
                    tried = look.with_density(densities[-1], tight)
                    if self._fits_on_all(split, tried):
                        return tried, True
        self.split = ""
        return tried, False

    def _fits_on_all(self, split: Split, look: Look) -> bool:
        self.split = split
        if split == "middle" and not self.body.visible_items():
            return False
        self.put_on(look)
        leaf, fits = self.leaf, True
        for number in range(len(_LEAVES[split])):
            self.leaf = number
            self._show_leaf()
            fits = fits and self._fitting()
        self.leaf = leaf
        return fits

    def put_on(self, look: Look) -> None:
        """Give all parts a look, whether it fits or not."""
        self.look = look
        for part in (self.head, self.body, self.base):
            part.set_look(look)

    def _columns(self) -> tuple[int, int, int]:
        margin = self.look.px(MARGIN)
        room = self.width() - 3 * margin
        left = int(room * self.left_share)
        return margin, left, room - left

    def single(self) -> bool:
        """Return whether a landscape page has one column, because it has no picture."""
        return self.body.isHidden() or not self.body.visible_items()

    def _beside(self) -> bool:
        """Return whether the middle stands beside the rest; on a leaf without choices it has the whole width."""
        return self.look.landscape and not self.single() and not self.foot.isHidden()

    def _gap(self) -> int:
        return self.look.space(36, 18)

    def _parts(self) -> list[Stack]:
        return [part for part in (self.head, self.body, self.base) if not part.isHidden() and part.visible_items()]

    def _fitting(self) -> bool:
        look, pad = self.look, self.look.space(24, 12)
        room = self.height() - 2 * pad
        if not self._beside():
            width = self.width() - 2 * look.px(MARGIN)
            if look.landscape:
                width = min(width, look.px(WIDE if self.single() else WIDEST))
            parts = self._parts()
            return sum(block(part).need(width) for part in parts) + self._gap() * (len(parts) - 1) <= room
        _, left, right = self._columns()
        beside = [part for part in self._parts() if part is not self.body]
        tall = sum(block(part).need(right) for part in beside) + self._gap() * max(0, len(beside) - 1)
        return self.body.need(left) <= room and tall <= room

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.set_look(self.look)

    # --- placing

    def arrange(self) -> None:
        """Place the parts."""
        if self._low is not None:
            seated.arrange(self, self._low)
            return
        look, pad, gap = self.look, self.look.space(24, 12), self._gap()
        shown = self._parts()
        room = self.height() - 2 * pad
        if self._beside():
            margin, left, width = self._columns()
            self.body.setGeometry(margin, pad, left, room)
            x, body_room = 2 * margin + left, 0
        else:
            width = self.width() - 2 * look.px(MARGIN)
            if look.landscape:
                width = min(width, look.px(WIDE if self.single() else WIDEST))
            x = (self.width() - width) // 2
        head = self.head.need(width) if self.head in shown else 0
        foot = self.base.need(width) if self.base in shown else 0
        between = gap if head and foot else 0
        if self._beside():
            spare = max(0, room - head - foot - between)
            self.head.setGeometry(x, pad + spare // 3, width, head)
            self.base.setGeometry(x, pad + spare // 3 + head + between + spare // 3, width, foot)
        elif self.single():
            foot = max(foot, min(self.base.want(width), room - head - gap)) if foot else 0
            spare = max(0, room - head - foot - between)
            self.head.setGeometry(x, pad + spare // 3, width, head)
            self.base.setGeometry(x, pad + spare // 3 + head + between + spare // 3, width, foot)
            self.body.setGeometry(x, pad, width, 0)
        else:
            # What is left over is spread round head and body; the foot stays where the hand is.
            body_room = room - head - foot - gap * (bool(head) + bool(foot))
            spare = max(0, body_room - self.body.want(width))
            top = pad + spare // 4
            self.head.setGeometry(x, top, width, head)
            begin = top + (head + gap if head else 0) + spare // 8
            self.body.setGeometry(x, begin, width, max(0, body_room) - spare * 5 // 8)
            self.base.setGeometry(x, self.height() - pad - foot, width, foot)
        for part in (self.head, self.body, self.base):
            part.arrange()
