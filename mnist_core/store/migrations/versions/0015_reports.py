"""Reports that students of a class hand in, and the script that all of them have alike."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_reports"
down_revision = "0014_lessons"


def upgrade() -> None:
    op.create_table(
        "report_scripts",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column(
            "class_id", sa.String(16), sa.ForeignKey("classes.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column(
            "member_id", sa.String(16), sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("page", sa.LargeBinary, nullable=False),
        sa.Column("script", sa.String(64), sa.ForeignKey("report_scripts.digest")),
        sa.Column("handed_in_at", sa.Float, nullable=False),
        sa.Column("handed_in_order", sa.BigInteger, nullable=False),
    )
