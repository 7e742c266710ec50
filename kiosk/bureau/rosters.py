"""Issuing rosters and bundles: the files every kiosk fetches, and the manifests made for one kiosk."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from kiosk.bureau import areas, database, peers, rings, tables, visit_changes
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.canonical import canonical
from kiosk.errors import KioskError
from kiosk.sync import bundle_parts, limits, protocol, roster_file, seal

_FAULTS_TOLD = 10  # mistakes of a roster that are told at once
_ROOM_BESIDE = 256 * 1024  # bytes of a sealed bundle that messages and peers may take
DELTA_SHARE = 0.5  # ours: a delta with more lines than this share of the snapshot is not worth issuing
SHRINKS_TO = 0.9  # ours: a roster with fewer people than this share of the last one asks a person first


class AskFirst(KioskError):
    """A roster or bundle that is fit, but looks like a mistake: a person must say that it is meant. `before`, `after`: people."""

    def __init__(self, why: str, before: int, after: int) -> None:
        super().__init__(f"{why}: {after} people, {before} before")
        self.why, self.before, self.after = why, before, after


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a roster that is handed in. code: for the page; given: what its words name (line, other, field)."""

    code: str
    message: str
    given: dict[str, str | int] = field(default_factory=dict)


class RosterFaulty(seal.Refused):
    """What is wrong with a roster: the first mistakes, so that they are mended together."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("malformed", "; ".join(one.message for one in faults))
        self.faults = faults


class BundleContent(protocol.Asked):
    """What a clerk sets for all stations; messages come from their own table."""

    policies: Annotated[protocol.Policies, Field(json_schema_extra={"additionalProperties": False})] = {}
    staff: protocol.Staff = ()
    revoked_staff: protocol.Revoked = ()
    revoked_keys: protocol.Revoked = ()


def issue(context: BureauContext, source: Path | BinaryIO, *, meant: bool = False) -> int:
    """Issue a roster from lines of JSON (`kiosk.store.roster.line`); return its version.

    Besides the snapshot a delta from the version before is made: changed lines, and {"person_id", "removed": true}. Raises Refused
    on what a kiosk would refuse, naming the line; AskFirst when it is empty or much smaller than the last one and nobody said that
    it is meant.
    """
    path, facts = roster_file.write(checked(source), context.rosters, context.suite)
    try:
        ask_first(context, facts.lines, meant)
    except AskFirst:
        path.unlink(missing_ok=True)
        raise
    return publish(context, path, facts)


def publish(context: BureauContext, path: Path, facts: roster_file.Facts) -> int:
    """Issue a roster file that was written already (`checked` lines, in the folder of rosters); return its version."""
    now = utcnow()
    with context.session.begin() as session:
        version = database.next_value(session, "roster-version")
        before = _snapshot(session, version - 1)
        _add(session, version, 0, facts, now)
        if before is not None:
            delta, count = _difference(context, before, path, _manifest_of(context, facts, version, 0, now))
            if count <= facts.lines * DELTA_SHARE:
                _, delta_facts = roster_file.write(delta, context.rosters, context.suite)
                _add(session, version, version - 1, delta_facts, now)
    return version


def newest(session: Session) -> tables.RosterFile | None:
    """Return the newest whole roster, None before the first."""
    return session.scalar(
        select(tables.RosterFile).where(tables.RosterFile.base_version == 0).order_by(tables.RosterFile.version.desc()).limit(1)
    )


def ask_first(context: BureauContext, lines: int, meant: bool) -> None:
    """Raise AskFirst for a roster of so many people that looks like a mistake, unless it is meant."""
    with context.session.begin() as session:
        last = newest(session)
    before = last.lines if last is not None else 0
    if meant:
        return
    if lines == 0:
        raise AskFirst("empty", before, 0)
    if before and lines < before * SHRINKS_TO:
        raise AskFirst("much-smaller", before, lines)


def checked(source: Path | BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a roster as somebody hands it in. Raises RosterFaulty on what a kiosk would refuse, naming the lines."""
    seen: dict[str, dict[bytes, int]] = {"person_id": {}, "number": {}}
    faults: list[Fault] = []
    with source.open("rb") if isinstance(source, Path) else contextlib.nullcontext(source) as file:
        start = file.read(1000)
        file.seek(len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0)
        whole = _no_lines(start)
        if whole is not None:
            raise RosterFaulty([whole])
        number = 0
        while line := file.readline(limits.MAX_ROSTER_LINE + 2):
            number += 1
            text = line.strip()
            if not text:
                continue
            fault = _fault_of(text, number, seen)
            if fault is None:
                yield text
                continue
            faults.append(fault)
            if len(faults) >= _FAULTS_TOLD or fault.code == "not-utf8" or not line.endswith(b"\n"):
                break  # what follows is wrong for the same reason, or is the rest of a line that is too long
    if faults:
        raise RosterFaulty(faults)


