"""Runs that are over, for tests of pages that compare them."""

from __future__ import annotations

from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from mnist_core.presets import PRESETS
from mnist_core.records import EVALUATION_DTYPE, Curves, Progress, Report
from mnist_core.store import Store

CONFIG = PRESETS["two-layer-net"].config


def finished_run(store: Store, owner: str, rate: float, accuracy: float = 0.9, **changes: Any) -> str:
    """A finished run of a student at a learning rate."""
    run_id = store.runs.create(owner, CONFIG.replace(learning_rate=rate, **changes))
    store.queue.claim(run_id, "worker", 1)
    rows = np.zeros(2, EVALUATION_DTYPE)
    rows["step"] = [0, 10]
    for split in ("train", "validation", "test"):
        rows[f"{split}_loss"], rows[f"{split}_accuracy"] = [2.3, 0.4], [0.1, accuracy]
    store.record_writer.publish([Report(run_id, Progress(10, 10, 1.0, 2.0), Curves(evaluations=rows))])
    result = {"validation_accuracy": accuracy, "test_accuracy": accuracy - 0.01, "verdict": "learning-well"}
    store.record_writer.finish(run_id, "completed", result)
    return run_id


def student(app: AppTest) -> str:
    """The name in the cookie of the browser."""
    name: str = app.session_state["student"]
    return name


def ended(store: Store, owner: str, seed: int, outcome: str, losses: list[float], **changes: Any) -> str:
    """A run of CONFIG that was evaluated every ten steps, with these validation losses, and ended so."""
    run_id = store.runs.create(owner, CONFIG.replace(seed=seed, batch_seed=0, **changes))
    store.queue.claim(run_id, "worker", 1)
    rows = np.zeros(len(losses), EVALUATION_DTYPE)
    rows["step"] = rows["seconds"] = 10 * np.arange(len(losses))
    rows["train_loss"] = rows["validation_loss"] = losses
    if not store.runs.get(run_id).config.validation_size:
        rows["validation_loss"] = rows["validation_accuracy"] = np.nan
    store.record_writer.publish([Report(run_id, Progress(10 * len(losses) - 10, 100), Curves(evaluations=rows))])
    result = {"validation_loss": losses[-1]} if store.runs.get(run_id).config.validation_size else {}
    store.record_writer.finish(run_id, outcome, result)  # type: ignore[arg-type]
    return run_id
