"""Suites: which one a kiosk speaks, room for longer public keys, roster files once more under another suite."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name != "sqlite":  # which counts no characters, and cannot make this table anew
        for name in ("sign_key", "seal_key"):
            op.alter_column(
                "kiosks", name, existing_type=sa.String(length=64), type_=sa.String(length=128), existing_nullable=False
            )
    with op.batch_alter_table("kiosks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("suite", sa.String(length=16), server_default="std-1", nullable=False))
    op.create_table(
        "roster_copies",
        sa.Column("suite", sa.String(length=16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("base_version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("suite", "version", "base_version", name=op.f("pk_roster_copies")),
        sa.UniqueConstraint("digest", name=op.f("uq_roster_copies_digest")),
    )
