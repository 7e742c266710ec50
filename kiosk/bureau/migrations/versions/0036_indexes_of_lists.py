"""Indexes for lists that went through many rows: clocks in doubt, human reviews, the audit log of one actor or subject."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Apply."""
    suspect, reviews = sa.text("clock_suspect"), sa.text("channel = 'human-review'")
    op.create_index("ix_records_suspect", "records", ["received_at", "record_id"], postgresql_where=suspect, sqlite_where=suspect)
    op.create_index("ix_records_reviews", "records", ["decision", "received_at"], postgresql_where=reviews, sqlite_where=reviews)
    op.create_index("ix_audit_actor_seq", "audit", ["actor", "seq"])
    op.create_index("ix_audit_subject_seq", "audit", ["subject", "seq"])
    op.drop_index(op.f("ix_audit_actor"), table_name="audit")
    op.drop_index(op.f("ix_audit_subject"), table_name="audit")
