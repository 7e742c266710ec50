"""What a list that is out does not know yet: visits that were cancelled or moved, and what the bureau has received. By stick.

The station's kiosk writes it beside lists and whenever a stick with results lies there; the portable one takes it with the lists. A
kiosk that never meets the network learns so that its records were delivered: by the bureau's own signed receipts to the station's
kiosk, which name record and content. Visits that changed go by the bureau's bundles besides (`bundles.Bundle.visits`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.removable import files
from kiosk.store import outbox
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import changes, exported, imported
from kiosk.store.home_visits import visits as home
from kiosk.sync import home_visits as lists
from kiosk.sync import limits, protocol, seal, succession
from kiosk.sync.batches import RunInStore, guarded
from kiosk.sync.home_visits import FileOutcome
from kiosk.sync.keys import Identity

_CLOCKS = timedelta(days=1)  # two kiosks' clocks differ by less


def write(run_in_store: RunInStore, identity: Identity, medium: Path, now: datetime) -> list[FileOutcome]:
    """Put the news for every list that this kiosk exported on the stick, in place of older news. Raises RemovableError."""
    run = guarded(run_in_store)
    if not medium.is_dir():
        raise files.RemovableError("medium-missing")
    told = []
    for loan in run(lambda store: exported.every(store)):
        try:
            document, peer = run(lambda store: _news(store, identity, loan, now))  # noqa: B023  used before the loop turns
        except lists.HomeLoanError as error:  # the portable kiosk is no longer one of the station's
            told.append(FileOutcome(loan.loan_id, "refused", error.why))
            continue
        if not document.changes and not document.receipts:
            continue
        path = lists.write(medium, "news", document, loan.until, lists.sealed_for(identity, document, peer))
        ours = f"news-{loan.until:%Y%m%d}-{loan.loan_id}-"
        lists.clear(path.parent, lists.NEWS, lambda name: name.startswith(ours) and name != path.name)  # noqa: B023
        told.append(FileOutcome(path.name, "applied", count=len(document.changes) + len(document.receipts)))
    return told


def _news(store: Store, identity: Identity, loan: exported.ExportedList, now: datetime) -> tuple[protocol.HomeNews, protocol.Peer]:
    peer = lists.peer_of(store, identity, loan.to_kiosk)
    return protocol.HomeNews(
        news_id=str(uuid.uuid4()),
        loan_id=loan.loan_id,
        from_kiosk=identity.pins.kiosk_id,
        to_kiosk=peer.kiosk_id,
        created_at=now,
        changes=tuple(
            protocol.VisitChange(person_id=one.person_id, at=one.at, cancelled=one.cancelled, on_day=one.on_day)
            for one in changes.about(store, loan.people)
        ),
        receipts=tuple(changes.receipts_about(store, loan.people, loan.created_at - _CLOCKS, limits.MAX_NEWS_RECEIPTS)),
    ), peer


def take(
    run_in_store: RunInStore,
    identity: Identity,
    medium: Path,
    now: datetime,
    on_moved: Callable[[outbox.Moved], None] | None = None,
) -> list[FileOutcome]:
    """Take the news on the stick for this kiosk; each file by itself, a bad one stops nothing. Raises RemovableError."""
    run = guarded(run_in_store)

    def one(data: bytes) -> FileOutcome:
        document, peer = lists.opened(run, identity, data, protocol.HomeNews)
        loan = run(lambda store: next((one for one in imported.loans(store) if one.loan_id == document.loan_id), None))
        if loan is None or loan.from_kiosk != peer.kiosk_id:
            raise seal.Refused("unknown-loan")
        if any(one.person_id not in loan.people or one.at > now + _CLOCKS for one in document.changes):
            raise seal.Refused("malformed", "changes")
        said = [changes.Change(one.person_id, one.at, one.cancelled, one.on_day) for one in document.changes]
        count: int = run(lambda store: changes.take(store, said, peer.kiosk_id, now))
        for signed in document.receipts:
            moved = run(lambda store: _settle(store, identity, peer.kiosk_id, signed))  # noqa: B023
            count += len(moved)
            if on_moved is not None:
                for step in moved:
                    on_moved(step)
        return FileOutcome("", "applied" if count else "nothing-new", count=count)

    told = list(lists.each(medium, identity, lists.NEWS, one))
    run(lambda store: home.retain(store, now))
    return told


def _settle(store: Store, identity: Identity, peer_id: str, signed: str) -> list[outbox.Moved]:
    """What the bureau signed for the station's kiosk covers our record too: same id, same content. Raises seal.Refused."""
    receipt, verdicts, at, number = _word(identity, signed)
    if receipt.kiosk_id != peer_id or receipt.bureau_id != seal.signer_of(signed):
        raise seal.Refused("wrong-signer")
    said = [
        outbox.RecordVerdict(one.record_id, one.content_digest, one.verdict, one.reason)
        for one in verdicts
        if one.verdict != "rejected"  # from there; from here it may be taken
    ]
    return outbox.settle(store.db, f"{peer_id}:{number}", receipt.kind, signed, at, said)


def _word(
    identity: Identity, signed: str
) -> tuple[protocol.Receipt | protocol.Answer, tuple[protocol.Verdict, ...], datetime, str]:
    try:
        receipt = succession.verify(identity, signed, protocol.Receipt)
        return receipt, receipt.verdicts, receipt.received_at, receipt.batch_id
    except seal.Refused as error:
        if error.why != "wrong-kind":
            raise
    answer = succession.verify(identity, signed, protocol.Answer)
    return answer, answer.known, answer.answered_at, answer.question_id
