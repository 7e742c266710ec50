"""Indexes of what clerks decide on, and of mere attempts: the work list's "passed, or asked for a review" is one condition to them.

With outcome as a column of the index the list of a station none of whose fifty thousand records passed went through all of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Apply."""
    decided = sa.text("outcome = 'passed' OR channel = 'human-review'")
    attempts = sa.text("NOT (outcome = 'passed' OR channel = 'human-review')")
    for name, columns, where in (
        ("ix_records_decidable", ["decision", "received_at", "record_id"], decided),
        ("ix_records_kiosk_decidable", ["kiosk_id", "decision", "received_at", "record_id"], decided),
        ("ix_records_attempts", ["received_at", "record_id"], attempts),
        ("ix_records_kiosk_attempts", ["kiosk_id", "received_at", "record_id"], attempts),
    ):
        op.create_index(name, "records", columns, postgresql_where=where, sqlite_where=where)
    op.drop_index("ix_records_list", table_name="records")
    op.drop_index("ix_records_kiosk_list", table_name="records")
