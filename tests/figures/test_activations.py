"""A square of numbers as colors."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.escape import UserText
from mnist_core.figures import activations, theme

DARK = pytest.mark.parametrize("dark", [False, True])


@DARK
def test_a_square_of_numbers(dark: bool) -> None:
    values = np.array([[1.0, -2.0], [-0.001, np.nan]], np.float32)
    trace, numbers = activations.square(values, "= Products", dark)["data"]
    assert (trace["zmin"], trace["zmax"]) == (-2, 2)
    assert numbers["text"] == ["1.00", "−2.00", "0.00", "NaN"]
    below = theme.SPLIT_STYLES["train"].color(dark)
    expected = [
        theme.mix(theme.paper(dark), theme.RAISES, 0.5),
        below,
        theme.mix(theme.paper(dark), below, 0.0005),
        theme.paper(dark),
    ]
    assert numbers["textfont"]["color"] == [theme.ink_on(fill) for fill in expected]


@DARK
def test_numbers_of_a_diverged_network_stay_short(dark: bool) -> None:
    _map, numbers = activations.square(np.array([[9.64e17, -2e30], [1234.5, np.inf]], np.float32), "", dark)["data"]
    assert numbers["text"] == ["9.64e17", "−2e30", "1,230", "∞"]


def test_the_bars_of_the_last_layer_are_of_classes() -> None:
    figure = activations.units(np.array([1.0, -2.0], np.float32), False, str, (UserText("cat"), UserText("<b>")))
    assert figure["layout"]["xaxis"]["ticktext"] == ["cat", "&lt;b>"]
    assert figure["layout"]["title"]["text"] == "Output of each class"
