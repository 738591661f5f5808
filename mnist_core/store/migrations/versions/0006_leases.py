"""Who may write, and in which order, without a clock: the cluster's lease, fencing tokens, one sequence for all orders.

What was there is numbered by the times that decided until now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_leases"
down_revision = "0005_colours"

# Column to fill: the times that ordered the rows until now.
ORDERS = {
    ("runs", "created_order"): "created_at, id",
    ("runs", "queued_order"): "queued_at, created_at, id",
    ("runs", "finished_order"): "finished_at, id",
    ("sweeps", "created_order"): "created_at, id",
    ("studies", "created_order"): "created_at, id",
}


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
        sa.Column("served_seconds", sa.Float, nullable=False),
        sa.Column("holder", sa.String(1024), nullable=False),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    for table, column in ORDERS:
        optional = column == "finished_order"
        default = None if optional else "0"
        op.add_column(table, sa.Column(column, sa.BigInteger, nullable=optional, server_default=default))
    op.add_column("runs", sa.Column("token", sa.Integer, nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("checkpoint_token", sa.Integer))
    op.add_column("runs", sa.Column("put_away_served", sa.Float))
    op.add_column("studies", sa.Column("token", sa.Integer, nullable=False, server_default="0"))
    _number()
    # A clock of the store's own begins at 0: what was put away has a day more.
    op.execute("UPDATE runs SET put_away_served = 0 WHERE put_away_at IS NOT NULL")
    op.drop_index("runs_by_owner", "runs")
    op.create_index("runs_by_owner", "runs", ["owner", "created_order"])
    op.drop_index("studies_by_owner", "studies")
    op.create_index("studies_by_owner", "studies", ["owner", "kind", "created_order"])


def _number() -> None:
    """Number all rows by the orders that they had; the sequence goes on after the last number."""
    connection, last = op.get_bind(), 0
    for (table, column), by in ORDERS.items():
        known = f"WHERE {by.split(',')[0]} IS NOT NULL"
        ids = connection.execute(sa.text(f"SELECT id FROM {table} {known} ORDER BY {by}")).scalars().all()
        for number, one in enumerate(ids, 1):
            change = sa.text(f"UPDATE {table} SET {column} = :number WHERE id = :id")
            connection.execute(change, {"number": number, "id": one})
        last = max(last, len(ids))
    connection.execute(sa.text("INSERT INTO counters (name, value) VALUES ('order', :last)"), {"last": last})
    connection.execute(sa.text("INSERT INTO lease (id, token, beats, served_seconds, holder) VALUES (1, 0, 0, 0, '')"))
