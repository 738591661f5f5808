"""A range test that trains for real."""

from __future__ import annotations

import numpy as np

from mnist_core.data import Dataset
from mnist_core.diagnostics.range_test import plan
from mnist_core.training import range_test
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