def _fault_of(text: bytes, number: int, seen: dict[str, dict[bytes, int]]) -> Fault | None:
    try:
        text.decode()
    except UnicodeDecodeError:
        return Fault("not-utf8", f"line {number} is not UTF-8: save the file as UTF-8", {"line": number})
    fault, person_id, id_number = roster_file.line_fault(text)
    if fault:
        return Fault("line", f"line {number}: {fault}", {"line": number, "field": fault})
    # As every kiosk does when it takes the roster: 15 and 18 digits of one person are one number.
    for what, value in (("person_id", person_id), ("number", id_number)):
        mark = hashlib.blake2b(value.encode(), digest_size=12).digest()  # of a million people
        same = seen[what].setdefault(mark, number)
        if same != number:
            return Fault(f"twice-{what}", f"lines {same} and {number} have the same {what}", {"line": same, "other": number})
    return None


def _no_lines(start: bytes) -> Fault | None:
    """Say of a file that is something else what it is, before its first line is looked at."""
    if start.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return Fault("spreadsheet", "a spreadsheet or an archive, not lines of JSON")
    if b"\0" in start or start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Fault("not-text", "not UTF-8: save it as UTF-8")
    first = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if not first or first.startswith(b"{"):
        return None
    line = first.split(b"\n", 1)[0]
    table = any(mark in line for mark in (b",", b"\t", b";")) and not first.startswith(b"[")
    return Fault("table" if table else "no-json", "line 1: not JSON")


def _add(session: Session, version: int, base: int, facts: roster_file.Facts, now: datetime) -> None:
    session.add(
        tables.RosterFile(
            version=version,
            base_version=base,
            digest=facts.digest,
            size=facts.size,
            plain_size=facts.plain_size,
            lines=facts.lines,
            file_key=facts.key,
            created_at=now,
        )
    )


def _snapshot(session: Session, version: int) -> tables.RosterFile | None:
    return session.get(tables.RosterFile, (version, 0))


def _manifest_of(
    context: BureauContext, facts: roster_file.Facts, version: int, base: int, now: datetime
) -> protocol.RosterManifest:
    return protocol.RosterManifest(
        bureau_id=context.bureau_id,
        kiosk_id="none",
        version=version,
        base_version=base or None,
        created_at=now,
        digest=facts.digest,
        size=facts.size,
        plain_size=facts.plain_size,
        lines=facts.lines,
        file_key=facts.key,
    )


def _difference(
    context: BureauContext, before: tables.RosterFile, path: Path, manifest: protocol.RosterManifest
) -> tuple[list[bytes], int]:
    old_manifest = _manifest_of(context, _facts(before), before.version, 0, before.created_at)
    old: dict[str, bytes] = {}
    for line in roster_file.read(context.rosters / f"{before.digest}.roster", old_manifest):
        old[json.loads(line)["person_id"]] = hashlib.sha256(line).digest()
    changed: list[bytes] = []
    for line in roster_file.read(path, manifest):
        if old.pop(json.loads(line)["person_id"], b"") != hashlib.sha256(line).digest():
            changed.append(line)
    changed += [canonical({"person_id": person_id, "removed": True}) for person_id in old]
    return changed, len(changed)


