"""Figures of the Inspect page: words in cells are read on every ground, and a broken network's row says so."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.figures import activations, cells, theme
from mnist_core.inspect_page import answers_figure, mistakes_figure
from tests.figures.test_theme import contrast

DARK = pytest.mark.parametrize("dark", [False, True])


def same(text: str) -> str:
    return text


@DARK
def test_words_in_cells_have_the_contrast_of_plain_text_on_every_shade(dark: bool) -> None:
    tops = (theme.SPLIT_STYLES["train"].color(dark), theme.broken(dark), theme.RAISES)
    fills = [theme.mix(theme.cell(dark), top, fraction) for top in tops for fraction in np.linspace(0, 1, 21)]
    made = cells.words("words", [["x"] * len(fills)], lambda _row, column: fills[column])
    assert len(made["textfont"]["color"]) == len(fills)
    for fill, ink in zip(fills, made["textfont"]["color"], strict=True):
        assert contrast(fill, ink) >= 4.5, fill


def test_a_mixed_color_lies_between_its_two() -> None:
    assert theme.mix("#000000", "#FF8040", 0) == "#000000"
    assert theme.mix("#000000", "#FF8040", 1) == "#FF8040"
    assert theme.mix("#000000", "#FF8040", 0.5) == "#804020"


def test_empty_words_are_left_out_and_the_others_lie_on_their_cells() -> None:
    made = cells.words("words", [["", "a"], ["b", ""]], lambda row, column: "#FFFFFF", x=["p", "q"], axes="2")
    assert (made["x"], made["y"], made["text"]) == (["q", "p"], [0, 1], ["a", "b"])
    assert (made["xaxis"], made["yaxis"]) == ("x2", "y2")
    assert made["hoverinfo"] == "skip"  # else clicks would not reach the map


@DARK
def test_networks_beneath_each_other(dark: bool) -> None:
    shares = np.zeros((3, 10))
    shares[0, 3], shares[0, 8] = 0.996, 0.004
    shares[1] = 0.1
    shares[2] = np.nan
    figure = answers_figure.side_by_side(["a", "b", "c"], shares, dark, same)
    rows, percent, titles, nothing = figure["data"]
    assert rows["hovertemplate"].startswith("%{customdata}")
    said = list(zip(percent["x"], percent["y"], percent["text"], strict=True))
    assert said == [(3, 0, "100"), *((digit, 1, "10") for digit in range(10))]
    assert (titles["text"], titles["y"]) == (["a", "b", "c"], [-0.46, 0.54, 1.54])  # each above its row
    assert (nothing["text"], nothing["y"]) == (["output is NaN"], [2])
    low, high = figure["layout"]["yaxis"]["range"]
    assert low == 2.5
    assert high < -0.5  # there is room for the first name


@pytest.mark.parametrize(
    ("fraction", "said"),
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
def test_a_share_that_is_not_nothing_is_not_called_so(fraction: float, said: str) -> None:
    assert answers_figure.percent(fraction) == said


def test_the_matrix_writes_each_number_once_on_its_own_cell() -> None:
    counts = np.zeros((10, 10), np.int64)
    counts[3, 3], counts[3, 8], counts[7, 7] = 30, 10, 5
    right, wrong, numbers = mistakes_figure.matrix(counts, False, False, same)["data"]
    said = list(zip(numbers["y"], numbers["x"], numbers["text"], strict=True))
    assert said == [(3, "3", "30"), (3, "8", "10"), (7, "7", "5")]
    assert numbers["textfont"]["color"][0] == theme.ink_on(right["colorscale"][1][1])
    assert numbers["textfont"]["color"][1] == theme.ink_on(wrong["colorscale"][1][1])
    rates = mistakes_figure.matrix(counts, True, False, same)["data"][2]
    assert rates["text"] == ["75.0", "25.0", "100.0"]
    assert mistakes_figure.describe(counts).text(same).endswith("3 taken for 8, 10 times.")


@DARK
def test_a_square_of_numbers(dark: bool) -> None:
    values = np.array([[1.0, -2.0], [-0.001, np.nan]], np.float32)
    trace, numbers = activations.square(values, "= Products", dark)["data"]
    assert (trace["zmin"], trace["zmax"]) == (-2, 2)
    assert numbers["text"] == ["1.00", "-2.00", "0.00", "nan"]
    below = theme.SPLIT_STYLES["train"].color(dark)
    expected = [
        theme.mix(theme.paper(dark), theme.RAISES, 0.5),
        below,
        theme.mix(theme.paper(dark), below, 0.0005),
        theme.paper(dark),
    ]
    assert numbers["textfont"]["color"] == [theme.ink_on(fill) for fill in expected]
