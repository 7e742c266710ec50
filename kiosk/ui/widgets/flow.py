"""Layout of one's own: stacks, rows and cards that know how high they must be and how high they would like to be.

Qt's box layouts guess when wrapped text decides the height; a kiosk page must know, because it may neither scroll nor clip.
"""

from __future__ import annotations

from typing import Protocol, cast, runtime_checkable

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import RADIUS_CARD, Look


@runtime_checkable
class Block(Protocol):
    """What every widget of a page can do."""

    def set_look(self, look: Look) -> None:
        """Take on colours and sizes."""

    def need(self, width: int) -> int:
        """Return the least height at a width, in pixels."""

    def want(self, width: int) -> int:
        """Return the preferred height at a width, in pixels; more than `need` only for pictures."""


def block(widget: QWidget) -> Block:
    """Return a widget as a block."""
    return cast(Block, widget)


class Stack(QWidget):
    """Widgets below each other. Height left over goes to those that want it, then around them."""

    def __init__(self, *children: QWidget, gap: float = 32, centred: bool = False, width: float | None = None) -> None:
        super().__init__()
        self.gap, self.centred, self.limit = gap, centred, width
        self.look = Look()
        self.pad = 0.0
        self.items: list[QWidget] = []
        for child in children:
            self.add(child)

    def add(self, child: QWidget) -> None:
        """Append a widget."""
        child.setParent(self)
        self.items.append(child)

    def drop_all(self) -> None:
        """Remove and destroy all children."""
        for child in self.items:
            child.hide()
            child.setParent(None)
            child.deleteLater()
        self.items = []

    def set_look(self, look: Look) -> None:
        self.look = look
        for child in self.items:
            block(child).set_look(look)

    def visible_items(self) -> list[QWidget]:
        """The children that take part: shown, or keeping their place while hidden."""
        return [child for child in self.items if not child.isHidden() or child.sizePolicy().retainSizeWhenHidden()]

    def need(self, width: int) -> int:
        return self._total(width, "need")

    def want(self, width: int) -> int:
        return self._total(width, "want")

    def _inner(self, width: int) -> int:
        return width - 2 * self.look.space(self.pad)

    def _total(self, width: int, what: str) -> int:
        shown = self.visible_items()
        gaps = self.look.space(self.gap, min(self.gap, 18)) * max(0, len(shown) - 1)
        inner = self._inner(width)
        heights = sum(block(child).need(inner) if what == "need" else block(child).want(inner) for child in shown)
        return heights + gaps + 2 * self.look.space(self.pad)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Place the children."""
        shown = self.visible_items()
        if not shown:
            return
        pad = self.look.space(self.pad)
        width, height = self.width() - 2 * pad, self.height() - 2 * pad
        gap = self.look.space(self.gap, min(self.gap, 18))
        heights = [block(child).need(width) for child in shown]
        spare = height - sum(heights) - gap * (len(shown) - 1)
        wishes = [_more(child, width, least) for child, least in zip(shown, heights, strict=True)]
        if spare > 0 and (total := sum(wishes)):
            share = min(1.0, spare / total)
            heights = [least + int(wish * share) for least, wish in zip(heights, wishes, strict=True)]
            spare = height - sum(heights) - gap * (len(shown) - 1)
        y = pad + (max(0, spare) // 2 if self.centred else 0)
        for child, tall in zip(shown, heights, strict=True):
            child.setGeometry(pad, y, width, tall)
            if isinstance(child, Stack | Row):
                child.arrange()
            y += tall + gap


def _more(child: QWidget, width: int, least: int) -> int:
    """Return how much higher than `least`, its need, a child would like to be. Most know one height, which is measured once."""
    kind = cast(type[Block], type(child))
    return 0 if kind.want is kind.need else max(0, block(child).want(width) - least)


class Row(QWidget):
    """Widgets beside each other, all of one height: equal shares, or by weights."""

    def __init__(self, *children: QWidget, gap: float = 24, weights: tuple[float, ...] | None = None, top: bool = False) -> None:
        super().__init__()
        self.gap, self.weights, self.top = gap, weights, top
        self.look = Look()
        self.items = list(children)
        for child in children:
            child.setParent(self)

    def set_look(self, look: Look) -> None:
        self.look = look
        for child in self.items:
            block(child).set_look(look)

    def need(self, width: int) -> int:
        return max((block(child).need(w) for child, w in self._shares(width)), default=0)

    def want(self, width: int) -> int:
        return max((block(child).want(w) for child, w in self._shares(width)), default=0)

    def _shares(self, width: int) -> list[tuple[QWidget, int]]:
        pairs = [(child, self.weights[i] if self.weights else 1.0) for i, child in enumerate(self.items) if not child.isHidden()]
        if not pairs:
            return []
        room = width - self.look.space(self.gap, min(self.gap, 18)) * (len(pairs) - 1)
        total = sum(weight for _, weight in pairs)
        return [(child, int(room * weight / total)) for child, weight in pairs]

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Place the children."""
        x = 0
        for child, width in self._shares(self.width()):
            tall = min(self.height(), block(child).want(width)) if self.top else self.height()
            child.setGeometry(x, 0, width, tall)
            if isinstance(child, Stack | Row):
                child.arrange()
            x += width + self.look.space(self.gap, min(self.gap, 18))


class Card(Stack):
    """A stack on a white card with a fine line round it."""

    def __init__(self, *children: QWidget, gap: float = 20, pad: float = 44, ground: str = "card", line: str = "line") -> None:
        super().__init__(*children, gap=gap, centred=True)
        self.pad = pad
        self.ground, self.line = ground, line

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.look.colour(self.line), self.look.px(3)))
        painter.setBrush(self.look.colour(self.ground))
        inset = self.look.px(3) / 2
        radius = self.look.px(RADIUS_CARD)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), radius, radius)


class Rule(QWidget):
    """A fine dashed line between the parts of a card."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()

    def set_look(self, look: Look) -> None:
        self.look = look

    def need(self, width: int) -> int:
        return self.look.px(3)

    want = need

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(self.look.colour("line"), self.look.px(3), Qt.PenStyle.DashLine))
        painter.drawLine(0, self.height() // 2, self.width(), self.height() // 2)


def centre_square(rect: QRect) -> QRectF:
    """Return the largest centred square of a rectangle."""
    side = min(rect.width(), rect.height())
    return QRectF(rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2, side, side)
