"""Sheets of weights: which color a number gets, with many and with few shades."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mnist_core.figures.digits import signed_sheet


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("dark", "ground", "blue"), [(False, (255, 255, 255), (0, 114, 178)), (True, (27, 30, 37), (86, 180, 233))]
)
def test_a_number_is_as_strong_as_its_share_of_its_images_greatest(dark: bool, ground: tuple, blue: tuple) -> None:
    values = np.array([[[2.0, -1.0]], [[-0.5, np.nan]], [[0.0, 0.0]]]).repeat(14, axis=2)
    image = pixels(signed_sheet(values, columns=2, scale=3, dark=dark))
    assert image.shape == (3 * 3, 57 * 3, 3)  # two rows and two columns of 1×28, a line of paper between
    colors = image[1::3, [1, 14 * 3 + 1, 28 * 3 + 1, 29 * 3 + 1, 43 * 3 + 1]]
    orange = (230, 120, 0)
    assert colors[0, 0].tolist() == list(orange)
    half = (np.array(ground) + np.array(blue)) / 2  # -1 of 2
    assert abs(colors[0, 1] - half).max() <= 2
    assert colors[0, 3].tolist() == list(blue)  # the greatest of its own image
    assert colors[0, 4].tolist() == list(ground)  # no number
    assert colors[2, 0].tolist() == colors[2, 1].tolist() == list(ground)
    assert colors[0, 2].tolist() == colors[1, 0].tolist() == colors[2, 4].tolist()  # paper
    assert colors[0, 2].tolist() not in (list(ground), list(orange), list(blue))


def test_the_paper_between_small_images_stays_thin() -> None:
    kernels = np.ones((2, 5, 5))
    image = pixels(signed_sheet(kernels, columns=2, scale=20, dark=False))
    assert image.shape == (25 * 4, (25 + 1 + 25) * 4, 3)  # each number 20 pixels wide, the paper 4
    assert (image[:, : 25 * 4] == (230, 120, 0)).all()
    assert (image[:, 25 * 4 : 26 * 4] != (230, 120, 0)).any(-1).all()


def test_few_shades_make_a_small_file_that_looks_the_same() -> None:
    values = np.random.default_rng(0).normal(size=(20, 28, 28))
    many, few = (signed_sheet(values, 10, 1, False, shades) for shades in (127, 15))
    assert len(few) < 0.7 * len(many)
    assert abs(pixels(many) - pixels(few)).max() <= 255 / 15
