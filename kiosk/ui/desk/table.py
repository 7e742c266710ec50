"""A dense table: rows 64 high, states in words with a mark, keyboard first (arrows, Enter); long texts get a second line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QPainter, QPen, QResizeEvent, QTextOption
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from kiosk.ui.desk.look import BODY, ROW, SMALL, TONES
from kiosk.ui.theme import FAMILY, Look
from kiosk.ui.widgets.text import wrap

_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with a tone (see `look.TONES`); a tone also draws a mark before the words."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and how wide it is compared with the others."""

    heading: str
    weight: float = 1.0


class _Model(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.columns: Sequence[Column] = ()
        self.cells: Sequence[Sequence[Cell]] = ()

    def fill(self, columns: Sequence[Column], cells: Sequence[Sequence[Cell]]) -> None:
        self.beginResetModel()
        self.columns, self.cells = columns, cells
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.cells)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.cells[index.row()][index.column()].text
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return self.columns[section].heading
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None


class _Painter(QStyledItemDelegate):
    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        look, cell = self._table.look, self._table.cell(index.row(), index.column())
        rect, state = QRectF(option.rect), option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.fillRect(rect, look.colour("tint" if chosen else "card"))
        painter.setPen(QPen(look.colour("line"), look.px(1)))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        colour = look.colour(TONES[cell.tone])
        inner = rect.adjusted(look.px(12), 0, -look.px(8), 0)
        if cell.tone not in ("", "quiet", "strong"):
            self._mark(painter, inner, cell.tone, colour, look)
            inner.setLeft(inner.left() + look.px(26))
        self._words(painter, inner, cell, colour, look)
        painter.restore()

    @staticmethod
    def _mark(painter: QPainter, inner: QRectF, tone: str, colour: QColor, look: Look) -> None:
        side = look.px(16)
        box = QRectF(inner.left(), inner.center().y() - side / 2, side, side)
        painter.setPen(QPen(colour, look.px(3)))
        painter.setBrush(colour if tone == "good" else Qt.BrushStyle.NoBrush)
        if tone == "bad":
            painter.drawLine(box.topLeft(), box.bottomRight())
            painter.drawLine(box.topRight(), box.bottomLeft())
        else:
            painter.drawEllipse(box)

    @staticmethod
    def _words(painter: QPainter, inner: QRectF, cell: Cell, colour: QColor, look: Look) -> None:
        font = QFont(FAMILY)
        font.setPixelSize(look.px(BODY))
        font.setBold(cell.tone in ("good", "bad", "wait", "strong"))
        if QFontMetricsF(font).horizontalAdvance(cell.text) > inner.width():
            font.setPixelSize(look.px(SMALL))
        painter.setFont(font)
        painter.setPen(colour)
        metrics, text = QFontMetricsF(font), cell.text
        if metrics.horizontalAdvance(text) > inner.width():
            lines, _ = wrap(text, font, int(inner.width()))
            if len(lines) > 2:  # two lines are what a row holds
                first = lines[0][0]
                rest = text[text.find(first) + len(first) :].strip()
                text = first + "\n" + metrics.elidedText(rest, Qt.TextElideMode.ElideRight, inner.width())
        option = QTextOption(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        painter.drawText(inner, text, option)


class Table(QTableView):
    """Set rows with `set_rows`; `opened` tells the row that Enter, a double click or a touch on the chosen row opens."""

    opened = Signal(int)
    chosen = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.look = Look()
        self.setObjectName(name)
        self._model = _Model()
        self.setModel(self._model)
        self.setItemDelegate(_Painter(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionsClickable(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        self.clicked.connect(lambda index: self.chosen.emit(index.row()))

    def set_rows(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]], label: str = "") -> None:
        """Replace everything; the chosen row stays chosen where it can."""
        before = self.chosen_row()
        self._model.fill(columns, [[one if isinstance(one, Cell) else Cell(one) for one in line] for line in rows])
        self.setAccessibleName(label)
        self._spread()
        if rows:
            self.selectRow(min(max(before, 0), len(rows) - 1))

    def cell(self, row: int, column: int) -> Cell:
        """Return a cell."""
        return self._model.cells[row][column]

    def texts(self) -> list[list[str]]:
        """Return all texts, for exports and tests."""
        return [[cell.text for cell in line] for line in self._model.cells]

    def chosen_row(self) -> int:
        """Return the chosen row, -1 for none."""
        return self.currentIndex().row()

    def set_look(self, look: Look) -> None:
        """Take on colours and sizes."""
        self.look = look
        self.verticalHeader().setDefaultSectionSize(look.px(ROW))
        self._spread()
        self.viewport().update()

    def wanted_height(self, rows: int) -> int:
        """Return the height that shows so many rows."""
        return self.look.px(ROW) * rows + self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth() + 4

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._spread()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen_row() >= 0:
            self.opened.emit(self.chosen_row())
        else:
            super().keyPressEvent(event)

    def _spread(self) -> None:
        total = sum(one.weight for one in self._model.columns)
        for number, one in enumerate(self._model.columns):
            self.setColumnWidth(number, int(self.viewport().width() * one.weight / total))
