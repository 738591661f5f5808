"""What students have had of the workers, by which the queue goes from now on. Nobody has had anything yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_usage"
down_revision = "0008_analyses"


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("worker_seconds", sa.Float, nullable=False),
    )
