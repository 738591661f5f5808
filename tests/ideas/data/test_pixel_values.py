"""The chart of an image's numbers."""

from __future__ import annotations

import numpy as np

from mnist_core.ideas.data.pixel_values import figure as charts
from tests.charts import numbers, trace


def test_numbers_of_a_part_are_those_pixels() -> None:
    image = np.arange(784.0).reshape(28, 28)
    figure = charts.numbers_chart(image, (0, 783), range(3, 5), range(10, 13), False, str)
    cells = trace(figure, "numbers")
    assert numbers(cells["z"]).tolist() == [94, 95, 96, 122, 123, 124]
    assert (cells["y"], cells["x"]) == ([3, 4], [10, 11, 12])
    assert cells["texttemplate"] == "%{z:.0f}"
    halves = charts.numbers_chart(image / 2, (0, 400), range(28), range(28), False, str)
    assert trace(halves, "numbers")["texttemplate"] == "%{z:.2f}"
