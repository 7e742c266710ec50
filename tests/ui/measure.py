"""Measures of a rendered window: what is written where, how large, in which colours. Findings are sentences; none is good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import LARGE, LINE, contrast
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.progress import StepBar
from kiosk.ui.widgets.text import Text, draw_lines
from kiosk.ui.window import KioskWindow

BODY, TITLE, TARGET, GAP, CONTRAST = 30, 44, 96, 16, 7.0


@dataclass(frozen=True)
class Ink:
    """A run of text: whose it is, where its lines lie (window pixels), what it says, its size in pixels."""

    widget: QWidget
    name: str
    rect: QRect
    text: str
    px: int
    fits: bool


def over_page(window: KioskWindow) -> QWidget | None:
    """What lies over the page and is all there is to touch, if anything."""
    panels = (window.countdown, window.wishes.language_panel, window.wishes.sound_panel)
    return next((panel for panel in panels if panel.isVisibleTo(window)), None)


def shown(window: QWidget, kind: type) -> list:
    """Every visible widget of a kind."""
    return [w for w in window.findChildren(kind) if w.isVisibleTo(window)]


def place(widget: QWidget, window: QWidget, rect: QRect | None = None) -> QRect:
    """A widget's rectangle in window pixels."""
    rect = rect or widget.rect()
    return QRect(widget.mapTo(window, rect.topLeft()), rect.size())


def _lines_rect(box: QRectF, lines, step: int, align: Qt.AlignmentFlag) -> QRect:
    wide = max((length for _, length in lines), default=0.0)
    tall = step * len(lines)
    left = box.left() if align == Qt.AlignmentFlag.AlignLeft else box.center().x() - wide / 2
    return QRectF(left, box.center().y() - tall / 2, wide, tall).toAlignedRect()


def inks(window: KioskWindow) -> list[Ink]:
    """Every text that is shown."""
    out: list[Ink] = []
    for text in shown(window, Text):
        if not text.text():
            continue
        lines, fits = text.lines(text.width())
        step = text.step(text.width())
        rect = _lines_rect(QRectF(text.rect()), lines, step, text.align)
        out.append(
            Ink(
                text,
                text.objectName(),
                place(text, window, rect),
                text.text(),
                text.font_for(text.width()).pixelSize(),
                fits and step * len(lines) <= text.height(),
            )
        )
    for button in shown(window, Button):
        if not button.shown_text():
            continue
        _, fits = button.lines(button.width())
        rect = button.words_rect().toAlignedRect()
        out.append(
            Ink(
                button,
                button.objectName(),
                place(button, window, rect),
                button.shown_text(),
                button.look.font_px(button.role),
                fits and button.need(button.width()) <= button.height(),
            )
        )
    for bar in shown(window, StepBar):
        for box, text, fits in bar.boxes():
            rect = box.toAlignedRect()
            out.append(
                Ink(
                    bar,
                    bar.objectName(),
                    place(bar, window, rect),
                    text,
                    bar.look.font_px(bar.role),
                    fits and bar.rect().adjusted(-2, -2, 2, 2).contains(rect),
                )
            )
    return out


def layout_findings(window: KioskWindow) -> list[str]:
    """Clipped or overlapping text, small type, small or crowded targets, anything outside."""
    scale = window.look.scale
    step = LARGE if window.wishes.large else 1.0
    over = over_page(window)
    found: list[str] = []
    if not window.page.fits:
        found.append("the page does not fit")
    texts = [ink for ink in inks(window) if over is None or over.isAncestorOf(ink.widget)]
    for ink in texts:
        what = f"{ink.name} {ink.text!r}"
        if not ink.fits:
            found.append(f"clipped: {what}")
        if ink.px < int(BODY * scale * step):
            found.append(f"type of {ink.px} px: {what}")
        if ink.name in ("title", "prompt", "countdown-title") and ink.px < TITLE * scale * step - 0.5:
            found.append(f"title of {ink.px} px: {what}")
        if not window.rect().contains(ink.rect):
            found.append(f"outside the window: {what}")
        parent = ink.widget.parentWidget()
        while parent is not None and parent is not window:
            if not place(parent, window).adjusted(-1, -1, 1, 1).contains(place(ink.widget, window)):
                found.append(f"cut off by {parent.objectName() or type(parent).__name__}: {what}")
                break
            parent = parent.parentWidget()
    bodies = [(ink, ink.rect.adjusted(0, 3, 0, -3)) for ink in texts]
    for number, (one, body) in enumerate(bodies):
        for other, there in bodies[number + 1 :]:
            if body.intersects(there):
                found.append(f"overlap: {one.name} {one.text!r} and {other.name} {other.text!r}")
    buttons = [b for b in shown(window, Button) if over is None or over.isAncestorOf(b)]
    rects = [place(button, window) for button in buttons]
    for number, (button, rect) in enumerate(zip(buttons, rects, strict=True)):
        if min(rect.height(), rect.width()) < int(TARGET * scale):
            found.append(f"target of {rect.width()}x{rect.height()}: {button.objectName()}")
        for ink, body in bodies:
            if ink.widget is not button and rect.intersects(body):
                found.append(f"text on a button: {ink.text!r} on {button.objectName()}")
        for other, there in zip(buttons[number + 1 :], rects[number + 1 :], strict=True):
            gap = _distance(rect, there)
            if gap < int(GAP * scale):
                found.append(f"{gap} px between {button.objectName()} and {other.objectName()}")
    return found


