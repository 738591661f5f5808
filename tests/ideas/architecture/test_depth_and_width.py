"""The heat map of runs over depth and width."""

from __future__ import annotations

import math

import numpy as np

from mnist_core.ideas.architecture.depth_and_width.figure import Cell, grid_chart
from tests.charts import numbers, trace

NAN = math.nan


def test_each_cell_is_in_one_layer_of_the_map() -> None:
    cells = [[Cell(0.9, "90%"), Cell(NAN, "waiting")], [Cell(0.1, "✕ diverged", broken=True), None]]
    figure = grid_chart("Accuracy", ["1", "2"], ["16", "64"], cells, False, str)
    layers = {uid: numbers(trace(figure, uid)["z"]).tolist() for uid in ("values", "waiting", "broken")}
    filled = {uid: [not math.isnan(value) for value in z] for uid, z in layers.items()}
    assert filled == {
        "values": [True, False, False, False],
        "waiting": [False, True, False, False],
        "broken": [False, False, True, False],
    }
    texts = {uid: trace(figure, uid)["text"] for uid in layers}
    assert texts == {
        "values": [["90%", ""], ["", ""]],
        "waiting": [["", "waiting"], ["", ""]],
        "broken": [["", ""], ["✕ diverged", ""]],
    }


def test_a_broken_run_does_not_set_the_colors() -> None:
    cells = [[Cell(0.95, ""), Cell(0.97, ""), Cell(0.1, "", broken=True)]]
    values = trace(grid_chart("", ["1"], ["4", "16", "64"], cells, True, str), "values")
    assert (values["zmin"], values["zmax"]) == (0.95, 0.97)
    log = trace(grid_chart("", ["1"], ["4", "16"], [[Cell(100, ""), Cell(10_000, "")]], True, str, log=True), "values")
    assert numbers(log["z"]).tolist() == [2.0, 4.0]
    assert (log["zmin"], log["zmax"]) == (2.0, 4.0)


def test_nothing_yet() -> None:
    figure = grid_chart("", ["0"], ["–"], [[Cell(NAN, "waiting")]], False, str)
    assert np.isnan(numbers(trace(figure, "values")["z"])).all()
    assert trace(figure, "values")["zmin"] < trace(figure, "values")["zmax"]
