"""Records and journal in months on PostgreSQL: made ahead, one record once whatever the month; a database of before converted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import func, select, text

from kiosk.bureau import counts, database, ingest, months, tables
from tests.bureau.made import opened, record, register


@pytest.fixture(scope="module")
def context(postgres, tmp_path_factory):
    made = opened(tmp_path_factory.mktemp("bureau"), db=postgres.create(), auto_confirm=True)
    yield made
    made.engine.dispose()


@pytest.fixture
def clock(monkeypatch):
    """Set the bureau's clock."""

    def at(year, month, day=15):
        monkeypatch.setattr(ingest, "utcnow", lambda: datetime(year, month, day, 12, tzinfo=UTC))

    return at


def where(context, record_id):
    with context.engine.connect() as connection:
        return connection.scalar(text("SELECT tableoid::regclass::text FROM records WHERE record_id = :id"), {"id": record_id})


def test_months_are_made_ahead_once_and_by_whoever_comes_first(context):
    now = datetime(2031, 11, 30, 23, 59, tzinfo=UTC)
    wanted = [f"{table}_{name}" for table in months.TABLES for name in ("2031_11", "2031_12", "2032_01", "2032_02")]
    with context.engine.begin() as connection:
        assert months.make_ahead(connection, now) == wanted
        assert months.make_ahead(connection, now) == []
        assert set(wanted) <= set(months.names(connection))
    with context.engine.connect() as connection:
        today = months.first_of(datetime.now(UTC))
        assert f"records_{today:%Y_%m}" in months.names(connection), "the start made this month's"


def test_a_record_lies_in_its_month_and_is_one_record_in_all_of_them(context, clock):
    kiosk, one = register(context), record(person_id="P-months")
    clock(2031, 11)
    told = kiosk.send(one)
    assert [verdict.verdict for verdict in told.verdicts] == ["accepted"]
    assert where(context, one["record_id"]) == "records_2031_11"
    clock(2032, 1)
    assert kiosk.send(one).verdicts[0].verdict == "duplicate"
    assert kiosk.send({**one, "reason": "other"}).verdicts[0].reason == "conflict"
    with context.reading.begin() as session:
        assert session.scalar(select(func.count()).where(tables.Record.record_id == one["record_id"])) == 1
        assert session.get_one(tables.Record, one["record_id"]).verdict == "accepted"


def test_what_comes_in_a_month_nobody_made_is_taken_and_moved_when_it_is_made(context, clock):
    kiosk, one = register(context), record(person_id="P-rest")
    clock(2040, 5)
    kiosk.send(one)
    assert where(context, one["record_id"]) == "records_rest"
    with context.engine.begin() as connection:
        assert months.in_rest(connection)["records"] == 1
        months.make_ahead(connection, datetime(2040, 5, 20, tzinfo=UTC))
    assert where(context, one["record_id"]) == "records_2040_05"
    with context.engine.begin() as connection:
        assert months.in_rest(connection) == {"records": 0, "journal": 0}


def test_a_duplicate_is_one_also_when_its_month_is_gone(context, clock):
    kiosk, one = register(context), record(person_id="P-gone")
    clock(2031, 12)
    kiosk.send(one)
    with context.engine.begin() as connection:
        assert months.over(connection, "records", datetime(2032, 1, 1, tzinfo=UTC))[-1] == "records_2031_12"
        months.drop(connection, "records_2031_12")
        with pytest.raises(ValueError, match="passes"):
            months.drop(connection, "passes")
    clock(2032, 2)
    assert kiosk.send(one).verdicts[0].verdict == "duplicate"
    assert kiosk.send({**one, "reason": "other"}).verdicts[0].reason == "conflict"
    with context.engine.begin() as connection:
        months.make(connection, "records", datetime(2031, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize("database_kind", ["postgresql", "sqlite"])
def test_a_bureau_of_before_keeps_every_row_and_every_count(database_kind, postgres, tmp_path):
    url = postgres.create() if database_kind == "postgresql" else f"sqlite:///{tmp_path / 'bureau.db'}"
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url)
    command.upgrade(config, "0007")
    engine = database.open_engine(url)
    with engine.begin() as db:
        db.execute(
            text(
                "INSERT INTO kiosks (kiosk_id, station_id, name, sign_key, seal_key, created_at, revoked_reason, last_seq, backlog,"
                " roster_version, software, decision_seq) VALUES ('k', 'S', '', 'a', 'b', '2026-07-01', '', 0, 0, 0, '', 0)"
            )
        )
        for number in range(6):
            db.execute(
                text(
                    "INSERT INTO records (record_id, kiosk_id, batch_id, content_digest, content, person_id, pass_key, channel,"
                    " outcome, reason, captured_at, clock_suspect, received_at, verdict, decision, decision_reason) VALUES"
                    " (:id, 'k', 'b', :digest, '{}', 'P', :id, 'self-face', 'passed', 'ok', :at, false, :at, 'accepted',"
                    " :decided, '')"
                ),
                {
                    "id": f"r{number}",
                    "digest": f"d{number}",
                    "at": f"2026-{6 + number:02d}-15 00:00:00",
                    "decided": "confirmed" if number % 2 else "",
                },
            )
        db.execute(text("INSERT INTO journal VALUES ('k', 1, 'x', 'd', '{}', '', '', 'other')"))
        db.execute(
            text("INSERT INTO evidence VALUES ('e', 'k', 'r1', 'c', 'image/png', 'd', :content, '2026-07-01')"), {"content": b"x"}
        )
    engine.dispose()
    database.upgrade(url)
    engine = database.open_engine(url)
    with engine.begin() as db:
        rows = dict(db.execute(text("SELECT record_id, content_digest FROM records")).all())
        assert rows == dict(db.execute(text("SELECT record_id, content_digest FROM record_ids")).all())
        assert rows == {f"r{number}": f"d{number}" for number in range(6)}
        assert db.scalar(text("SELECT conflict FROM journal")) == "other"
        if database_kind == "postgresql":
            assert months.names(db)[0] == "journal_2026_06"
            assert set(months.in_rest(db).values()) == {0}
    from sqlalchemy.orm import Session

    with Session(engine) as session:
        kept = counts.read(session)
        counts.recount(session)
        assert kept == counts.read(session)
        assert kept["verdicts"] == {"accepted/pending": 3, "accepted/confirmed": 3}
        assert kept["journal_conflicts"] == 1
    engine.dispose()
