"""The charts of the sharpness and of the layers."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from mnist_core.config import RunConfig
from mnist_core.figures import layers as inside
from mnist_core.figures.axes import ChartView
from mnist_core.ideas.stability.sharpness import figure as sharpness
from mnist_core.records import LAYER_DTYPE, SHARPNESS_DTYPE, Curves, Run


def numbers(packed: dict[str, str]) -> list[float]:
    found: list[float] = np.frombuffer(base64.b64decode(packed["bdata"]), "<f4").tolist()
    return found


def curves() -> Curves:
    layers = np.zeros(6, LAYER_DTYPE)
    layers["step"], layers["layer"] = [0, 0, 1, 1, 4, 4], [0, 1] * 3
    layers["dead_units"] = [0.0, np.nan, 0.5, np.nan, 1.0, np.nan]
    layers["gradient"] = [1, 2, 0, 0.1, np.nan, 0.1]
    layers["update"] = [np.nan, np.nan, 0.01, 0.02, 0.0, 0.03]
    layers["activations"][:, 10] = 255
    measured = np.zeros(3, SHARPNESS_DTYPE)
    measured["step"], measured["sharpness"], measured["learning_rate"] = [0, 1, 4], [5, 30, np.nan], 0.1
    return Curves(layers=layers, sharpness=measured)


def traces(figure: dict[str, Any]) -> dict[str, Any]:
    return {one["uid"]: one for one in figure["data"]}


def test_sharpness_and_its_edge_have_one_color() -> None:
    run = Run("r", "ann", RunConfig(learning_rate=0.1, sharpness=True), "running", 1, 0.0)
    drawn = traces(sharpness.chart([(run, curves())], ChartView(), str))
    assert numbers(drawn["run0"]["y"]) == [5, 30]
    assert numbers(drawn["edge0"]["y"]) == [20, 20]
    assert drawn["run0"]["line"]["color"] == drawn["edge0"]["line"]["color"]
    assert numbers(drawn["beyond0"]["y"]) == [20, 20]
    assert min(numbers(drawn["top0"]["y"])) > 30
    assert sharpness.chart([(run, Curves())], ChartView(), str)["data"]


def test_layers_have_a_line_each_where_they_have_numbers() -> None:
    dead = traces(inside.chart("r", curves(), "dead_units", ChartView(), str))
    assert numbers(dead["layer0"]["y"]) == [0.0, 0.5, 1.0]
    assert "layer1" not in dead  # the output layer has no units that die
    updates = inside.chart("r", curves(), "update", ChartView(), str)
    assert "rule of thumb: 0.001" in [note["text"] for note in updates["layout"]["annotations"]]
    assert np.isnan(numbers(traces(updates)["layer0"]["y"])[2])  # 0 has no logarithm
    assert inside.chart("r", Curves(), "gradient", ChartView(), str)["layout"]


def test_a_spread_is_drawn_for_one_layer() -> None:
    drawn = traces(inside.spread_chart("r", curves(), 1, "activations", ChartView(), str))["activations"]
    assert numbers(drawn["x"]) == [0, 1, 4]
    assert max(numbers(drawn["customdata"])) == 1.0
