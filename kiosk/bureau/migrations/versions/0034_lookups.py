"""Lines of the roster for look-ups from other streets, and how often each kiosk asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "lookup_lines",
        sa.Column("person_id", sa.String(length=128), nullable=False),
        sa.Column("number_mark", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("roster_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_lookup_lines")),
    )
    op.create_index(op.f("ix_lookup_lines_number_mark"), "lookup_lines", ["number_mark"])
    op.create_table(
        "lookup_counts",
        sa.Column("kiosk_id", sa.String(length=128), nullable=False),
        sa.Column("minute_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("day_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosks.kiosk_id"], name=op.f("fk_lookup_counts_kiosk_id_kiosks")),
        sa.PrimaryKeyConstraint("kiosk_id", name=op.f("pk_lookup_counts")),
    )
