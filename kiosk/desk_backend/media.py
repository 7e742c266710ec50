"""The desk's work on removable media: finding them, reading lists and scans, writing tables, the courier's exchange.

A medium may take its time: nothing here runs in the store's thread or in the GUI's. The store is handed what was read, as bytes or
rows, by `run_in_store`. Called by `desk_controller`'s worker threads.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kiosk import config
from kiosk.desk import boards_data as b
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.states import Session
from kiosk.desk.values import Document, ListFile, Place
from kiosk.desk_backend import commands, reminders, scans
from kiosk.desk_backend.moment import Moment
from kiosk.errors import ConfigError
from kiosk.removable import files
from kiosk.store import outbox
from kiosk.support import bundle, troubles
from kiosk.support.health import gatherer
from kiosk.sync import courier
from kiosk.sync.delivery import RunInStore, journal_lines
from kiosk.sync.keys import load_identity
from kiosk.unit_list import reading

MAX_LISTS = 500  # files offered to choose from
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\s]+')  # in a name on a stick of any system
MAX_SCAN = 64 * 1024 * 1024  # bytes of a paper that is registered by its digest


@dataclass(frozen=True, slots=True)
class Media:
    """What is plugged in: folders that can be written, and the unit lists and scanned papers on all of them."""

    writable: tuple[str, ...] = ()
    lists: tuple[ListFile, ...] = ()
    papers: tuple[ListFile, ...] = ()


def mounted(folders: Sequence[str]) -> list[files.Medium]:
    """Return the removable media that are mounted, and the configured folders that are there."""
    own = [path for path in map(config.resolve, folders) if path.is_dir()]
    return [*files.find_media(), *(files.Medium(path, writable=True) for path in own)]


def look(found: Sequence[files.Medium]) -> Media:
    """Return what can be chosen from: a list is also read from a medium that cannot be written."""
    lists: list[ListFile] = []
    papers: list[ListFile] = []
    for medium in found:
        with os.scandir(medium.path) as entries:
            names = sorted(one.name for one in entries if one.is_file(follow_symlinks=False))
        for wanted, offered in ((lists, reading.is_offered), (papers, scans.is_offered)):
            wanted += [ListFile(str(medium.path / name), shown_name(name), str(medium.path)) for name in names if offered(name)]
    writable = tuple(str(medium.path) for medium in found if medium.writable)
    return Media(writable, tuple(lists[:MAX_LISTS]), tuple(papers[:MAX_LISTS]))


def shown_name(name: str) -> str:
    """Return a file's name as people read it: one that is no UTF-8 (a stick of another system) is most likely GB 18030."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("gb18030", errors="replace")
    return name


def register_scan(command: c.RegisterScan) -> e.Event:
    """Read a scanned paper for its digest. It stays where it lies."""
    path = Path(command.path)
    try:
        document = Document(path.name, files.digest_file(path, MAX_SCAN), str(path))
    except (files.FileRefused, OSError, ValueError):  # ValueError: a path with a null in it
        document = None
    return e.ScanRegistered(command.by.session_id, command.path, document)


def save_reviewed(command: c.SaveAssisted, run_in_store: RunInStore, moment: Callable[[], Moment]) -> e.Event:
    """Save an assisted authentication whose scans go to human review: they are read again, then one transaction."""
    try:
        review = scans.for_review(command.form.documents)
    except scans.ScanUnfit:
        return e.NotSaved(command.by.session_id, "scan-unfit")
    return run_in_store(lambda store: commands.save_assisted(store, command, moment(), review))


def take_unit_list(command: c.TakeUnitList, run_in_store: RunInStore, moment: Callable[[], Moment]) -> e.Event:
    """Read a unit's list from where it lies, then let the store answer every row."""
    session_id, path = command.by.session_id, Path(command.file.path)
    try:
        found = reading.read(files.read_file(path, reading.MAX_BYTES), path.name)
    except reading.ListUnreadable as error:
        return e.Acted(session_id, Place.UNIT_LIST, problem=error.code, detail=error.detail)
    except files.FileRefused as error:
        problem = "list-too-large" if error.why == "too-large" else "list-unreadable"
        return e.Acted(session_id, Place.UNIT_LIST, problem=problem)
    except OSError:
        return e.Acted(session_id, Place.UNIT_LIST, problem="list-unreadable")
    return run_in_store(lambda store: commands.take_unit_list(store, command, found, moment()))


