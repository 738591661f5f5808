"""Runs with weights made by hand, what a worker has computed of them, and a drawing, for tests of the Inspect page."""

from __future__ import annotations

from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from mnist_core import data
from mnist_core.config import RunConfig
from mnist_core.networks import weights
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store

CONFIG = RunConfig(dataset="built-in", hidden_layers=())


def run_with_weights(store: Store, owner: str, *, answer: int, scale: float = 1.0, **changes: Any) -> str:
    """A run after 40 updates whose network says `answer` to everything."""
    config = CONFIG.replace(**changes)
    run_id = store.runs.create(owner, config)
    store.queue.claim(run_id, "worker", 1)
    bias = np.zeros(config.classes, np.float32)
    bias[answer] = 3 * scale
    arrays = {"0.weight": np.zeros((config.classes, 784), np.float32), "0.bias": bias}
    weights.keep(run_id, weights.Snapshot(40, arrays))
    store.record_writer.publish([Report(run_id, Progress(40, CONFIG.total_steps), Curves(), checkpoint=True)])
    return run_id


def with_a_drawing(app: AppTest) -> AppTest:
    app.session_state["drawn_strokes"] = [{"w": 24, "p": [100, 50, 160, 50, 120, 200]}]
    return app.run()


def with_answers(store: Store, owner: str, run_id: str, shares: np.ndarray) -> None:
    """The analysis of a run's answers to its validation images, as a worker leaves it."""
    analysis_id = store.analyses.create(owner, "answers", {"run": run_id, "split": "validation"})
    store.analyses.claim(analysis_id)
    store.analyses.finish(analysis_id, {"step": 40, "reached": 40}, {"probabilities": shares.astype(np.float16)})


def first_labels() -> np.ndarray:
    """Labels of the first 200 validation images."""
    return data.load_dataset("built-in").train_labels[-CONFIG.validation_size :][:200]
