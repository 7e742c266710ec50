"""Home-visit lists between two kiosks of one station, by stick: exported, imported, returned, merged. Documents: `protocol`.

The trust comes from the bureau: its signed bundle names the peers, and nobody else's signature is taken. Below the stick's folder
lie `pension-kiosk/RECEIVER/home/loan-UNTIL-LOAN-DIGEST.jwe`, `…/return-UNTIL-LOAN-DIGEST.jwe` and `…/news-…` (`home_news`).
Everything may be done twice. A stick is hostile here as everywhere (`kiosk.removable`). Used by a command and the desk.
"""

from __future__ import annotations

import errno
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from kiosk.canonical import canonical
from kiosk.errors import KioskError
from kiosk.removable import files
from kiosk.store import outbox
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import exported, imported
from kiosk.store.home_visits import visits as home
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster
from kiosk.sync import json_bounds, limits, protocol, roster_feed, seal
from kiosk.sync.batches import RunInStore, guarded
from kiosk.sync.keys import Identity

FOLDER = "home"
_LOAN = re.compile(r"loan-(?:\d{8})-[0-9A-Za-z-]{1,80}-([0-9a-f]{16})\.jwe")
_RETURN = re.compile(r"return-(?:\d{8})-[0-9A-Za-z-]{1,80}-([0-9a-f]{16})\.jwe")
NEWS = re.compile(r"news-(?:\d{8})-[0-9A-Za-z-]{1,80}-([0-9a-f]{16})\.jwe")
_MAX_FILES = 200  # ours: a stick carries a few lists
_FUTURE = timedelta(days=1)  # ours: two kiosks' clocks differ by less, or one of them is wrong
D = TypeVar("D", protocol.HomeLoan, protocol.HomeReturn, protocol.HomeNews)


Document = protocol.HomeLoan | protocol.HomeReturn | protocol.HomeNews


class HomeLoanError(KioskError):
    """A list cannot be exported or imported. `why`: unknown-peer, nobody-to-export, revoked."""

    reason = "seal-invalid"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class ListExported:
    """A list that lies on the stick. `left_out`: asked for, but not in this kiosk's roster, or too many."""

    loan_id: str
    peer: protocol.Peer
    people: int
    left_out: int
    until: datetime
    path: Path


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one list: "applied", "nothing-new" or "refused" with `why`. `count`: people taken, or records."""

    name: str
    outcome: str
    why: str = ""
    count: int = 0


def label(peer: protocol.Peer) -> str:
    """Return a peer's name as people tell it from others of the same station: name and the end of its id."""
    return f"{peer.name} {short(peer.kiosk_id)}".strip()


def short(kiosk_id: str) -> str:
    """Return the end of a kiosk's id, as it stands on its screen."""
    return kiosk_id[-4:].upper()


# --- the station's kiosk


def export_list(
    run_in_store: RunInStore,
    identity: Identity,
    medium: Path,
    to_kiosk: str,
    person_ids: Iterable[str],
    staff_id: str,
    now: datetime,
) -> ListExported:
    """Put a list for a portable kiosk on the stick. Raises HomeLoanError, files.RemovableError; then nobody counts as exported."""
    run, asked = guarded(run_in_store), list(person_ids)
    if not medium.is_dir():
        raise files.RemovableError("medium-missing")
    document, peer = run(lambda store: _prepare(store, identity, to_kiosk, asked, staff_id, now))
    given = _exported_list(document, peer)
    sealed = sealed_for(identity, document, peer)
    run(lambda store: exported.prepare(store, given, staff_id, now))
    path = write(medium, "loan", document, document.until, sealed)
    clear(path.parent, _LOAN, lambda name: name[5:13] < f"{now - _FUTURE:%Y%m%d}")
    run(lambda store: exported.mark_exported(store, given, staff_id, now))
    return ListExported(document.loan_id, peer, len(document.people), len(set(asked)) - len(document.people), document.until, path)


def _prepare(
    store: Store, identity: Identity, to_kiosk: str, person_ids: list[str], staff_id: str, now: datetime
) -> tuple[protocol.HomeLoan, protocol.Peer]:
    peer = peer_of(store, identity, to_kiosk)
    people = home.to_export(store, person_ids)[: limits.MAX_LOAN]
    if not people:
        raise HomeLoanError("nobody-to-export")
    info = roster.info(store)
    return protocol.HomeLoan(
        loan_id=str(uuid.uuid4()),
        from_kiosk=identity.pins.kiosk_id,
        to_kiosk=to_kiosk,
        created_at=now,
        until=now + timedelta(days=store.settings.rules.home_loan_days),
        roster_version=info.version,
        roster_at=info.issued_at,
        people=tuple(
            protocol.LoanedPerson(
                person_id=one.person_id, line=one.line.decode(), booked_at=one.booked_at, booked_by=one.booked_by, note=one.note
            )
            for one in people
        ),
    ), peer


