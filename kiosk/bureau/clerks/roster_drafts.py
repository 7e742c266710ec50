"""A roster on its way: handed in, looked at, issued in the background, withdrawn. The file lies encrypted from its first byte."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import threading
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import rosters, tables
from kiosk.bureau.clerks import audit, people, roster_table
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.tables import RosterDraft
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.domain.identity import check_digit
from kiosk.errors import KioskError
from kiosk.sync import roster_file, seal

log = logging.getLogger(__name__)
EXAMPLES = 10
_STUCK = timedelta(minutes=30)
_EVERY_S = 5.0
MACHINE = Actor("bureau", "machine")


class DraftRefused(KioskError):
    """Why a draft cannot be issued or dropped: not-there, not-waiting, changed-meanwhile."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class Report:
    """What a roster would change. Examples are (what, name, masked number), at most ten."""

    people: int = 0
    templates: int = 0
    home_visits: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    base: int = 0  # version that it was compared with, 0: there was none
    before: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    templates_before: int = 0
    odd_numbers: int = 0  # of 18 characters, the last of which does not follow from the others
    asks: str = ""  # empty | much-smaller: a second person must agree
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    sheet: str = ""  # of a table: which was read, its columns with what each was read as, and those that nobody read
    columns: list[tuple[str, str]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def take(context: BureauContext, who: Actor, source: BinaryIO, name: str = "", policy: str = "") -> str:
    """Take a roster as it is handed in, lines of JSON or a table, and look at it; return the draft's id.

    name, policy: as in `roster_table.read`. Raises Refused naming the line.
    """
    table = roster_table.read(context, source, name, policy)
    if table is not None:
        source = io.BytesIO(table.lines)
    path, facts = roster_file.write(rosters.checked(source), context.rosters, context.suite)
    try:
        report = _report(context, facts)
        if table is not None:
            report.sheet, report.columns, report.unread = table.sheet, list(table.columns), list(table.unread)
        draft_id = str(uuid.uuid4())
        with context.session.begin() as transaction:
            transaction.add(_draft(context, draft_id, facts, report, who))
            audit.write(transaction, who, "roster-handed-in", draft_id, people=facts.lines, digest=facts.digest)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return draft_id


def _draft(
    context: BureauContext, draft_id: str, facts: roster_file.Facts, report: Report, who: Actor, *, told: str = ""
) -> RosterDraft:
    now = utcnow()
    return RosterDraft(
        draft_id=draft_id,
        digest=facts.digest,
        size=facts.size,
        plain_size=facts.plain_size,
        lines=facts.lines,
        file_key=facts.key,
        report=_sealed(context, report, draft_id),
        state="checked",
        told=told,
        version=0,
        made_by=who.name,
        made_at=now,
        changed_at=now,
    )


def _report(context: BureauContext, facts: roster_file.Facts) -> Report:
    report = Report(people=facts.lines)
    try:
        rosters.ask_first(context, facts.lines, meant=False)
    except rosters.AskFirst as error:
        report.asks = error.why
    with context.session.begin() as transaction:
        newest = rosters.newest(transaction)
    old: dict[bytes, bytes] = {}
    if newest is not None:
        report.base, report.before = newest.version, newest.lines
        kept = roster_file.Facts(newest.digest, newest.size, newest.plain_size, newest.lines, newest.file_key)
        for line in people.lines_of(context, kept):
            old[_mark(line["person_id"])] = _content(line)
            report.templates_before += "template" in line
    for line in people.lines_of(context, facts):
        status = str(line.get("status", "active"))
        report.statuses[status] = report.statuses.get(status, 0) + 1
        report.templates += "template" in line
        report.home_visits += bool(line.get("home_visit"))
        number = str(line["id_number"]).upper()
        report.odd_numbers += len(number) == 18 and number[:17].isdecimal() and check_digit(number[:17]) != number[17]
        before = old.pop(_mark(line["person_id"]), None)
        if before is None:
            report.added += 1
            _example(report, "added", line)
        elif before != _content(line):
            report.changed += 1
            _example(report, "changed", line)
    report.removed = len(old)
    if newest is not None and old:
        for line in people.lines_of(context, kept):
            if _mark(line["person_id"]) in old:
                _example(report, "removed", line, first=True)
                if len(report.examples) >= EXAMPLES and report.examples[EXAMPLES - 1][0] == "removed":
                    break
    return report


def _example(report: Report, what: str, line: dict[str, Any], *, first: bool = False) -> None:
    # Whoever would lose something stands first; of the others the first few, of each kind some.
    shown = (what, str(line["name"])[:50], people.masked(str(line["id_number"])))
    if first:
        report.examples.insert(0, shown)
        del report.examples[EXAMPLES:]
    elif len(report.examples) < EXAMPLES and sum(one[0] == what for one in report.examples) < EXAMPLES // 2:
        report.examples.append(shown)


def _mark(person_id: str) -> bytes:
    return hashlib.blake2b(person_id.encode(), digest_size=12).digest()


def _content(line: dict[str, Any]) -> bytes:
    return hashlib.blake2b(json.dumps(line, sort_keys=True).encode(), digest_size=12).digest()


def _sealed(context: BureauContext, report: Report, draft_id: str) -> str:
    # Its examples name people.
    return people.seal_text(context, json.dumps(asdict(report), ensure_ascii=False), draft_id)


def report_of(context: BureauContext, draft: RosterDraft) -> Report:
    """Return what was found when a draft was handed in."""
    found = Report(**json.loads(people.open_text(context, draft.report, draft.draft_id) or "{}"))
    found.examples = [(one[0], one[1], one[2]) for one in found.examples]
    found.columns = [(one[0], one[1]) for one in found.columns]
    return found


def newest(context: BureauContext, limit: int = 20) -> list[RosterDraft]:
    """Return drafts, the newest first."""
    with context.session.begin() as transaction:
        return list(transaction.scalars(select(RosterDraft).order_by(RosterDraft.made_at.desc()).limit(limit)))


def get(context: BureauContext, draft_id: str) -> RosterDraft:
    """Return a draft. Raises DraftRefused."""
    with context.session.begin() as transaction:
        found = transaction.get(RosterDraft, draft_id)
    if found is None:
        raise DraftRefused("not-there")
    return found


def queue(transaction: Transaction, who: Actor, draft_id: str) -> None:
    """Let a draft be issued in the background, within the caller's transaction. Raises DraftRefused."""
    _move(transaction, draft_id, ("checked", "failed"), "waiting")
    audit.write(transaction, who, "roster-issue", draft_id)


def drop(context: BureauContext, who: Actor, draft_id: str) -> None:
    """Throw a draft away, its file too. Raises DraftRefused."""
    with context.session.begin() as transaction:
        _move(transaction, draft_id, ("checked", "failed"), "dropped")
        digest = transaction.get_one(RosterDraft, draft_id).digest
        audit.write(transaction, who, "roster-dropped", draft_id)
    _path(context, digest).unlink(missing_ok=True)


def _move(transaction: Transaction, draft_id: str, before: tuple[str, ...], after: str) -> None:
    moved = transaction.execute(
        update(RosterDraft)
        .where(RosterDraft.draft_id == draft_id, RosterDraft.state.in_(before))
        .values(state=after, changed_at=utcnow())
    )
    if not getattr(moved, "rowcount", 0):
        known = transaction.get(RosterDraft, draft_id) is not None
        raise DraftRefused("not-waiting" if known else "not-there")


def _path(context: BureauContext, digest: str) -> Path:
    return context.rosters / f"{digest}.roster"


def withdraw(context: BureauContext, who: Actor, version: int) -> str:
    """Make a draft of the roster before `version`, to be issued in its place: kiosks only ever go forward. Raises DraftRefused.

    The people are written anew: one file is never issued twice.
    """
    with context.session.begin() as transaction:
        rows = list(
            transaction.scalars(
                select(tables.RosterFile)
                .where(tables.RosterFile.base_version == 0, tables.RosterFile.version <= version)
                .order_by(tables.RosterFile.version.desc())
                .limit(2)
            )
        )
        last = transaction.scalar(select(tables.RosterFile.version).order_by(tables.RosterFile.version.desc()).limit(1))
    if len(rows) < 2 or rows[0].version != version:
        raise DraftRefused("not-there")
    if last != version:
        raise DraftRefused("changed-meanwhile")
    row = rows[1]
    manifest_facts = roster_file.Facts(row.digest, row.size, row.plain_size, row.lines, row.file_key)
    _, facts = roster_file.write(_raw(context, manifest_facts), context.rosters, context.suite)
    draft_id = str(uuid.uuid4())
    with context.session.begin() as transaction:
        before = Report(people=facts.lines, base=version, before=rows[0].lines)
        transaction.add(_draft(context, draft_id, facts, before, who, told=f"of {row.version}"))
    return draft_id


def _raw(context: BureauContext, facts: roster_file.Facts) -> Iterator[bytes]:
    for line in people.lines_of(context, facts):
        yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()


class Issuer:
    """The thread of one worker that issues what waits: a web request never waits for a million people."""

    def __init__(self, context: BureauContext) -> None:
        self._context = context
        self._over, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="roster-issuer", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.wait(_EVERY_S)
            self._wake.clear()
            if self._over.is_set():
                return
            try:
                while issue_next(self._context):
                    pass
            except Exception as error:  # noqa: BLE001 - the next look may work; without this thread nothing would be issued
                log.error("roster issuer: %s", type(error).__name__)

    def close(self) -> None:
        """End the thread; an issue that runs is finished first, as far as the process lives that long."""
        self._over.set()
        self._wake.set()
        self._thread.join(5.0)


def issue_next(context: BureauContext) -> bool:
    """Issue the draft that waits longest; return whether there was one. One of several workers takes it."""
    now = utcnow()
    with context.session.begin() as transaction:
        # Of a worker that was killed. Issuing again is safe: the same people under another number.
        transaction.execute(
            update(RosterDraft)
            .where(RosterDraft.state == "issuing", RosterDraft.changed_at < now - _STUCK)
            .values(state="failed", told="interrupted", changed_at=now)
        )
        draft = transaction.scalar(
            select(RosterDraft)
            .where(RosterDraft.state == "waiting")
            .order_by(RosterDraft.changed_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if draft is None:
            return False
        draft.state, draft.changed_at = "issuing", now
    facts = roster_file.Facts(draft.digest, draft.size, draft.plain_size, draft.lines, draft.file_key)
    state, told, version = "issued", "", 0
    try:
        with context.session.begin() as transaction:
            known = transaction.scalar(select(tables.RosterFile.version).where(tables.RosterFile.digest == draft.digest))
        version = known or rosters.publish(context, _path(context, draft.digest), facts)
        people.note(context, version)
    except (seal.Refused, KioskError, OSError) as error:
        state, told = "failed", f"{type(error).__name__}"
        log.warning("a roster was not issued: %s", type(error).__name__)
    with context.session.begin() as transaction:
        row = transaction.get_one(RosterDraft, draft.draft_id)
        row.state, row.told, row.version, row.changed_at = state, told or row.told, version, utcnow()
        audit.write(transaction, MACHINE, f"roster-{state}", draft.draft_id, version=version, people=draft.lines)
    return True


def issued(context: BureauContext, limit: int = 30) -> list[tuple[int, int, int, datetime]]:
    """Return what was issued, newest first: version, people, bytes of the snapshot, when."""
    with context.session.begin() as transaction:
        rows = transaction.execute(
            select(tables.RosterFile.version, tables.RosterFile.lines, tables.RosterFile.size, tables.RosterFile.created_at)
            .where(tables.RosterFile.base_version == 0)
            .order_by(tables.RosterFile.version.desc())
            .limit(limit)
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]
