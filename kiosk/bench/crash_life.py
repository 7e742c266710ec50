"""One life of a kiosk's store, and what must hold after its death. Used by `crash` and `power`; runs in a forked child.

`live` does everything a day does to the store and writes each record id to a pipe once its save has returned. `inspect` opens
the store after the death and returns what is wrong; nothing is right only because it was
repaired, except where the database was damaged.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from kiosk.config import Settings
from kiosk.domain.person import Benefit, RosterEntry, RosterStatus, Template
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome, new_record_id
from kiosk.store import clock, outbox, records, service
from kiosk.store.desk import assisted as desk
from kiosk.store.desk import declarations, staff
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.opening import open_store
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
DIGEST = "d" * 64


def settings(folder: Path) -> Settings:
    """Return the configuration of the store below `folder`."""
    return Settings.model_validate({"store": {"directory": str(folder), "key_file": str(folder / "database.key")}})


def people(count: int, version: int) -> list[bytes]:
    """Return roster lines; everybody's name says the version, so that a mixture shows."""
    held = (Benefit("enterprise-employee", "enterprise-employee", "deferred-month", date(2025, 12, 3)),)
    return [
        roster_format.to_line(
            RosterEntry(
                f"p-{n}",
                f"第{version}版",
                f"44030519500101{n:03d}X",
                RosterStatus.ACTIVE,
                held,
                born=date(1950, 1, 1),
                template=Template(b"\x01" * 512, DIGEST, f"c-{n}", date(2024, 1, 1)),
            )
        )
        for n in range(count)
    ]


def _record(visit_id: str, person_id: str, benefit_id: str) -> AuthenticationRecord:
    return AuthenticationRecord(
        record_id=new_record_id(),
        visit_id=visit_id,
        station_id="S-CRASH",
        person_id=person_id,
        benefit_id=benefit_id,
        policy_id="deferred-month",
        policy_period="2026-11",
        channel=Channel.SELF_FACE,
        outcome=Outcome.PASSED,
        reason="ok",
        clock=ClockEvidence(NOW, 1.0, "boot", NOW),
        identified_by="reader",
        roster_version=1,
        consent_id=f"consent-{visit_id}",
        notes="n" * 300,
    )


def prepare(folder: Path) -> None:
    """Make the store that every life begins with: a roster, a member, some visits, one of them long ago and received."""
    with open_store(settings(folder), now=NOW) as store:
        roster.import_snapshot(store, people(20, 1), roster.RosterHeader(1, NOW, 20), NOW)
        staff.add(store, "A1", "测试员", staff.Role.ATTENDANT, "402917", NOW, by="test")
        for n in range(3):
            records.save_visit(store, [_record(f"before-{n}", f"p-{n}", "enterprise-employee")], NOW)
        clock.observe(store, NOW, 1.0, "boot")


def live(folder: Path, say: Callable[[str], None], *, rounds: int = 1) -> None:
    """Do what a day does. `say` gets each record id when its save has returned."""
    with open_store(settings(folder), now=NOW) as store:
        for number in range(rounds):
            tag = f"{os.getpid()}-{number}"
            made = [
                _record(f"visit-{tag}", f"p-{number % 20}", benefit) for benefit in ("enterprise-employee", "old-age-allowance")
            ]
            clock.observe(store, NOW, 2.0 + number, "boot")
            say(" ".join(records.save_visit(store, made, NOW)))
            service.note_refusal(store, f"refused-{tag}", "not-yet", NOW)
            version = roster.version(store) + 1
            delta = people(2, version)
            roster.apply_delta(store, delta, roster.RosterHeader(version, NOW, 2, version - 1), NOW)
            entry = roster.find_person(store, "p-5")
            if entry is None:
                raise RuntimeError("p-5 is gone")
            consent = records.Consent(f"enrol-{tag}", "p-5", "enrolment")
            say(desk.enrol(store, entry, b"\x02" * 512, DIGEST, consent, "A1", TODAY, NOW))
            say(declarations.withdraw(store, entry, "A1", TODAY, NOW))
            roster.import_snapshot(store, people(20, version + 1), roster.RosterHeader(version + 1, NOW, 20), NOW)
            records.retain(store, NOW)
            made = [replace(one, record_id=new_record_id(), visit_id=f"last-{tag}") for one in made]
            say(" ".join(records.save_visit(store, made, NOW)))


def inspect(folder: Path, acknowledged: set[str], *, repaired: bool = False) -> list[str]:
    """Open the store after a death; return what is wrong, [] when all is well.

    repaired: the database was damaged on purpose, so a recovery must have happened, or nothing must have been hurt.
    """
    with open_store(settings(folder), now=NOW) as store:
        wrong = [] if repaired or store.recovered is None else [f"taken for damaged: {store.recovered.why}"]
        wrong += _records(store, acknowledged)
        wrong += _roster(store, may_be_gone=repaired)
        verdict = journal.verify(store)
        if not verdict.ok:
            wrong.append(f"journal {verdict.bad_seq} {verdict.why}")
        after = _record("after", "p-1", "enterprise-employee")
        records.save_visit(store, [after], NOW)
        if outbox.status_of(store.db, after.record_id) is None:
            wrong.append("cannot save any more")
        mirrored = {frame.seq for frame in store.mirror.read()} if store.mirror is not None else set()
        there = {row[0] for row in store.db.execute("SELECT seq FROM journal").fetchall()}
        if there - mirrored:
            wrong.append("entries that are not mirrored")
    return wrong


def _records(store: Store, acknowledged: set[str]) -> list[str]:
    wrong = []
    kept = store.db.execute(
        "SELECT r.record_id, r.visit_id, o.content FROM records r LEFT JOIN outbox o USING (record_id)"
    ).fetchall()
    ids = [row[0] for row in kept]
    queued = [row[0] for row in store.db.execute("SELECT record_id FROM outbox").fetchall()]
    lost = acknowledged - set(ids)
    if lost:
        wrong.append(f"lost {len(lost)}")
    if len(set(ids)) != len(ids) or len(set(queued)) != len(queued):
        wrong.append("doubled")
    if set(ids) != set(queued):
        wrong.append("records and outbox differ")
    for record_id, _, content in kept:
        if content is None or records.from_json(content).record_id != record_id:
            wrong.append("content of another record")
    visits: dict[str, int] = {}
    for _, visit_id, _ in kept:
        visits[visit_id] = visits.get(visit_id, 0) + 1
    if any(count != 2 for visit_id, count in visits.items() if visit_id.startswith(("visit-", "last-"))):
        wrong.append("half a visit")
    told = "".join(row[0] for row in store.db.execute("SELECT body FROM journal WHERE kind = 'visit-saved'").fetchall())
    if any(record_id not in told for record_id in ids):
        wrong.append("a record without its journal entry")
    return wrong


def _roster(store: Store, *, may_be_gone: bool) -> list[str]:
    version = roster.version(store)
    if version == 0:
        return [] if may_be_gone else ["roster gone"]
    wrong = []
    everybody = list(roster.everybody(store))
    if len(everybody) != 20 or roster.info(store).people != 20:
        wrong.append("people missing from the roster")
    names = {entry.name for entry in everybody}
    expected = {f"第{version}版"} | ({f"第{version - 1}版"} if version % 2 == 0 else set())
    if not names <= expected:
        wrong.append("a mixture of rosters")
    if len(list(store.folder.glob("roster-*.db"))) > 3:
        wrong.append("roster files pile up")
    return wrong
