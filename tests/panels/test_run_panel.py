"""The panel of one run."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.panels import run_panel
from mnist_core.records import Progress, Run
from mnist_core.ui import texts


@pytest.mark.parametrize(("epoch", "read"), [(50.0, "Epoch 50 of 1,000"), (49.33, "Epoch 49.3 of 1,000")])
def test_a_whole_epoch_is_a_whole_number(epoch: float, read: str) -> None:
    run = Run("5eed", "o", RunConfig(epochs=1_000), "running", 1, 0.0, progress=Progress(10, 100, epoch, 2.5))
    with texts.speaking("en"):
        _fraction, words = run_panel._progress_words(run)
    assert words.startswith(read)
