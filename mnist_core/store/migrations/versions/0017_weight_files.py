"""Weights and snapshots of runs, where the workers share no folder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_weight_files"
down_revision = "0015_reports"


def upgrade() -> None:
    op.create_table(
        "weight_files",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("run_id", sa.String(16), nullable=False, index=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
