"""A convolution by hand, and beside torch's."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from mnist_core.ideas.architecture.convolution import concept as conv


def test_by_hand() -> None:
    image = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    kernel = np.array([[1.0, 0.0], [0.0, -1.0]])
    # 1 − 5, 2 − 6; 4 − 8, 5 − 9. Turned over, as mathematics has it, all would be +4.
    assert conv.convolve(image, kernel, 1, 0).tolist() == [[-4.0, -4.0], [-4.0, -4.0]]
    assert conv.window(image, 2, 1, 1, 0, 0).tolist() == [[0.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "side"), [(3, 1, 0, 26), (3, 1, 1, 28), (5, 2, 2, 14), (7, 3, 0, 8), (1, 4, 3, 9)]
)
def test_the_side_of_the_output(kernel: int, stride: int, padding: int, side: int) -> None:
    assert conv.output_side(28, kernel, stride, padding) == side


@pytest.mark.parametrize("side", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("padding", [0, 1, 3])
def test_the_output_is_torchs(side: int, stride: int, padding: int) -> None:
    random = np.random.default_rng(side)
    image, kernel = random.normal(size=(28, 28)), random.normal(size=(side, side))
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(image)[None, None], torch.from_numpy(kernel)[None, None], stride=stride, padding=padding
    )[0, 0].numpy()
    found = conv.convolve(image, kernel, stride, padding)
    assert found.shape == (conv.output_side(28, side, stride, padding),) * 2
    assert found == pytest.approx(expected, abs=1e-12)
    row, column = found.shape[0] - 1, found.shape[1] // 2
    patch = conv.window(image, side, stride, padding, row, column)
    assert (patch * kernel).sum() == pytest.approx(expected[row, column], abs=1e-12)


@pytest.mark.parametrize("side", conv.SIZES)
def test_kernels_do_what_their_names_say(side: int) -> None:
    flat = np.full((28, 28), 0.5)
    inside = {name: conv.convolve(flat, conv.kernel(name, side), 1, 0) for name in get_args(conv.KernelName)}
    for name in ("upright", "level", "outline"):
        assert inside[name] == pytest.approx(0.0, abs=1e-12), name  # nothing where nothing changes
    for name in ("blur", "sharpen", "shift", "one"):
        assert inside[name] == pytest.approx(0.5), name


def test_edges_have_a_direction() -> None:
    left_dark = np.zeros((5, 5))
    left_dark[:, 3:] = 1
    assert conv.convolve(left_dark, conv.kernel("upright", 3), 1, 0)[1].tolist() == [0.0, 3.0, 3.0]
    assert not conv.convolve(left_dark, conv.kernel("level", 3), 1, 0).any()


def test_own_numbers() -> None:
    assert conv.parse_kernel("0 -1 0\n-1, 5, −1\n\n 0 -1 .5").tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0.5]]
    assert conv.parse_kernel("2").tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("text", "reason", "found"),
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
def test_what_is_no_kernel(text: str, reason: str, found: str) -> None:
    with pytest.raises(conv.KernelError) as caught:
        conv.parse_kernel(text)
    assert (caught.value.reason, caught.value.found) == (reason, found)
