"""Settings against results."""

from __future__ import annotations

import pytest

from mnist_core.compare_page import settings_figure
from mnist_core.figures.axes import ChartView

NAN = float("nan")


def test_a_setting_against_a_result() -> None:
    across = settings_figure.Dimension("rate", (0.1, 1.0, 10.0), log=True)
    up = settings_figure.Dimension("accuracy", (0.9, NAN, 0.1), fraction=True)
    figure = settings_figure.scatter(across, up, ["a", "b", "c"], [True, False, False], ChartView(), str)
    (points,) = figure["data"]
    assert points["y"] == [0.9, None, 0.1]
    assert points["marker"]["size"][0] > points["marker"]["size"][1]
    assert figure["layout"]["xaxis"]["type"] == "log"
    assert figure["layout"]["xaxis"]["tickformat"] == ",~g"  # 1,000, as in texts, and not 1k
    assert figure["layout"]["yaxis"]["tickformat"] == ".3~%"  # 88%, 88.5%, 89%: no two ticks are alike


@pytest.mark.parametrize("dark", [False, True])
def test_all_settings_side_by_side(dark: bool) -> None:
    rate = settings_figure.Dimension("rate", (0.1, 1.0), log=True)
    words = settings_figure.Dimension("optimizer", (0.0, 1.0), ((0.0, "Adam"), (1.0, "SGD")))
    figure = settings_figure.parallel(
        [rate, words], settings_figure.Dimension("accuracy", (0.9, NAN)), ChartView(dark=dark), str
    )
    axes = figure["data"][0]["dimensions"]
    assert [axis["label"] for axis in axes] == ["rate", "optimizer", "accuracy"]
    assert axes[0]["values"] == [-1.0]  # the run without a result is left out
    assert list(axes[1]["ticktext"]) == ["Adam", "SGD"]
    assert axes[1]["range"] == [0.0, 1.0]


def test_numbers_side_by_side_are_written_as_in_texts() -> None:
    batch = settings_figure.Dimension("batch", (100.0, 30_000.0))
    figure = settings_figure.parallel([batch], batch, ChartView(), str)
    assert {axis["tickformat"] for axis in figure["data"][0]["dimensions"]} == {",~g"}


def test_without_a_result_there_are_no_lines() -> None:
    figure = settings_figure.parallel(
        [settings_figure.Dimension("a", (1.0, 2.0))], settings_figure.Dimension("r", (NAN, NAN)), ChartView(), str
    )
    assert figure["data"][0]["dimensions"] == []
