"""The report of a pilot as files: a page, rows, settings and their signature with the kiosk's own key."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kiosk.canonical import canonical
from kiosk.config import Settings
from kiosk.errors import KioskError
from kiosk.pilot.book import Book
from kiosk.pilot.report import as_csv, as_html, proposal
from kiosk.sync import seal
from kiosk.sync.keys import load_identity
from kiosk.sync.protocol import SCHEMA_VERSION
from kiosk.texts.strings import Strings


def report_to(settings: Settings, book: Book, out: Path, strings: Strings) -> int:
    """Write the report's files into a folder; 1 where there is nothing to report."""
    takes = book.takes()
    if not takes:
        print("kiosk pilot: no take yet (kiosk pilot run)", file=sys.stderr)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.html").write_text(as_html(takes, settings.station.name, strings), encoding="utf-8")
    (out / "takes.csv").write_text(as_csv(takes), encoding="utf-8-sig")
    if book.traces.is_file():
        (out / book.traces.name).write_bytes(book.traces.read_bytes())
    given = proposal(takes)
    body = json.dumps(given, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8")
    (out / "settings.json").write_bytes(body)
    try:
        identity = load_identity(settings.sync)
    except KioskError as error:
        print(f"not signed: {error}")
        return 0
    document = canonical(
        {"schema_version": SCHEMA_VERSION, "suite": identity.suite.name, "kiosk_id": identity.pins.kiosk_id, **given}
    )
    signed = seal.sign_plain(document, "pilot-settings", identity.keys.sign, identity.pins.kiosk_id)
    (out / "settings.jws").write_text(signed, encoding="utf-8")
    print(f"{len(takes)} takes: {out}/report.html, takes.csv, settings.json, settings.jws")
    return 0
