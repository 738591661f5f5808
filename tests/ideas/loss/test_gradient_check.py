"""Numerical gradient and backpropagation agree, as the course says: to 1e-7 at a step of 1e-4, in double precision; the charts
of difference and time."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.loss.gradient_check import concept
from mnist_core.ideas.loss.gradient_check.concept import STEPS, Agreement, Cost
from mnist_core.ideas.loss.gradient_check.figure import difference_chart, duration, time_chart
from mnist_core.networks.models import describe
from mnist_core.presets import preset

HIDDEN = (1, 10, 50, 100)


def batch() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    x = generator.random((3, 784)) * (generator.random(784) < 0.2)
    return x, np.array([3, 1, 4])


@pytest.mark.parametrize("hidden", HIDDEN)
def test_both_agree_at_the_usual_step_and_worse_at_others(hidden: int) -> None:
    net, (x, labels) = concept.network(hidden), batch()
    agreement = concept.agreement(net, x, labels, concept.sample(net, x, 40))
    at = dict(zip(STEPS, agreement.differences, strict=True))
    assert at[STEPS[3]] < 1e-7  # a step of 1e-4
    assert agreement.size > 1e-3
    assert at[STEPS[0]] > 100 * at[STEPS[3]]  # too long
    assert at[STEPS[9]] > 100 * at[STEPS[3]]  # too short


def test_a_wrong_gradient_would_be_seen() -> None:
    net, (x, labels) = concept.network(10), batch()
    places = concept.sample(net, x, 20)
    gradient = concept.backpropagation(net, x, labels)
    numerical = concept.numerical_gradient(net, x, labels, places)
    exact = np.array([gradient[which][place] for which, place in places])
    assert np.abs(numerical - exact).max() < 1e-7
    assert np.abs(numerical - 1.01 * exact).max() > 1e-5


def test_the_weights_are_left_as_they_were_and_the_sample_sees_both_layers() -> None:
    net, (x, labels) = concept.network(10), batch()
    before = [array.copy() for array in concept.weights(net)]
    places = concept.sample(net, x, 20)
    concept.numerical_gradient(net, x, labels, places)
    for array, old in zip(concept.weights(net), before, strict=True):
        assert np.array_equal(array, old)
    assert {which for which, _place in places} == {0, 2}
    for which, place in places:
        if not which:
            assert x[:, place // 10].any()


def test_784_100_10_has_79510_weights() -> None:
    assert concept.size(100) == 79_510
    net = concept.network(100)
    assert sum(len(array) for array in concept.weights(net)) == 79_510
    assert describe(preset("two-layer-net").config).parameters == concept.size(50)


def test_the_cost_is_extrapolated_from_what_was_measured() -> None:
    net, (x, labels) = concept.network(5), batch()
    cost = concept.cost(net, x, labels, concept.sample(net, x, 10))
    assert cost.weights == concept.size(5)
    assert cost.places == 10
    assert cost.backpropagation > 0
    assert cost.all_numerical == pytest.approx(cost.numerical / 10 * cost.weights)
    assert cost.all_numerical > cost.backpropagation  # by a factor of hundreds


def test_the_chosen_step_is_marked() -> None:
    agreement = Agreement(np.array([10.0**-n for n in range(2, 12)]), 0.1)
    figure = difference_chart(agreement, 1e-4, False, str)
    mark = next(trace for trace in figure["data"] if trace["uid"] == "here")
    assert mark["x"] == [STEPS[3]]
    assert mark["y"] == pytest.approx([1e-5])


def test_bars_carry_their_times() -> None:
    costs = [("784-1-10", Cost(805, 20, 1e-4, 2e-3)), ("784-100-10", Cost(79_510, 20, 3e-4, 2e-2))]
    first, second = time_chart(costs, True, str)["data"]
    assert first["text"] == ["0.1 ms", "0.3 ms"]
    assert second["text"] == ["80 ms", "80 s"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.00012, "0.12 ms"),
        (0.0999, "100 ms"),
        (0.25, "0.25 s"),
        (14.2, "14 s"),
        (119.0, "120 s"),
        (150.0, "2.5 min"),
        (9_000.0, "2.5 h"),
    ],
)
def test_times_in_words(seconds: float, text: str) -> None:
    assert duration(seconds, str) == text
