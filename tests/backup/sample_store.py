"""What the tests of backups put into a store, and what they find in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.jobs import run_job
from mnist_core.messages import message
from mnist_core.networks.checkpoint_layout import snapshot_steps
from mnist_core.records import EVALUATION_DTYPE, Curves, Event, Progress, SweepRecord
from mnist_core.store import Store

CONFIG = RunConfig(
    dataset="built-in",
    train_size=400,
    validation_size=200,
    hidden_layers=(8,),
    batch_size=20,
    epochs=3,
    optimizer="adam",
)


class Crash(BaseException):
    """The worker dies here."""


def execute(store: Store, run_id: str) -> None:
    run_job.execute([run_id], store.url, 1)


def paused_after(store: Store, steps: int) -> str:
    """A run that was paused after so many updates, with its checkpoint."""
    run_id = store.runs.create("ann", CONFIG, run_id=f"paused{steps}")
    store.commands.send(run_id, "ann", "pause")
    for _step in range(steps):
        store.commands.send(run_id, "ann", "step")
        execute(store, run_id)
    assert store.runs.get(run_id).state == "paused"
    return run_id


def crashed(store: Store, monkeypatch: pytest.MonkeyPatch, run_id: str = "crashed") -> str:
    """A run whose worker died after the store had heard of a checkpoint that was not in its place yet."""
    store.runs.create("ann", CONFIG, run_id=run_id)
    real, calls = store.record_writer.publish, iter(range(100))

    def publish(reports: Any, *rest: Any) -> Any:
        accepted = real(reports, *rest)
        if next(calls) >= 3 and reports[0].checkpoint:  # on a busy machine not each report has one
            raise Crash
        return accepted

    with monkeypatch.context() as patch:
        for name, value in (("CHECKPOINT_SECONDS", 0.0), ("PUBLISH_SECONDS", 0.001), ("FIRST_SECONDS", 0.001)):
            patch.setattr(run_job, name, value)
        patch.setattr(run_job, "CHECKPOINT_FRACTION", 1.0)
        patch.setattr(store.record_writer, "publish", publish)
        with pytest.raises(Crash):
            execute(store, run_id)
    assert store.runs.get(run_id).state == "running"
    return run_id


def filled(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in every state, with all that may hang on them."""
    trained = store.runs.create("ann", CONFIG, run_id="trained", preset="lenet", variant="a", prediction="learns")
    execute(store, trained)
    assert snapshot_steps(trained)
    store.labels.write(trained, "ann", name="première *run*", note="two\nlines", star=True, color=3)
    paused_after(store, 2)
    crashed(store, monkeypatch)
    store.runs.create("bob", CONFIG, run_id="queued")
    store.runs.create("bob", CONFIG, run_id="stopped")
    store.commands.send("stopped", "bob", "stop")
    away = store.runs.create("bob", CONFIG, run_id="away")
    store.retention.soft_delete([away], "bob")
    failed = store.runs.create("bob", CONFIG, run_id="failed")
    store.queue.claim(failed, "worker:1", 1)
    store.record_writer.finish(failed, "failed", {}, message("It ended with {what}.", what=message("nothing")))
    odd = np.zeros(2, EVALUATION_DTYPE)
    odd["step"], odd["train_loss"] = (3, 9), (np.inf, np.nan)
    happened = (Event(3, "learning_rate", 0.3), Event(9, "not_finite", float("-inf")))
    where = Progress(9, CONFIG.total_steps, 0.4, 1.0)
    for outcome in ("diverged", "collapsed"):
        store.runs.add_finished(
            "bob", CONFIG, Curves(evaluations=odd, events=happened), outcome, {"best": np.inf}, where, run_id=outcome
        )
    plan = SweepRecord("5eed5eed50", "ann", 1.0, CONFIG, (0.1, 0.4), 1, predicted_edge=0.7)
    store.sweeps.create(plan, [CONFIG.replace(learning_rate=rate) for rate in plan.rates])
    for name in ("waits", "runs", "done", "broken"):
        store.analyses.create(f"ann {name}", "landscape", {"run": trained}, analysis_id=name)
        if name != "waits":
            analysis = store.analyses.claim(name)
            assert analysis is not None
    store.analyses.finish("done", {"reached": 1}, {"loss": np.arange(6, dtype=np.float32).reshape(2, 3)})
    store.analyses.fail("broken", message("No."))
    opened, secret = store.classes.open("3b", "ann")
    store.classes.enter(opened.id, secret, "teacher")
    store.classes.join(opened.code, "bob", "Otter")
    store.facts.set("seal ann", {"sealed": True})
    store.facts.set("cluster", {"pid": 1})
    store.facts.set("speed", {"mlp": 1.0})
    store.lease.take("here")
    store.lease.beat(7.0)
    store.database.lease_token = None


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    """All rows that a backup should hold, as they are after the death of a cluster."""
    store.queue.requeue_lost()
    store.analyses.requeue_lost()
    with store.transfer.snapshot() as snapshot:
        tables = {name: list(snapshot.rows(name)) for name in snapshot.tables() if name != "lease"}
    assert {row["key"] for row in tables["facts"]} == {"seal ann"}
    return {name: [{key: repr(value) for key, value in row.items()} for row in rows] for name, rows in tables.items()}


def files(home: Path) -> dict[str, bytes]:
    folder = home / "checkpoints"
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
