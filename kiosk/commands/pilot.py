"""`kiosk pilot plan|sheets|run|report|erase`: a station measures itself, with consent, and keeps numbers only.

plan: how many takes show what; sheets: what to print for the attacks; run: the protocol by touch, with the kiosk stopped;
report: one page, one CSV and a signed proposal of settings; erase: forget the numbers.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.config import Settings
    from kiosk.pilot.book import Book


def main(argv: list[str]) -> int:
    """Run the command; 1 when there is nothing to report."""
    parser = argparse.ArgumentParser(prog="kiosk pilot", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    tasks.add_parser("plan", help="sample sizes, by the rule of three")
    sheets = tasks.add_parser("sheets", help="printable sheets of the attack instruments")
    sheets.add_argument("--out", type=Path, required=True)
    sheets.add_argument("--photo", type=Path, help="a photograph whose person has agreed in writing")
    tasks.add_parser("run", help="the protocol, by touch")
    report = tasks.add_parser("report", help="HTML, CSV, settings.json and its signature")
    report.add_argument("--out", type=Path, required=True)
    tasks.add_parser("erase", help="forget the pilot's numbers")
    options = parser.parse_args(argv)

    from kiosk.config import load, resolve
    from kiosk.pilot.book import Book

    settings = load()
    book = Book(resolve(settings.store.directory) / "pilot" / "takes.jsonl")
    if options.task == "plan":
        return _plan()
    if options.task == "sheets":
        return _sheets(options.out, options.photo)
    if options.task == "run":
        return run(settings, book)
    if options.task == "erase":
        book.erase()
        print("erased")
        return 0
    return _report(settings, book, options.out)


def _plan() -> int:
    from kiosk.pilot.plan import INSTRUMENTS, sizes

    for of, bound, takes in sizes():
        print(f"{of}：要证明低于 {100 * bound:.0f} %，要 {takes} 次，一次都不错")
    for one in INSTRUMENTS:
        print(f"{one.name}（{one.key}）　做法：{one.make}　出示：{one.show}")
    return 0


def _sheets(out: Path, photo: Path | None) -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    from kiosk.pilot.sheets import write

    app = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    for path in write(out, photo):
        print(path)
    del app
    return 0


def run(settings: Settings, book: Book) -> int:
    """Show the window until somebody ends it."""
    from PySide6.QtWidgets import QApplication

    from kiosk.pilot.session import Session

    qt = QApplication.instance() or QApplication(sys.argv[:1])
    session = Session(settings, book)
    session.window.left.connect(qt.quit)
    session.start()
    if settings.ui.fullscreen:
        session.window.showFullScreen()
    else:
        session.window.show()
    try:
        return int(qt.exec())
    finally:
        session.stop()


def _report(settings: Settings, book: Book, out: Path) -> int:
    from kiosk.pilot.report_files import report_to

    return report_to(settings, book, out)
