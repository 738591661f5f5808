"""Components and closings against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from mnist_core.data.segmentation.components import components
from mnist_core.data.segmentation.morphology import closing, dilated


def flooded(mask: np.ndarray) -> np.ndarray:
    """The components' numbers, pixel by pixel; −1 where there is none."""
    label = np.full(mask.shape, -1)
    for count, start in enumerate(zip(*np.nonzero(mask), strict=True)):
        reached = [start] if label[start] < 0 else []
        while reached:
            y, x = reached.pop()
            label[y, x] = count
            for place in np.ndindex(3, 3):
                neighbor = (y + place[0] - 1, x + place[1] - 1)
                within = all(0 <= at < size for at, size in zip(neighbor, mask.shape, strict=True))
                if within and mask[neighbor] and label[neighbor] < 0:
                    label[neighbor] = count
                    reached.append(neighbor)
    return label


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (14, 19)])
@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_components_are_what_touches(shape: tuple[int, int], fraction: float) -> None:
    mask = np.random.default_rng(4).random(shape) < fraction
    expected, parts = flooded(mask), components(mask)
    assert len(parts) == len(set(expected[mask]))
    covered = np.zeros(shape, np.bool_)
    for number, (top, left, bottom, right) in enumerate(parts.boxes):
        part = parts.mask(number)
        assert len(set(expected[top:bottom, left:right][part])) == 1
        assert part.sum() == parts.areas[number]
        assert part.any(1)[[0, -1]].all()  # the box is no larger
        rim = np.pad(part, 1).astype(int)
        assert parts.edges[number] == np.abs(np.diff(rim, axis=0)).sum() + np.abs(np.diff(rim, axis=1)).sum()
        assert not covered[top:bottom, left:right][part].any()
        covered[top:bottom, left:right] |= part
    assert np.array_equal(covered, mask)


@pytest.mark.parametrize("window", [1, 3, 5, 7, 11, 31])
def test_dilation_is_the_greatest_of_the_square(window: int) -> None:
    values = np.random.default_rng(1).integers(0, 256, (20, 27)).astype(np.uint8)
    squares = sliding_window_view(np.pad(values, window // 2), (window, window))
    assert np.array_equal(dilated(values, window), squares.max((2, 3)))


def test_a_closing_fills_lines_and_leaves_steps() -> None:
    step = np.full((60, 60), 200, np.uint8)
    step[:, 30:] = 120  # a shadow
    line = step.copy()
    line[:, 10:14] = 20
    line[40:44, :] = 20
    assert np.array_equal(closing(line, 5), step)
    assert np.array_equal(closing(line, 3), line)
