"""Classes, who is in them, and which of the runs, sweeps and analyses are theirs. What was made before is no class's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_classes"
down_revision = "0010_slices"


def upgrade() -> None:
    op.create_table(
        "classes",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("code", sa.String(8), nullable=False, unique=True),
        sa.Column("teacher_hash", sa.String(64), nullable=False),
        sa.Column("members_only", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("address", sa.String(200), nullable=False, server_default=""),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("created_served", sa.Float, nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("class_id", sa.String(16), sa.ForeignKey("classes.id", ondelete="CASCADE"), nullable=False),
        sa.Column("student", sa.String(64), nullable=False, index=True),
        sa.Column("nickname", sa.String(40), nullable=False),
        sa.Column("nickname_key", sa.String(200), nullable=False),
        sa.Column("personal_code", sa.String(8), nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("merged_into", sa.String(16)),
        sa.Column("joined_order", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("class_id", "student", name="members_by_student"),
        sa.UniqueConstraint("class_id", "nickname_key", name="members_by_nickname"),
        sa.UniqueConstraint("class_id", "personal_code", name="members_by_code"),
    )
    op.create_table(
        "teachers",
        sa.Column("class_id", sa.String(16), sa.ForeignKey("classes.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("student", sa.String(64), primary_key=True, index=True),
        sa.Column("joined_order", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("until_served", sa.Float, nullable=False),
    )
    for table in ("runs", "sweeps", "analyses"):
        op.add_column(table, sa.Column("class_id", sa.String(16)))
        op.create_index(f"{table}_by_class", table, ["class_id"])
