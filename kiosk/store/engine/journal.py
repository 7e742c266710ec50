"""Hash-chained, signed journal of what happened: visit ids, reasons, staff actions, configuration changes, clock jumps. No names.

Each entry's `body` is canonical JSON that names its number, time, kind, data and the digest of the entry before; its digest is
that of the body (SHA-256, or SM3 under a key of SM2: `digests.of_key`), and that is signed. `append` is called inside the
transaction it tells of. After the commit the entry goes, with the rows it wrote, to the mirror
(`store.engine.journal_file`), and the save counts as done when that is durable too.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlite_utils import Database

from kiosk import digests
from kiosk.canonical import canonical
from kiosk.errors import KeyAway
from kiosk.store.engine import keys, meta
from kiosk.store.engine.database import Signer, Store
from kiosk.store.engine.journal_file import JournalFile, MirrorFrame, frame_text

log = logging.getLogger(__name__)
FIRST = "0" * 64
_ED25519 = 43  # characters of a public key; another length is another suite's
MAX_BODY = 2000  # as one line travels to the bureau (sync protocol)
_TABLE = """CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    signature TEXT NOT NULL,
    key_id TEXT NOT NULL,
    waiting TEXT            -- rows for the mirror, JSON; NULL once they are in it
) STRICT"""


def _create(db: Database) -> None:
    db.execute(_TABLE)
    db.execute("CREATE INDEX journal_waiting ON journal (seq) WHERE waiting IS NOT NULL")


def _queue(db: Database) -> None:
    # Beside the journal: a long row in it made every save write its neighbours' pages again.
    db.execute("CREATE TABLE mirror_queue (seq INTEGER PRIMARY KEY, rows TEXT NOT NULL) STRICT")  # what the mirror lacks, JSON
    db.execute("INSERT INTO mirror_queue SELECT seq, waiting FROM journal WHERE waiting IS NOT NULL")
    db.execute("DROP INDEX journal_waiting")
    db.execute("ALTER TABLE journal DROP COLUMN waiting")


MIGRATIONS = (_create, _queue)

Rows = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is kept and shipped."""

    seq: int
    kind: str
    digest: str
    body: str
    signature: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `bad_seq`: the first entry that is altered, missing or out of place; `why` says which."""

    entries: int
    first_seq: int
    last_seq: int
    bad_seq: int | None = None
    why: str = ""
    unsigned: int = 0  # entries signed by a key that nobody knows

    @property
    def ok(self) -> bool:
        """True when the chain holds from its first entry to its last, and every signature was checked."""
        return self.bad_seq is None and self.unsigned == 0


def append(
    store: Store, kind: str, data: Mapping[str, Any], now: datetime, rows: Rows = (), *, signer: Signer | None = None
) -> int:
    """Write one entry inside the running transaction. Returns its number.

    data: ids and codes only, no personal field. rows: (table, row) that this transaction writes and that must come back
    after a damage; "-table" with the key columns for a deletion. signer: another one than the store's. Raises ValueError outside a
    transaction, or on a body over the limit.
    """
    if not store.db.conn.in_transaction:
        raise ValueError("the journal is written in the transaction it tells of")
    if store.mirrored_seq:
        store.db.execute("DELETE FROM mirror_queue WHERE seq <= ?", (store.mirrored_seq,))
    last = store.db.execute("SELECT seq, digest FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (1, FIRST) if last is None else (last[0] + 1, last[1])
    body = canonical({"at": _iso(now), "data": dict(data), "kind": kind, "previous": previous, "seq": seq}).decode()
    if len(body) > MAX_BODY:
        raise ValueError(f"a journal entry of {len(body)} characters; at most {MAX_BODY}")
    signer, digest, signature = _signed(store, signer or store.signer, body)
    store.db.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", (seq, kind, body, digest, signature, signer.key_id))
    store.db.execute(
        "INSERT INTO mirror_queue VALUES (?, ?)",
        (seq, json.dumps([[table, plain_row(row)] for table, row in rows], ensure_ascii=False)),
    )
    return int(seq)


def _signed(store: Store, signer: Signer, body: str) -> tuple[Signer, str, str]:
    """Return who signed, digest and signature. A device that is away prevents no save: the database's key vouches then."""
    digest = digest_of(body, signer.key_id)
    try:
        return signer, digest, signer.sign(digest.encode())
    except KeyAway as error:
        log.warning("the journal's key is away", extra={"code": error.reason})
        digest = digest_of(body, store.device_signer.key_id)
        return store.device_signer, digest, store.device_signer.sign(digest.encode())


