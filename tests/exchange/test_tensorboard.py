"""The event files as TensorBoard's own reader finds them; skipped where tensorboard is not installed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mnist_core.exchange import events
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Event

accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator",
    reason="tensorboard is not installed: python -m pip install tensorboard",
)


def test_tensorboard_reads_what_was_recorded(tmp_path: Path) -> None:
    steps, evaluations = np.zeros(3, STEP_DTYPE), np.zeros(2, EVALUATION_DTYPE)
    steps["step"], steps["loss"], steps["learning_rate"] = [1, 2, 300], [2.3, np.inf, np.nan], [0.5, 0.25, 0.125]
    steps["seconds"] = [0.1, 0.2, 3.0]
    evaluations["step"], evaluations["seconds"] = [0, 300], [0.0, 3.0]
    evaluations["train_loss"], evaluations["test_accuracy"] = [2.25, 0.5], [0.125, 0.875]
    evaluations["validation_loss"] = evaluations["validation_accuracy"] = np.nan
    curves = Curves(steps, evaluations, (Event(2, "not_finite", math.inf),))
    (tmp_path / "events.out.tfevents.run").write_bytes(events(curves, 1_700_000_000.0))

    reader = accumulator.EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload()
    assert set(reader.Tags()["scalars"]) == {
        *(f"{kind}/{part}" for kind in ("loss", "accuracy") for part in ("train", "test")),
        "loss/mini-batches",
        "learning rate",
    }
    assert [(scalar.step, scalar.value, scalar.wall_time) for scalar in reader.Scalars("loss/train")] == [
        (0, 2.25, 1_700_000_000.0),
        (300, 0.5, 1_700_000_003.0),
    ]
    assert [scalar.value for scalar in reader.Scalars("accuracy/test")] == [0.125, 0.875]
    losses = [scalar.value for scalar in reader.Scalars("loss/mini-batches")]
    assert losses[:2] == [pytest.approx(2.3), math.inf]
    assert math.isnan(losses[2])
    assert [(scalar.step, scalar.value) for scalar in reader.Scalars("learning rate")] == [
        (1, 0.5),
        (2, 0.25),
        (300, 0.125),
    ]
