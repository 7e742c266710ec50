"""Sealed batches on a stick, and receipts, decisions, rosters back: the same bytes as over HTTPS. Used by a command and the desk.

Layout below the stick's folder: `pension-kiosk/KIOSK-ID/up/batch-SEQ-DIGEST.jwe`, `.../up/have.json`,
`.../down/{receipt,decisions,bundle,roster}-....jw[se]`, `pension-kiosk/rosters/DIGEST.roster`. Everything may be done twice. Names
carry digests, so that a partial copy shows; files are written aside, synced and renamed. A stick is hostile: only regular files of
known names and bounded sizes are read, links are not followed.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kiosk.errors import KioskError, SyncUnavailable
from kiosk.store import outbox
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.sync import batches, client, protocol, roster_feed, seal
from kiosk.sync.batches import Clocks, JournalTail, RunInStore
from kiosk.sync.client import Failure
from kiosk.sync.keys import Identity

ROOT_NAME = "pension-kiosk"
BATCH_NAME = re.compile(r"batch-\d{8}-([0-9a-f]{16})\.jwe")
_DOWN = re.compile(r"(receipt|decisions|bundle|roster)-[0-9A-Za-z.-]{1,80}-([0-9a-f]{16})\.jw[se]")
_MAX_FILES = 20_000  # ours: more names than this in one folder are not looked at
D = TypeVar("D", bound=protocol.Document)


class CourierError(KioskError):
    """The stick cannot be used: gone, full, read-only, or not a folder. `why`: stick-full, stick-unwritable, stick-missing."""

    reason = "store-error"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Exported:
    """What lies on the stick now. `records` includes those of earlier exports that are still on it."""

    folder: Path
    new_batches: int
    kept_batches: int
    records: int
    repaired: int  # partial copies that were replaced


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file: "applied", "nothing-new" or "refused" with `why`."""

    name: str
    outcome: str
    why: str = ""
    moved: tuple[outbox.Moved, ...] = ()


# --- files


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and see it through to the medium. Raises CourierError.

    A stick may hold links, which would have us write over files of this machine: none is followed.
    """
    part = path.with_name(path.name + ".part")
    refuse_links(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(part, flags, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        try:
            part.unlink(missing_ok=True)
        except OSError:
            pass  # the stick is gone; so is the part
        raise CourierError("stick-full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "stick-unwritable") from error


def refuse_links(folder: Path) -> None:
    """Raise CourierError when our folder on the stick, or one between it and `folder`, is a link to elsewhere."""
    ours = folder.parts.index(ROOT_NAME) if ROOT_NAME in folder.parts else len(folder.parts)
    if any(Path(*folder.parts[:end]).is_symlink() for end in range(ours + 1, len(folder.parts) + 1)):
        raise CourierError("stick-unwritable")


def sync_folder(folder: Path) -> None:
    """Make a rename durable where the system can (Windows cannot open folders)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: Path, limit: int = protocol.MAX_SEALED) -> bytes:
    """Return a regular file's bytes. Raises seal.Refused for links, devices, and files over `limit`; OSError when it is gone."""
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise seal.Refused("wrong-name", "not a regular file")
    if facts.st_size > limit:
        raise seal.Refused("too-large")
    # O_NOFOLLOW: the file may be replaced by a link between the two looks.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise seal.Refused("too-large")
    return data


def named(prefix: str, data: bytes, ending: str) -> str:
    """Return a file name that carries the digest of the content."""
    return f"{prefix}-{protocol.digest(data)[:16]}.{ending}"


def files(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[Path, str]]:
    """Yield (path, digest in the name) of the files whose names fit, in order of name."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        names = sorted(entry.name for _, entry in zip(range(_MAX_FILES), entries, strict=False))
    for name in names:
        found = pattern.fullmatch(name)
        if found:
            yield folder / name, found.groups()[-1]


def whole(path: Path, digest: str) -> bytes:
    """Return the file's bytes if they have the digest its name says. Raises seal.Refused (a partial copy: truncated)."""
    data = read_file(path)
    if protocol.digest(data)[:16] != digest:
        raise seal.Refused("truncated", "the copy is not whole")
    return data


