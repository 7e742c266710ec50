"""Ids of records on their own, counts that are kept; on PostgreSQL records and journal lie in months."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from kiosk.bureau import months

revision = "0010"
down_revision = "0007"

_RECORDS = """CREATE TABLE records (
    record_id VARCHAR(128) NOT NULL, kiosk_id VARCHAR(128) NOT NULL, batch_id VARCHAR(128) NOT NULL,
    content_digest VARCHAR(64) NOT NULL, content TEXT NOT NULL, person_id VARCHAR(128) NOT NULL, pass_key VARCHAR(2000) NOT NULL,
    channel VARCHAR(64) NOT NULL, outcome VARCHAR(16) NOT NULL, reason VARCHAR(64) NOT NULL,
    captured_at TIMESTAMP WITH TIME ZONE NOT NULL, corrected_at TIMESTAMP WITH TIME ZONE, clock_suspect BOOLEAN NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL, verdict VARCHAR(16) NOT NULL, decision VARCHAR(16) NOT NULL,
    decision_reason VARCHAR(64) NOT NULL,
    CONSTRAINT pk_records_months PRIMARY KEY (record_id, received_at),
    CONSTRAINT fk_records_kiosk_id FOREIGN KEY (kiosk_id) REFERENCES kiosks (kiosk_id)
) PARTITION BY RANGE (received_at)"""
_JOURNAL = """CREATE TABLE journal (
    kiosk_id VARCHAR(128) NOT NULL, seq BIGINT NOT NULL, kind VARCHAR(64) NOT NULL, digest VARCHAR(64) NOT NULL, body TEXT NOT NULL,
    signature VARCHAR(200) NOT NULL, key_id VARCHAR(200) NOT NULL, conflict TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_journal_months PRIMARY KEY (kiosk_id, seq, received_at),
    CONSTRAINT fk_journal_kiosk_id FOREIGN KEY (kiosk_id) REFERENCES kiosks (kiosk_id)
) PARTITION BY RANGE (received_at)"""


def upgrade() -> None:
    """Apply."""
    db, now = op.get_bind(), datetime.now(UTC)
    op.create_table(
        "record_ids",
        sa.Column("record_id", sa.String(length=128), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_record_ids")),
    )
    op.execute(
        sa.text(
            "INSERT INTO record_ids (record_id, content_digest, received_at) "
            "SELECT record_id, content_digest, received_at FROM records"
        )
    )
    op.create_table(
        "counts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("shard", sa.String(length=128), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "shard", name=op.f("pk_counts")),
    )
    op.create_index(op.f("ix_evidence_received_at"), "evidence", ["received_at"], unique=False)
    for table in ("carriers", "evidence"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(f"fk_{table}_record_id", type_="foreignkey")
            batch_op.create_foreign_key(f"fk_{table}_record_id", "record_ids", ["record_id"], ["record_id"])
    if db.dialect.name == "postgresql":
        _in_months(db, now)
    else:
        with op.batch_alter_table("journal", schema=None) as batch_op:
            batch_op.add_column(
                sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=f"{now:%Y-%m-%d %H:%M:%S}")
            )
    op.create_index(op.f("ix_journal_received_at"), "journal", ["received_at"], unique=False)
    _count(db)


def _in_months(db: sa.Connection, now: datetime) -> None:
    first = db.scalar(sa.text("SELECT min(received_at) FROM records"))
    for table, made in (("records", _RECORDS), ("journal", _JOURNAL)):
        wanted = [row[0] for row in db.execute(sa.text(f"SELECT indexname FROM pg_indexes WHERE tablename = '{table}'"))]  # noqa: S608
        definitions = {
            name: db.scalar(sa.text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": name})
            for name in wanted
            if not name.startswith("pk_")
        }
        op.execute(sa.text(f"ALTER TABLE {table} RENAME TO {table}_whole"))
        for name in wanted:
            op.execute(sa.text(f"ALTER INDEX {name} RENAME TO {name}_whole"))
        op.execute(sa.text(made))
        op.execute(sa.text(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT"))
        for definition in definitions.values():
            op.execute(sa.text(str(definition)))
        at = months.first_of(first or now)
        while at <= months.first_of(now, months.AHEAD):
            months.make(db, table, at)
            at = months.first_of(at, 1)
        names = {"records": _names(_RECORDS), "journal": _names(_JOURNAL)}[table]
        told = names if table == "records" else f"{names}, received_at"
        source = names if table == "records" else f"{names}, now()"
        op.execute(sa.text(f"INSERT INTO {table} ({told}) SELECT {source} FROM {table}_whole"))  # noqa: S608
        op.execute(sa.text(f"DROP TABLE {table}_whole"))


def _names(made: str) -> str:
    body = made.split("(\n", 1)[1].split("CONSTRAINT pk_")[0]
    columns = [part.strip().split(" ")[0] for part in body.replace("\n", " ").split(",") if part.strip()]
    return ", ".join(name for name in columns if "(" not in name and (name != "received_at" or "TABLE journal" not in made))


def _count(db: sa.Connection) -> None:
    db.execute(
        sa.text(
            "INSERT INTO counts (name, shard, value) SELECT 'record:' || verdict || '/' || "
            "CASE decision WHEN '' THEN 'pending' ELSE decision END, '', count(*) FROM records GROUP BY verdict, decision"
        )
    )
    for name, query in (
        ("passes", "SELECT count(*) FROM passes"),
        ("batches", "SELECT count(*) FROM batches"),
        ("journal-conflicts", "SELECT count(*) FROM journal WHERE conflict <> ''"),
    ):
        db.execute(sa.text(f"INSERT INTO counts (name, shard, value) VALUES ('{name}', '', ({query}))"))  # noqa: S608
