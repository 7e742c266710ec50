"""Sealed batches on a stick, and receipts, decisions, rosters back: the same bytes as over HTTPS. Used by a command and the desk.

Layout below the stick's folder: `pension-kiosk/KIOSK-ID/up/{batch-SEQ,evidence-ID,report-now}-DIGEST.jwe`, `.../up/have.json`,
`.../down/KIND-....jw[se]` (kinds: `_DOWN`), `pension-kiosk/rosters/DIGEST.roster`.
All may be done twice. Names carry digests, so that a partial copy shows; files are written aside, synced and renamed. A stick is
hostile: only regular files of known names and bounded sizes are read, links are not followed.
"""

from __future__ import annotations

import errno
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kiosk import settings_trial
from kiosk.canonical import canonical
from kiosk.errors import SyncUnavailable
from kiosk.removable import files
from kiosk.store import outbox, reminders
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.sync import (
    batches,
    client,
    evidence,
    json_bounds,
    limits,
    protocol,
    registration,
    reminder_lists,
    remote_settings,
    reports,
    roster_chunks,
    roster_feed,
    roster_file,
    seal,
    standing,
    succession,
    suites,
)
from kiosk.sync.batches import Clocks, JournalTail, RunInStore
from kiosk.sync.client import Failure
from kiosk.sync.keys import Identity

BATCH_NAME = re.compile(r"batch-\d{8}-([0-9a-f]{16})\.jwe")
_DOWN = re.compile(
    r"(receipt|evidence|decisions|standing|bundle|settings|roster|chunks|reminders)-[0-9A-Za-z.-]{1,80}-([0-9a-f]{16})\.jw[se]"
)
_HAVE = ("decisions_after", "roster_version", "bundle_version", "reminders_version", "settings_version")
_NEW = {"reminders_version": 0, "settings_version": 0}  # a kiosk of before does not say, and leaves such files
D = TypeVar("D", bound=protocol.Document)


