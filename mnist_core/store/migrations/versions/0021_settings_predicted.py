"""A prediction is kept with the settings that it was about: until now only the page knew them, until it was loaded anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021_settings_predicted"
down_revision = "0020_predictions_of_runs"


def upgrade() -> None:
    op.add_column("assignments", sa.Column("predicted_of", sa.String(32)))
