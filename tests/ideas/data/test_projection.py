"""Principal components: beside the singular values of NumPy, and on real MNIST; the map of the digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core import data
from mnist_core.data import Dataset
from mnist_core.ideas.data.projection import concept
from mnist_core.ideas.data.projection import figure as charts
from tests.charts import numbers, trace


def test_components_are_those_of_the_singular_value_decomposition(tiny: Dataset) -> None:
    images = tiny.train_images[:400]
    components = concept.components(images, 10)
    x = images.reshape(400, 784) / 255
    centered = x - x.mean(0)
    values, directions = np.linalg.svd(centered, full_matrices=False)[1:]
    assert components.shares == pytest.approx(values[:10] ** 2 / (values**2).sum(), rel=1e-3)
    assert np.abs((components.directions[:3] * directions[:3]).sum(1)) == pytest.approx([1] * 3, abs=1e-3)
    assert components.directions @ components.directions.T == pytest.approx(np.eye(10), abs=1e-4)
    assert components.places(images).mean(0) == pytest.approx(np.zeros(10), abs=1e-4)
    # The way round does not hang on chance.
    assert (components.directions.max(1) >= -components.directions.min(1) - 1e-6).all()


def test_more_numbers_draw_an_image_better_and_all_of_them_draw_it(tiny: Dataset) -> None:
    images = tiny.train_images[:300]
    components = concept.components(images, 784)
    places = components.places(images[:5])
    off = [
        float(np.abs(components.reconstruct(places, count) - images[:5] / 255).mean()) for count in (1, 20, 100, 784)
    ]
    assert off == sorted(off, reverse=True)
    assert off[-1] < 1e-3 < off[0]
    assert components.reconstruct(places, 0)[0].reshape(784) == pytest.approx(components.mean)


def test_two_components_of_real_mnist(mnist: Path) -> None:
    dataset = data.load_dataset("mnist", mnist)
    components = concept.components(np.asarray(dataset.train_images[:5_000]), 2)
    # Of all 60,000 images: 9.70 % and 7.10 %.
    assert components.shares == pytest.approx([0.0970, 0.0710], abs=0.005)


def test_on_the_map_every_digit_has_a_sign_of_its_own() -> None:
    places, labels = np.arange(24, dtype=np.float32).reshape(8, 3), np.array([0, 0, 7, 7, 9, 9, 9, 3], np.uint8)
    shares = np.array([0.5, 0.3, 0.1], np.float32)
    figure = charts.map_chart(places, labels, [0, 7, 9], (0, 2), shares, 4, False, str)
    assert [trace["uid"] for trace in figure["data"]] == ["class-0", "class-7", "class-9", "chosen"]
    assert numbers(trace(figure, "class-9")["x"]).tolist() == [12, 15, 18]
    assert numbers(trace(figure, "class-9")["y"]).tolist() == [14, 17, 20]
    assert numbers(trace(figure, "chosen")["x"]).tolist() == [12]
    assert "10.0%" in figure["layout"]["yaxis"]["title"]["text"]
    assert len(set(charts.SYMBOLS)) == 10
