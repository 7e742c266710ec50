"""Text that wraps evenly, knows its height at any width, and never elides. A QLabel for screen readers and tests."""

from __future__ import annotations

import re

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel

from kiosk.ui.theme import LINE, Look, Role

Lines = tuple[tuple[str, float], ...]
_cache: dict[tuple[str, QFont, int], tuple[Lines, bool]] = {}


def wrap(text: str, font: QFont, width: int) -> tuple[Lines, bool]:
    """Return ((line, its width), ...) and whether it all fits; lines of about equal length, so no word stands alone."""
    key = (text, font, width)  # a QFont compares by value
    found = _cache.get(key)
    if found is None:
        if len(_cache) > 4000:
            _cache.clear()
        lines: list[tuple[str, float]] = []
        fits = True
        for paragraph in text.split("\n"):
            first = _break(paragraph, font, width)
            if len(first) > 1:
                first = _by_clauses(paragraph, font, width, len(first)) or _balanced(paragraph, font, width, len(first))
            fits = fits and all(length <= width + 0.5 for _, length in first)
            lines += first
        found = _cache[key] = (tuple(lines), fits)
    return found


def forget() -> None:
    """Forget all wrapped texts: names of the last person are among them."""
    _cache.clear()


def _break(text: str, font: QFont, width: float) -> list[tuple[str, float]]:
    joined = _whole_quotes(text)
    layout = QTextLayout(joined, font)
    layout.setTextOption(_OPTION)
    layout.beginLayout()
    out: list[tuple[str, float]] = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        piece = joined[line.textStart() : line.textStart() + line.textLength()].translate(_INVISIBLE).rstrip()
        out.append((piece, line.naturalTextWidth()))
    layout.endLayout()
    return out


_SHORT_QUOTE, _BESIDE = re.compile(r"“\w{2,4}”"), re.compile(r"(?<=\w)(?=“)|(?<=”)(?=\w)")
_INVISIBLE = {0x2060: None, 0x200B: None}  # word joiner: never a new line here; zero width space: here it may be


def _whole_quotes(text: str) -> str:
    """Keep a short word in Chinese quotation marks whole, and break beside it: 等“现 | 在”再做 is no sentence."""
    whole = _SHORT_QUOTE.sub(lambda quote: "\u2060".join(quote.group()), text)
    return _BESIDE.sub("\u200b", whole)


def _by_clauses(text: str, font: QFont, width: int, count: int) -> list[tuple[str, float]] | None:
    """Break after stops, where that needs no more lines: Chinese has no spaces, and a word torn apart reads badly."""
    clauses = _CLAUSE.findall(text)
    if len(clauses) < 2:
        return None
    metrics = QFontMetricsF(font)
    best: list[tuple[str, float]] | None = None
    low, high = width * 0.4, float(width)
    tried = high
    for _ in range(7):
        packed = _packed(clauses, metrics, tried)
        if len(packed) <= count and all(length <= tried for _, length in packed):
            best, high = packed, tried
        elif best is None:
            return None
        else:
            low = tried
        tried = (low + high) / 2
    return best


def _packed(clauses: list[str], metrics: QFontMetricsF, width: float) -> list[tuple[str, float]]:
    lines: list[str] = [clauses[0]]
    for clause in clauses[1:]:
        if metrics.horizontalAdvance((lines[-1] + clause).rstrip()) <= width:
            lines[-1] += clause
        else:
            lines.append(clause)
    return [(line.strip(), metrics.horizontalAdvance(line.strip())) for line in lines]


_CLAUSE = re.compile(r"[^，。；！？：]+[，。；！？：]*[”]?|[，。；！？：]+")


def _balanced(text: str, font: QFont, width: int, count: int) -> list[tuple[str, float]]:
    low, high = width * 0.45, float(width)
    best = _break(text, font, width)
    for _ in range(7):
        middle = (low + high) / 2
        tried = _break(text, font, middle)
        if len(tried) <= count and all(length <= middle + 0.5 for _, length in tried):
            best, high = tried, middle
        else:
            low = middle
    return best


_OPTION = QTextOption()
_OPTION.setWrapMode(QTextOption.WrapMode.WordWrap)


def draw_lines(painter: QPainter, rect: QRectF, lines: Lines, font: QFont, align: Qt.AlignmentFlag) -> None:
    """Draw wrapped lines into a rectangle, vertically centred; pen and ground are the caller's."""
    size = font.pixelSize()
    step = round(size * LINE)
    painter.setFont(font)
    top = rect.top() + (rect.height() - step * len(lines)) / 2
    for number, (line, length) in enumerate(lines):
        # The middle of a Chinese character lies 0.38 em above the baseline.
        baseline = top + step * number + step / 2 + size * 0.38
        x = rect.left()
        if align == Qt.AlignmentFlag.AlignHCenter:
            x += (rect.width() - length) / 2
        elif align == Qt.AlignmentFlag.AlignRight:
            x += rect.width() - length
        painter.drawText(QPointF(round(x), round(baseline)), line)


class Text(QLabel):
    """One text in one role and one colour. `whole`: a line is never broken; it is set smaller instead (dates, numbers)."""

    def __init__(
        self,
        name: str = "",
        role: Role = "body",
        colour: str = "ink",
        *,
        centred: bool = False,
        bold: bool | None = None,
        whole: bool = False,
    ) -> None:
        super().__init__()
        self.role, self.colour, self.bold, self.whole = role, colour, bold, whole
        self.align = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
        self.look = Look()
        self.setObjectName(name)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def say(self, text: str) -> None:
        """Set the text; an empty one takes no room."""
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(text.replace("\n", " "))
        if self.parentWidget() is not None or not text:  # shown without a parent it would be a window of its own
            self.setVisible(bool(text))

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def font_for(self, width: int) -> QFont:
        """Return the font the text is drawn in at a width."""
        font = self.look.font(self.role, self.bold)
        if self.whole:
            least = self.look.font_px("small")
            widest = self._widest(font)
            if widest > width > 0:
                font = QFont(font)
                font.setPixelSize(max(least, int(font.pixelSize() * width / widest)))
        return font

    def lines(self, width: int) -> tuple[Lines, bool]:
        """Return the lines at a width, and whether they fit."""
        return wrap(self.text(), self.font_for(width), max(1, width))

    def step(self, width: int) -> int:
        """Return the height of one line at a width."""
        return round(self.font_for(width).pixelSize() * LINE)

    def need(self, width: int) -> int:
        return len(self.lines(width)[0]) * self.step(width)

    want = need

    def natural_width(self) -> int:
        """Return the width of the text when no line is broken."""
        return int(self._widest(self.look.font(self.role, self.bold))) + 2

    def _widest(self, font: QFont) -> float:
        metrics = QFontMetricsF(font)
        return max(metrics.horizontalAdvance(part) for part in self.text().split("\n"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.setPen(self.look.colour(self.colour))
        lines, _ = self.lines(self.width())
        draw_lines(painter, QRectF(self.rect()), lines, self.font_for(self.width()), self.align)
