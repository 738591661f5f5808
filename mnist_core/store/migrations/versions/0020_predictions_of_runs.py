"""What a student predicts is of one run, the one that he starts next; before, it stood with all his runs of a round or of a lesson's block."""

from __future__ import annotations

from alembic import op

revision = "0020_predictions_of_runs"
down_revision = "0019_given_rounds"

# Until now he predicted once, before his first run (or sweep): that one has it. Of a sweep each run has.
_EARLIER = (
    "SELECT 1 FROM runs AS earlier WHERE earlier.round_id = runs.round_id AND earlier.owner = runs.owner "
    "AND earlier.created_order < runs.created_order "
    "AND (runs.group_id IS NULL OR earlier.group_id IS NULL OR earlier.group_id <> runs.group_id)"
)
_OWN = (
    "SELECT assignments.prediction FROM assignments "
    "WHERE assignments.round_id = runs.round_id AND assignments.student = runs.owner"
)
# So he did in a block of a lesson, which gave what he had said there to each of its runs.
_EARLIER_IN_BLOCK = (
    "SELECT 1 FROM runs AS earlier WHERE earlier.owner = runs.owner AND earlier.lesson = runs.lesson "
    "AND earlier.block = runs.block AND earlier.created_order < runs.created_order"
)


def upgrade() -> None:
    op.execute(
        f"UPDATE runs SET prediction = CASE WHEN EXISTS ({_EARLIER}) THEN NULL ELSE ({_OWN}) END "
        "WHERE round_id IN (SELECT id FROM rounds WHERE question <> 'none')"
    )
    op.execute(f"UPDATE runs SET prediction = NULL WHERE block IS NOT NULL AND EXISTS ({_EARLIER_IN_BLOCK})")
    op.execute("UPDATE assignments SET prediction = NULL WHERE started > 0")
