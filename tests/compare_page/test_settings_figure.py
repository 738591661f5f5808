"""Settings against results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mnist_core import escape
from mnist_core.compare_page import settings_figure
from mnist_core.figures import theme
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
    assert figure["layout"]["xaxis"]["dtick"] == "D2"  # all nine numbers of a decade would lie over each other
    assert figure["layout"]["yaxis"]["tickformat"] == ".3~%"  # 88%, 88.5%, 89%: no two ticks are alike


@pytest.mark.parametrize("dark", [False, True])
def test_all_settings_side_by_side(dark: bool) -> None:
    rate = settings_figure.Dimension("rate", (0.1, 1.0), log=True)
    words = settings_figure.Dimension("optimizer", (0.0, 1.0), ((0.0, "Adam"), (1.0, "SGD")))
    rate, words = replace(rate, values=(0.1, 1.0, 10.0)), replace(words, values=(0.0, 1.0, 1.0))
    accuracy = settings_figure.Dimension("accuracy", (0.9, NAN, 0.5), fraction=True)
    names = ["<b>", "b", "c"]
    figure = settings_figure.parallel([rate, words], accuracy, names, [False, False, True], ChartView(dark=dark), str)
    assert figure["layout"]["xaxis"]["ticktext"] == ["rate", "optimizer", "accuracy"]
    best, starred = figure["data"]  # the run without a result is left out
    assert (best["y"], starred["y"]) == ([0.0, 0.0, 1.0], [1.0, 1.0, 0.0])
    assert best["line"]["color"] == theme.scale_color(1.0, dark)
    assert starred["line"]["color"] == theme.scale_color(0.0, dark)
    assert starred["line"]["width"] > best["line"]["width"]
    assert best["text"][1] == escape.plotly("<b>") + "<br>optimizer: Adam"
    ticks = [(note["x"], note["y"], note["text"]) for note in figure["layout"]["annotations"]]
    assert ticks == [
        (0, 0.0, "0.1"),
        (0, 1.0, "10"),
        (1, 0.0, "Adam"),
        (1, 1.0, "SGD"),
        (2, 0.0, "50.00%"),
        (2, 1.0, "90.00%"),
    ]
    assert {trace["type"] for trace in figure["data"]} == {"scatter"}  # another kind needs what the policy refuses


def test_numbers_side_by_side_are_written_as_in_texts() -> None:
    batch = settings_figure.Dimension("batch", (100.0, 30_000.0))
    figure = settings_figure.parallel([batch], batch, ["a", "b"], [False, False], ChartView(), str)
    assert {note["text"] for note in figure["layout"]["annotations"]} == {"100", "30,000"}


def test_where_there_is_little_room_the_axes_lie_beneath_each_other() -> None:
    rate = settings_figure.Dimension("rate", (0.1, 0.11, 1.0))
    result = settings_figure.Dimension("accuracy", (0.9, 0.8, 0.7))
    figure = settings_figure.parallel([rate], result, ["a", "b", "c"], [False] * 3, ChartView(), str, in_rows=True)
    assert (figure["data"][0]["x"], figure["data"][0]["y"]) == ([0.0, pytest.approx(1.0)], [0, -1])
    notes = [(note["y"], note["text"]) for note in figure["layout"]["annotations"]]
    assert notes[:2] == [(0, "rate"), (-1, "accuracy")]
    assert [text for y, text in notes[2:] if y == 0] == ["0.1", "1"]  # 0.11 has no room


def test_values_that_lie_too_near_to_each_other_stand_not_over_each_other() -> None:
    values = tuple(np.linspace(0, 1, 101).tolist())
    dimension = settings_figure.Dimension("a", values)
    nobody = ["run"] * len(values), [False] * len(values)
    figure = settings_figure.parallel([dimension], dimension, *nobody, ChartView(), str)
    places = [note["y"] for note in figure["layout"]["annotations"] if note["x"] == 0]
    assert min(np.diff(places)) >= settings_figure.TICK - 1e-9
    assert (places[0], places[-1]) == (0.0, 1.0)


def test_without_a_result_there_are_no_lines() -> None:
    figure = settings_figure.parallel(
        [settings_figure.Dimension("a", (1.0, 2.0))],
        settings_figure.Dimension("r", (NAN, NAN)),
        ["a", "b"],
        [False, False],
        ChartView(),
        str,
    )
    assert figure["data"] == []
