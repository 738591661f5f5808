"""Runs that have been trained before, put into the store of a server as if their students had trained them there."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest

from mnist_core.config import RunConfig
from mnist_core.jobs import run_job, worker_store
from mnist_core.presets import PRESETS
from mnist_core.store import open_store
from tests import built_in
from tests.conftest import THREADS


class TrainedRuns:
    """Trains each configuration once, by what a worker does, in a home of its own."""

    def __init__(self, home: Path, digits: Path, mnist: Path | None, server_home: Path) -> None:
        """`home`: an empty folder; `digits`: the files of the built-in digits, used where there is no `mnist`; `server_home`:
        whose store gets the runs."""
        built_in.laid(digits, home)
        self._environment = {"MNIST_LAB_HOME": str(home)} | ({"MNIST_LAB_DATA": str(mnist)} if mnist else {})
        self._base = PRESETS["two-layer-net"].config.replace(dataset="mnist" if mnist else "built-in")
        self._home, self._server_home = home, server_home
        self._store = open_store(f"sqlite:///{home / 'runs.sqlite'}")
        self._server_store = open_store(f"sqlite:///{server_home / 'runs.sqlite'}")
        self._kept: dict[RunConfig, str] = {}

    def put(self, owner: str, **changes: Any) -> str:
        """Give `owner` a finished run of the two-layer net with these changes: curves, result, weights and snapshots; its id."""
        config = self._base.replace(**changes)
        if config not in self._kept:
            self._kept[config] = self._train(config)
        run, curves = self._store.runs.get(self._kept[config]), self._store.record_reader.curves(self._kept[config])
        assert run.outcome is not None
        new = secrets.token_hex(5)
        self._copy_weights(run.id, new)
        return self._server_store.runs.add_finished(
            owner,
            config,
            curves,
            run.outcome,
            run.result,
            run.progress,
            run_id=new,
            checkpoint_step=run.checkpoint_step,
        )

    def _train(self, config: RunConfig) -> str:
        run_id = self._store.runs.create("trainer", config)
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("MNIST_LAB_")]:
                patch.delenv(name)
            for name, value in self._environment.items():
                patch.setenv(name, value)
            patch.setitem(worker_store._stores, self._store.url, self._store)
            run_job.execute([run_id], self._store.url, THREADS)
        return run_id

    def _copy_weights(self, old: str, new: str) -> None:
        folder = self._server_home / "checkpoints"
        folder.mkdir(mode=0o700, exist_ok=True)
        for file in (self._home / "checkpoints").glob(f"{old}*"):
            place = folder / file.name.replace(old, new)
            if file.is_dir():
                shutil.copytree(file, place)
            else:
                shutil.copy(file, place)

    def stop_all(self) -> None:
        """Stop what trains or waits on the server, so that the next test has its workers."""
        for run in [run for runs in self._server_store.queue.overview() for run in runs]:
            self._server_store.commands.send(run.id, run.owner, "stop")

    def close(self) -> None:
        """Let go of both stores."""
        self._store.close()
        self._server_store.close()
