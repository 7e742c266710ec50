"""Kiosks of one station know each other, and hear the decisions about each other's records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("bundles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("station_id", sa.String(length=128), server_default="", nullable=False))
    op.create_table(
        "carriers",
        sa.Column("kiosk_id", sa.String(length=128), nullable=False),
        sa.Column("record_id", sa.String(length=128), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosks.kiosk_id"], name=op.f("fk_carriers_kiosk_id")),
        sa.ForeignKeyConstraint(["record_id"], ["records.record_id"], name=op.f("fk_carriers_record_id")),
        sa.PrimaryKeyConstraint("kiosk_id", "record_id", name=op.f("pk_carriers")),
    )
    with op.batch_alter_table("carriers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_carriers_record_id"), ["record_id"], unique=False)
