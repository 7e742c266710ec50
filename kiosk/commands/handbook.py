"""`kiosk handbook --out DIR`: the paper that people hold, as HTML and PDF: leaflet, 操作手册, wall sheet, guides."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.gallery.handbook import Paper
    from kiosk.texts.strings import Strings

_SIZE = (1080, 1920)
_WIDTH = 540  # of a picture in the HTML


def main(argv: list[str]) -> int:
    """Render; return 0."""
    parser = argparse.ArgumentParser(prog="kiosk handbook", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the papers")
    options = parser.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from PySide6.QtWidgets import QApplication

    from kiosk.gallery import desk, handbook
    from kiosk.gallery.scenes import sample_settings, scenes

    app = QApplication.instance() or QApplication(sys.argv[:1])
    pictures = options.out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    settings = sample_settings()
    strings = _paint(pictures)
    names = [scene.name for scene in scenes()]
    for paper in handbook.papers(strings, settings, names, [one.name for one in desk.states()]):
        (options.out / f"{paper.name}.html").write_text(paper.html, encoding="utf-8")
        _pdf(options.out, paper)
        print(options.out / f"{paper.name}.pdf")
    app.processEvents()
    return 0


def _paint(folder: Path) -> Strings:
    from PySide6.QtCore import Qt

    from kiosk.gallery import desk
    from kiosk.gallery.scenes import sample_settings, scenes
    from kiosk.gallery.stage import make_window, set_form, show_scene

    window = make_window(sample_settings(), "zh_CN")
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    window.show()

    def keep(name: str) -> None:
        window.grab().scaledToWidth(_WIDTH, Qt.TransformationMode.SmoothTransformation).save(str(folder / f"{name}.png"))

    set_form(window, _SIZE, "paper", False)
    for scene in scenes():
        show_scene(window, scene)
        keep(scene.name)
    with desk.opened(window) as view:
        for one in desk.states():
            desk.show(view, one)
            keep(one.name)
    return window.strings


def _pdf(out: Path, paper: Paper) -> None:
    from PySide6.QtCore import QMarginsF, QSizeF, QUrl
    from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

    writer = QPdfWriter(str(out / f"{paper.name}.pdf"))
    writer.setResolution(96)
    way = QPageLayout.Orientation.Landscape if paper.wide else QPageLayout.Orientation.Portrait
    writer.setPageLayout(QPageLayout(QPageSize(QPageSize.PageSizeId.A4), way, QMarginsF(10, 10, 10, 10)))
    writer.setTitle(paper.title)
    document = QTextDocument()
    document.setBaseUrl(QUrl.fromLocalFile(f"{out.resolve()}/"))
    document.setHtml(paper.html)
    document.setPageSize(QSizeF(writer.width(), writer.height()))
    document.print_(writer)
