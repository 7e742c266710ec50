"""Evidence for human review on its way: sealed one piece at a time, the same bytes over the network and on a stick.

On a stick: `up/evidence-ID-DIGEST.jwe` beside the batches, which the bureau takes first, and the bureau's receipt
`down/evidence-ID-DIGEST.jws`. Used by `delivery` and `courier`.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kiosk.removable import files
from kiosk.store import evidence_files, review_evidence
from kiosk.store.engine.database import Store
from kiosk.sync import limits, protocol, seal
from kiosk.sync.batches import RunInStore
from kiosk.sync.keys import Identity

NAME = re.compile(r"evidence-(?P<piece>[0-9a-f-]{36})-([0-9a-f]{16})\.jwe")
AT_ONCE = 200  # pieces of one export


def sealed(identity: Identity, row: dict[str, Any]) -> bytes | None:
    """Return a piece sealed to the bureau; None when it is larger than the wire takes. row: of `review_evidence`."""
    if len(row["content"]) > limits.MAX_EVIDENCE:
        return None
    try:
        document = protocol.Evidence(
            evidence_id=row["evidence_id"],
            kiosk_id=identity.pins.kiosk_id,
            record_id=row["record_id"],
            consent_id=row["consent_id"],
            media_type=row["media_type"],
            content=base64.b64encode(row["content"]).decode(),
        )
        signed = seal.sign(document, identity.keys.sign, identity.pins.kiosk_id)
        return seal.encrypt(signed, identity.bureau_seal, identity.pins.bureau_id)
    except (seal.Refused, ValidationError):
        return None


def export(run_in_store: RunInStore, identity: Identity, folder: Path) -> int:
    """Put the pieces that wait, and whose records the bureau has or are carried, on the stick; return how many lie there now.

    Pieces of an earlier export that still wait are left, others and partial copies are removed. Raises RemovableError.
    """
    wanted = run_in_store(lambda store: review_evidence.to_carry(store.db, AT_ONCE))
    there = set()
    for path, digest in files.matching(folder, NAME):
        piece = NAME.fullmatch(path.name)
        try:
            files.whole(path, digest, limits.MAX_SEALED)
            keep = piece is not None and piece["piece"] in wanted
        except (files.FileRefused, OSError):
            keep = False
        if keep and piece is not None:
            there.add(piece["piece"])
        else:
            files.remove(path)
    for evidence_id in wanted:
        if evidence_id in there:
            continue
        row = run_in_store(lambda store: review_evidence.piece(store.db, evidence_id))  # noqa: B023
        data = sealed(identity, row) if row is not None else None
        if data is None:
            continue  # settled meanwhile, or too large: the network says so
        run_in_store(lambda store: review_evidence.note_carried(store.db, evidence_id, identity.suite.digest(data)))  # noqa: B023
        files.write_file(folder / files.named(f"evidence-{evidence_id}", data, "jwe"), data)
        there.add(evidence_id)
    return len(there)


def take_receipt(store: Store, receipt: protocol.EvidenceReceipt) -> bool:
    """Settle a piece that the bureau took from a stick; return whether anything changed. Only "accepted" erases it here.

    Raises seal.Refused for a receipt that is for no bytes we carried.
    """
    row = review_evidence.piece(store.db, receipt.evidence_id)
    if row is None:
        return False
    if receipt.digest not in row["carried"].split():
        raise seal.Refused("other-batch", "evidence")
    if receipt.verdict != "accepted":
        return False  # it waits on: over the network the bureau says why
    with store.transaction() as db:
        review_evidence.settle(db, receipt.evidence_id, receipt.verdict, receipt.reason)
    evidence_files.keep_up(store)
    return True
