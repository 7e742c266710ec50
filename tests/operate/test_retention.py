"""What is over goes, what waits for a clerk stays; counts follow; a late duplicate is still one."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from kiosk.bureau import counts, decisions, ingest, months, rosters, tables
from kiosk.bureau.operate import retention
from kiosk.bureau.operate.retention import Keep
from tests.bureau.made import opened, record, register
from tests.operate.test_backup import LINE

OLD = datetime(2027, 3, 10, tzinfo=UTC)
NOW = datetime(2030, 6, 1, 3, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def context(request, tmp_path, monkeypatch):
    db = request.getfixturevalue("postgres").create() if request.param == "postgresql" else ""
    made = opened(tmp_path / "bureau", db=db)
    with made.engine.begin() as connection:
        months.make_ahead(connection, OLD)
        months.make_ahead(connection, NOW)
    yield made
    made.engine.dispose()


def scan_of(context, record_id, at):
    with context.session.begin() as session:
        session.add(
            tables.Evidence(
                evidence_id=secrets.token_hex(8),
                kiosk_id=session.get_one(tables.Record, record_id).kiosk_id,
                record_id=record_id,
                consent_id="c",
                media_type="image/png",
                digest="d",
                content=b"x",
                received_at=at,
            )
        )


def test_old_records_go_and_what_waits_stays(context, monkeypatch):
    kiosk = register(context)
    one, two, new = record(person_id="P1"), record(person_id="P2"), record(person_id="P3")
    line = {"seq": 1, "kind": "x", "digest": "0" * 64, "body": "{}"}
    monkeypatch.setattr(ingest, "utcnow", lambda: OLD)
    kiosk.send(one, two, journal_tail=[line])
    scan_of(context, one["record_id"], OLD)
    scan_of(context, two["record_id"], OLD)
    decisions.decide(context, one["record_id"], "confirmed", "")
    monkeypatch.setattr(ingest, "utcnow", lambda: NOW)
    kiosk.send(new)
    gone = retention.run(context, Keep(), NOW)
    assert (gone.records, gone.waiting, gone.scans, gone.journal) == (1, 1, 1, 1)
    with context.session.begin() as session:
        assert set(session.scalars(select(tables.Record.record_id))) == {two["record_id"], new["record_id"]}
        assert list(session.scalars(select(tables.Evidence.record_id))) == [two["record_id"]]
        assert session.scalar(select(func.count()).select_from(tables.Pass)) == 3, "a pass is not given twice"
        kept = counts.read(session)
        counts.recount(session)
        assert kept == counts.read(session)
    assert kiosk.send(one).verdicts[0].verdict == "duplicate"
    decisions.decide(context, two["record_id"], "returned", "photo-unclear")
    again = retention.run(context, Keep(), NOW)
    assert (again.records, again.waiting, again.scans) == (1, 0, 1)
    with context.engine.connect() as connection:
        assert "records_2027_03" not in months.names(connection)
    assert retention.run(context, Keep(record_months=0, journal_months=0), NOW + timedelta(days=9999)).records == 0


def test_old_rosters_go_but_never_the_newest(context, tmp_path, monkeypatch):
    source = tmp_path / "roster"
    for number in range(3):
        source.write_text(LINE.replace("P1", f"P{number}") + "\n", encoding="utf-8")
        rosters.issue(context, source, meant=True)
    (context.rosters / f"{'0' * 64}.roster").write_bytes(b"being issued")
    with context.session.begin() as session:
        newest = set(session.scalars(select(tables.RosterFile.digest).where(tables.RosterFile.version == 3)))
        asked = session.scalar(select(func.max(tables.RosterFile.created_at)))
    assert retention.run(context, Keep(), datetime.now(UTC)).rosters == 0
    assert retention.run(context, Keep(), datetime.now(UTC) + timedelta(days=41)).rosters >= 2
    assert {path.stem for path in context.rosters.glob("*.roster")} == newest | {"0" * 64}
    assert asked


def test_a_mistake_in_its_file_is_an_error(context):
    from pathlib import Path

    path = Path(context.settings.data) / retention.FILE
    path.write_text('{"record_month": 12}')
    with pytest.raises(ValidationError, match="record_month"):
        retention.keep_of(context)
    path.write_text('{"record_months": 12}')
    assert retention.keep_of(context).record_months == 12
