"""`kiosk pilot plan|sheets|run|report|pictures|erase`: a station measures itself, with consent, and keeps numbers.

plan: how many takes show what; sheets: what to print for the attacks; run: the protocol by touch, with the kiosk stopped;
report: one page, one CSV, the traces and a signed proposal of settings; pictures: open those whose people agreed to be
photographed, for whoever the consent names (they go by themselves after 30 days); erase: forget all of it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from kiosk.config import Settings
    from kiosk.pilot.book import Book
    from kiosk.pilot.pictures import Album
    from kiosk.texts.strings import Strings


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
    pictures = tasks.add_parser("pictures", help="open the pictures that are kept, encrypted, with a consent of their own")
    pictures.add_argument("--out", type=Path, required=True)
    tasks.add_parser("erase", help="forget the pilot: numbers, traces, pictures")
    options = parser.parse_args(argv)

    from kiosk.config import load, resolve
    from kiosk.pilot.book import Book
    from kiosk.pilot.erasing import erase_due, folder_in
    from kiosk.pilot.pictures import PURPOSE, Album
    from kiosk.store.engine.keys import database_key, derive
    from kiosk.texts.strings import Strings

    settings = load()
    strings, directory = Strings.load(settings.ui.language), resolve(settings.store.directory)
    book, kept = Book(directory / "pilot" / "takes.jsonl"), folder_in(directory)
    erase_due(kept, datetime.now(ZoneInfo(settings.station.timezone)).date())
    match options.task:
        case "plan":
            return _plan(strings)
        case "sheets":
            return _sheets(options.out, options.photo, strings)
        case "report":
            from kiosk.pilot.report_files import report_to

            return report_to(settings, book, options.out, strings)
        case "erase":
            book.erase()
            shutil.rmtree(kept, ignore_errors=True)
            print("erased")
            return 0
    album = Album(kept, derive(database_key(settings.store), PURPOSE))
    if options.task == "pictures":
        print(f"{album.open_to(options.out)} pictures: {options.out}")
        return 0
    return run(settings, book, album)


def _plan(strings: Strings) -> int:
    from kiosk.pilot.plan import INSTRUMENTS, sizes

    for of, bound, takes in sizes(strings):
        print(strings.text("pilot.plan.size", of=of, bound=f"{100 * bound:.0f}", takes=takes))
    for one in INSTRUMENTS:
        words = {what: one.word(what, strings) for what in ("name", "make", "show")}
        print(strings.text("pilot.plan.instrument", key=one.key, **words))
    return 0


def _sheets(out: Path, photo: Path | None, strings: Strings) -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    from kiosk.pilot.sheets import write

    app = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    for path in write(out, strings, photo):
        print(path)
    del app
    return 0


def run(settings: Settings, book: Book, album: Album) -> int:
    """Show the window until somebody ends it."""
    from PySide6.QtWidgets import QApplication

    from kiosk.pilot.session import Session

    qt = QApplication.instance() or QApplication(sys.argv[:1])
    session = Session(settings, book, album=album)
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