def manifest(context: BureauContext, kiosk_id: str, have: int) -> bytes | None:
    """Return the sealed manifest of what a kiosk with version `have` should fetch, or None when it is up to date."""
    offered = offer(context, kiosk_id, have)
    return offered[0] if offered else None


def offer(context: BureauContext, kiosk_id: str, have: int) -> tuple[bytes, protocol.RosterManifest] | None:
    """Return the sealed manifest and the document inside."""
    with context.session.begin() as session:
        newest = session.scalar(select(tables.RosterFile.version).order_by(tables.RosterFile.version.desc()).limit(1))
        kiosk = session.get(tables.Kiosk, kiosk_id)
        if newest is None or kiosk is None or have >= newest or areas.there(session, kiosk.station_id):
            return None  # a station with a catchment gets nobody else's people, by no way
        row = session.get(tables.RosterFile, (newest, have)) if have else None
        row = row or session.get_one(tables.RosterFile, (newest, 0))
    facts = _facts(row) if roster_file.suite_of(row.file_key) is context.suite else _copied(context, row)
    document = _manifest_of(context, facts, row.version, row.base_version, row.created_at).model_copy(update={"kiosk_id": kiosk_id})
    return context.seal_to(kiosk, document), document


def manifest_of(context: BureauContext, row: tables.RosterFile) -> protocol.RosterManifest:
    """Return what opens an issued file here."""
    return _manifest_of(context, _facts(row), row.version, row.base_version, row.created_at)


def _facts(row: tables.RosterFile) -> roster_file.Facts:
    return roster_file.Facts(row.digest, row.size, row.plain_size, row.lines, row.file_key)


def _copied(context: BureauContext, row: tables.RosterFile) -> roster_file.Facts:
    """Return the facts of the file under the context's suite, written once, when the first kiosk of it asks."""
    key = (context.suite.name, row.version, row.base_version)
    with context.session.begin() as session:
        kept = session.get(tables.RosterCopy, key)
    if kept is None:
        # Outside any transaction: a large roster takes a while, and others write meanwhile.
        made = roster_file.copy(context.rosters / f"{row.digest}.roster", _facts(row), context.rosters, context.suite)
        named = dict(zip(("suite", "version", "base_version"), key, strict=True))
        with context.session.begin() as session:
            database.insert_new(
                session, tables.RosterCopy, [{**named, "digest": made.digest, "size": made.size, "file_key": made.key}]
            )
            kept = session.get_one(tables.RosterCopy, key)
        if kept.digest != made.digest:
            (context.rosters / f"{made.digest}.roster").unlink(missing_ok=True)  # two asked at once: one copy stays
    return roster_file.Facts(kept.digest, kept.size, row.plain_size, row.lines, kept.file_key)


def file_path(context: BureauContext, digest: str) -> Path | None:
    """Return the issued file with this digest, or None."""
    with context.session.begin() as session:
        known = session.scalar(select(tables.RosterFile.digest).where(tables.RosterFile.digest == digest)) or session.scalar(
            select(tables.RosterCopy.digest).where(tables.RosterCopy.digest == digest)
        )
    path = context.rosters / f"{known}.roster"
    return path if known and path.is_file() else None


def issue_bundle(context: BureauContext, content: BundleContent, witness: Callable[[Session], None] | None = None) -> int:
    """Issue policies, staff and revocations for all stations; return the bundle's version. witness: called in the transaction.

    Raises Refused, naming the part, on what a kiosk of this version would refuse, and on a bundle that is too large for the wire.
    """
    for name, text in content.policies.items():
        fault = bundle_parts.policy_fault(text)
        if fault:
            raise seal.Refused("malformed", f"policies/{name}: {fault}")
    fault = bundle_parts.book_fault(content.policies)
    if fault:
        raise seal.Refused("malformed", f"policies: {fault}")
    seen: set[object] = set()
    for row in content.staff:
        fault = bundle_parts.staff_fault(row)
        if not fault and row["staff_id"] in seen:
            fault = "stands twice"
        seen.add(row.get("staff_id"))
        if fault:
            raise seal.Refused("malformed", f"staff/{row.get('staff_id', '?')}: {fault}")
    _must_fit(context, content)
    with context.session.begin() as session:
        version = database.next_value(session, "bundle-version")
        session.add(tables.BundleVersion(version=version, created_at=utcnow(), content=content.model_dump_json()))
        if witness is not None:
            witness(session)
    return version


