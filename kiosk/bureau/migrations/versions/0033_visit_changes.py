"""Booked home visits that a kiosk changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "visit_changes",
        sa.Column("station_id", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.String(length=128), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled", sa.String(length=64), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("station_id", "person_id", name=op.f("pk_visit_changes")),
    )
