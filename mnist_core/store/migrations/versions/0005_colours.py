"""The colour that a student gives a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_colours"
down_revision = "0004_labels"


def upgrade() -> None:
    op.add_column("runs", sa.Column("colour", sa.Integer))
