"""Indexes of records that came another way than by a face at the kiosk: asked for by way, the whole table was gone through."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Apply."""
    others = sa.text("channel <> 'self-face'")
    for name, columns in (
        ("ix_records_channel", ["channel", "received_at", "record_id"]),
        ("ix_records_channel_decision", ["channel", "decision", "received_at", "record_id"]),
        ("ix_records_kiosk_channel", ["kiosk_id", "channel", "decision", "received_at", "record_id"]),
    ):
        op.create_index(name, "records", columns, postgresql_where=others, sqlite_where=others)
