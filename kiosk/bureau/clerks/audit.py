"""The audit log: who saw, decided, issued, revoked what. Append-only, hash-chained, in the transaction of what was done.

Triggers in the database refuse changing and deleting. Whoever may drop triggers can rewrite the table, but not what left it: the
head (number and digest of the last line) is kept beside the database, and exports hold the whole chain; `verify` compares.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import database
from kiosk.bureau.clerks.tables import AuditLine
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.canonical import canonical

START = "0" * 64
FIELDS = ("seq", "at", "actor", "role", "action", "subject", "detail", "before", "digest")
_COUNTER = "audit-seq"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. source: whence, as the request guard saw it."""

    name: str
    role: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` found. fault: "" when all is well, else the number of the line and what is wrong with it."""

    lines: int
    head: str
    fault: str = ""


def write(transaction: Transaction, who: Actor, action: str, subject: str, **detail: Any) -> None:
    """Append a line within the caller's transaction: what is not done is not logged, what is not logged is not done.

    The last thing that a transaction locks is the log: two of them never wait for each other.
    """
    if who.source:
        detail = {**detail, "source": who.source}
    seq = database.next_value(transaction, _COUNTER)
    before = transaction.scalar(select(AuditLine.digest).where(AuditLine.seq == seq - 1)) or START
    values = {
        "seq": seq,
        "at": utcnow().isoformat(timespec="milliseconds"),
        "actor": who.name[:64],
        "role": who.role,
        "action": action,
        "subject": subject[:128],
        "detail": canonical(detail).decode(),
        "before": before,
    }
    transaction.add(AuditLine(**values, digest=digest_of(values)))
    transaction.flush()


def note(context: BureauContext, who: Actor, action: str, subject: str, **detail: Any) -> None:
    """Append a line in a transaction of its own: something was seen."""
    with context.session.begin() as transaction:
        write(transaction, who, action, subject, **detail)


def digest_of(values: dict[str, Any]) -> str:
    """Return the SHA-256 of a line: its canonical JSON (RFC 8785) with the digest of the line before."""
    return hashlib.sha256(canonical({name: values[name] for name in FIELDS if name != "digest"})).hexdigest()


def lines(context: BureauContext, after: int = 0, limit: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the lines after a number, in order; limit 0: all. A page at a time: no transaction stays open meanwhile."""
    given = 0
    while True:
        wanted = min(_PAGE, limit - given) if limit else _PAGE
        with context.session.begin() as transaction:
            rows = list(transaction.scalars(select(AuditLine).where(AuditLine.seq > after).order_by(AuditLine.seq).limit(wanted)))
        for row in rows:
            yield {name: getattr(row, name) for name in FIELDS}
        given += len(rows)
        if len(rows) < wanted or (limit and given >= limit):
            return
        after = rows[-1].seq


def newest(context: BureauContext, before: int, actor: str, subject: str, limit: int) -> list[dict[str, Any]]:
    """Return lines, newest first, that come before a number (0: all), of one actor or about one subject."""
    query = select(AuditLine).order_by(AuditLine.seq.desc()).limit(limit)
    if before:
        query = query.where(AuditLine.seq < before)
    if actor:
        query = query.where(AuditLine.actor == actor)
    if subject:
        query = query.where(AuditLine.subject == subject)
    with context.session.begin() as transaction:
        return [{name: getattr(row, name) for name in FIELDS} for row in transaction.scalars(query)]


def verify_lines(found: Iterable[dict[str, Any]]) -> Verified:
    """Check numbers, digests and the chain of lines from the first one on."""
    before, count = START, 0
    for line in found:
        count += 1
        if line.get("seq") != count:
            return Verified(count - 1, before, f"line {count}: missing, the next is {line.get('seq')}")
        try:
            right = digest_of(line)
        except (KeyError, TypeError, ValueError):
            return Verified(count - 1, before, f"line {count}: not a line of the log")
        if line["before"] != before:
            return Verified(count - 1, before, f"line {count}: does not follow the line before")
        if line.get("digest") != right:
            return Verified(count - 1, before, f"line {count}: was changed")
        before = right
    return Verified(count, before)


def verify(context: BureauContext, against: Path | None = None) -> Verified:
    """Check the whole log, the head that was kept beside the database, and an earlier export (JSON lines) if one is given."""
    wanted = dict(_kept_head(context))
    if against is not None:
        earlier = verify_lines(_of_export(against))
        if earlier.fault:
            return Verified(earlier.lines, earlier.head, f"the export itself: {earlier.fault}")
        wanted[earlier.lines] = earlier.head
    seen: dict[int, str] = {0: START}

    def watched() -> Iterator[dict[str, Any]]:
        for line in lines(context):
            if line["seq"] in wanted:
                seen[line["seq"]] = line["digest"]
            yield line

    found = verify_lines(watched())
    if found.fault:
        return found
    for seq, digest in sorted(wanted.items()):
        if seq not in seen:
            return Verified(found.lines, found.head, f"line {seq}: was there and is gone; the log ends at {found.lines}")
        if seen[seq] != digest:
            return Verified(found.lines, found.head, f"line {seq}: is another than it was; the log was rewritten")
    return found


def keep_head(context: BureauContext) -> None:
    """Keep number and digest of the last line beside the database. Never goes back."""
    with context.session.begin() as transaction:
        last = transaction.execute(select(AuditLine.seq, AuditLine.digest).order_by(AuditLine.seq.desc()).limit(1)).first()
    kept = next(iter(_kept_head(context)), 0)
    if last is None or last[0] <= kept:
        return
    path = _head_file(context)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    part.write_text(f"{last[0]} {last[1]}\n", encoding="ascii")
    os.replace(part, path)


def _head_file(context: BureauContext) -> Path:
    return Path(context.settings.data) / "audit-head"


def _kept_head(context: BureauContext) -> dict[int, str]:
    try:
        seq, _, digest = _head_file(context).read_text(encoding="ascii").strip().partition(" ")
        return {int(seq): digest}
    except (OSError, ValueError):
        return {}


def _of_export(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            if text.strip():
                try:
                    line = json.loads(text)
                except ValueError:
                    line = None
                yield line if isinstance(line, dict) else {}


def as_jsonl(context: BureauContext) -> Iterator[str]:
    """Yield the whole log as lines of canonical JSON."""
    for line in lines(context):
        yield canonical(line).decode() + "\n"


def as_csv(context: BureauContext) -> Iterator[str]:
    """Yield the whole log as CSV with a head line. A cell that a spreadsheet would obey is put in quotes of its own."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    for line in lines(context):
        writer.writerow([_cell(line[name]) for name in FIELDS])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _cell(value: Any) -> str:
    text = str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
