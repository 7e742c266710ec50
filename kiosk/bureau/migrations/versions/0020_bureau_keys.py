"""Which of the bureau's keys each kiosk believes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0012"


def upgrade() -> None:
    """Apply."""
    op.add_column("kiosks", sa.Column("bureau_id", sa.String(length=128), nullable=False, server_default=""))
    op.add_column("kiosks", sa.Column("follows_keys", sa.Boolean(), nullable=False, server_default=sa.false()))