def in_force(session: Session) -> BundleContent:
    """Return what the newest bundle holds; an empty one when there is none."""
    newest = session.scalar(select(tables.BundleVersion.content).order_by(tables.BundleVersion.version.desc()).limit(1))
    return BundleContent.model_validate_json(newest) if newest else BundleContent()


def _must_fit(context: BureauContext, content: BundleContent) -> None:
    """Seal it once as a kiosk would get it, with room for messages and peers: what no kiosk could open is not issued."""
    document = protocol.Bundle(
        bureau_id=context.bureau_id, kiosk_id="none", version=1, created_at=utcnow(), **content.model_dump(exclude={"revoked_keys"})
    )
    sealed = seal.encrypt(context.sign(document), seal.recipient_key(context.keys.public), "none")
    if len(sealed) > limits.MAX_SEALED - _ROOM_BESIDE:
        raise seal.Refused("too-large", "the bundle; send less of it at a time")
    opened = seal.decrypt(sealed, context.keys.seal, "none")
    seal.verify(opened, seal.verify_key(context.keys.public), context.bureau_id, protocol.Bundle)


def add_message(context: BureauContext, station_id: str, text: str, until: datetime | None) -> str:
    """Leave a message for the attendants of a station (empty: all); return its id."""
    message_id = str(uuid.uuid4())
    with context.session.begin() as session:
        peers.issue_again(session, utcnow())
        session.add(tables.Message(message_id=message_id, station_id=station_id, text=text, created_at=utcnow(), until=until))
    return message_id


def bundle(context: BureauContext, kiosk_id: str, have: int, believes: str = "") -> bytes | None:
    """Return the newest bundle sealed to a kiosk, or None when it has it.

    believes: id of the newest keys of ours that the kiosk would believe: one that was not told of those that follow is told again.
    "": of a version that knows nothing of other keys.
    """
    now = utcnow()
    announced = succession(context) if believes else ""
    untold = believes == context.bureau_id and announced != ""
    with context.session.begin() as session:
        kiosk = session.get(tables.Kiosk, kiosk_id)
        newest = (
            None
            if kiosk is None
            else session.scalar(
                select(tables.BundleVersion)
                .where(tables.BundleVersion.station_id.in_(("", kiosk.station_id)))
                .order_by(tables.BundleVersion.version.desc())
                .limit(1)
            )
        )
        if newest is None or kiosk is None or newest.version < have or (newest.version == have and not untold):
            return None
        messages = session.scalars(
            select(tables.Message)
            .where(tables.Message.station_id.in_(("", kiosk.station_id)))
            .order_by(tables.Message.created_at.desc())
            .limit(limits.MAX_MESSAGES)
        ).all()
        content: dict[str, Any] = BundleContent.model_validate_json(newest.content).model_dump()
        document = protocol.Bundle(
            bureau_id=context.bureau_id,
            kiosk_id=kiosk_id,
            version=newest.version,
            created_at=newest.created_at,
            messages=tuple(
                protocol.Message(message_id=m.message_id, text=m.text, created_at=m.created_at, until=m.until)
                for m in messages
                if m.until is None or m.until > now
            ),
            peers=peers.of(session, kiosk),
            visits=visit_changes.of(session, kiosk.station_id),
            succession=announced,
            beside=tuple(one for one in context.rings[context.suite.name].held if one != context.bureau_id) if believes else (),
            **content,
        )
        return context.seal_to(kiosk, document)


def succession(context: BureauContext) -> str:
    """Return the announcement of the keys that follow the context's, signed by those; "" when none do."""
    ring = context.rings[context.suite.name]
    following = ring.following if context.keys is ring.now else ring.now
    if following is None:
        return ""
    new = context.of_id(rings.bureau_id(following))
    return new.sign(
        protocol.Succession(bureau_id=context.bureau_id, successor_id=new.bureau_id, keys=following.public, at=utcnow())
    )