def find_sticks() -> list[Path]:
    """Return folders of removable media that are mounted and writable."""
    found: list[Path] = []
    if os.name == "posix":
        for base in (Path("/media"), Path("/run/media"), Path("/mnt/usb")):
            found += [path for path in (*base.glob("*"), *base.glob("*/*")) if os.path.ismount(path)]
    elif hasattr(os, "listdrives"):
        import ctypes

        kinds = ctypes.windll.kernel32  # type: ignore[attr-defined]
        found += [Path(drive) for drive in os.listdrives() if kinds.GetDriveTypeW(drive) == 2]  # DRIVE_REMOVABLE
    return [path for path in found if os.access(path, os.W_OK)]


# --- up


def export(
    run_in_store: RunInStore,
    identity: Identity,
    stick: Path,
    *,
    batch_size: int = 50,
    clocks: Clocks | None = None,
    journal_tail: JournalTail | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Exported:
    """Put everything that no receipt covers on the stick, in whatever state it is. Raises CourierError; a later try goes on.

    Batches of an earlier export that are still on the stick, whole, are left; partial ones are replaced; settled ones are removed.
    """
    if not stick.is_dir():
        raise CourierError("stick-missing")
    clocks, run_in_store = clocks or Clocks(), batches.guarded(run_in_store)
    folder = stick / ROOT_NAME / identity.pins.kiosk_id / "up"
    covered: set[str] = set()
    kept = repaired = 0
    for path, digest in files(folder, BATCH_NAME):
        state = _on_stick(run_in_store, path, digest)
        if state is None:
            _remove(path)
            repaired += 1
        elif not state:
            _remove(path)
        else:
            covered |= state
            kept += 1
    records, new = len(covered), 0
    for ids in _portions(run_in_store, covered, batch_size):
        packed = run_in_store(lambda store: _pack(store, identity, ids, clocks, journal_tail, first=new == 0))  # noqa: B023
        if packed is None:
            continue
        write_file(folder / named(f"batch-{packed.seq:08d}", packed.sealed, "jwe"), packed.sealed)
        run_in_store(lambda store: outbox.mark_carried(store.db, packed.record_ids))  # noqa: B023
        new, records = new + 1, records + len(packed.record_ids)
        if on_progress is not None:
            on_progress(records)
    have = run_in_store(_have)
    write_file(folder / "have.json", protocol.canonical(have))
    return Exported(folder, new, kept, records, repaired)


def _on_stick(run_in_store: RunInStore, path: Path, digest: str) -> set[str] | None:
    """Return the unsettled records of a batch file of ours; empty when all are settled; None when the file is no good."""
    try:
        data = whole(path, digest)
    except (seal.Refused, OSError):
        return None
    return run_in_store(lambda store: outbox.unsettled_of(store.db, protocol.digest(data)))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CourierError("stick-unwritable") from error


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
    lines = journal_tail(store, sent, protocol.MAX_JOURNAL) if journal_tail is not None and first else []
    return batches.pack(store, identity, rows, "stick", clocks, lines) if rows or lines else None


def _have(store: Store) -> dict[str, int]:
    return {
        "decisions_after": int(outbox.get(store.db, "decisions_after", "0")),
        "roster_version": roster.version(store),
        "bundle_version": int(outbox.get(store.db, "bundle_version", "0")),
    }


# --- down


def import_from(
    run_in_store: RunInStore,
    identity: Identity,
    stick: Path,
    *,
    clocks: Clocks | None = None,
    on_moved: Callable[[outbox.Moved], None] | None = None,
) -> list[Imported]:
    """Apply what the bureau put on the stick for this kiosk; each file by itself, a bad one stops nothing. Raises CourierError.

    on_moved: told of each record that went on, as soon as that is durable.
    """
    if not stick.is_dir():
        raise CourierError("stick-missing")
    clocks, run_in_store = clocks or Clocks(), batches.guarded(run_in_store)
    folder = stick / ROOT_NAME / identity.pins.kiosk_id / "down"
    told: list[Imported] = []
    order = {"receipt": 0, "decisions": 1, "bundle": 2, "roster": 3}  # decisions speak of received records
    found = sorted(files(folder, _DOWN), key=lambda item: (order[item[0].name.split("-")[0]], item[0].name))
    for path, digest in found:
        kind = path.name.split("-")[0]
        try:
            data = whole(path, digest)
            moved, changed = _take(kind, run_in_store, identity, data, stick, clocks)
            if on_moved is not None:
                for one in moved:
                    on_moved(one)
            told.append(Imported(path.name, "applied" if changed else "nothing-new", moved=tuple(moved)))
        except seal.Refused as error:
            stale = error.why == "stale"
            told.append(Imported(path.name, "nothing-new" if stale else "refused", error.why))
        except Failure as error:
            told.append(Imported(path.name, "refused", error.why))
        except OSError as error:
            told.append(Imported(path.name, "refused", "unreadable" if error.errno != errno.ENOSPC else "disk-full"))
        except SyncUnavailable as error:
            told.append(Imported(path.name, "refused", error.reason))
    return told


def _take(
    kind: str, run_in_store: RunInStore, identity: Identity, data: bytes, stick: Path, clocks: Clocks
) -> tuple[list[outbox.Moved], bool]:
    if kind == "receipt":
        receipt, signed = client.verified(identity, data, protocol.Receipt)
        moved = run_in_store(lambda store: batches.accept_receipt(store.db, receipt, signed))
        return moved, bool(moved)
    if kind == "decisions":
        decisions, _ = client.verified(identity, data, protocol.Decisions)
        moved = run_in_store(lambda store: batches.accept_decisions(store.db, decisions))
        return moved, bool(moved)
    if kind == "bundle":
        bundle = client.open_sealed(identity, data, protocol.Bundle)
        return [], run_in_store(lambda store: roster_feed.take_bundle(store, bundle, clocks.utc()))
    manifest = client.open_sealed(identity, data, protocol.RosterManifest)
    _take_roster(run_in_store, manifest, stick, clocks)
    return [], True


def _take_roster(run_in_store: RunInStore, manifest: protocol.RosterManifest, stick: Path, clocks: Clocks) -> None:
    here = run_in_store(lambda store: roster.version(store))
    if manifest.version <= here:
        raise seal.Refused("stale")
    source = stick / ROOT_NAME / "rosters" / f"{manifest.digest}.roster"
    facts = source.lstat()
    if not stat.S_ISREG(facts.st_mode) or facts.st_size != manifest.size:
        raise seal.Refused("truncated" if stat.S_ISREG(facts.st_mode) else "wrong-name", "roster file")
    # Copied first: what is checked must be what is read, and a stick can be pulled out or changed in between.
    copy = run_in_store(lambda store: store.folder) / f"{manifest.digest}.fetching"
    try:
        shutil.copyfile(source, copy, follow_symlinks=False)
        roster_feed.take_roster(run_in_store, manifest, copy, clocks.utc())
    finally:
        copy.unlink(missing_ok=True)


def read_have(folder: Path) -> dict[str, int]:
    """Return what a kiosk says it has (a hint without proof, only good for choosing what to offer)."""
    try:
        told = json.loads(read_file(folder / "have.json", 4096))
        return {
            key: int(told[key]) for key in ("decisions_after", "roster_version", "bundle_version") if 0 <= int(told[key]) < 2**53
        }
    except (OSError, ValueError, KeyError, TypeError, seal.Refused):
        return {}
