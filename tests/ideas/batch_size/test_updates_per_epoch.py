"""The arithmetic of updates, with the numbers of the reference; the picture of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.ideas.batch_size.updates_per_epoch import figure as charts
from mnist_core.ideas.batch_size.updates_per_epoch.concept import last_batch, updates, updates_per_epoch
from tests.charts import numbers, trace


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


def cells(images: int, batch: int) -> tuple[Any, Any]:
    """The numbers in the picture of an epoch, and its layout."""
    figure = charts.epoch_chart(images, batch, False, str)
    values = numbers(trace(figure, "batches")["z"])
    return values[np.isfinite(values)], figure["layout"]


def test_every_full_batch_is_a_cell_and_the_last_as_wide_as_it_is_full() -> None:
    numbers_in_cells, layout = cells(60_000, 128)
    assert numbers_in_cells.tolist() == list(range(1, 469))
    outline, filled = layout["shapes"]
    whole = outline["x1"] - outline["x0"]
    assert (filled["x1"] - filled["x0"]) / whole == pytest.approx(96 / 128)
    assert "96 of 128" in layout["annotations"][0]["text"]


@pytest.mark.parametrize(("images", "batch", "count"), [(50_000, 10, 5_000), (50_000, 50_000, 1), (60_000, 10, 6_000)])
def test_batches_that_come_out_even(images: int, batch: int, count: int) -> None:
    numbers_in_cells, layout = cells(images, batch)
    assert len(numbers_in_cells) == count
    assert not layout["shapes"]


def test_more_batches_than_can_be_seen_share_cells() -> None:
    numbers_in_cells, layout = cells(50_000, 1)
    assert len(numbers_in_cells) == 5_556  # ⌈50,000 / 9⌉
    assert numbers_in_cells[:3].tolist() == [1, 10, 19]
    assert numbers_in_cells[-1] == 49_996  # and the four after it
    assert "9 batches" in layout["title"]["text"]


def test_the_chosen_size_is_marked_on_the_curve() -> None:
    figure = charts.sizes_chart(60_000, 128, False, str)
    chosen = trace(figure, "chosen")
    assert (chosen["x"], chosen["y"], chosen["text"]) == ([128], [469], ["469"])
    sizes, counts = (numbers(trace(figure, "updates")[axis]) for axis in "xy")
    assert dict(zip(sizes.tolist(), counts.tolist(), strict=True))[1.0] == 60_000
    assert counts[-1] == 1
    charts.sizes_chart(1, 1, False, str)
