"""Stations that know the people of their streets alone, and their rosters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "catchments",
        sa.Column("station_id", sa.String(length=128), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("station_id", "area", name=op.f("pk_catchments")),
    )
    op.create_table(
        "station_rosters",
        sa.Column("station_id", sa.String(length=128), nullable=False),
        sa.Column("suite", sa.String(length=16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("chunks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("station_id", "suite", "version", name=op.f("pk_station_rosters")),
    )
