"""An index for what waits of one station: of one with fifty thousand decided records, all were gone through."""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_records_kiosk_list", "records", ["kiosk_id", "outcome", "decision", "received_at", "record_id"])
