"""Human reviews: the day by which somebody was promised an answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Apply."""
    op.add_column("records", sa.Column("answer_by", sa.Date(), nullable=True))
