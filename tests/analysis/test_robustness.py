"""Disturbances do what they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.analysis import inference
from mnist_core.analysis.robustness import perturbations
from mnist_core.analysis.robustness.schema import STRENGTHS, Perturbation
from mnist_core.config import RunConfig
from mnist_core.networks.models import build_model
from mnist_core.training.evaluation import loss_of


@pytest.fixture
def ink() -> np.ndarray:
    images = np.zeros((40, 28, 28), np.float32)
    images[:, 10:18, 12:16] = np.random.default_rng(1).uniform(0.2, 1, (40, 8, 4))
    return images


@pytest.mark.parametrize("kind", ["noise", "shift", "rotation", "occlusion"])
def test_within_bounds_repeatable_and_nothing_at_strength_0(kind: Perturbation, ink: np.ndarray) -> None:
    assert np.array_equal(perturbations.perturbed(ink, kind, 0), ink)
    strong = perturbations.perturbed(ink, kind, STRENGTHS[kind][-1])
    assert np.array_equal(strong, perturbations.perturbed(ink, kind, STRENGTHS[kind][-1]))
    assert not np.array_equal(strong, ink)
    assert strong.dtype == np.float32
    assert strong.min() >= 0
    assert strong.max() <= 1


def test_a_shift_moves_the_center_by_its_pixels(ink: np.ndarray) -> None:
    moved = perturbations.perturbed(ink, "shift", 3)
    rows, columns = np.mgrid[:28, :28]
    ways = set()
    for before, after in zip(ink, moved, strict=True):
        way = tuple(
            round(float((places * after).sum() / after.sum() - (places * before).sum() / before.sum()), 3)
            for places in (rows, columns)
        )
        ways.add(way)
    assert ways == {(3, 0), (-3, 0), (0, 3), (0, -3)}


def test_a_rotation_by_a_quarter_is_numpys(ink: np.ndarray) -> None:
    turned = perturbations.perturbed(ink, "rotation", 90)
    for before, after in zip(ink, turned, strict=True):
        quarters = [np.rot90(before, way) for way in (1, -1)]
        assert min(float(abs(after - quarter).max()) for quarter in quarters) < 1e-4


def test_a_hidden_square_takes_only_ink_away(ink: np.ndarray) -> None:
    hidden = perturbations.perturbed(np.ones_like(ink), "occlusion", 6)
    assert ((hidden == 0).sum((1, 2)) == 36).all()


def test_the_attack_raises_the_loss_by_no_more_than_its_strength(ink: np.ndarray) -> None:
    config = RunConfig(hidden_layers=(16,), activation="tanh")
    model = inference.network(config, {name: value.numpy() for name, value in build_model(config).state_dict().items()})
    labels = np.arange(40, dtype=np.uint8) % 10
    attacked = perturbations.fgsm(config, model, ink, labels, 0.1)
    assert abs(attacked - ink).max() <= 0.1 + 1e-6
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    goal = torch.from_numpy(labels.astype(np.int64))
    with torch.inference_mode():
        before, after = (
            float(loss_of(config, inference.outputs(config, model, torch.from_numpy(images)), goal))
            for images in (ink, attacked)
        )
    assert after > before
