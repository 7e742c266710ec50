"""What stations tell of themselves, and how each fares with each version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0022"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "station_reports",
        sa.Column("kiosk_id", sa.String(length=128), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosks.kiosk_id"], name=op.f("fk_station_reports_kiosk_id")),
        sa.PrimaryKeyConstraint("kiosk_id", name=op.f("pk_station_reports")),
    )
    op.create_table(
        "station_versions",
        sa.Column("kiosk_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("falls", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosks.kiosk_id"], name=op.f("fk_station_versions_kiosk_id")),
        sa.PrimaryKeyConstraint("kiosk_id", "version", name=op.f("pk_station_versions")),
    )
