"""Augmentation: how far images move, that the same seed draws the same, and that nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.data import augment

BAR = np.zeros((28, 28), np.uint8)
BAR[8:20, 12:16] = 200


def middle(image: np.ndarray) -> np.ndarray:
    weights = image.astype(float)
    return np.array([(weights.sum(axis) * np.arange(28)).sum() for axis in (1, 0)]) / weights.sum()


@pytest.mark.parametrize("kind", augment.KINDS)
def test_strength_0_changes_nothing_and_more_does(kind: augment.Kind) -> None:
    still = augment.augmented(BAR, kind, 0, draws=3, seed=1)
    assert all(np.array_equal(image, BAR) for image in still)
    weak, strong = (augment.augmented(BAR, kind, s, draws=6, seed=1) for s in (1, 4))
    assert strong.shape == (6, 28, 28)
    assert strong.dtype == np.uint8
    off = [np.abs(changed.astype(int) - BAR).mean() for changed in (weak, strong)]
    assert off[1] > off[0] > 0
    assert not np.array_equal(strong[0], strong[1])


def test_the_same_seed_draws_the_same_and_torchs_stream_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = augment.augmented(BAR, "all", 3, draws=4, seed=9)
    assert torch.equal(torch.rand(1), expected)
    assert np.array_equal(first, augment.augmented(BAR, "all", 3, draws=4, seed=9))
    assert not np.array_equal(first, augment.augmented(BAR, "all", 3, draws=4, seed=10))


def test_a_shift_moves_by_at_most_its_limit_and_keeps_the_ink() -> None:
    (most,) = augment.limits("shift", 2).values()
    assert most == 2
    moved = augment.augmented(BAR, "shift", 2, draws=40, seed=0)
    way = np.array([middle(image) - middle(BAR) for image in moved])
    assert np.abs(way).max() <= most + 0.5
    assert np.abs(way).max() > 1
    assert [int(image.sum()) for image in moved] == [int(BAR.sum())] * 40


def test_a_rotation_turns_around_the_middle() -> None:
    turned = augment.augmented(BAR, "rotate", 5, draws=30, seed=0)
    assert np.abs(np.array([middle(image) for image in turned]) - 13.5).max() < 1.0
    # The bar stands; turned by up to 180° some lie.
    spread = [image.max(0).astype(bool).sum() for image in turned]
    assert max(spread) >= 11


def test_all_together_is_half_of_each() -> None:
    assert augment.limits("all", 2) == {"shift": 1, "rotate": 7.5, "elastic": 25}
