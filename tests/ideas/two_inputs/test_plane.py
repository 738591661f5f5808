"""The network in NumPy: its gradient against differences of the loss, its sharpness where it is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mnist_core.ideas.two_inputs.plane import concept
from mnist_core.ideas.two_inputs.plane.concept import ACTIVATIONS, LOSSES, Activation, Array, Loss, Rule, Weights

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-3, 3, (20, 2))
TARGETS = (POINTS.prod(axis=1) > 0).astype(float)


def network(*sizes: int) -> Weights:
    return [(RNG.normal(size=(after, before)), RNG.normal(size=after)) for before, after in itertools.pairwise(sizes)]  # fmt: skip


def total(weights: Weights, x: Array, rule: Rule) -> float:
    """The loss with its penalty."""
    penalty = sum(rule.l1 * np.abs(w).sum() + 0.5 * rule.l2 * (w**2).sum() for w, _bias in weights)
    return concept.loss(weights, x, TARGETS, rule) + float(penalty)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_what_the_loss_changes_by(activation: Activation, loss: Loss) -> None:
    rule = Rule(activation, loss, l1=0.01, l2=0.02)
    x = concept.inputs(POINTS, ["x", "xy", "sin-y"])
    weights = network(3, 4, 2, 1)
    center = concept.flat(weights)
    found = concept.flat(concept.gradient(weights, x, TARGETS, rule))
    for n, direction in enumerate(1e-6 * np.eye(len(center))):
        ahead, behind = (total(concept.unflat(center + sign * direction, weights), x, rule) for sign in (1, -1))
        assert found[n] == pytest.approx((ahead - behind) / 2e-6, abs=1e-6)


def test_the_sharpness_of_a_quadratic_is_its_largest_curvature() -> None:
    """One linear unit with squared error: the Hessian is the mean of the products of the inputs, 1 among them."""
    x = concept.inputs(POINTS, ["x", "y"])
    ones = np.c_[x, np.ones(len(x))]
    expected = np.linalg.eigvalsh(ones.T @ ones / len(x))[-1]
    assert concept.sharpness(network(2, 1), x, TARGETS, Rule(loss="squared-error")) == pytest.approx(expected, rel=1e-6)


def test_a_linear_unit_diverges_above_two_over_the_sharpness() -> None:
    rule = Rule(loss="squared-error")
    x = concept.inputs(POINTS, ["x", "y"])
    first = network(2, 1)
    edge = 2 / concept.sharpness(first, x, TARGETS, rule)

    def after(rate: float) -> float:
        weights = first
        for _step in range(200):
            weights = concept.step(weights, x, TARGETS, rule, rate)
        return concept.loss(weights, x, TARGETS, rule)

    start = concept.loss(first, x, TARGETS, rule)
    assert after(0.95 * edge) < start < 1e3 < after(1.1 * edge)
