"""Gradient noise: the Gram matrix against gradients computed one by one, batches against their mean, the law; its charts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mnist_core.ideas.batch_size.gradient_noise import concept
from mnist_core.ideas.batch_size.gradient_noise import figure as charts
from mnist_core.ideas.batch_size.gradient_noise.concept import Directions, Noise
from tests.charts import numbers, trace

IMAGES = 40


@pytest.fixture(scope="module")
def some() -> tuple[Any, Any, Any]:
    """A small network, images and labels."""
    generator = np.random.default_rng(3)
    x = generator.random((IMAGES, 20), dtype=np.float32)
    labels = generator.integers(0, 10, IMAGES)
    return concept.network(6, seed=1, inputs=20), x, labels


def gradients(layers: concept.Layers, x: Any, labels: Any) -> Any:
    """The gradient of each image's own loss by torch, n × parameters."""
    rows = []
    parameters = [torch.tensor(part, dtype=torch.float64, requires_grad=True) for layer in layers for part in layer]
    for image, label in zip(x, labels, strict=True):
        hidden = torch.relu(torch.tensor(image, dtype=torch.float64) @ parameters[0] + parameters[1])
        z = hidden @ parameters[2] + parameters[3]
        loss = torch.nn.functional.cross_entropy(z[None], torch.tensor([int(label)]))
        rows.append(torch.cat([part.flatten() for part in torch.autograd.grad(loss, parameters)]).numpy())
    return np.array(rows)


def test_the_table_is_that_of_all_pairs_of_gradients(some: Any) -> None:
    rows = gradients(*some)
    assert concept.gram(*some) == pytest.approx(rows @ rows.T, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("size", [1, 7, IMAGES])
def test_batches_are_the_means_of_their_images(some: Any, size: int) -> None:
    each = gradients(*some)
    full = each.mean(0)
    length = np.linalg.norm(full)
    directions = Noise(concept.gram(*some)).batches(size, 5, seed=2)
    generator = np.random.default_rng((2, size))
    for along, across, angle in zip(directions.along, directions.across, directions.angles, strict=True):
        mean = each[generator.choice(IMAGES, size, replace=False)].mean(0)
        assert along == pytest.approx(mean @ full / length**2, rel=1e-3)
        assert abs(across) == pytest.approx(np.linalg.norm(mean / length - along * full / length), abs=2e-3)
        cosine = mean @ full / np.linalg.norm(mean) / length
        assert angle == pytest.approx(np.degrees(np.arccos(min(1, cosine))), abs=0.3)


def test_the_side_is_that_of_the_direction_in_which_gradients_differ_most(some: Any) -> None:
    each = gradients(*some)
    _left, _sizes, directions = np.linalg.svd(each - each.mean(0))
    batches = Noise(concept.gram(*some)).batches(3, 30)
    generator = np.random.default_rng((0, 3))
    sides = np.array(
        [
            (each[generator.choice(IMAGES, 3, replace=False)].mean(0) - each.mean(0)) @ directions[0]
            for _batch in range(30)
        ]
    )
    clear = np.abs(sides) > 0.05 * np.abs(sides).max()  # what lies in the middle may fall to either side
    agreement = np.sign(batches.across[clear]) * np.sign(sides[clear])
    assert abs(agreement.sum()) == clear.sum()  # a direction has no sign of its own


def test_the_law_by_hand() -> None:
    # Two images with gradients (1, 1) and (1, −1): the full one is (1, 0), each is 1 away from it.
    noise = Noise(np.array([[2, 0], [0, 2]], np.float32))
    assert noise.of_one == pytest.approx(1)
    assert noise.law(1) == pytest.approx(1)
    assert noise.expected(1) == pytest.approx(1)  # each of the two is exactly 1 away
    assert noise.expected(2) == 0  # both together are all there are
    directions = noise.batches(1, 10)
    assert directions.along == pytest.approx(1)
    assert np.abs(directions.across) == pytest.approx(1)
    assert directions.angles == pytest.approx(45)
    assert directions.spread == pytest.approx(1)


def test_the_spread_follows_the_law(some: Any) -> None:
    noise = Noise(concept.gram(*some))
    for size in (1, 4, 16, 32):
        assert noise.batches(size, 3_000).spread == pytest.approx(noise.expected(size), rel=0.06)
    assert noise.law(4) == pytest.approx(noise.law(1) / 2)
    assert noise.batches(32, 3_000).spread < 0.6 * noise.law(32)  # most images are known: less noise than 1 / √B


def test_training_learns_and_leaves_the_first_weights_alone(some: Any) -> None:
    layers, x, labels = some
    before = layers[0][0].copy()
    trained = concept.train(layers, x, labels, 300, 10, 0.3)

    def loss(of: concept.Layers) -> float:
        shares = concept.backward(of, x, labels)[1][1].copy()
        shares[np.arange(IMAGES), labels] += 1
        return float(-np.log(shares[np.arange(IMAGES), labels]).mean())

    assert loss(trained) < 0.8 * loss(layers)
    assert np.array_equal(layers[0][0], before)


def test_a_step_is_torchs(some: Any) -> None:
    layers, x, labels = some
    (weight, _bias), (_second, top) = concept.train(layers, x, labels, 1, 8, 0.5)
    chosen = np.random.default_rng(1).integers(0, IMAGES, 8)
    mean = gradients(layers, x[chosen], labels[chosen]).mean(0)
    assert weight == pytest.approx(layers[0][0] - 0.5 * mean[: 20 * 6].reshape(20, 6), abs=1e-5)
    assert top == pytest.approx(layers[1][1] - 0.5 * mean[-10:], abs=1e-5)


def test_arrows_end_where_the_gradients_do_and_the_median_is_marked() -> None:
    directions = Directions(np.array([1.0, 0.0, 2.0]), np.array([1.0, -2.0, 0.0]))
    figure = charts.arrows_chart(directions, "", False, str)
    assert numbers(trace(figure, "tips")["x"]).tolist() == [1, 0, 2]
    assert numbers(trace(figure, "tips")["customdata"]) == pytest.approx([45, 90, 0], abs=1e-4)
    assert numbers(trace(figure, "lines")["y"])[1::3].tolist() == [1, -2, 0]
    angles = charts.angles_chart(directions, False, str)
    assert angles["layout"]["shapes"][0]["x0"] == pytest.approx(45)
    assert numbers(trace(angles, "angles")["y"]).sum() == pytest.approx(1)


def test_the_law_of_the_noise() -> None:
    noise = Noise(np.diag(np.full(100, 4.0)).astype(np.float32) + 1)
    figure = charts.law_chart(noise, [(1, 2.0), (10, 0.6), (100, 0.0)], 10, False, str)
    sizes, law = (numbers(trace(figure, "root")[axis]) for axis in "xy")
    assert law == pytest.approx(noise.law(1) / np.sqrt(sizes), rel=1e-5)
    assert numbers(trace(figure, "measured")["x"]).tolist() == [1, 10]  # all images have no place on a log axis
    assert trace(figure, "measured")["marker"]["size"] == [10, 17]
