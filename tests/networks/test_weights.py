"""A run's weights are read once for each checkpoint, whatever their size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_core.errors import CheckpointError
from mnist_core.networks import weights


@pytest.mark.parametrize("size", [1_000, 20 * 2**20])  # the larger one has no room beside another
def test_weights_are_read_once_for_each_checkpoint(size: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    read = weights._read

    def counted(file: Path, prefix: str) -> Any:
        reads.append(file)
        return read(file, prefix)

    monkeypatch.setattr(weights, "_read", counted)
    weights.keep("run", weights.Snapshot(1, {"0.weight": np.zeros(size, np.float32)}))
    first = weights.latest("run")
    assert weights.latest("run") is first
    assert len(reads) == 1
    weights.keep("run", weights.Snapshot(2, {"0.weight": np.ones(size, np.float32)}))
    assert weights.latest("run").step == 2
    assert len(reads) == 2


def test_weights_that_are_brought_in_leave_the_last_of_a_disk_to_runs_that_train(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = weights.Snapshot(1, {"0.weight": np.zeros(9, np.float32)})
    monkeypatch.setenv("MNIST_LAB_FREE_MB", str(10**9))  # more than any disk has
    with pytest.raises(CheckpointError, match=r"nearly full.*Try again in a minute, or leave the weights out"):
        weights.keep("run", brought)
    assert not list(home.rglob("*.*"))
    monkeypatch.setenv("MNIST_LAB_FREE_MB", "0")
    weights.keep("run", brought)
    assert weights.latest("run").step == 1
