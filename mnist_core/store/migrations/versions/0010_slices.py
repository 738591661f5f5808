"""Whether a run that trains is to make room for others, for a while."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_slices"
down_revision = "0009_usage"


def upgrade() -> None:
    op.add_column("runs", sa.Column("slice_over", sa.Boolean, nullable=False, server_default=sa.false()))
