"""A square of numbers as colors."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.figures import activations, theme

DARK = pytest.mark.parametrize("dark", [False, True])


@DARK
def test_a_square_of_numbers(dark: bool) -> None:
    values = np.array([[1.0, -2.0], [-0.001, np.nan]], np.float32)
    trace, numbers = activations.square(values, "= Products", dark)["data"]
    assert (trace["zmin"], trace["zmax"]) == (-2, 2)
    assert numbers["text"] == ["1.00", "−2.00", "0.00", "nan"]
    below = theme.SPLIT_STYLES["train"].color(dark)
    expected = [
        theme.mix(theme.paper(dark), theme.RAISES, 0.5),
        below,
        theme.mix(theme.paper(dark), below, 0.0005),
        theme.paper(dark),
    ]
    assert numbers["textfont"]["color"] == [theme.ink_on(fill) for fill in expected]
