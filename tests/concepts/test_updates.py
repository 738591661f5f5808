"""The arithmetic of updates: the numbers of the reference."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.ideas.batch_size.updates_per_epoch.concept import last_batch, updates, updates_per_epoch


@pytest.mark.parametrize(
    ("images", "batch", "count", "last"),
    [
        (60_000, 128, 469, 96),  # 468 · 128 = 59,904
        (50_000, 10, 5_000, 10),
        (50_000, 1, 50_000, 1),
        (50_000, 50_000, 1, 50_000),
        (7, 3, 3, 1),
        (1, 1, 1, 1),
    ],
)
def test_an_epoch_in_batches(images: int, batch: int, count: int, last: int) -> None:
    assert updates_per_epoch(images, batch) == count
    assert last_batch(images, batch) == last
    assert (count - 1) * batch + last == images
    assert updates(images, batch, 5) == 5 * count


def test_it_is_what_a_run_does() -> None:
    config = RunConfig(train_size=1_000, validation_size=0, batch_size=7, epochs=3)
    assert updates_per_epoch(1_000, 7) == config.steps_per_epoch
    assert updates(1_000, 7, 3) == config.total_steps
