"""`kiosk handbook --out DIR`: the paper that people hold, as HTML and PDF: leaflet, 操作手册, wall sheet, guides."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument

    from kiosk.gallery.handbook import Paper, Shot
    from kiosk.texts.strings import Strings
    from kiosk.ui.desk.frame import DeskView

_SIZE, _DESK = (1080, 1920), (1366, 768)
_WIDTH, _DESK_WIDTH = 300, 600  # of a picture: 190 points an inch as it is printed, and a manual that goes by mail


def main(argv: list[str]) -> int:
    """Render; return 0."""
    parser = argparse.ArgumentParser(prog="kiosk handbook", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the papers")
    options = parser.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from PySide6.QtWidgets import QApplication

    from kiosk.gallery import handbook
    from kiosk.gallery.scenes import sample_settings

    app = QApplication.instance() or QApplication(sys.argv[:1])
    pictures = options.out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    settings = sample_settings()
    strings, visit, at_desk = _paint(pictures)
    for paper in handbook.papers(strings, settings, visit, at_desk):
        (options.out / f"{paper.name}.html").write_text(paper.html, encoding="utf-8")
        _pdf(options.out, paper)
        print(options.out / f"{paper.name}.pdf")
    app.processEvents()
    return 0


def _paint(folder: Path) -> tuple[Strings, list[Shot], list[Shot]]:
    """Paint every page; return the words, and the pictures under their own headings."""
    from PySide6.QtCore import Qt

    from kiosk.gallery import desk
    from kiosk.gallery.handbook import Shot
    from kiosk.gallery.scenes import sample_settings, scenes
    from kiosk.gallery.stage import make_window, set_form, show_scene

    window = make_window(sample_settings(), "zh_CN")
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    window.show()

    def keep(name: str, width: int = _WIDTH) -> None:
        window.grab().scaledToWidth(width, Qt.TransformationMode.SmoothTransformation).save(str(folder / f"{name}.png"))

    visit: list[Shot] = []
    at_desk: list[Shot] = []
    set_form(window, _SIZE, "paper", False)
    for scene in scenes():
        show_scene(window, scene)
        keep(scene.name)
        visit.append(Shot(scene.name, window.page.title.text()))
    set_form(window, _DESK, "paper", False)
    with desk.opened(window) as view:
        for one in desk.states():
            desk.show(view, one)
            keep(one.name, _DESK_WIDTH)
            title, note = _words(view)
            at_desk.append(Shot(one.name, title or at_desk[-1].title, note))  # a camera in the way of a form has no heading
    return window.strings, visit, at_desk


def _words(view: DeskView) -> tuple[str, str]:
    """Return the heading of the desk's page and what its notice says."""
    from kiosk.ui.desk.widgets import Notice, Words

    title = next((one.text() for one in view.findChildren(Words, "desk-title") if one.isVisible()), "")
    note = next((one.words.text() for one in view.findChildren(Notice, "problem") if one.isVisible()), "")
    return title, note


def _pdf(out: Path, paper: Paper) -> int:
    """Write a paper; return how many pages it has."""
    from PySide6.QtCore import QMarginsF, QSizeF, QUrl
    from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

    writer = QPdfWriter(str(out / f"{paper.name}.pdf"))
    writer.setResolution(96)
    way = QPageLayout.Orientation.Landscape if paper.wide else QPageLayout.Orientation.Portrait
    writer.setPageLayout(QPageLayout(QPageSize(QPageSize.PageSizeId.A4), way, QMarginsF(10, 10, 10, 10)))
    writer.setTitle(paper.title)
    document = QTextDocument()
    document.setBaseUrl(QUrl.fromLocalFile(f"{out.resolve()}/"))
    document.setPageSize(QSizeF(writer.width(), writer.height()))
    _whole_rows(document, paper.html)
    document.print_(writer)
    return document.pageCount()


def _whole_rows(document: QTextDocument, html: str) -> str:
    """Fill a document, its pages' size set, so that no row of a table with a head stands on two pages; return its words."""
    from kiosk.gallery.handbook import cut_before

    document.setHtml(html)
    while (split := _split_row(document)) is not None:
        html = cut_before(html, *split)
        document.setHtml(html)
    return html


def _split_row(document: QTextDocument) -> tuple[int, int] | None:
    """Return the first (table, row) that stands on two pages, of the tables that have a head; None where every row is whole."""
    from PySide6.QtGui import QTextTable

    layout, height = document.documentLayout(), document.pageSize().height()
    framed = (one for one in document.rootFrame().childFrames() if isinstance(one, QTextTable))
    for number, table in enumerate(one for one in framed if one.format().headerRowCount()):
        for row in range(1, table.rows()):
            cells = [table.cellAt(row, column) for column in range(table.columns())]
            top = min(layout.blockBoundingRect(one.firstCursorPosition().block()).top() for one in cells)
            bottom = max(layout.blockBoundingRect(one.lastCursorPosition().block()).bottom() for one in cells)
            if top // height != (bottom - 1) // height and row > 1:  # a row that is higher than a page cannot be whole
                return number, row
    return None
