"""A convolution by hand and beside torch's; the chart of its window."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from mnist_core.ideas.architecture.convolution import concept
from mnist_core.ideas.architecture.convolution.figure import Stop, slide_chart
from tests.charts import trace


def test_by_hand() -> None:
    image = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    kernel = np.array([[1.0, 0.0], [0.0, -1.0]])
    # 1 − 5, 2 − 6; 4 − 8, 5 − 9. Turned over, as mathematics has it, all would be +4.
    assert concept.convolve(image, kernel, 1, 0).tolist() == [[-4.0, -4.0], [-4.0, -4.0]]
    assert concept.window(image, 2, 1, 1, 0, 0).tolist() == [[0.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "side"), [(3, 1, 0, 26), (3, 1, 1, 28), (5, 2, 2, 14), (7, 3, 0, 8), (1, 4, 3, 9)]
)
def test_the_side_of_the_output(kernel: int, stride: int, padding: int, side: int) -> None:
    assert concept.output_side(28, kernel, stride, padding) == side


@pytest.mark.parametrize("side", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("padding", [0, 1, 3])
def test_the_output_is_torchs(side: int, stride: int, padding: int) -> None:
    random = np.random.default_rng(side)
    image, kernel = random.normal(size=(28, 28)), random.normal(size=(side, side))
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(image)[None, None], torch.from_numpy(kernel)[None, None], stride=stride, padding=padding
    )[0, 0].numpy()
    output = concept.convolve(image, kernel, stride, padding)
    assert output.shape == (concept.output_side(28, side, stride, padding),) * 2
    assert output == pytest.approx(expected, abs=1e-12)
    row, column = output.shape[0] - 1, output.shape[1] // 2
    patch = concept.window(image, side, stride, padding, row, column)
    assert (patch * kernel).sum() == pytest.approx(expected[row, column], abs=1e-12)


@pytest.mark.parametrize("side", concept.SIZES)
def test_kernels_do_what_their_names_say(side: int) -> None:
    flat = np.full((28, 28), 0.5)
    inside = {name: concept.convolve(flat, concept.kernel(name, side), 1, 0) for name in get_args(concept.KernelName)}
    for name in ("upright", "level", "outline"):
        assert inside[name] == pytest.approx(0.0, abs=1e-12), name  # nothing where nothing changes
    for name in ("blur", "sharpen", "shift", "one"):
        assert inside[name] == pytest.approx(0.5), name


def test_edges_have_a_direction() -> None:
    left_dark = np.zeros((5, 5))
    left_dark[:, 3:] = 1
    assert concept.convolve(left_dark, concept.kernel("upright", 3), 1, 0)[1].tolist() == [0.0, 3.0, 3.0]
    assert not concept.convolve(left_dark, concept.kernel("level", 3), 1, 0).any()


def test_own_numbers() -> None:
    assert concept.parse_kernel("0 -1 0\n-1, 5, −1\n\n 0 -1 .5").tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0.5]]
    assert concept.parse_kernel("2").tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("  \n", "empty", ""),
        ("1 2\n3", "square", "2 + 1"),
        ("1 2 3\n1 2 3", "square", "3 + 3"),
        ("1 two\n3 4", "number", "two"),
        ("1 2\n3 101", "range", "101"),
        ("nan", "range", "nan"),
        ("\n".join(["1 " * 8] * 8), "large", "8 × 8"),
    ],
)
def test_what_is_no_kernel(text: str, reason: str, detail: str) -> None:
    with pytest.raises(concept.KernelError) as caught:
        concept.parse_kernel(text)
    assert (caught.value.reason, caught.value.text) == (reason, detail)


def test_the_window_lies_where_the_pixel_comes_from() -> None:
    framed, output = np.zeros((32, 32)), np.zeros((15, 15))
    figure = slide_chart(framed, output, Stop(side=3, stride=2, padding=2, row=4, column=7), False, str)
    image, _end, window, pixel = figure["layout"]["shapes"]
    assert [image[name] for name in ("x0", "x1", "y0", "y1")] == [1.5, 29.5, 1.5, 29.5]
    assert [window[name] for name in ("x0", "x1", "y0", "y1")] == [13.5, 16.5, 7.5, 10.5]
    assert [pixel[name] for name in ("x0", "x1", "y0", "y1")] == [6.5, 7.5, 3.5, 4.5]
    assert pixel["xref"] == "x2"
    assert trace(figure, "output")["zmin"] < 0 < trace(figure, "output")["zmax"]  # of nothing but zeros, too
