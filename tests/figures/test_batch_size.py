"""The charts of the page Batch size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.ideas.batch_size.batch_paths import concept as batch_paths
from mnist_core.ideas.batch_size.batch_paths import figure as path_charts
from mnist_core.ideas.batch_size.batch_paths.figure import Walk
from mnist_core.ideas.batch_size.batch_race import figure as race_charts
from mnist_core.ideas.batch_size.batch_times import figure as time_charts
from mnist_core.ideas.batch_size.batch_times.figure import Times
from mnist_core.ideas.batch_size.gradient_noise import figure as noise_charts
from mnist_core.ideas.batch_size.gradient_noise.concept import Directions, Noise
from mnist_core.ideas.batch_size.updates_per_epoch import figure as update_charts
from mnist_core.records import EVALUATION_DTYPE, Curves, RateChange, Run
from tests.figures.test_bowl import numbers, trace


def cells(images: int, batch: int) -> tuple[Any, Any]:
    """The numbers in the picture of an epoch, and its layout."""
    figure = update_charts.epoch_chart(images, batch, False, str)
    values = numbers(trace(figure, "batches")["z"])
    return values[np.isfinite(values)], figure["layout"]


def test_every_full_batch_is_a_cell_and_the_last_as_wide_as_it_is_full() -> None:
    shown, layout = cells(60_000, 128)
    assert shown.tolist() == list(range(1, 469))
    outline, filled = layout["shapes"]
    whole = outline["x1"] - outline["x0"]
    assert (filled["x1"] - filled["x0"]) / whole == pytest.approx(96 / 128)
    assert "96 of 128" in layout["annotations"][0]["text"]


@pytest.mark.parametrize(("images", "batch", "count"), [(50_000, 10, 5_000), (50_000, 50_000, 1), (60_000, 10, 6_000)])
def test_batches_that_come_out_even(images: int, batch: int, count: int) -> None:
    shown, layout = cells(images, batch)
    assert len(shown) == count
    assert not layout["shapes"]


def test_more_batches_than_can_be_seen_share_cells() -> None:
    shown, layout = cells(50_000, 1)
    assert len(shown) == 5_556  # ⌈50,000 / 9⌉
    assert shown[:3].tolist() == [1, 10, 19]
    assert shown[-1] == 49_996  # and the four after it
    assert "9 batches" in layout["title"]["text"]


def test_the_chosen_size_is_marked_on_the_curve() -> None:
    figure = update_charts.sizes_chart(60_000, 128, False, str)
    chosen = trace(figure, "chosen")
    assert (chosen["x"], chosen["y"], chosen["text"]) == ([128], [469], ["469"])
    sizes, counts = (numbers(trace(figure, "updates")[axis]) for axis in "xy")
    assert dict(zip(sizes.tolist(), counts.tolist(), strict=True))[1.0] == 60_000
    assert counts[-1] == 1
    update_charts.sizes_chart(1, 1, False, str)


def test_arrows_end_where_the_gradients_do_and_the_median_is_marked() -> None:
    found = Directions(np.array([1.0, 0.0, 2.0]), np.array([1.0, -2.0, 0.0]))
    figure = noise_charts.arrows_chart(found, "", False, str)
    assert numbers(trace(figure, "tips")["x"]).tolist() == [1, 0, 2]
    assert numbers(trace(figure, "tips")["customdata"]) == pytest.approx([45, 90, 0], abs=1e-4)
    assert numbers(trace(figure, "lines")["y"])[1::3].tolist() == [1, -2, 0]
    angles = noise_charts.angles_chart(found, False, str)
    assert angles["layout"]["shapes"][0]["x0"] == pytest.approx(45)
    assert numbers(trace(angles, "angles")["y"]).sum() == pytest.approx(1)


def test_the_law_of_the_noise() -> None:
    noise = Noise(np.diag(np.full(100, 4.0)).astype(np.float32) + 1)
    figure = noise_charts.law_chart(noise, [(1, 2.0), (10, 0.6), (100, 0.0)], 10, False, str)
    sizes, law = (numbers(trace(figure, "root")[axis]) for axis in "xy")
    assert law == pytest.approx(noise.law(1) / np.sqrt(sizes), rel=1e-5)
    assert numbers(trace(figure, "measured")["x"]).tolist() == [1, 10]  # all images have no place on a log axis
    assert trace(figure, "measured")["marker"]["size"] == [10, 17]


def test_walks_on_the_contour_and_against_points_seen() -> None:
    points = batch_paths.made()
    walks = [
        Walk(str(batch), batch_paths.descend(points, batch, 0.1, 2 * per_epoch), per_epoch)
        for batch, per_epoch in ((32, 1), (8, 4), (1, 32))
    ]
    figure = path_charts.contour_chart(points, walks, False, str)
    assert numbers(trace(figure, "walk1")["x"]) == pytest.approx(walks[1].places[:, 0], abs=1e-6)
    losses = path_charts.loss_chart(points, walks, True, False, str)
    for place in range(3):
        assert numbers(trace(losses, f"walk{place}")["x"])[-1] == 2  # epochs
    steps = path_charts.loss_chart(points, walks, False, False, str)
    assert numbers(trace(steps, "walk2")["x"])[-1] == 64
    here = float(batch_paths.loss(points, *walks[0].places[-1]))
    assert numbers(trace(losses, "walk0")["y"])[-1] == pytest.approx(here, rel=1e-5)


def test_a_walk_that_runs_away_leaves_the_picture_not_the_axes() -> None:
    points = batch_paths.made()
    walk = Walk("1", batch_paths.descend(points, 1, 1.0, 5_000), 32)
    figure = path_charts.contour_chart(points, [walk], False, str)
    assert np.abs(numbers(trace(figure, "walk0")["x"])).max() < 10
    losses = path_charts.loss_chart(points, [walk], False, False, str)
    assert np.isfinite(numbers(trace(losses, "walk0")["y"])).all()


def times() -> Times:
    """An update on 1 image takes 1 ms, on 100 2 ms, on 1,000 10 ms."""
    return Times(1_000, (1, 100, 1_000), np.array([0.001, 0.002, 0.01]))


def test_seconds_per_epoch_are_updates_times_the_time_of_one() -> None:
    assert times().updates.tolist() == [1_000, 10, 1]
    assert times().epochs == pytest.approx([1.0, 0.02, 0.01])
    figure = time_charts.epochs_chart(times(), False, str)
    assert numbers(trace(figure, "epochs")["y"]) == pytest.approx([1.0, 0.02, 0.01])
    assert numbers(trace(figure, "same")["y"]) == pytest.approx([1.0, 0.01, 0.001])
    updates, update = (make(times(), False, str) for make in (time_charts.updates_chart, time_charts.update_chart))
    assert numbers(trace(updates, "updates")["y"]).tolist() == [1_000, 10, 1]
    assert numbers(trace(update, "update")["y"]) == pytest.approx([1, 2, 10])


def run(batch: int, *evaluated: tuple[int, float]) -> tuple[Run, Curves]:
    """A run on 1,000 images with validation accuracies after so many updates."""
    config = RunConfig(train_size=1_000, batch_size=batch, epochs=4)
    rows = np.zeros(len(evaluated), EVALUATION_DTYPE)
    rows["step"] = [step for step, _accuracy in evaluated]
    rows["epoch"] = rows["step"] / config.steps_per_epoch
    rows["validation_accuracy"] = [accuracy for _step, accuracy in evaluated]
    made = Run(f"run{batch}", "ann", config, "running", 1, 0.0)
    return made, Curves(evaluations=rows)


RUNS = (
    run(1_000, (0, 0.1), (1, 0.2), (2, 0.3), (4, 0.5)),
    run(10, (0, 0.1), (1, 0.15), (4, 0.2), (16, 0.4), (64, 0.6), (100, 0.7), (200, 0.8)),
    run(100, (0, 0.1)),
    run(1),
)


def test_after_equal_epochs_the_numbers_are_the_ones_recorded() -> None:
    found = race_charts.points(RUNS, "epochs", 2)
    assert [(point.batch, point.step, point.there) for point in found] == [
        (10, 200, True),
        (100, 0, False),
        (1_000, 2, True),
    ]
    assert [point.accuracy for point in found] == pytest.approx([0.8, 0.1, 0.3])
    figure = race_charts.chart(found, "epochs", 2, "group", False, str)
    assert numbers(trace(figure, "there")["x"]).tolist() == [10, 1_000]
    assert numbers(trace(figure, "there")["y"]) == pytest.approx([0.8, 0.3])
    assert numbers(trace(figure, "behind")["y"]) == pytest.approx([0.1])


def test_a_run_that_ended_before_is_not_one_that_comes_yet_and_one_of_another_rate_is_left_out() -> None:
    (large, last), (small, curves), (middle, later), _waiting = RUNS
    over = [(replace(small, state="finished"), curves), (replace(middle, state="finished", outcome="diverged"), later)]
    changed = replace(large, rate_changes=(RateChange(1, 0.5),))
    found = race_charts.points([*over, (changed, last)], "epochs", 2)
    assert [(point.batch, point.there, point.over) for point in found] == [(10, True, True), (100, False, True)]
    figure = race_charts.chart(found, "epochs", 2, "group", False, str)
    assert numbers(trace(figure, "over")["x"]).tolist() == [100]
    assert not len(numbers(trace(figure, "behind")["x"]))
    assert [one["name"] for one in figure["data"] if one.get("showlegend")] == ["ended earlier", "reached"]


def test_after_equal_updates_the_numbers_are_the_ones_recorded() -> None:
    found = race_charts.points(RUNS, "updates", 4)
    assert [(point.batch, point.step, point.there) for point in found] == [
        (10, 4, True),
        (100, 0, False),
        (1_000, 4, True),
    ]
    assert [point.accuracy for point in found] == pytest.approx([0.2, 0.1, 0.5])
    later = race_charts.points(RUNS, "updates", 64)
    assert [(point.step, point.there) for point in later if point.batch != 100] == [(64, True), (4, False)]


def test_what_lies_near_counts_as_equal_and_says_where_it_is() -> None:
    (near,) = race_charts.points([run(10, (50, 0.5), (90, 0.6))], "updates", 80)
    assert (near.step, near.there) == (90, True)
    (far,) = race_charts.points([run(10, (50, 0.5))], "updates", 80)
    assert not far.there
