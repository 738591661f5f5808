"""What losses and accuracies are measured against, beside labels that are really drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.data.splits import noisy
from mnist_core.diagnostics.chance import (
    Scale,
    chance_loss,
    clear_accuracy,
    constant_loss,
    maximum_chance,
    minimum_loss,
    reachable_accuracy,
)

ENTROPY, SQUARED = RunConfig(), RunConfig(loss="squared-error")
DIGITS = np.arange(60_000, dtype=np.uint8) % 10


def mean_loss(config: RunConfig, shares: np.ndarray, labels: np.ndarray) -> float:
    """The mean loss of predicted shares (n×10)."""
    at_label = shares[np.arange(len(labels)), labels]
    if config.loss == "cross-entropy":
        return float(-np.log(at_label).mean())
    return float((np.square(shares).sum(1) - 2 * at_label + 1).mean())


@pytest.mark.parametrize(("config", "chance"), [(ENTROPY, math.log(10)), (SQUARED, 0.9)])
@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_a_uniform_guess_costs_the_same_whatever_the_labels(config: RunConfig, chance: float, noise: float) -> None:
    config = config.replace(label_noise=noise)
    uniform = np.full((len(DIGITS), 10), 0.1)
    assert chance_loss(config) == pytest.approx(chance)
    assert mean_loss(config, uniform, noisy(DIGITS, config)) == pytest.approx(chance)


@pytest.mark.parametrize("config", [ENTROPY, SQUARED])
@pytest.mark.parametrize("noise", [0.1, 0.5, 0.8, 1.0])
def test_what_wrong_labels_leave(config: RunConfig, noise: float) -> None:
    config = config.replace(label_noise=noise)
    labels = noisy(DIGITS, config)
    shares = np.full((len(DIGITS), 10), max(noise / 9, 1e-9))
    shares[np.arange(len(DIGITS)), DIGITS] = max(1 - noise, 1e-9)
    assert minimum_loss(config) == pytest.approx(mean_loss(config, shares, labels), abs=1e-3)
    right, next_digit = float((labels == DIGITS).mean()), float((labels == (DIGITS + 1) % 10).mean())
    assert reachable_accuracy(config) == pytest.approx(max(right, next_digit), abs=0.005)


def test_no_noise_leaves_everything() -> None:
    for config in (ENTROPY, SQUARED):
        assert minimum_loss(config) == 0
        assert reachable_accuracy(config) == 1
        assert Scale.of(config).barely == pytest.approx(0.3)


def test_at_nine_tenths_labels_teach_nothing() -> None:
    for config in (ENTROPY, SQUARED):
        scale = Scale.of(config.replace(label_noise=0.9))
        assert scale.span == pytest.approx(0, abs=1e-9)
        assert not scale.teaches
        assert Scale.of(config.replace(label_noise=0.8)).teaches
    assert not Scale.of(ENTROPY.replace(label_noise=1.0)).teaches


@pytest.mark.parametrize("images", [100, 1_000])
def test_one_answer_to_few_images(images: int) -> None:
    random = np.random.default_rng(0)
    counts = np.array([np.bincount(random.choice(DIGITS, images), minlength=10) for _time in range(400)]) / images
    assert (counts.max(1) < clear_accuracy(RunConfig(), images)).mean() > 0.97
    entropies = -np.sum(counts * np.log(np.maximum(counts, 1e-9)), axis=1)
    assert constant_loss(ENTROPY, images) == pytest.approx(entropies.mean(), abs=0.003)
    assert constant_loss(SQUARED, images) == pytest.approx((1 - np.square(counts).sum(1)).mean(), abs=0.001)


def test_a_chart_of_both_losses_has_room_for_the_greater() -> None:
    assert maximum_chance([SQUARED]) == pytest.approx(0.9)
    assert maximum_chance([SQUARED, ENTROPY]) == pytest.approx(math.log(10))
    assert maximum_chance([]) == pytest.approx(math.log(10))
