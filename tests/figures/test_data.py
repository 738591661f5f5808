"""The charts of the Data page."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.figures import balance
from tests.figures.test_bowl import numbers, trace


def test_balance_in_counts_and_in_shares() -> None:
    counts = {"train": np.array([30, 10] + [0] * 8), "test": np.array([1] * 10)}
    drawn = balance.balance_chart(counts, False, False, str)
    assert numbers(trace(drawn, "train")["y"]).tolist() == [30, 10] + [0] * 8
    shares = balance.balance_chart(counts, True, False, str)
    assert numbers(trace(shares, "train")["y"])[:2] == pytest.approx([0.75, 0.25])
    assert numbers(trace(shares, "test")["y"]) == pytest.approx([0.1] * 10)
    # Parts differ by more than colour.
    assert trace(drawn, "train")["marker"]["pattern"]["shape"] != trace(drawn, "test")["marker"]["pattern"]["shape"]
