"""Numbers of the sequence for rounds that were given: what was handed in before has a lower one, whatever clocks say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_given_rounds"
down_revision = "0018_own_images"


def upgrade() -> None:
    with op.batch_alter_table("rounds") as batch:
        batch.add_column(sa.Column("given_order", sa.BigInteger, nullable=False, server_default="0"))
    # As far as the clocks have told until now.
    op.execute(
        "UPDATE rounds SET given_order = COALESCE((SELECT MAX(reports.handed_in_order) FROM reports "
        "WHERE reports.class_id = rounds.class_id AND reports.handed_in_at < rounds.created_at), 0)"
    )