def _support_bundle(command: c.Export, settings: config.Settings, run_in_store: RunInStore, now: datetime) -> e.Event:
    """Write the support bundle of this kiosk into a folder. now: at the station."""
    folder = Path(command.folder)
    try:
        path = bundle.write(folder, settings, lambda: run_in_store(lambda store: troubles.of_store(store, now)), now)
    except files.RemovableError as error:
        return e.Acted(command.by.session_id, command.place, problem=error.why, data=command.data)
    return e.Acted(command.by.session_id, command.place, "exported", detail=f"{folder.name} / {path.name}", data=command.data)


def export(
    command: c.Export,
    words: Callable[[str], str],
    now: datetime,
    settings: config.Settings | None = None,
    run_in_store: RunInStore | None = None,
) -> e.Event:
    """Write the answers or the ledger as CSV into a folder, or the support bundle (settings, run_in_store), whole or not at all.

    words: text of a problem code. now: at the station; it stands in the name, with the unit's, so that no list's answers write
    over another's.
    """
    if command.place is Place.MAINTENANCE and settings is not None and run_in_store is not None:
        return _support_bundle(command, settings, run_in_store, now)
    data, session_id = command.data, command.by.session_id
    if isinstance(data, b.FairnessData):
        name, text = f"fairness-{data.first}-{data.last}.csv", data.csv
    elif isinstance(data, b.UnitListData):
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["行号", "人员", "答复", "记录号"])
        writer.writerows([one.line, one.who, words(one.problem), " ".join(one.record_ids)] for one in data.answers)
        name, text = f"名单答复-{_fit(data.unit)}-{now:%Y%m%d-%H%M%S}.csv", out.getvalue()
    elif isinstance(data, b.RemindersData):
        name, text = f"提醒电话-{data.made_on or now.date()}.html", reminders.sheet(data)
    else:
        return e.Acted(session_id, command.place, problem="nothing-to-export")
    folder, content = Path(command.folder), text.encode("utf-8-sig")  # the mark lets spreadsheets read Chinese
    try:
        if not folder.is_dir():
            raise files.RemovableError("medium-missing")
        try:
            files.write_file(folder / name, content)
        except files.RemovableError as error:
            if error.why != "medium-unwritable" or name.isascii():
                raise
            plain = "reminders" if isinstance(data, b.RemindersData) else "answers"
            name = f"{plain}-{now:%Y%m%d-%H%M%S}{Path(name).suffix}"  # a stick that was mounted without Chinese letters
            files.write_file(folder / name, content)
    except files.RemovableError as error:
        return e.Acted(session_id, command.place, problem=error.why, data=data)
    return e.Acted(session_id, command.place, "exported", detail=f"{folder.name} / {name}", data=data)


def _fit(unit: str) -> str:
    """Return a unit's name as a part of a file's name."""
    return _UNFIT.sub(" ", unit).strip(" .")[:30].strip(" .") or "unit"


def carry(
    by: Session,
    direction: str,
    folder: str,
    settings: config.Sync,
    run_in_store: RunInStore,
    on_moved: Callable[[outbox.Moved], None],
) -> e.Event:
    """Export to or import from a medium. on_moved: told of each record that went on."""
    try:
        identity = load_identity(settings)
    except ConfigError:
        return e.Acted(by.session_id, Place.SYNC, problem="not-provisioned")
    try:
        if direction == "export":
            done = courier.export(run_in_store, identity, Path(folder), journal_tail=journal_lines, gather=gatherer())
            return e.Acted(by.session_id, Place.SYNC, "courier-exported", detail=str(done.records))
        told = courier.import_from(run_in_store, identity, Path(folder), on_moved=on_moved)
    except files.RemovableError as error:
        return e.Acted(by.session_id, Place.SYNC, problem=error.why)
    refused = [one for one in told if one.outcome == "refused"]
    applied = sum(one.outcome == "applied" for one in told)
    if refused and all(one.why == "truncated" for one in refused):
        return e.Acted(by.session_id, Place.SYNC, problem="medium-partial")
    if refused:
        return e.Acted(by.session_id, Place.SYNC, problem="medium-refused", detail=", ".join(one.why for one in refused[:3]))
    return e.Acted(by.session_id, Place.SYNC, "courier-imported", detail=str(applied))
