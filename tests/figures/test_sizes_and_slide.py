"""The bars of a network's size; the window of a convolution; walks down a valley."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.architecture.convolution.figure import Stop, slide_chart
from mnist_core.ideas.architecture.layers.concept import dense_layers, memory
from mnist_core.ideas.architecture.layers.figure import in_bytes, size_chart
from mnist_core.ideas.architecture.optimizer_paths.concept import RULES, Settings, descend
from mnist_core.ideas.architecture.optimizer_paths.figure import HIGHEST, LOWEST, losses_chart, paths_chart
from mnist_core.ideas.architecture.optimizer_paths.surfaces_concept import VALLEYS
from tests.figures.test_bowl import numbers, trace


def test_a_bar_a_layer() -> None:
    layers = dense_layers((784, 100, 10))
    memories = [memory(layer, 100, "adam") for layer in layers]
    bars = trace(size_chart(layers, memories, "parameters", False, str), "parameters")
    assert numbers(bars["y"]).tolist() == [78_500, 1_010]
    assert bars["text"] == ["78,500", "1,010"]
    parts = size_chart(layers, memories, "memory", True, str)["data"]
    heights = sum(numbers(part["y"]) for part in parts)
    assert heights == pytest.approx([one.total / 1e6 for one in memories], rel=1e-6)


@pytest.mark.parametrize(
    ("size", "text"), [(7, "7 B"), (1_500, "1.5 kB"), (318_040, "318 kB"), (2_500_000_000, "2.5 GB")]
)
def test_bytes_as_they_are_read(size: int, text: str) -> None:
    assert in_bytes(size) == text


def test_the_window_lies_where_the_pixel_comes_from() -> None:
    framed, output = np.zeros((32, 32)), np.zeros((15, 15))
    figure = slide_chart(framed, output, Stop(side=3, stride=2, padding=2, row=4, column=7), False, str)
    image, _end, window, pixel = figure["layout"]["shapes"]
    assert [image[name] for name in ("x0", "x1", "y0", "y1")] == [1.5, 29.5, 1.5, 29.5]
    assert [window[name] for name in ("x0", "x1", "y0", "y1")] == [13.5, 16.5, 7.5, 10.5]
    assert [pixel[name] for name in ("x0", "x1", "y0", "y1")] == [6.5, 7.5, 3.5, 4.5]
    assert pixel["xref"] == "x2"
    assert trace(figure, "output")["zmin"] < 0 < trace(figure, "output")["zmax"]  # of nothing but zeros, too


def test_walks_keep_their_color_and_end_near_the_picture() -> None:
    valley = VALLEYS["long"]
    walk = descend(RULES["sgd"], valley.gradient, valley.start, 100, Settings(rate=1.0))  # × −9 a step across
    adam = descend(RULES["adam"], valley.gradient, valley.start, 100, Settings())
    both = paths_chart(valley, {"SGD": (0, walk), "Adam": (5, adam)}, "long", False, str)
    alone = paths_chart(valley, {"Adam": (5, adam)}, "long", False, str)
    assert trace(both, "Adam") == trace(alone, "Adam")
    assert np.abs(numbers(trace(both, "SGD")["y"])).max() <= 9
    losses = numbers(trace(losses_chart(valley, {"SGD": (0, walk)}, 100, False, str), "SGD")["y"])
    assert losses.max() == pytest.approx(3 * HIGHEST)
    assert losses.min() >= LOWEST / 3.001
