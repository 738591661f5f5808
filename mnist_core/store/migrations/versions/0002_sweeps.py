"""Sweeps over learning rates, and what students predicted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_sweeps"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("rates", sa.Text, nullable=False),
        sa.Column("seeds", sa.Integer, nullable=False),
        sa.Column("preset", sa.String(64)),
        sa.Column("variant", sa.String(64)),
        sa.Column("predicted_edge", sa.Float),
        sa.Column("off", sa.Float),
    )
    op.create_index("ix_sweeps_owner", "sweeps", ["owner"])
    op.add_column("runs", sa.Column("prediction", sa.String(16)))
    op.create_index("runs_by_group", "runs", ["group_id"])
