"""A range test that trains for real."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.data import Dataset, load_dataset
from mnist_core.diagnostics.range_test import plan
from mnist_core.presets import preset
from mnist_core.training import range_test, sweep
from tests.training.test_trainer import small


def test_it_finds_where_a_small_network_learns_and_breaks(tiny: Dataset) -> None:
    for config in (small(), small(model="cnn", filters=(3,), kernel_size=3)):
        reading = range_test(config.replace(learning_rate=0.123), tiny, highest=100.0)
        assert np.isfinite(reading.losses[:100]).all()
        assert reading.rates[0] < 2e-4
        assert (np.diff(np.log10(reading.rates)) > 0).all()
        assert reading.breaks is not None
        assert all(one.rate < reading.breaks for one in reading.suggestions)


def test_the_test_leaves_the_configuration_alone(tiny: Dataset) -> None:
    config = small()
    before = config.to_dict()
    range_test(config, tiny, highest=1.0)
    assert config.to_dict() == before


def test_its_sizes_leave_no_image_alone_where_the_configurations_do_not() -> None:
    for batch in (2, 3, 7, 100, 199, 4_000):
        for train in (batch, batch + 2, 300 * batch, 300 * batch + 2, 302 * batch):
            if train <= 50_000:
                planned = plan(small(batch_norm=True, batch_size=batch, train_size=train))
                assert planned.smallest_batch > 1


def raw(seed: int = 0) -> RunConfig:
    return preset("preprocessing").variant("raw").replace(seed=seed)


def accuracies(config: RunConfig, rates: Sequence[float], dataset: Dataset, images: int) -> list[float]:
    """Test accuracies after one epoch over so many images."""
    config = config.replace(train_size=images, validation_size=0, epochs=1)
    runs = sweep(config, rates, dataset=dataset, threads=1, device="cpu").runs
    return [run.result["test_accuracy"] for run in runs]


@pytest.mark.parametrize("seed", [0, 1])
def test_raw_pixels_get_rates_that_learn(mnist: Path, seed: int) -> None:
    """With seed 0 it said "between 0.054 and 0.99": there the loss has come back from an explosion, and 10 % are right."""
    dataset = load_dataset("mnist", mnist)
    reading = range_test(raw(seed), dataset)
    assert reading.suggestions
    assert reading.breaks is not None
    suggested = {one.kind: one.rate for one in reading.suggestions}
    found = accuracies(raw(seed), [suggested["valley"], 0.0005, 2 * reading.breaks], dataset, 20_000)
    assert found[0] > 0.9 * found[1] > 0.7
    assert found[2] < 0.5
    assert max(suggested.values()) < 0.002


@pytest.mark.parametrize("fraction", [0.9, 1.0])
def test_labels_that_teach_nothing_suggest_nothing(tiny: Dataset, fraction: float) -> None:
    """Though the few images of the test are seen again and again, and some are learned by heart."""
    reading = range_test(small(label_noise=fraction), tiny)
    assert reading.suggestions == ()
    assert f"With {fraction:.0%} label noise" in str(reading.said())


def test_weights_of_zero_suggest_nothing(tiny: Dataset) -> None:
    """Nothing flows through a hidden layer of zeros: only the output's biases learn, one answer to all images."""
    reading = range_test(small(initialization="zeros"), tiny)
    assert reading.suggestions == ()


def test_batches_of_one_image_get_a_rate_that_learns(mnist: Path) -> None:
    config = small(dataset="mnist", batch_size=1, train_size=10_000, validation_size=0)
    dataset = load_dataset("mnist", mnist)
    suggested = {one.kind: one.rate for one in range_test(config, dataset).suggestions}
    found = accuracies(config, [suggested["valley"]], dataset, 2_000)
    assert found[0] > 0.7
