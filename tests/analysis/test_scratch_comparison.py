"""The network from scratch beside the engine: one curve to rounding, on real MNIST and on built-in digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core.analysis.scratch_comparison.compute import initial_net, train_both
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, load_dataset
from mnist_core.presets import preset

TWO_LAYER = preset("two-layer-net").config


@pytest.mark.parametrize(("rate", "allowed"), [(0.1, 2e-6), (0.5, 2e-5)])
def test_on_mnist_both_curves_are_one(mnist: Path, rate: float, allowed: float) -> None:
    config = TWO_LAYER.replace(learning_rate=rate, epochs=3)
    comparison = train_both(config, load_dataset("mnist", mnist))
    assert len(comparison.scratch) == len(comparison.engine) == 300
    assert np.abs(comparison.scratch - comparison.engine).max() < allowed
    assert comparison.scratch[0] == pytest.approx(np.log(10), abs=0.01)
    assert comparison.scratch[-50:].mean() < 0.6  # it has learned: agreeing on nothing would prove nothing
    assert comparison.scratch_seconds > 0
    assert comparison.engine_seconds > 0


def test_on_mnist_both_collapse_at_1_5(mnist: Path) -> None:
    comparison = train_both(TWO_LAYER.replace(learning_rate=1.5, epochs=5), load_dataset("mnist", mnist))
    for losses in (comparison.scratch, comparison.engine):
        assert np.isfinite(losses).all()
        assert losses[-100:].mean() == pytest.approx(np.log(10), abs=0.01)
    assert np.abs(comparison.scratch - comparison.engine)[-100:].max() < 1e-5


@pytest.mark.parametrize("sampling", ["shuffle", "replacement"])
def test_on_built_in_digits_short_batches_too(tiny: Dataset, sampling: str) -> None:
    config = RunConfig(
        dataset="built-in",
        train_size=1_030,
        validation_size=100,
        hidden_layers=(20,),
        preprocessing="standardized",
        learning_rate=0.05,
        batch_size=100,
        sampling=sampling,  # type: ignore[arg-type]
        epochs=20,
    )
    fractions: list[float] = []
    comparison = train_both(config, tiny, progress=fractions.append)
    assert len(comparison.scratch) == config.total_steps == 220
    assert np.abs(comparison.scratch - comparison.engine).max() < 2e-5
    assert comparison.scratch[-20:].mean() < 0.5 * comparison.scratch[0]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] < 1


def test_other_batches_would_be_seen(tiny: Dataset) -> None:
    config = RunConfig(dataset="built-in", train_size=1_000, validation_size=100, hidden_layers=(20,), epochs=2)
    first, second = (train_both(config.replace(batch_seed=seed), tiny) for seed in (1, 2))
    assert np.abs(first.scratch - second.engine).max() > 1e-2


def test_the_first_weights_are_the_engines() -> None:
    net = initial_net(TWO_LAYER)
    assert net.affines[0].weights.shape == (784, 50)
    assert net.affines[1].weights.shape == (50, 10)
    assert net.affines[0].weights.std() == pytest.approx(0.01, rel=0.02)
    assert net.affines[0].weights.dtype == np.float32
