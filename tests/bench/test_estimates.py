"""The benchmark of expected times: every run of it is short, and one that takes as long as expected counts as one."""

from __future__ import annotations

import pytest

from mnist_core import estimate
from mnist_core.bench import estimates
from mnist_core.data import Dataset
from mnist_core.estimate import Rate, Speed, estimate_seconds

SPEED = Speed(Rate(1e-4, 9e10, 6e10), Rate(6e-4, 2e11, 1e11), True)


@pytest.mark.parametrize("name", estimates.RUNS)
def test_each_run_is_whole_epochs_of_about_some_seconds(name: str) -> None:
    shortened = estimates.shortened(estimates.RUNS[name], SPEED)
    assert 1 <= shortened.epochs <= estimates.RUNS[name].epochs
    assert estimate_seconds(shortened, SPEED) < 3 * estimates.SECONDS


def test_what_a_run_took_stands_beside_what_was_expected(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    config = estimates.RUNS["two-layer-net"].replace(train_size=500, validation_size=100, epochs=1)
    monkeypatch.setattr(estimate, "_seconds", lambda *_of: 1e9)
    figure = estimates.figure("small", config, SPEED, tiny)
    assert 0 < figure.value < 1e-6
    assert (figure.target, figure.verdict) == ("≤ 1.50 ×, ≥ 0.670 ×", "under")