def announce_key(store: Store, now: datetime) -> None:
    """Write down the public half of the key that signs from now on, once, vouched for by the database's own key.

    So that entries of a key that was replaced since can still be checked.
    """
    public = store.signer.public
    if not public or meta.get(store.db, "journal_key") == store.signer.key_id:
        return
    with store.transaction() as db:
        append(store, "journal-key", {"key_id": store.signer.key_id, "public": public}, now, signer=store.device_signer)
        meta.put(db, "journal_key", store.signer.key_id)


def note(store: Store, kind: str, data: Mapping[str, Any], now: datetime) -> int:
    """Write one entry in a transaction of its own (a refusal, a sign-in, a device that went away)."""
    with store.transaction():
        return append(store, kind, data, now)


def mirror(store: Store) -> None:
    """Bring what waits into the mirror. Called after every commit and at the start; does nothing in a guest process.

    Never raises: the save stands. After a full disk the entry stays in the database, `Store.mirror_failed` says so, and the next
    commit tries again; a damaged database shows itself at the next call.
    """
    try:
        if not store.take_over() or store.mirror is None:
            return
        waiting = store.db.execute(
            "SELECT seq, body, signature, key_id, rows FROM mirror_queue JOIN journal USING (seq) WHERE seq > ? ORDER BY seq",
            (store.mirrored_seq,),
        ).fetchall()
        by_month: dict[str, list[bytes]] = {}
        for seq, body, signature, key_id, rows in waiting:
            month = body[7:14]  # canonical JSON: {"at":"2026-11-...
            by_month.setdefault(month, []).append(frame_text(seq, body, signature, key_id, rows))
        for month, frames in by_month.items():
            store.mirror.append(month, frames)
    except (OSError, sqlcipher.Error):
        store.mirror_failed = True
        return
    store.mirror_failed = False
    if waiting:
        # No transaction of its own: the queue is emptied with the next entry. A start before that mirrors twice; reading allows it.
        store.mirrored_seq = waiting[-1][0]


def entries_since(store: Store, seq: int, limit: int = 200) -> list[Entry]:
    """Return entries after `seq`, in order, for shipping to the bureau."""
    rows = store.db.execute(
        "SELECT seq, kind, digest, body, signature, key_id FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
    ).fetchall()
    return [Entry(*row) for row in rows]


def retired_through(db: Database) -> int:
    """Return the number of the last entry that retention has erased, as its own entries say; 0 for none."""
    row = db.execute("SELECT max(json_extract(body, '$.data.through')) FROM journal WHERE kind = 'retention'").fetchone()
    return int(row[0] or 0)


def digest_of(body: str, key_id: str) -> str:
    """Return the digest of an entry that was signed with a key of this name."""
    return digests.hexdigest(digests.of_key(key_id), body.encode())


