"""Numerical gradient and backpropagation agree, as the course says: to 1e-7 at a step of 1e-4, in double precision."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.loss.gradient_check import concept as gradient_check
from mnist_core.ideas.loss.gradient_check.concept import STEPS
from mnist_core.networks.models import describe
from mnist_core.presets import preset

HIDDEN = (1, 10, 50, 100)


def batch() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    x = generator.random((3, 784)) * (generator.random(784) < 0.2)
    return x, np.array([3, 1, 4])


@pytest.mark.parametrize("hidden", HIDDEN)
def test_both_agree_at_the_usual_step_and_worse_at_others(hidden: int) -> None:
    net, (x, labels) = gradient_check.network(hidden), batch()
    found = gradient_check.agreement(net, x, labels, gradient_check.sample(net, x, 40))
    at = dict(zip(STEPS, found.differences, strict=True))
    assert at[STEPS[3]] < 1e-7  # a step of 1e-4
    assert found.size > 1e-3
    assert at[STEPS[0]] > 100 * at[STEPS[3]]  # too long
    assert at[STEPS[9]] > 100 * at[STEPS[3]]  # too short


def test_a_wrong_gradient_would_be_seen() -> None:
    net, (x, labels) = gradient_check.network(10), batch()
    places = gradient_check.sample(net, x, 20)
    gradient = gradient_check.backpropagation(net, x, labels)
    numerical = gradient_check.numerical_gradient(net, x, labels, places)
    exact = np.array([gradient[which][place] for which, place in places])
    assert np.abs(numerical - exact).max() < 1e-7
    assert np.abs(numerical - 1.01 * exact).max() > 1e-5


def test_the_weights_are_left_as_they_were_and_the_sample_sees_both_layers() -> None:
    net, (x, labels) = gradient_check.network(10), batch()
    before = [one.copy() for one in gradient_check.weights(net)]
    places = gradient_check.sample(net, x, 20)
    gradient_check.numerical_gradient(net, x, labels, places)
    for one, then in zip(gradient_check.weights(net), before, strict=True):
        assert np.array_equal(one, then)
    assert {which for which, _place in places} == {0, 2}
    for which, place in places:
        if not which:
            assert x[:, place // 10].any()


def test_784_100_10_has_79510_weights() -> None:
    assert gradient_check.size(100) == 79_510
    net = gradient_check.network(100)
    assert sum(len(one) for one in gradient_check.weights(net)) == 79_510
    assert describe(preset("two-layer-net").config).parameters == gradient_check.size(50)


def test_the_cost_is_extrapolated_from_what_was_measured() -> None:
    net, (x, labels) = gradient_check.network(5), batch()
    found = gradient_check.cost(net, x, labels, gradient_check.sample(net, x, 10))
    assert found.weights == gradient_check.size(5)
    assert found.places == 10
    assert found.backpropagation > 0
    assert found.all_numerical == pytest.approx(found.numerical / 10 * found.weights)
    assert found.all_numerical > found.backpropagation  # by a factor of hundreds
