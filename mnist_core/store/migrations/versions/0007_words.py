"""The field's words: `runs.color`, and settings under their standard names."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from mnist_core.old_names import VARIANTS, current_settings

revision = "0007_words"
down_revision = "0006_leases"


def upgrade() -> None:
    op.execute("ALTER TABLE runs RENAME COLUMN colour TO color")
    for table in ("runs", "sweeps"):
        _rename_settings(table)
        _rename_variants(table)


def _rename_variants(table: str) -> None:
    change = sa.text(f"UPDATE {table} SET variant = :new WHERE variant = :old")
    for old, new in VARIANTS.items():
        op.get_bind().execute(change, {"old": old, "new": new})


def _rename_settings(table: str) -> None:
    connection = op.get_bind()
    change = sa.text(f"UPDATE {table} SET config = :config WHERE id = :id")
    for row_id, text in connection.execute(sa.text(f"SELECT id, config FROM {table}")).all():
        try:
            settings = json.loads(text)
        except ValueError:
            continue  # a run that cannot be read says so in the list
        if isinstance(settings, dict):
            connection.execute(change, {"config": json.dumps(current_settings(settings)), "id": row_id})
