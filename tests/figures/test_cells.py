"""Words in cells are read on every ground."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.figures import cells, theme
from tests.figures.test_theme import contrast

DARK = pytest.mark.parametrize("dark", [False, True])


@DARK
def test_words_in_cells_have_the_contrast_of_plain_text_on_every_shade(dark: bool) -> None:
    tops = (theme.SPLIT_STYLES["train"].color(dark), theme.broken(dark), theme.RAISES)
    fills = [theme.mix(theme.cell(dark), top, fraction) for top in tops for fraction in np.linspace(0, 1, 21)]
    texts = cells.words("words", [["x"] * len(fills)], lambda _row, column: fills[column])
    assert len(texts["textfont"]["color"]) == len(fills)
    for fill, ink in zip(fills, texts["textfont"]["color"], strict=True):
        assert contrast(fill, ink) >= 4.5, fill


def test_a_mixed_color_lies_between_its_two() -> None:
    assert theme.mix("#000000", "#FF8040", 0) == "#000000"
    assert theme.mix("#000000", "#FF8040", 1) == "#FF8040"
    assert theme.mix("#000000", "#FF8040", 0.5) == "#804020"


def test_empty_words_are_left_out_and_the_others_lie_on_their_cells() -> None:
    texts = cells.words("words", [["", "a"], ["b", ""]], lambda row, column: "#FFFFFF", x=["p", "q"], axes="2")
    assert (texts["x"], texts["y"], texts["text"]) == (["q", "p"], [0, 1], ["a", "b"])
    assert (texts["xaxis"], texts["yaxis"]) == ("x2", "y2")
    assert texts["hoverinfo"] == "skip"  # else clicks would not reach the map
