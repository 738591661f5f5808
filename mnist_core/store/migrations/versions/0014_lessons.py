"""Lessons: how far students are, what they answered, lessons of their own, and which runs were started in one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_lessons"
down_revision = "0012_rounds"


def upgrade() -> None:
    op.create_table(
        "lesson_progress",
        sa.Column("student", sa.String(64), primary_key=True),
        sa.Column("lesson", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reached", sa.Integer, nullable=False, server_default="0"),
        sa.Column("steps", sa.Integer, nullable=False, server_default="1"),
        sa.Column("finished", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("class_id", sa.String(16), index=True),
        sa.Column("changed_order", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "lesson_answers",
        sa.Column("student", sa.String(64), primary_key=True),
        sa.Column("lesson", sa.String(64), primary_key=True),
        sa.Column("block", sa.String(64), primary_key=True),
        sa.Column("content", sa.String(16), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("is_right", sa.Boolean),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "written_lessons",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False, index=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_order", sa.BigInteger, nullable=False),
    )
    for name in ("lesson", "block"):
        op.add_column("runs", sa.Column(name, sa.String(64)))
    op.create_index("runs_by_lesson", "runs", ["owner", "lesson"])
    op.add_column("rounds", sa.Column("lesson", sa.String(64), nullable=False, server_default=""))
