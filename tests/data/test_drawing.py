"""Drawings to MNIST's pixels, against MNIST's own statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core.data import load_dataset
from mnist_core.data.drawing import BOX, LINE, PAD, Stroke, as_drawn, like_mnist, paint, thickened

SEVEN = Stroke(24, ((20, 30), (120, 30), (60, 150)))
ONE = Stroke(20, ((200, 40), (180, 260)))


def box(image: np.ndarray) -> tuple[int, int]:
    """Height and width of what has ink."""
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def center(image: np.ndarray) -> np.ndarray:
    """Center of mass, row and column."""
    grid = np.indices(image.shape)
    return np.asarray((grid * image).sum((1, 2)) / image.sum())


def test_paint_draws_a_pen_of_the_given_width() -> None:
    ink = paint([Stroke(20, ((100, 140), (180, 140)))])
    assert ink[:, 140].sum() == pytest.approx(20, abs=0.5)
    assert ink.sum() == pytest.approx(80 * 20 + np.pi * 10**2, rel=0.01)
    assert paint([Stroke(20, ((140, 140),))]).sum() == pytest.approx(np.pi * 10**2, rel=0.02)
    assert not paint([Stroke(20, ((-500, -500), (900, -500))), Stroke(20, ())]).any()


@pytest.mark.parametrize("stroke", [SEVEN, ONE], ids=["seven", "one"])
def test_the_box_and_the_center_of_mass(stroke: Stroke) -> None:
    image = like_mnist(paint([stroke]))
    assert max(box(image)) == BOX
    np.testing.assert_allclose(center(image), [14, 14], atol=0.55)  # whole pixels are moved
    uncentered = as_drawn(paint([stroke]))
    assert np.abs(center(uncentered) - 14).max() > 3


def test_where_it_is_drawn_and_how_large_makes_no_difference() -> None:
    far = Stroke(SEVEN.width, tuple((x + 100, y + 100) for x, y in SEVEN.points))
    assert np.array_equal(like_mnist(paint([SEVEN])), like_mnist(paint([far])))
    assert not like_mnist(np.zeros((PAD, PAD), np.float32)).any()


def test_mnist_itself_has_this_box_and_this_center(mnist: Path) -> None:
    images = load_dataset("mnist", mnist).test_images[:2_000]
    assert np.mean([max(box(image)) == BOX for image in images]) > 0.95
    centers = np.array([center(image) for image in images])
    np.testing.assert_allclose(centers.mean(0), [14, 14], atol=0.15)
    # A digit of MNIST, drawn larger and elsewhere, comes back as it was, to the blur of the way.
    large = np.zeros((PAD, PAD), np.float32)
    large[100:240, 30:170] = np.kron(images[0], np.ones((5, 5))) / 255
    again = like_mnist(large).astype(float)
    assert np.corrcoef(again.ravel(), images[0].ravel())[0, 1] > 0.98


def test_thin_lines_become_as_thick_as_mnists_and_thick_ones_stay() -> None:
    thin, thick = (paint([Stroke(width, ((140, 20), (140, 260)))])[10:270, 120:160] for width in (4, 40))
    assert thickened(thin)[130].sum() == pytest.approx(LINE * 260, abs=3)
    assert np.array_equal(thickened(thick), thick)
    assert not thickened(np.zeros((20, 20), np.float32)).any()


def test_mnists_own_lines_are_that_thick(mnist: Path) -> None:
    widths = []
    for image in load_dataset("mnist", mnist).test_images[:500]:
        ink = np.pad(image > 100, 1)
        sides = (ink[1:] != ink[:-1]).sum() + (ink[:, 1:] != ink[:, :-1]).sum()
        widths.append(2 * ink.sum() / sides)
    assert np.median(widths) / BOX == pytest.approx(LINE, abs=0.005)
