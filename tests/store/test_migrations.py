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


@pytest.mark.parametrize("revision", ["0001", "0002_sweeps", "0003_studies", "0004_labels"])
def test_an_older_store_opens_with_its_runs(home: Path, revision: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{home / 'runs.sqlite'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        row = {
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
        columns = ", ".join(row)
        connection.execute(
            sa.text(f"INSERT INTO runs ({columns}) VALUES ({', '.join(f':{name}' for name in row)})"), row
        )
    engine.dispose()
    store = open_store()
    (run,) = store.list_runs("ann")
    assert (run.config, run.state, run.progress.step, run.name, run.star) == (CONFIG, "paused", 70, "", False)
    store.put_away([run.id], "ann")
    assert store.list_runs("ann") == []
    store.close()
