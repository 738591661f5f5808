"""Analyses under the field's words (they were called studies), and soft-deleted runs (they were put away)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008_analyses"
down_revision = "0007_words"

KINDS = {
    "attention": "attribution",
    "course": "snapshot-answers",
    "disturbed": "robustness",
    "exciting": "activation-maximization",
    "scratch": "scratch-comparison",
    "augmented": "augmentation",
}
# By the kind's new name: what its parameters, and the values and arrays of its result, were called → are called.
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "answers": {"part": "split"},
    "robustness": {"kind": "perturbation"},
    "scratch-comparison": {"rate": "learning_rate"},
    "batch-times": {"images": "train_size", "sizes": "batch_sizes"},
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "snapshot-answers": {"part": "split"},
    "robustness": {"parts": "splits"},
    "activation-maximization": {"part": "split"},
}
ARRAYS: Mapping[str, Mapping[str, str]] = {
    "answers": {"shares": "probabilities"},
    "attribution": {"integrated": "integrated_gradients"},
}
COLUMNS = (
    "id, owner, parameters, state, progress, message, result, data, deaths, created_at, version, created_order, token"
)


def upgrade() -> None:
    op.execute("ALTER TABLE runs RENAME COLUMN put_away_at TO soft_deleted_at")
    op.execute("ALTER TABLE runs RENAME COLUMN put_away_served TO soft_deleted_served")
    op.create_table(
        "analyses",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("data", sa.LargeBinary),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_order", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("token", sa.Integer, nullable=False, server_default="0"),
    )
    op.execute(f"INSERT INTO analyses (kind, {COLUMNS}) SELECT kind, {COLUMNS} FROM studies")
    op.drop_table("studies")
    op.create_index("analyses_by_owner", "analyses", ["owner", "kind", "created_order"])
    op.create_index("analyses_by_state", "analyses", ["state"])
    _rename()


def _rename() -> None:
    connection = op.get_bind()
    change = sa.text("UPDATE analyses SET kind = :kind, parameters = :parameters, result = :result WHERE id = :id")
    rows = connection.execute(sa.text("SELECT id, kind, parameters, result FROM analyses")).all()
    for analysis_id, old_kind, parameters, result in rows:
        kind = KINDS.get(old_kind, old_kind)
        new = {
            "id": analysis_id,
            "kind": kind,
            "parameters": _changed(parameters, lambda plain, kind=kind: _renamed(plain, PARAMETERS.get(kind, {}))),
            "result": _changed(result, lambda plain, kind=kind: _renamed_result(plain, kind)),
        }
        connection.execute(change, new)


def _changed(text: str | None, change: Any) -> str | None:
    """JSON with this change; as it is where it is none."""
    try:
        return text and json.dumps(change(json.loads(text)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return text


def _renamed(plain: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in plain.items()}


def _renamed_result(plain: Mapping[str, Any], kind: str) -> dict[str, Any]:
    names = ARRAYS.get(kind, {})
    arrays = [array | {"name": names.get(array["name"], array["name"])} for array in plain["arrays"]]
    return {"values": _renamed(plain["values"], VALUES.get(kind, {})), "arrays": arrays}