def _exported_list(document: protocol.HomeLoan, peer: protocol.Peer) -> exported.ExportedList:
    return exported.ExportedList(
        document.loan_id,
        document.to_kiosk,
        label(peer),
        document.created_at,
        document.until,
        tuple(one.person_id for one in document.people),
    )


def merge_results(run_in_store: RunInStore, identity: Identity, medium: Path, staff_id: str, now: datetime) -> list[FileOutcome]:
    """Take the results of portable kiosks from the stick; each file by itself, a bad one stops nothing. Raises RemovableError."""
    run = guarded(run_in_store)

    def one(data: bytes) -> FileOutcome:
        document, peer = opened(run, identity, data, protocol.HomeReturn)
        new = run(lambda store: _merge_results(store, document, peer, staff_id, now))
        return FileOutcome("", "applied" if new else "nothing-new", count=new)

    return list(each(medium, identity, _RETURN, one))


def _merge_results(store: Store, document: protocol.HomeReturn, peer: protocol.Peer, staff_id: str, now: datetime) -> int:
    loan = exported.find(store, document.loan_id)
    if loan is None or loan.to_kiosk != peer.kiosk_id:
        raise seal.Refused("unknown-loan")
    for content in document.records:
        _check_record(content, loan.people, store.settings.station.station_id)
    try:
        new, _ = home.merge_results(store, document.records, staff_id, now, loan)
    except ValueError as error:
        raise seal.Refused("malformed") from error
    except home.RecordConflict as error:
        raise seal.Refused("conflict") from error
    return new


def _check_record(content: str, people: tuple[str, ...], station_id: str) -> None:
    """What the bureau would refuse from us is not taken in: the wire's shape, our station, a person of our list."""
    try:
        data = json_bounds.parse(content.encode())
        same = canonical(data).decode() == content
        record = protocol.Record.model_validate(data)
    except (ValidationError, ValueError, RecursionError):
        raise seal.Refused("malformed", "record") from None
    if not same:
        raise seal.Refused("malformed", "record")
    if record.station_id != station_id:
        raise seal.Refused("wrong-station")
    if record.person_id not in people:
        raise seal.Refused("unknown-record")


# --- the portable kiosk


def import_lists(run_in_store: RunInStore, identity: Identity, medium: Path, staff_id: str, now: datetime) -> list[FileOutcome]:
    """Take the lists that lie on the stick for this kiosk; each by itself, a bad one stops nothing. Raises RemovableError."""
    run = guarded(run_in_store)

    def one(data: bytes) -> FileOutcome:
        document, peer = opened(run, identity, data, protocol.HomeLoan)
        changed = run(lambda store: _import_list(store, document, peer, staff_id, now))
        return FileOutcome("", "applied" if changed else "nothing-new", count=changed)

    told = list(each(medium, identity, _LOAN, one))
    run(lambda store: home.retain(store, now))  # what is over makes room for what is new
    return told


def _import_list(store: Store, document: protocol.HomeLoan, peer: protocol.Peer, staff_id: str, now: datetime) -> int:
    before = next((one for one in imported.loans(store) if one.loan_id == document.loan_id), None)
    if before is not None and before.ended_at is not None:
        raise seal.Refused("replayed")
    if document.until <= now:
        raise seal.Refused("loan-expired")
    if document.created_at > now + _FUTURE or document.until - document.created_at > timedelta(days=limits.MAX_LOAN_DAYS):
        raise seal.Refused("malformed", "created_at, until")
    people = [
        imported.ListedPerson(one.person_id, one.line.encode(), one.booked_at, one.booked_by, one.note) for one in document.people
    ]
    ids = tuple(dict.fromkeys(one.person_id for one in people))
    loan = imported.ImportedList(
        document.loan_id,
        document.from_kiosk,
        label(peer),
        document.created_at,
        document.until,
        document.roster_version,
        document.roster_at,
        ids,
        now,
    )
    try:
        for one in people:
            _sendable(one.line)
        return home.import_list(store, loan, people, staff_id, now)
    except ValueError as error:
        raise seal.Refused("malformed", "line") from error


def _sendable(line: bytes) -> None:
    data = json_bounds.parse(line)
    if roster_format.check(data) or roster_format.unsendable(data):
        raise ValueError("no person, or an id that cannot be sent")


