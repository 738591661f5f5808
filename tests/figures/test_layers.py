"""The charts of the layers."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.figures import layers as layers_figure
from mnist_core.figures.axes import ChartView
from mnist_core.records import LAYER_DTYPE, Curves
from tests.charts import floats, traces
from tests.figures.test_theme import GROUNDS, contrast

NAMES = ["Hidden layer 1", "Output layer"]


def curves() -> Curves:
    layers = np.zeros(6, LAYER_DTYPE)
    layers["step"], layers["layer"] = [0, 0, 1, 1, 4, 4], [0, 1] * 3
    layers["dead_units"] = [0.0, np.nan, 0.5, np.nan, 1.0, np.nan]
    layers["gradient"] = [1, 2, 0, 0.1, np.nan, 0.1]
    layers["update"] = [np.nan, np.nan, 0.01, 0.02, 0.0, 0.03]
    layers["activations"][:, 10] = 255
    return Curves(layers=layers)


def test_layers_have_a_line_each_where_they_have_numbers() -> None:
    dead = traces(layers_figure.chart("r", curves(), "dead_units", NAMES, ChartView(), str))
    assert floats(dead["layer0"]["y"]) == [0.0, 0.5, 1.0]
    assert "layer1" not in dead  # the output layer has no units that die
    updates = layers_figure.chart("r", curves(), "update", NAMES, ChartView(), str)
    (rule,) = [note for note in updates["layout"]["annotations"] if note["text"] == "rule of thumb: 0.001"]
    lowest = updates["layout"]["yaxis"]["autorangeoptions"]["include"][0]
    assert np.log10(lowest) < rule["y"]  # on the axis it would not be drawn
    assert np.isnan(floats(traces(updates)["layer0"]["y"])[2])  # 0 has no logarithm
    assert layers_figure.chart("r", Curves(), "gradient", NAMES, ChartView(), str)["layout"]


def test_a_spread_is_drawn_for_one_layer() -> None:
    heatmap = traces(layers_figure.spread_chart("r", curves(), 1, "activations", ChartView(), str))["activations"]
    assert floats(heatmap["x"]) == [0, 1, 4]
    assert max(floats(heatmap["customdata"])) == 1.0


@pytest.mark.parametrize("dark", GROUNDS)
def test_the_more_numbers_of_a_size_the_more_they_stand_out_from_the_ground(dark: bool) -> None:
    chart = layers_figure.spread_chart("r", curves(), 1, "activations", ChartView(dark=dark), str)
    (_nothing, (_at, few), (_end, most)) = traces(chart)["activations"]["colorscale"]
    assert contrast(most, GROUNDS[dark]) > contrast(few, GROUNDS[dark])