def verify(
    store: Store,
    check: Callable[[str, bytes, str], bool | None] | None = None,
    check_public: Callable[[str, bytes, str], bool | None] | None = None,
) -> Verdict:
    """Walk the whole chain and locate the first entry that does not fit.

    check(key_id, data, signature): True, False, or None when the key is not known; besides, the device's own MAC is checked, and
    every key that `announce_key` wrote down: Ed25519 here, others by check_public(public key, data, signature). Entries that
    retention erased are missing rightly: an entry says up to which number.
    """
    announced = _announced(store)

    def signed(key_id: str, digest: str, signature: str) -> bool | None:
        told = store.device_signer.check(key_id, digest.encode(), signature)
        if told is None and check is not None:
            told = check(key_id, digest.encode(), signature)
        if told is None and key_id in announced:
            told = _signed_by(announced[key_id], digest.encode(), signature)
            if told is None and check_public is not None:
                told = check_public(announced[key_id], digest.encode(), signature)
        return told

    count = unsigned = first = 0
    expected = retired_through(store.db) + 1
    previous = ""
    for seq, kind, body, digest, signature, key_id in store.db.execute(
        "SELECT seq, kind, body, digest, signature, key_id FROM journal WHERE seq >= ? ORDER BY seq", (expected,)
    ):
        why = ""
        if count == 0:
            first = expected
        if seq != expected:
            return Verdict(count, first, expected - 1, expected, "missing", unsigned)
        try:
            told = json.loads(body)
        except ValueError:
            told = {}
        valid = signed(key_id, digest, signature)
        if digest_of(body, key_id) != digest:
            why = "body altered"
        elif valid is False:
            why = "signature wrong"
        elif told.get("seq") != seq or told.get("kind") != kind:
            why = "out of place"
        elif count and told.get("previous") != previous:
            why = "chain broken"
        elif seq == 1 and told.get("previous") != FIRST:
            why = "chain broken"
        if why:
            return Verdict(count, first, expected - 1, seq, why, unsigned)
        unsigned += valid is None
        previous, expected, count = digest, seq + 1, count + 1
    last = expected - 1 if count else 0
    cut = _cut_off(store, expected - 1)
    if cut is not None:
        return Verdict(count, first, last, cut, "missing", unsigned)
    return Verdict(count, first, last, unsigned=unsigned)


def _announced(store: Store) -> dict[str, str]:
    """Return public keys by their names, of entries that the database's own key vouches for."""
    found = {}
    rows = store.db.execute("SELECT body, digest, signature, key_id FROM journal WHERE kind = 'journal-key'").fetchall()
    for body, digest, signature, key_id in rows:
        if digest_of(body, key_id) == digest and store.device_signer.check(key_id, digest.encode(), signature):
            data = json.loads(body)["data"]
            found[str(data["key_id"])] = str(data["public"])
    return found


def _signed_by(public: str, data: bytes, signature: str) -> bool | None:
    if len(public) != _ED25519:
        return None
    try:
        key = Ed25519PublicKey.from_public_bytes(_unpadded(public))
        key.verify(_unpadded(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _cut_off(store: Store, last: int) -> int | None:
    """Return the number of the first entry that the mirror or the bureau has and the database lost at its end, or None."""
    mirror = store.mirror or JournalFile(store.folder / "journal", keys.derive(store.key, "journal-file"))
    for frame in mirror.read():
        # The running kiosk may have written more since the walk began.
        if frame.seq > last and store.db.execute("SELECT 1 FROM journal WHERE seq = ?", (frame.seq,)).fetchone() is None:
            return frame.seq
    sent = store.db.execute("SELECT value FROM sync_state WHERE key = 'journal_sent'").fetchone()
    if sent is not None and int(sent[0]) > last and store.db.execute("SELECT max(seq) FROM journal").fetchone()[0] in (None, last):
        return last + 1
    return None


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON can hold it: bytes as {"hex": ...}."""
    return {name: {"hex": value.hex()} if isinstance(value, bytes) else value for name, value in row.items()}


def scrub(store: Store, keep: Callable[[str, dict[str, Any]], bool], entries_before: str = "") -> int:
    """Take rows out of the mirror for which `keep(table, row)` is false; entries before `entries_before` (UTC) without rows too.

    The entries themselves, and so the chain, stay as they are: rows are beside the chain. Returns how many entries changed.
    """
    if store.mirror is None:
        return 0

    def change(frame: MirrorFrame) -> MirrorFrame | None:
        rows = tuple((table, row) for table, row in frame.rows if keep(table, row))
        if not rows and entries_before and json.loads(frame.body)["at"] < entries_before:
            return None
        return frame if len(rows) == len(frame.rows) else replace(frame, rows=rows)

    return store.mirror.rewrite(change)
