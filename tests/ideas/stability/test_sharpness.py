"""The chart of the sharpness."""

from __future__ import annotations

import numpy as np

from mnist_core.config import RunConfig
from mnist_core.figures.axes import ChartView
from mnist_core.ideas.stability.sharpness import figure as charts
from mnist_core.records import SHARPNESS_DTYPE, Curves, Run
from tests.charts import floats, traces


def curves() -> Curves:
    measured = np.zeros(3, SHARPNESS_DTYPE)
    measured["step"], measured["sharpness"], measured["learning_rate"] = [0, 1, 4], [5, 30, np.nan], 0.1
    return Curves(sharpness=measured)


def test_sharpness_and_its_edge_have_one_color() -> None:
    run = Run("r", "ann", RunConfig(learning_rate=0.1, sharpness=True), "running", 1, 0.0)
    by_name = traces(charts.chart([(run, curves())], ChartView(), str))
    assert floats(by_name["run0"]["y"]) == [5, 30]
    assert floats(by_name["edge0"]["y"]) == [20, 20]
    assert by_name["run0"]["line"]["color"] == by_name["edge0"]["line"]["color"]
    assert floats(by_name["beyond0"]["y"]) == [20, 20]
    assert min(floats(by_name["top0"]["y"])) > 30
    assert charts.chart([(run, curves())], ChartView(), str)["layout"]["legend"]["traceorder"] == "normal"
    assert charts.chart([(run, Curves())], ChartView(), str)["data"]
