"""Charts of the Inspect page: answers beneath each other, the confusion matrix."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pytest

from mnist_core.figures import theme
from mnist_core.inspect_page import answers_figure, mistakes_figure, robustness_figure
from mnist_core.records import Split

DARK = pytest.mark.parametrize("dark", [False, True])


def same(text: str) -> str:
    return text


@DARK
def test_networks_beneath_each_other(dark: bool) -> None:
    shares = np.zeros((3, 10))
    shares[0, 3], shares[0, 8] = 0.996, 0.004
    shares[1] = 0.1
    shares[2] = np.nan
    figure = answers_figure.side_by_side(["a", "b", "c"], shares, dark, same)
    rows, percent, titles, nothing = figure["data"]
    assert rows["hovertemplate"].startswith("%{customdata}")
    labels = list(zip(percent["x"], percent["y"], percent["text"], strict=True))
    assert labels == [(3, 0, "100"), *((digit, 1, "10") for digit in range(10))]
    assert (titles["text"], titles["y"]) == (["a", "b", "c"], [-0.46, 0.54, 1.54])  # each above its row
    assert (nothing["text"], nothing["y"]) == (["output is NaN"], [2])
    low, high = figure["layout"]["yaxis"]["range"]
    assert low == 2.5
    assert high < -0.5  # there is room for the first name


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0, "<1%"),
        (0.004, "<1%"),
        (0.0099, "<1%"),
        (0.01, "1%"),
        (0.69, "69%"),
        (0.99, "99%"),
        (0.991, ">99%"),
        (1.0, "100%"),
    ],
)
def test_a_share_that_is_not_nothing_is_not_called_so(fraction: float, text: str) -> None:
    assert answers_figure.percent(fraction) == text


@pytest.mark.parametrize(
    ("splits", "title", "names"),
    [
        (("train", "train"), "Accuracy – Training", ["a", "b"]),
        (("validation", ""), "Accuracy – Validation", ["a", "b"]),
        (("validation", "train"), "Accuracy", ["a – Validation", "b – Training"]),
        (("", ""), "Accuracy", ["a", "b"]),
    ],
)
def test_the_chart_of_robustness_says_of_which_images(
    splits: tuple[Split | Literal[""], ...], title: str, names: list[str]
) -> None:
    """Of training images it looked as if of images that the network had never seen."""
    figure = robustness_figure.chart(
        ["a", "b"], splits, (0, 1), np.full((2, 2), 0.5, np.float32), 1, "Shift", False, same
    )
    assert figure["layout"]["title"]["text"] == title
    assert [trace["name"] for trace in figure["data"]] == names


def test_the_matrix_writes_each_number_once_on_its_own_cell() -> None:
    counts = np.zeros((10, 10), np.int64)
    counts[3, 3], counts[3, 8], counts[7, 7] = 30, 10, 5
    right, wrong, numbers = mistakes_figure.matrix(counts, False, False, same)["data"]
    labels = list(zip(numbers["y"], numbers["x"], numbers["text"], strict=True))
    assert labels == [(3, "3", "30"), (3, "8", "10"), (7, "7", "5")]
    assert numbers["textfont"]["color"][0] == theme.ink_on(right["colorscale"][1][1])
    assert numbers["textfont"]["color"][1] == theme.ink_on(wrong["colorscale"][1][1])
    many = mistakes_figure.matrix(1_000 * counts, False, False, same)["data"]
    assert all(re.fullmatch(r"\d{1,3}(,\d{3})+", text) for text in many[2]["text"])
    assert all("%{z:,.0f}" in trace["hovertemplate"] for trace in many[:2])
    rates = mistakes_figure.matrix(counts, True, False, same)["data"][2]
    assert rates["text"] == ["75.0", "25.0", "100.0"]
    assert mistakes_figure.describe(counts).text(same).endswith("3 taken for 8, 10 times.")
    counts[3, 8] = 1
    assert mistakes_figure.describe(counts).text(same).endswith("3 taken for 8, once.")
