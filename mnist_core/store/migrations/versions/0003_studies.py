"""Studies: computations in the background that are no runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_studies"
down_revision = "0002_sweeps"


def upgrade() -> None:
    op.create_table(
        "studies",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("data", sa.LargeBinary),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("studies_by_owner", "studies", ["owner", "kind", "created_at"])
    op.create_index("studies_by_state", "studies", ["state"])