def return_results(run_in_store: RunInStore, identity: Identity, medium: Path, staff_id: str, now: datetime) -> list[FileOutcome]:
    """Put the records about imported people on the stick, for the lender; also when there are none: the list is back.

    They go to the bureau by this kiosk's own way all the same. Raises RemovableError.
    """
    run = guarded(run_in_store)
    if not medium.is_dir():
        raise files.RemovableError("medium-missing")
    told = []
    for loan in run(lambda store: [one for one in imported.loans(store) if _to_return(store, one)]):
        try:
            peer = run(lambda store: peer_of(store, identity, loan.from_kiosk))  # noqa: B023  used before the loop turns
        except HomeLoanError as error:
            told.append(FileOutcome(loan.loan_id, "refused", error.why))
            continue
        contents = [content for content, _ in run(lambda store: home.records_of_loan(store, loan))]  # noqa: B023
        kept = []
        for number in range(0, max(1, len(contents)), limits.MAX_RETURN):
            document = protocol.HomeReturn(
                return_id=str(uuid.uuid4()),
                loan_id=loan.loan_id,
                from_kiosk=identity.pins.kiosk_id,
                to_kiosk=peer.kiosk_id,
                created_at=now,
                records=tuple(contents[number : number + limits.MAX_RETURN]),
            )
            kept.append(write(medium, "return", document, loan.until, sealed_for(identity, document, peer)))
        ours, names = f"return-{loan.until:%Y%m%d}-{loan.loan_id}-", {path.name for path in kept}
        clear(kept[0].parent, _RETURN, lambda name: name.startswith(ours) and name not in names)  # noqa: B023
        run(lambda store: _mark_returned(store, loan, len(contents), staff_id, now))  # noqa: B023
        told.append(FileOutcome(loan.loan_id, "applied", count=len(contents)))
    run(lambda store: home.retain(store, now))
    return told


def has_to_return(store: Store) -> bool:
    """True while there is a list to bring back, or records about one that neither the lender nor the bureau has for certain."""
    return any(_to_return(store, one) for one in imported.loans(store))


def _to_return(store: Store, loan: imported.ImportedList) -> bool:
    kept = home.records_of_loan(store, loan)
    return loan.ended_at is None or any(not settled for _, settled in kept) or (loan.returned_at is None and bool(kept))


def _mark_returned(store: Store, loan: imported.ImportedList, records: int, staff_id: str, now: datetime) -> None:
    with store.transaction() as db:
        imported.mark_returned(store, db, loan, records, staff_id, now)


# --- both


def peer_of(store: Store, identity: Identity, kiosk_id: str) -> protocol.Peer:
    """Return the other kiosk of this station with this id. Raises HomeLoanError."""
    if outbox.get(store.db, "revoked") == identity.pins.kiosk_id:
        raise HomeLoanError("revoked")
    found = next((one for one in roster_feed.peers(store) if one.kiosk_id == kiosk_id), None)
    if found is None:
        raise HomeLoanError("unknown-peer")
    return found


def sealed_for(identity: Identity, document: Document, peer: protocol.Peer) -> bytes:
    """Return a document signed and sealed to a peer."""
    signed = seal.sign(document, identity.keys.sign, identity.pins.kiosk_id)
    return seal.encrypt(signed, seal.recipient_key(peer.keys), peer.kiosk_id)


def write(medium: Path, kind: str, document: Document, until: datetime, sealed: bytes) -> Path:
    """Write a sealed document for its receiver."""
    folder = medium / files.ROOT_NAME / document.to_kiosk / FOLDER
    path = folder / files.named(f"{kind}-{until:%Y%m%d}-{document.loan_id}", sealed, "jwe")
    files.write_file(path, sealed)
    return path


def clear(folder: Path, pattern: re.Pattern[str], old: Callable[[str], bool]) -> None:
    """Take off the stick what is over, or what newer files hold too."""
    for path, _ in files.matching(folder, pattern):
        if old(path.name):
            files.remove(path)


def each(medium: Path, identity: Identity, pattern: re.Pattern[str], take: Callable[[bytes], FileOutcome]) -> Iterator[FileOutcome]:
    """Take every file of a pattern that lies there for this kiosk; what is wrong with one is told."""
    if not medium.is_dir():
        raise files.RemovableError("medium-missing")
    folder = medium / files.ROOT_NAME / identity.pins.kiosk_id / FOLDER
    if any(one.is_symlink() for one in (folder, *list(folder.parents)[:2])):
        return
    for path, digest in list(files.matching(folder, pattern))[-_MAX_FILES:]:
        try:
            told = take(files.whole(path, digest, limits.MAX_SEALED))
            yield FileOutcome(path.name, told.outcome, told.why, told.count)
        except seal.Refused as error:
            yield FileOutcome(path.name, "refused", error.why)
        except (HomeLoanError, files.FileRefused) as error:
            yield FileOutcome(path.name, "refused", error.why)
        except OSError as error:
            yield FileOutcome(path.name, "refused", "unreadable" if error.errno != errno.ENOSPC else "disk-full")


def opened(run: RunInStore, identity: Identity, data: bytes, model: type[D]) -> tuple[D, protocol.Peer]:
    """Decrypt, find the peer whose signature is claimed, verify. Raises seal.Refused, HomeLoanError."""
    compact = seal.decrypt(data, identity.keys.seal, identity.pins.kiosk_id)
    claimed = seal.signer_of(compact)
    peer = run(lambda store: peer_of(store, identity, claimed))
    document = seal.verify(compact, seal.verify_key(peer.keys), claimed, model)
    if document.from_kiosk != claimed:
        raise seal.Refused("wrong-signer")
    if document.to_kiosk != identity.pins.kiosk_id:
        raise seal.Refused("not-for-us")
    return document, peer
