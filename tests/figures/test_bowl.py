"""The charts of the bowl."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from mnist_core.ideas.stability.bowl import figure as charts
from mnist_core.ideas.stability.bowl.concept import Bowl


def numbers(packed: dict[str, str]) -> Any:
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f4")


def trace(figure: charts.Figure, uid: str) -> Any:
    (found,) = [one for one in figure["data"] if one["uid"] == uid]
    return found


def test_the_walk_has_every_step() -> None:
    figure = charts.walk_chart(Bowl((1.0,), 0.5, start=(2.0,)), 3, False, str)
    assert numbers(trace(figure, "walk")["x"]).tolist() == [2.0, 1.0, 0.5, 0.25]
    assert numbers(trace(figure, "walk")["y"]).tolist() == [2.0, 0.5, 0.125, 0.03125]


def test_a_walk_that_runs_away_leaves_the_picture_not_the_axes() -> None:
    figure = charts.walk_chart(Bowl((1.0, 0.1), 3.0, start=(2.0, 2.0)), 60, False, str)
    assert np.abs(numbers(trace(figure, "walk")["x"])).max() <= 3 * charts.VIEW
    losses = charts.loss_chart(Bowl((1.0,), 3.0), 60, False, str)
    assert np.isfinite(numbers(trace(losses, "loss")["y"])).all()


@pytest.mark.parametrize(("momentum", "edge"), [(0.0, "edge: 2"), (0.5, "edge: 3")])
def test_the_edge_is_marked(momentum: float, edge: str) -> None:
    figure = charts.rates_chart(Bowl((1.0,), 0.5, momentum), False, str)
    assert edge in [note["text"] for note in figure["layout"]["annotations"]]
    assert numbers(trace(figure, "rate")["x"]).tolist() == [0.5]
