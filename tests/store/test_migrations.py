"""A store that an earlier version of the program wrote opens, with all that was in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from mnist_core.config import RunConfig
from mnist_core.store import open_store
from mnist_core.store.engine import MIGRATIONS

CONFIG = RunConfig(learning_rate=0.3)


@pytest.mark.parametrize("revision", ["0001", "0002_sweeps", "0003_studies", "0004_labels", "0005_colours"])
def test_an_older_store_opens_with_its_runs(home: Path, revision: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{home / 'runs.sqlite'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        row: dict[str, object] = {
            "id": "0123456789",
            "owner": "ann",
            "config": CONFIG.to_json(),
            "state": "paused",
            "version": 4,
            "step": 70,
            "total_steps": CONFIG.total_steps,
            "epoch": 0.1,
            "seconds": 1.0,
            "images_per_second": 0.0,
            "attempts": 1,
            "priority": 0,
            "created_at": 1.0,
            "queued_at": 1.0,
        }
        later = {**row, "id": "0000000000", "owner": "bob", "state": "queued", "created_at": 3.0, "queued_at": 3.0}
        rows = [row, {**later, "id": "1111111111", "created_at": 2.0, "queued_at": 2.0}, later]
        columns = ", ".join(row)
        connection.execute(
            sa.text(f"INSERT INTO runs ({columns}) VALUES ({', '.join(f':{name}' for name in row)})"), rows
        )
    engine.dispose()
    store = open_store()
    (run,) = store.runs.newest("ann")
    assert (run.config, run.state, run.progress.step, run.name.raw, run.star) == (CONFIG, "paused", 70, "", False)
    store.retention.soft_delete([run.id], "ann")
    assert store.runs.newest("ann") == []
    # What was ordered by time keeps its order, and what is new comes after it.
    new = store.runs.create("bob", CONFIG)
    assert [run.id for run in store.queue.next(9)] == ["1111111111", "0000000000", new]
    assert [run.id for run in store.runs.newest("bob")] == [new, "0000000000", "1111111111"]
    store.close()
