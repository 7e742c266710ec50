"""What comes down to a kiosk: the roster's manifest, and the bundle with policies, staff, messages and peers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from kiosk.sync.limits import (
    MAX_CHUNKS,
    MAX_LOAN,
    MAX_MESSAGES,
    MAX_PEERS,
    MAX_POLICIES,
    MAX_POLICY_TEXT,
    MAX_REVOKED,
    MAX_STAFF,
    MAX_SUCCESSION,
)
from kiosk.sync.protocol.enrolment import PublicKeys
from kiosk.sync.protocol.home_visits import VisitChange
from kiosk.sync.protocol.wire import Count, Digest, Document, Id, Moment, Short, Text, Wire

# base64url, 32 bytes (std-1) or 16 (gm-1)
FileKey = Annotated[str, Field(pattern=r"^(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{22})$", repr=False)]


class RosterManifest(Document):
    """Signed, then sealed to one kiosk: what a roster file is, and the key that opens it.

    The file itself is the same for every kiosk of a suite: zstd-compressed lines of JSON, encrypted in chunks (`roster_file.py`),
    fetched by its digest with HTTP ranges or copied from a stick. `base_version` None: a snapshot; else what a delta builds on.
    """

    kind: Literal["roster"] = "roster"
    bureau_id: Id
    kiosk_id: Id
    version: Annotated[int, Field(ge=1)]
    base_version: Count | None = None
    created_at: Moment
    digest: Digest  # of the encrypted file
    size: Count  # bytes of the encrypted file
    plain_size: Count  # bytes after decryption and decompression
    lines: Count
    file_key: FileKey


class RosterChunk(Wire):
    """One bucket of a station's roster: a small roster file of its own. The same people are the same file, whatever the version."""

    digest: Digest  # SHA-256 of the encrypted file
    size: Count
    plain_size: Count
    lines: Count
    file_key: FileKey


class RosterChunks(Document):
    """Signed, then sealed to one kiosk: its station's roster in buckets. A kiosk fetches those that differ from what it has.

    A person lies in the bucket that `kiosk.sync.roster_chunks.bucket_of` says.
    """

    kind: Literal["roster-chunks"] = "roster-chunks"
    bureau_id: Id
    kiosk_id: Id
    version: Annotated[int, Field(ge=1)]
    created_at: Moment
    people: Count
    chunks: Annotated[tuple[RosterChunk, ...], Field(min_length=1, max_length=MAX_CHUNKS)]


class Message(Wire):
    """A message of the bureau for the station's attendants."""

    message_id: Id
    text: Text
    created_at: Moment
    until: Moment | None = None


class Peer(Wire):
    """Another kiosk of the same station that is not revoked: home-visit lists may be exchanged with it."""

    kiosk_id: Id
    name: Short
    keys: PublicKeys


StaffRow = dict[str, str | int | bool | None]
Policies = Annotated[dict[Id, Annotated[str, Field(max_length=MAX_POLICY_TEXT)]], Field(max_length=MAX_POLICIES)]
Staff = Annotated[tuple[StaffRow, ...], Field(max_length=MAX_STAFF)]
Revoked = Annotated[tuple[Id, ...], Field(max_length=MAX_REVOKED)]


class BundleHead(Document):
    """A bundle without its parts."""

    kind: Literal["bundle"] = "bundle"
    bureau_id: Id
    kiosk_id: Id
    version: Annotated[int, Field(ge=1)]
    created_at: Moment


class Bundle(BundleHead):
    """Signed, then sealed to one kiosk: everything small that comes down. `staff` rows are the store's (argon2id PIN hashes)."""

    LEFT_OUT: ClassVar[tuple[str, ...]] = ("succession", "beside", "visits")
    policies: Policies = {}
    staff: Staff = ()
    revoked_staff: Revoked = ()
    revoked_keys: Revoked = ()
    messages: Annotated[tuple[Message, ...], Field(max_length=MAX_MESSAGES)] = ()
    peers: Annotated[tuple[Peer, ...], Field(max_length=MAX_PEERS)] = ()
    succession: Annotated[str, Field(max_length=MAX_SUCCESSION)] = ""  # keys that follow the bureau's: a signed Succession
    beside: Annotated[tuple[Id, ...], Field(max_length=8)] = ()  # ids of other keys that this bureau still holds
    visits: Annotated[tuple[VisitChange, ...], Field(max_length=MAX_LOAN)] = ()  # booked visits that a kiosk of the station changed


class RawBundle(BundleHead):
    """A bundle as a kiosk opens it: a part that it does not understand is refused alone, the others are taken."""

    policies: Any = {}
    staff: Any = ()
    revoked_staff: Any = ()
    messages: Any = ()
    peers: Any = ()
    succession: Any = ""
    beside: Any = ()
    visits: Any = ()
