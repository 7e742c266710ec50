"""Keys of passes without doubt, and kiosks that look restored or doubled."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("kiosks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("boot_ids", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("monotonic_s", sa.Double(), nullable=True))
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.drop_index("ix_batches_kiosk_id")
        batch_op.create_index("ix_batches_seq", ["kiosk_id", "seq"], unique=False)
    for table in ("records", "passes"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column("pass_key", existing_type=sa.String(600), type_=sa.String(2000), existing_nullable=False)
    op.create_table(
        "findings",
        sa.Column("finding_id", sa.String(length=128), nullable=False),
        sa.Column("kiosk_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosks.kiosk_id"], name=op.f("fk_findings_kiosk_id")),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_findings")),
    )
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_findings_kiosk_id"), ["kiosk_id"], unique=False)
    _name_passes_again()


def _name_passes_again() -> None:
    """Keys with more than three slashes are of parts that hold some; each is made anew of the record it belongs to."""
    from kiosk.domain.record import pass_key

    db = op.get_bind()
    rows = db.execute(
        sa.text(
            "SELECT record_id, pass_key, content FROM records WHERE pass_key LIKE :slashes OR pass_key LIKE :percent ESCAPE '!'"
        ),
        {"slashes": "%/%/%/%/%", "percent": "%!%%"},
    ).fetchall()
    for record_id, old, content in rows:
        told = json.loads(content)
        new = pass_key(*(told[name] for name in ("person_id", "benefit_id", "policy_id", "policy_period")))
        if new == old:
            continue
        db.execute(sa.text("UPDATE records SET pass_key = :new WHERE record_id = :id"), {"new": new, "id": record_id})
        db.execute(sa.text("UPDATE passes SET pass_key = :new WHERE record_id = :id"), {"new": new, "id": record_id})
