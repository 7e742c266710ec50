"""A station's own roster in buckets: what differs is fetched, whatever version a kiosk has. Both ends; used by `roster_feed`.

People are spread over buckets by their ids, so that a change touches one small file, and the same people are the same file in
every version: a kiosk that missed a month fetches what changed in it, and nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk.canonical import canonical
from kiosk.store import outbox
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.sync import json_bounds, limits, protocol, roster_file, seal
from kiosk.sync.batches import RunInStore

_KEY = "roster_chunks"  # in `sync_state`: version, and the digests of its buckets


def bucket_of(person_id: str, buckets: int) -> int:
    """Return the bucket of a person."""
    return int.from_bytes(hashlib.sha256(person_id.encode()).digest()[:8], "big") % buckets


def differing(store: Store, document: protocol.RosterChunks) -> list[int] | None:
    """Return the buckets to fetch; None when nothing here can be built on. Raises Refused for a document that is not newer."""
    here = roster.version(store)
    if document.version <= here:
        raise seal.Refused("stale", f"version {document.version} is not newer than {here}")
    if sum(chunk.plain_size for chunk in document.chunks) > limits.MAX_CHUNKED:
        raise seal.Refused("too-large", "the station's roster")
    kept = json.loads(outbox.get(store.db, _KEY) or "{}")
    if not here or kept.get("version") != here or len(kept["digests"]) != len(document.chunks):
        return None
    return [n for n, chunk in enumerate(document.chunks) if chunk.digest != kept["digests"][n]]


def by_catchment(store: Store) -> bool:
    """Return whether the roster in use is of the station's own streets, not one for all."""
    kept = json.loads(outbox.get(store.db, _KEY) or "{}")
    return bool(kept) and kept.get("version") == roster.version(store)


def as_manifest(document: protocol.RosterChunks, chunk: protocol.RosterChunk) -> protocol.RosterManifest:
    """Return what opens one bucket's file."""
    return protocol.RosterManifest(
        bureau_id=document.bureau_id,
        kiosk_id=document.kiosk_id,
        version=document.version,
        created_at=document.created_at,
        **chunk.model_dump(include={"digest", "size", "plain_size", "lines", "file_key"}),
    )


def take(
    run_in_store: RunInStore,
    document: protocol.RosterChunks,
    wanted: list[int] | None,
    files: Callable[[protocol.RosterChunk], Path],
    now: datetime,
) -> None:
    """Put a station's roster into use; `files` gives the fetched file of a bucket. Raises Refused; then the old one stays."""
    buckets = len(document.chunks)
    lines: list[bytes] = []
    there: set[str] = set()
    for number in range(buckets) if wanted is None else wanted:
        for line in _read(document, number, files):
            person_id = str(json_bounds.parse(line)["person_id"])
            if bucket_of(person_id, buckets) != number:
                raise seal.Refused("malformed", "a person in another bucket")
            there.add(person_id)
            lines.append(line)
    try:
        if wanted is None:
            header = roster.RosterHeader(document.version, document.created_at, len(lines))
            folder, key = run_in_store(lambda store: (store.folder, store.key))
            built = roster.build(folder, key, lines, header)
            run_in_store(lambda store: roster.adopt(store, built, now))
        else:
            run_in_store(lambda store: _change(store, document, set(wanted), lines, there, now))
    except roster.RosterRefused as error:
        raise seal.Refused("malformed", str(error)) from error
    run_in_store(lambda store: _note(store, document))


def _read(document: protocol.RosterChunks, number: int, files: Callable[[protocol.RosterChunk], Path]) -> Iterator[bytes]:
    chunk = document.chunks[number]
    if chunk.lines:
        yield from roster_file.read(files(chunk), as_manifest(document, chunk))


def _change(
    store: Store, document: protocol.RosterChunks, wanted: set[int], lines: list[bytes], there: set[str], now: datetime
) -> None:
    here, buckets = roster.version(store), len(document.chunks)
    gone = [one for one in roster.person_ids(store) if one not in there and bucket_of(one, buckets) in wanted]
    # First who goes: a number may have passed from one person to another.
    changes = [*(canonical({"person_id": one, "removed": True}) for one in gone), *lines]
    header = roster.RosterHeader(document.version, document.created_at, len(changes), here)
    roster.apply_delta(store, changes, header, now, people=document.people)


def _note(store: Store, document: protocol.RosterChunks) -> None:
    told: dict[str, Any] = {"version": document.version, "digests": [chunk.digest for chunk in document.chunks]}
    with store.db.atomic():
        outbox.put(store.db, _KEY, json.dumps(told))
        outbox.put(store.db, "roster_version", str(document.version))
        outbox.put(store.db, "roster_at", outbox.iso(document.created_at))