def _distance(one: QRect, other: QRect) -> int:
    across = max(other.left() - one.right() - 1, one.left() - other.right() - 1)
    down = max(other.top() - one.bottom() - 1, one.top() - other.bottom() - 1)
    return max(across, down)


def pixels(image: QImage) -> np.ndarray:
    """A picture as uint8 (height, width, 3) RGB."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8, image.sizeInBytes()).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def _colours(patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = patch.reshape(-1, 3).astype(np.int64)
    codes = flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2]
    values, counts = np.unique(codes, return_counts=True)
    order = np.argsort(-counts)
    return values[order], counts[order]


def rendered_contrast(patch: np.ndarray) -> float:
    """Contrast between the commonest colour (the ground) and the strongest of the colours drawn with (the strokes).

    A colour counts as drawn with when it covers at least one pixel in 400 of the patch: edges alone do not count.
    """
    values, counts = _colours(patch)
    ground = QColor(int(values[0]))
    least = max(3, int(counts.sum() / 400))
    drawn = [QColor(int(v)) for v, n in zip(values[1:], counts[1:], strict=True) if n >= least]
    return max((contrast(ground, colour) for colour in drawn), default=1.0)


def pixel_findings(window: KioskWindow) -> list[str]:
    """Weak contrast, and ink that is missing or that reaches beyond its widget, as rendered."""
    over = over_page(window)
    image = pixels(window.grab().toImage())
    found: list[str] = []
    for ink in inks(window):
        if over is not None and not over.isAncestorOf(ink.widget):
            continue
        rect = ink.rect.intersected(window.rect())
        patch = image[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1]
        if patch.size == 0:
            found.append(f"nothing rendered: {ink.name} {ink.text!r}")
            continue
        ratio = rendered_contrast(patch)
        if ratio < CONTRAST:
            found.append(f"contrast {ratio:.1f}: {ink.name} {ink.text!r}")
        if isinstance(ink.widget, Text) and (missing := _cut_ink(ink.widget, patch)):
            found.append(f"{missing:.0%} of the ink is missing: {ink.name} {ink.text!r}")
    return found


def _cut_ink(text: Text, patch: np.ndarray) -> float:
    """How much of a text's ink is missing on the page, against the same text drawn on a roomy sheet."""
    lines, _ = text.lines(text.width())
    size = text.font_for(text.width()).pixelSize()
    step = round(size * LINE)
    wide = int(max(length for _, length in lines)) + 2 * size
    sheet = QImage(wide, step * len(lines) + 2 * size, QImage.Format.Format_RGB888)
    sheet.fill(QColor("#FFFFFF"))
    painter = QPainter(sheet)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.setPen(QColor("#000000"))
    box = QRectF(QPointF(size, size), QPointF(wide - size, sheet.height() - size))
    draw_lines(painter, box, lines, text.font_for(text.width()), Qt.AlignmentFlag.AlignLeft)
    painter.end()
    whole = (255.0 - pixels(sheet)[:, :, 0]).sum() / 255.0
    values, _ = _colours(patch)
    ground = np.array(QColor(int(values[0])).getRgb()[:3], float)
    strokes = np.array(text.look.colour(text.colour).getRgb()[:3], float)
    axis = strokes - ground
    if not axis.any():
        return 1.0
    share = ((patch - ground) @ axis / (axis @ axis)).clip(0.0, 1.0).sum()
    return 0.0 if share >= whole * 0.93 else float(1 - share / whole)
