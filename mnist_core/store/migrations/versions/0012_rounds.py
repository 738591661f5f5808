"""Rounds of classes, and which runs are theirs. What was made before is no round's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_rounds"
down_revision = "0011_classes"


def upgrade() -> None:
    op.create_table(
        "rounds",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column(
            "class_id", sa.String(16), sa.ForeignKey("classes.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("instruction", sa.Text, nullable=False, server_default=""),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("free", sa.Text, nullable=False),
        sa.Column("preset", sa.String(64)),
        sa.Column("variant", sa.String(64)),
        sa.Column("idea", sa.String(64), nullable=False, server_default=""),
        sa.Column("runs_each", sa.Integer),
        sa.Column("question", sa.String(16), nullable=False),
        sa.Column("same_seed", sa.Boolean, nullable=False),
        sa.Column("test_sealed", sa.Boolean, nullable=False),
        sa.Column("board_shown", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("uncovered", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "assignments",
        sa.Column("round_id", sa.String(16), sa.ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("student", sa.String(64), primary_key=True),
        sa.Column("started", sa.Integer, nullable=False, server_default="0"),
        sa.Column("extra", sa.Integer, nullable=False, server_default="0"),
        sa.Column("prediction", sa.String(16)),
    )
    op.add_column("classes", sa.Column("news", sa.Integer, nullable=False, server_default="0"))
    op.add_column("classes", sa.Column("look_here", sa.String(400), nullable=False, server_default=""))
    for name in ("round_only", "paused"):
        op.add_column("classes", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("stopped_by_teacher", sa.Boolean, nullable=False, server_default=sa.false()))
    for table in ("runs", "sweeps"):
        op.add_column(table, sa.Column("round_id", sa.String(16)))
    op.create_index("runs_by_round", "runs", ["round_id"])
