"""Runs of several batch sizes after equal epochs and after equal updates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.ideas.batch_size.batch_race import figure as charts
from mnist_core.records import EVALUATION_DTYPE, Curves, RateChange, Run
from tests.charts import numbers, trace


def run(batch: int, *evaluated: tuple[int, float]) -> tuple[Run, Curves]:
    """A run on 1,000 images with validation accuracies after so many updates."""
    config = RunConfig(train_size=1_000, batch_size=batch, epochs=4)
    rows = np.zeros(len(evaluated), EVALUATION_DTYPE)
    rows["step"] = [step for step, _accuracy in evaluated]
    rows["epoch"] = rows["step"] / config.steps_per_epoch
    rows["validation_accuracy"] = [accuracy for _step, accuracy in evaluated]
    result = Run(f"run{batch}", "ann", config, "running", 1, 0.0)
    return result, Curves(evaluations=rows)


RUNS = (
    run(1_000, (0, 0.1), (1, 0.2), (2, 0.3), (4, 0.5)),
    run(10, (0, 0.1), (1, 0.15), (4, 0.2), (16, 0.4), (64, 0.6), (100, 0.7), (200, 0.8)),
    run(100, (0, 0.1)),
    run(1),
)


def test_after_equal_epochs_the_numbers_are_the_ones_recorded() -> None:
    points = charts.points(RUNS, "epochs", 2)
    assert [(point.batch, point.step, point.reached) for point in points] == [
        (10, 200, True),
        (100, 0, False),
        (1_000, 2, True),
    ]
    assert [point.accuracy for point in points] == pytest.approx([0.8, 0.1, 0.3])
    figure = charts.chart(points, "epochs", 2, "group", False, str)
    assert numbers(trace(figure, "reached")["x"]).tolist() == [10, 1_000]
    assert numbers(trace(figure, "reached")["y"]) == pytest.approx([0.8, 0.3])
    assert numbers(trace(figure, "behind")["y"]) == pytest.approx([0.1])


def test_a_run_that_ended_before_is_not_one_that_comes_yet_and_one_of_another_rate_is_left_out() -> None:
    (large, last), (small, curves), (middle, later), _waiting = RUNS
    over = [(replace(small, state="finished"), curves), (replace(middle, state="finished", outcome="diverged"), later)]
    changed = replace(large, rate_changes=(RateChange(1, 0.5),))
    points = charts.points([*over, (changed, last)], "epochs", 2)
    assert [(point.batch, point.reached, point.ended) for point in points] == [(10, True, True), (100, False, True)]
    figure = charts.chart(points, "epochs", 2, "group", False, str)
    assert numbers(trace(figure, "ended")["x"]).tolist() == [100]
    assert not len(numbers(trace(figure, "behind")["x"]))
    assert [trace["name"] for trace in figure["data"] if trace.get("showlegend")] == ["ended earlier", "reached"]


def test_after_equal_updates_the_numbers_are_the_ones_recorded() -> None:
    points = charts.points(RUNS, "updates", 4)
    assert [(point.batch, point.step, point.reached) for point in points] == [
        (10, 4, True),
        (100, 0, False),
        (1_000, 4, True),
    ]
    assert [point.accuracy for point in points] == pytest.approx([0.2, 0.1, 0.5])
    later = charts.points(RUNS, "updates", 64)
    assert [(point.step, point.reached) for point in later if point.batch != 100] == [(64, True), (4, False)]


def test_what_lies_near_counts_as_equal_and_says_where_it_is() -> None:
    (near,) = charts.points([run(10, (50, 0.5), (90, 0.6))], "updates", 80)
    assert (near.step, near.reached) == (90, True)
    (far,) = charts.points([run(10, (50, 0.5))], "updates", 80)
    assert not far.reached
