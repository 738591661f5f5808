"""Binary cross-entropy from confident and right to confident and wrong, and its chart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mnist_core.ideas.loss.binary_cross_entropy.concept import binary_cross_entropy
from mnist_core.ideas.loss.binary_cross_entropy.figure import HIGHEST, binary_chart
from tests.charts import trace


def test_binary_cross_entropy_from_sure_and_right_to_sure_and_wrong() -> None:
    assert binary_cross_entropy([1.0, 0.5, 0.0], 1).tolist() == pytest.approx([0.0, math.log(2), math.inf])
    assert binary_cross_entropy([0.0, 0.9], 0).tolist() == pytest.approx([0.0, math.log(10)])


@pytest.mark.parametrize("log", [False, True])
def test_the_mark_lies_on_its_curve_and_in_the_chart(log: bool) -> None:
    mark = trace(binary_chart(0.5, 1, log, True, str), "here")
    assert mark["y"] == pytest.approx([np.log(2)])
    sure_and_wrong = trace(binary_chart(0.0, 1, log, True, str), "here")
    assert sure_and_wrong["y"] == [HIGHEST]
