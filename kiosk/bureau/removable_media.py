"""The bureau's side of a courier's stick: take the batches, put receipts, decisions, bundles and rosters beside them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from kiosk.bureau import areas, catchment, decisions, ingest, reminders, reports, rosters, standing, station_settings, tables
from kiosk.bureau.context import BureauContext
from kiosk.durable import sync_folder
from kiosk.removable import files
from kiosk.sync import courier, evidence, limits, protocol, seal, suites
from kiosk.sync import reports as sync_reports

_CHUNKS = re.compile(r"chunks-\d{8}-([0-9a-f]{16})\.jwe")
_REMINDERS = re.compile(r"reminders-\d{1,16}-([0-9a-f]{16})\.jwe")
_SETTINGS = re.compile(r"settings-new-([0-9a-f]{16})\.jwe")
_STANDING = re.compile(r"standing-now-([0-9a-f]{16})\.jws")


def serve(context: BureauContext, medium: Path) -> list[tuple[str, str]]:
    """Serve every kiosk that has a folder on the stick; return (file, what became of it). May be done twice without harm."""
    told: list[tuple[str, str]] = []
    root = medium / files.ROOT_NAME
    if root.is_symlink() or not root.is_dir():
        raise files.RemovableError("medium-missing")
    for folder in sorted(root.iterdir()):
        with context.session.begin() as session:
            suite = _suite(session, folder.name)
        if suite in context.rings and folder.is_dir() and not folder.is_symlink():
            told += _take_up(context, folder)
            try:
                told += _put_down(context.under(suites.by_name(suite)), folder, root)
            except (OSError, ValueError) as error:  # one folder that cannot be served stops nobody else's
                told.append((folder.name, type(error).__name__))
    return told


def _suite(session: Session, name: str) -> str:
    """Return the suite of a kiosk, "" for a folder that is no kiosk's."""
    kiosk = session.get(tables.Kiosk, name)
    return kiosk.suite if kiosk is not None else ""


def _take_up(context: BureauContext, folder: Path) -> list[tuple[str, str]]:
    def batch(path: Path, content: bytes) -> bool:
        receipt = ingest.take_batch(context, content).encode()
        number = path.name.removeprefix("batch-").split("-")[0]
        files.write_file(folder / "down" / files.named(f"receipt-{number}", receipt, "jws"), receipt)
        return True

    def scan(path: Path, content: bytes) -> bool:
        piece = evidence.NAME.fullmatch(path.name)
        answer, accepted = ingest.take_carried_evidence(context, content)
        if accepted and piece is not None:
            name = files.named(f"evidence-{piece['piece']}", answer.encode(), "jws")
            files.write_file(folder / "down" / name, answer.encode())
        return accepted

    def report(_: Path, content: bytes) -> bool:
        reports.take(context, content, by_medium=True)
        return True

    up = folder / "up"
    told = _each(up, courier.BATCH_NAME, batch)
    return told + _each(up, evidence.NAME, scan) + _each(up, sync_reports.NAME, report)  # of a scan the record is here by now


def _each(up: Path, name: re.Pattern[str], take: Callable[[Path, bytes], bool]) -> list[tuple[str, str]]:
    """Take every file of this name; one that is refused or cannot be read is told, and stops no other."""
    told = []
    for path, digest in files.matching(up, name):
        try:
            told.append((path.name, "taken" if take(path, files.whole(path, digest, limits.MAX_SEALED)) else "refused"))
        except (seal.Refused, ingest.Turned, files.FileRefused) as error:
            told.append((path.name, error.why))
        except OSError:
            told.append((path.name, "unreadable"))
    return told


def _put_down(context: BureauContext, folder: Path, root: Path) -> list[tuple[str, str]]:
    have = courier.read_have(folder / "up")
    kiosk_id, down, told = folder.name, folder / "down", []
    with context.session.begin() as session:  # after what it brought: its batches say which of our keys it believes
        kiosk = session.get_one(tables.Kiosk, kiosk_id)
    context = context.to_strangers().towards(kiosk.bureau_id)
    believes = kiosk.bureau_id if kiosk.follows_keys else ""
    after, more = have.get("decisions_after", 0), True
    while more:
        page = decisions.after(context, kiosk_id, after)
        more = page.more
        if page.decisions:
            signed = context.sign(page).encode()
            files.write_file(down / files.named(f"decisions-{after:08d}", signed, "jws"), signed)
            told.append((f"decisions-{after:08d}", str(len(page.decisions))))
            after = page.decisions[-1].seq
    told_of = context.sign(standing.of(context, kiosk_id)).encode()
    files.write_file(down / files.named("standing-now", told_of, "jws"), told_of)
    for older, _ in list(files.matching(down, _STANDING)):
        if older.name != files.named("standing-now", told_of, "jws"):
            older.unlink(missing_ok=True)
    bundle = rosters.bundle(context, kiosk_id, have.get("bundle_version", 0), believes)
    if bundle is not None:
        files.write_file(down / files.named("bundle-new", bundle, "jwe"), bundle)
        told.append(("bundle", "new"))
    offered = reminders.document(context, kiosk_id, have.get("reminders_version", 0))
    if offered is not None:
        sealed, version = offered
        name = files.named(f"reminders-{version}", sealed, "jwe")
        files.write_file(down / name, sealed)
        told.append(("reminders", str(version)))
        for older, _ in list(files.matching(down, _REMINDERS)):
            if older.name != name:
                older.unlink(missing_ok=True)
    wished = station_settings.document(context, kiosk_id, have.get("settings_version", 0))
    if wished is not None:
        name = files.named("settings-new", wished, "jwe")
        files.write_file(down / name, wished)
        told.append(("settings", "new"))
        for older, _ in list(files.matching(down, _SETTINGS)):
            if older.name != name:
                older.unlink(missing_ok=True)
    return told + _put_down_roster(context, kiosk, have.get("roster_version", 0), down, root / "rosters")


def _put_down_roster(context: BureauContext, kiosk: tables.Kiosk, have: int, down: Path, folder: Path) -> list[tuple[str, str]]:
    """The one roster for all; or, of a station with areas, its own people's buckets and nobody else's."""
    with context.reading.begin() as session:
        own = areas.there(session, kiosk.station_id)
    if own:
        chunked = catchment.offer(context, kiosk.kiosk_id, have)
        if chunked is None:
            return []
        sealed, chunks = chunked
        for chunk in chunks.chunks:
            if chunk.lines:
                _copy_roster(context, chunk, folder)
        name = files.named(f"chunks-{chunks.version:08d}", sealed, "jwe")
        files.write_file(down / name, sealed)
        for older, _ in list(files.matching(down, _CHUNKS)):
            if older.name != name:
                older.unlink(missing_ok=True)
        return [("chunks", str(chunks.version))]
    offered = rosters.offer(context, kiosk.kiosk_id, have)
    if offered is None:
        return []
    sealed, document = offered
    _copy_roster(context, document, folder)
    files.write_file(down / files.named(f"roster-{document.version:08d}", sealed, "jwe"), sealed)
    return [("roster", str(document.version))]


def _copy_roster(context: BureauContext, document: protocol.RosterManifest | protocol.RosterChunk, folder: Path) -> None:
    target = folder / f"{document.digest}.roster"
    if target.is_file() and target.stat().st_size == document.size:
        return
    part = target.with_suffix(".part")
    files.refuse_links(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)  # a link of this name would be written through
        shutil.copyfile(context.rosters / target.name, part)
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        os.replace(part, target)
        sync_folder(folder)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise files.RemovableError("medium-full") from error
