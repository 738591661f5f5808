"""Three descents on one contour: by hand, against the closed form, and what noise does; their charts."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.batch_size.batch_paths import concept
from mnist_core.ideas.batch_size.batch_paths import figure as charts
from mnist_core.ideas.batch_size.batch_paths.concept import Points
from mnist_core.ideas.batch_size.batch_paths.figure import Trajectory
from tests.charts import numbers, trace

POINTS = concept.sample_points()


def test_a_step_by_hand() -> None:
    # The points (0, 1) and (2, 1) from a = −1, b = 2.6: off by 1.6 and −0.4.
    two = Points(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    assert concept.loss(two, -1.0, 2.6) == pytest.approx((1.6**2 + 0.4**2) / 2)
    # Slope: a: 2 · (1.6 · 0 − 0.4 · 2) / 2 = −0.8, b: 2 · (1.6 − 0.4) / 2 = 1.2
    assert concept.gradient(two.x, two.y, np.array([-1.0, 2.6])) == pytest.approx([-0.8, 1.2])
    assert concept.descend(two, 2, 0.5, 1).tolist() == [[-1.0, 2.6], pytest.approx([-0.6, 2.0])]


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.6, 0.75])
def test_the_full_batch_goes_the_way_of_the_closed_form(rate: float) -> None:
    # On a quadratic wₜ = w* + (1 − ηH)ᵗ (w₀ − w*).
    rows = np.stack([POINTS.x, np.ones(len(POINTS))], 1)
    goal = np.linalg.lstsq(rows, POINTS.y, rcond=None)[0]
    step = np.eye(2) - rate * 2 * rows.T @ rows / len(POINTS)
    walked = concept.descend(POINTS, len(POINTS), rate, 20)
    for t in (0, 1, 7, 20):
        expected = goal + np.linalg.matrix_power(step, t) @ (np.array(concept.START) - goal)
        assert walked[t] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert concept.lowest(POINTS) == pytest.approx(goal)


def test_the_edge_is_where_the_full_batch_leaves() -> None:
    edge = concept.edge(POINTS)
    inside = concept.descend(POINTS, len(POINTS), 0.97 * edge, 2_000)[-1]
    assert inside == pytest.approx(concept.lowest(POINTS), abs=1e-6)
    outside = concept.descend(POINTS, len(POINTS), 1.03 * edge, 2_000)
    assert np.abs(outside[-1]).max() > 1e3


def test_an_epoch_sees_each_point_once() -> None:
    # With a rate of nearly nothing, an epoch of batches adds up to their gradients at the start.
    for batch in (1, 5, 32):
        steps = -(-len(POINTS) // batch)
        walked = concept.descend(POINTS, batch, 1e-9, steps)
        moved = (walked[-1] - walked[0]) / -1e-9
        generator = np.random.default_rng(0)
        order = generator.permutation(len(POINTS))
        parts = [order[start : start + batch] for start in range(0, len(POINTS), batch)]
        line = np.array(concept.START)
        sums = sum(concept.gradient(POINTS.x[part], POINTS.y[part], line) for part in parts)
        assert moved == pytest.approx(sums, rel=1e-4)


def test_noise_keeps_single_examples_from_the_lowest_place() -> None:
    minimum = float(concept.loss(POINTS, *concept.lowest(POINTS)))

    def late(batch: int) -> float:
        walked = concept.descend(POINTS, batch, 0.2, 2_000)[1_000:]
        return float(concept.loss(POINTS, walked[:, 0], walked[:, 1]).mean()) - minimum

    assert late(32) < 1e-9 < late(8) < late(1) / 4


def test_a_path_that_runs_away_ends() -> None:
    walked = concept.descend(POINTS, 1, 1.0, 5_000)
    assert len(walked) < 5_001
    assert np.isfinite(walked).all()


def test_walks_on_the_contour_and_against_points_seen() -> None:
    points = concept.sample_points()
    paths = [
        Trajectory(str(batch), concept.descend(points, batch, 0.1, 2 * per_epoch), per_epoch)
        for batch, per_epoch in ((32, 1), (8, 4), (1, 32))
    ]
    figure = charts.contour_chart(points, paths, False, str)
    assert numbers(trace(figure, "trajectory1")["x"]) == pytest.approx(paths[1].places[:, 0], abs=1e-6)
    losses = charts.loss_chart(points, paths, True, False, str)
    for place in range(3):
        assert numbers(trace(losses, f"trajectory{place}")["x"])[-1] == 2  # epochs
    steps = charts.loss_chart(points, paths, False, False, str)
    assert numbers(trace(steps, "trajectory2")["x"])[-1] == 64
    minimum = float(concept.loss(points, *paths[0].places[-1]))
    assert numbers(trace(losses, "trajectory0")["y"])[-1] == pytest.approx(minimum, rel=1e-5)


def test_a_walk_that_runs_away_leaves_the_picture_not_the_axes() -> None:
    points = concept.sample_points()
    path = Trajectory("1", concept.descend(points, 1, 1.0, 5_000), 32)
    figure = charts.contour_chart(points, [path], False, str)
    assert np.abs(numbers(trace(figure, "trajectory0")["x"])).max() < 10
    losses = charts.loss_chart(points, [path], False, False, str)
    assert np.isfinite(numbers(trace(losses, "trajectory0")["y"])).all()
