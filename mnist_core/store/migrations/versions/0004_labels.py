"""What a student writes on a run (name, note, star), and runs that are put away, to be deleted later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_labels"
down_revision = "0003_studies"


def upgrade() -> None:
    op.add_column("runs", sa.Column("name", sa.String(80), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("note", sa.Text, nullable=False, server_default=""))
    op.add_column("runs", sa.Column("star", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("put_away_at", sa.Float))