@dataclass(frozen=True, slots=True)
class Exported:
    """What lies on the stick now. `records` includes those of earlier exports that are still on it."""

    folder: Path
    new_batches: int
    kept_batches: int
    records: int
    repaired: int  # partial copies that were replaced
    evidence: int = 0  # pictures of papers for human review


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file: "applied", "nothing-new" or "refused" with `why`."""

    name: str
    outcome: str
    why: str = ""
    moved: tuple[outbox.Moved, ...] = ()


# --- up


def export(
    run_in_store: RunInStore,
    identity: Identity,
    medium: Path,
    *,
    batch_size: int = 50,
    clocks: Clocks | None = None,
    journal_tail: JournalTail | None = None,
    on_progress: Callable[[int], None] | None = None,
    gather: reports.Gather | None = None,
) -> Exported:
    """Put everything that no receipt covers on the stick, in whatever state it is. Raises RemovableError; a later try goes on.

    Batches of an earlier export that are still on the stick, whole, are left; partial ones are replaced; settled ones are removed.
    """
    if not medium.is_dir():
        raise files.RemovableError("medium-missing")
    clocks, run_in_store = clocks or Clocks(), batches.guarded(run_in_store)
    run_in_store(lambda store: registration.follow(store, identity, clocks.utc()))
    folder = medium / files.ROOT_NAME / identity.pins.kiosk_id / "up"
    covered: set[str] = set()
    kept = repaired = 0
    for path, digest in files.matching(folder, BATCH_NAME):
        state = _on_medium(run_in_store, identity, path, digest)
        if state is None:
            files.remove(path)
            repaired += 1
        elif not state:
            files.remove(path)
        else:
            covered |= state
            kept += 1
    records, new = len(covered), 0
    for ids in _portions(run_in_store, covered, batch_size):
        packed = run_in_store(lambda store: _pack(store, identity, ids, clocks, journal_tail, first=new == 0))  # noqa: B023
        if packed is None:
            continue
        files.write_file(folder / files.named(f"batch-{packed.seq:08d}", packed.sealed, "jwe"), packed.sealed)
        run_in_store(lambda store: outbox.mark_carried(store.db, packed.record_ids))  # noqa: B023
        new, records = new + 1, records + len(packed.record_ids)
        if on_progress is not None:
            on_progress(records)
    pieces = evidence.export(run_in_store, identity, folder)
    if gather is not None:
        _report(folder, identity, gather(run_in_store, clocks.utc()), clocks)
        # Somebody carries the report of a kiosk that started with the bureau's settings: as good as the bureau's word.
        run_in_store(lambda store: remote_settings.reported(store, clocks.utc()))
    have = run_in_store(_have)
    files.write_file(folder / "have.json", canonical(have))
    return Exported(folder, new, kept, records, repaired, pieces)


def _report(folder: Path, identity: Identity, facts: dict[str, Any], clocks: Clocks) -> None:
    """Put what the station tells of itself on the medium, in place of an older one."""
    older = [path for path, _ in files.matching(folder, reports.NAME)]
    sealed = reports.make(identity, facts, clocks.utc()).sealed
    files.write_file(folder / files.named("report-now", sealed, "jwe"), sealed)
    for path in older:
        files.remove(path)


def _on_medium(run_in_store: RunInStore, identity: Identity, path: Path, digest: str) -> set[str] | None:
    """Return the unsettled records of a batch file of ours; empty when all are settled; None when the file is no good."""
    try:
        data = files.whole(path, digest, limits.MAX_SEALED)
    except (files.FileRefused, OSError):
        return None
    if not _still_opened(identity, data):
        return None
    return run_in_store(lambda store: outbox.unsettled_of(store.db, identity.suite.digest(data)))


def _still_opened(identity: Identity, data: bytes) -> bool:
    """Whether the bureau still has the keys to which a batch of an earlier export was sealed."""
    pins = identity.pins
    try:
        sealed_to = suites.header_of(data).get("kid")
    except suites.NotWhole:
        return False
    return sealed_to in {pins.bureau_id, *([pins.before.bureau_id] if pins.before else [])}


def _portions(run_in_store: RunInStore, covered: set[str], size: int) -> Iterator[list[str]]:
    ids = [one for one in run_in_store(lambda store: outbox.unsent_ids(store.db)) if one not in covered]
    yield from (ids[start : start + size] for start in range(0, len(ids), size))
    if not ids and not covered:
        yield []  # nothing waits: the journal may still want to be carried


def _pack(
    store: Store, identity: Identity, ids: list[str], clocks: Clocks, journal_tail: JournalTail | None, *, first: bool
) -> batches.Packed | None:
    rows = outbox.unsent(store.db, ids)  # what a receipt covered meanwhile is left out
    sent = int(outbox.get(store.db, "journal_sent", "0"))
    lines = journal_tail(store, sent, limits.MAX_JOURNAL) if journal_tail is not None and first else []
    if not rows and not lines:
        return None
    if batches.reserve(store, clocks.utc()) and journal_tail is not None and first:
        lines = journal_tail(store, sent, limits.MAX_JOURNAL)
    return batches.pack(store, identity, rows, "stick", clocks, lines)


def _have(store: Store) -> dict[str, int]:
    return {
        "decisions_after": int(outbox.get(store.db, "decisions_after", "0")),
        "roster_version": roster.version(store),
        "bundle_version": int(outbox.get(store.db, "bundle_version", "0")),
        "reminders_version": reminders.version(store.db),
        "settings_version": settings_trial.read(store.folder).version,
    }


# --- down


def import_from(
    run_in_store: RunInStore,
    identity: Identity,
    medium: Path,
    *,
    clocks: Clocks | None = None,
    on_moved: Callable[[outbox.Moved], None] | None = None,
) -> list[Imported]:
    """Apply what the bureau put on the stick for this kiosk; each file by itself, a bad one stops nothing. Raises RemovableError.

    on_moved: told of each record that went on, as soon as that is durable.
    """
    if not medium.is_dir():
        raise files.RemovableError("medium-missing")
    clocks, run_in_store = clocks or Clocks(), batches.guarded(run_in_store)
    run_in_store(lambda store: registration.follow(store, identity, clocks.utc()))
    folder = medium / files.ROOT_NAME / identity.pins.kiosk_id / "down"
    told: list[Imported] = []
    kinds = (
        "receipt",
        "evidence",
        "decisions",
        "standing",
        "bundle",
        "settings",
        "roster",
        "chunks",
        "reminders",
    )  # decisions speak of received records
    order = {kind: place for place, kind in enumerate(kinds)}
    found = sorted(files.matching(folder, _DOWN), key=lambda item: (order[item[0].name.split("-")[0]], item[0].name))
    for path, digest in found:
        kind = path.name.split("-")[0]
        try:
            data = files.whole(path, digest, limits.MAX_SEALED)
            moved, changed = _take(kind, run_in_store, identity, data, medium, clocks)
            if on_moved is not None:
                for one in moved:
                    on_moved(one)
            told.append(Imported(path.name, "applied" if changed else "nothing-new", moved=tuple(moved)))
        except seal.Refused as error:
            stale = error.why == "stale"
            told.append(Imported(path.name, "nothing-new" if stale else "refused", error.why))
        except (Failure, files.FileRefused) as error:
            told.append(Imported(path.name, "nothing-new" if error.why == "stale" else "refused", error.why))
        except OSError as error:
            told.append(Imported(path.name, "refused", "unreadable" if error.errno != errno.ENOSPC else "disk-full"))
        except SyncUnavailable as error:
            told.append(Imported(path.name, "refused", error.reason))
        identity = succession.refreshed(identity)  # it may have brought news of the bureau's keys
    return told


def _take(
    kind: str, run_in_store: RunInStore, identity: Identity, data: bytes, medium: Path, clocks: Clocks
) -> tuple[list[outbox.Moved], bool]:
    if kind == "receipt":
        receipt, signed = client.verified(identity, data, protocol.Receipt)
        succession.signed_by(identity, receipt.bureau_id)
        moved = run_in_store(lambda store: batches.accept_receipt(store.db, receipt, signed))
        return moved, bool(moved)
    if kind == "evidence":
        told_of, _ = client.verified(identity, data, protocol.EvidenceReceipt)
        return [], run_in_store(lambda store: evidence.take_receipt(store, told_of))
    if kind == "decisions":
        decisions, _ = client.verified(identity, data, protocol.Decisions)
        succession.signed_by(identity, decisions.bureau_id)
        moved = run_in_store(lambda store: batches.accept_decisions(store.db, decisions))
        return moved, bool(moved)
    if kind == "standing":
        told, _ = client.verified(identity, data, protocol.Standing)
        succession.signed_by(identity, told.bureau_id)  # there is one on every stick
        return [], run_in_store(lambda store: standing.take(store, told, clocks.utc()))
    if kind == "bundle":
        bundle = client.open_sealed(identity, data, protocol.RawBundle)
        identity = succession.signed_by(identity, bundle.bureau_id)
        roster_feed.take_announcement(run_in_store, identity, bundle, clocks.utc())
        return [], run_in_store(lambda store: roster_feed.take_bundle(store, bundle, clocks.utc()))
    if kind == "reminders":
        listed = client.open_sealed(identity, data, protocol.Reminders)
        return [], run_in_store(lambda store: reminder_lists.take(store, listed, clocks.utc()))
    if kind == "settings":
        wished = client.open_sealed(identity, data, protocol.StationSettings)
        station_id = identity.pins.station_id
        return [], run_in_store(lambda store: remote_settings.take(store, wished, station_id, clocks.utc()))
    if kind == "chunks":
        document = client.open_sealed(identity, data, protocol.RosterChunks)
        for chunk in document.chunks:
            roster_file.must_be(roster_chunks.as_manifest(document, chunk), identity.suite)
        _take_chunks(run_in_store, document, medium, clocks)
        return [], True
    manifest = client.open_sealed(identity, data, protocol.RosterManifest)
    roster_file.must_be(manifest, identity.suite)
    _take_roster(run_in_store, manifest, medium, clocks)
    return [], True


def _take_roster(run_in_store: RunInStore, manifest: protocol.RosterManifest, medium: Path, clocks: Clocks) -> None:
    here = run_in_store(lambda store: roster.version(store))
    if manifest.version <= here:
        raise seal.Refused("stale")
    # Copied first: what is checked must be what is read, and a stick can be pulled out or changed in between.
    copy = run_in_store(lambda store: store.folder) / f"{manifest.digest}.fetching"
    try:
        _copied(medium, manifest, copy)
        roster_feed.take_roster(run_in_store, manifest, copy, clocks.utc())
    finally:
        copy.unlink(missing_ok=True)


def _take_chunks(run_in_store: RunInStore, document: protocol.RosterChunks, medium: Path, clocks: Clocks) -> None:
    """Take a station's own roster: of the buckets on the medium those that differ from what is here."""
    wanted = run_in_store(lambda store: roster_chunks.differing(store, document))
    folder: Path = run_in_store(lambda store: store.folder)
    chosen = document.chunks if wanted is None else [document.chunks[number] for number in wanted]
    copies = {chunk.digest: folder / f"{chunk.digest}.fetching" for chunk in chosen if chunk.lines}
    try:
        for chunk in chosen:
            if chunk.lines:
                _copied(medium, chunk, copies[chunk.digest])
        roster_chunks.take(run_in_store, document, wanted, lambda chunk: copies[chunk.digest], clocks.utc())
    finally:
        for copy in copies.values():
            copy.unlink(missing_ok=True)


def _copied(medium: Path, told: protocol.RosterManifest | protocol.RosterChunk, copy: Path) -> None:
    source = medium / files.ROOT_NAME / "rosters" / f"{told.digest}.roster"
    facts = source.lstat()
    if not stat.S_ISREG(facts.st_mode) or facts.st_size != told.size:
        raise seal.Refused("truncated" if stat.S_ISREG(facts.st_mode) else "wrong-name", "roster file")
    shutil.copyfile(source, copy, follow_symlinks=False)


def read_have(folder: Path) -> dict[str, int]:
    """Return what a kiosk says it has (a hint without proof, only good for choosing what to offer)."""
    try:
        told = {**_NEW, **json_bounds.parse(files.read_file(folder / "have.json", 4096))}
        return {key: int(told[key]) for key in _HAVE if 0 <= int(told[key]) < 2**53}
    except (OSError, ValueError, KeyError, TypeError, OverflowError, files.FileRefused):
        return {}
