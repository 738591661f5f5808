"""Images of students' own, in classes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_own_images"
down_revision = "0017_weight_files"


def upgrade() -> None:
    op.create_table(
        "own_images",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False, index=True),
        sa.Column("class_id", sa.String(16), index=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("classes", sa.Text, nullable=False),
        sa.Column("train", sa.Integer, nullable=False),
        sa.Column("test", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("created_order", sa.BigInteger, nullable=False),
    )
