"""Groups of runs as means with bands."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core.compare_page import groups_figure
from mnist_core.config import RunConfig
from mnist_core.diagnostics import maximum_chance
from mnist_core.figures import overlay, theme
from mnist_core.figures.axes import ChartView
from mnist_core.records import Curves, Split
from tests.charts import floats, traces
from tests.figures.test_overlay import curves

NAN = float("nan")


def members(*several: Curves) -> list[groups_figure.Member]:
    return [groups_figure.Member(f"seed {place}", member) for place, member in enumerate(several)]


def test_a_group_is_its_mean_and_a_band_from_least_to_greatest() -> None:
    group = members(curves([0, 10], [2.0, 1.0]), curves([0, 10], [2.0, 0.5]))
    by_name = traces(
        groups_figure.bands([("rate 0.1", group), ("rate 1", group[:1])], "loss", ["validation"], ChartView(), str)
    )
    assert floats(by_name["group-rate 0.1-validation"]["y"]) == [2.0, 0.75]
    assert floats(by_name["group-rate 0.1-validation-low"]["y"]) == [2.0, 0.5]
    assert floats(by_name["group-rate 0.1-validation-high"]["y"]) == [2.0, 1.0]
    assert by_name["group-rate 0.1-validation"]["name"] == "rate 0.1 (2)"
    assert "group-rate 1-validation-low" not in by_name


def test_of_more_runs_than_colors_signs_tell_those_of_one_color_apart() -> None:
    count = len(theme.RUN_COLORS_LIGHT) + 1
    runs = overlay.overlaid([(str(place), curves([0, 10], [2.0, 1.0])) for place in range(count)])
    by_name = traces(overlay.runs_chart(runs, "loss", ["train", "validation"], ChartView(), str))
    look = [
        (by_name[f"run{place}-{part}"]["line"]["color"], by_name[f"run{place}-{part}"]["line"]["dash"], sign["symbol"])
        for place in range(count)
        for part in ("train", "validation")
        for sign in [by_name[f"run{place}-{part}"]["marker"]]
    ]
    assert len(set(look)) == 2 * count
    assert look[0][0] == look[-2][0]  # the eighth has the first one's color
    assert by_name["run0-train"]["marker"]["symbol"] == by_name["run0-validation"]["marker"]["symbol"]
    # The parts' own legend then tells dashes alone.
    assert by_name["part-train"]["mode"] == "lines"
    assert by_name["part-train"]["line"]["dash"] != by_name["part-validation"]["line"]["dash"]
    few = traces(overlay.runs_chart(runs[:-1], "loss", ["train", "validation"], ChartView(), str))
    assert few["run0-train"]["marker"]["symbol"] != few["run0-validation"]["marker"]["symbol"]
    many = [(str(place), members(curves([0, 10], [2.0, 1.0]))) for place in range(count)]
    means = traces(groups_figure.bands(many, "loss", ["train", "validation"], ChartView(), str))
    first, last = means["group-0-train"], means[f"group-{count - 1}-train"]
    assert first["line"] == last["line"]
    assert first["marker"]["symbol"] != last["marker"]["symbol"]
    alone = traces(groups_figure.bands(many, "loss", ["validation"], ChartView(), str))
    assert "marker" not in alone["group-0-validation"]


@pytest.mark.parametrize("parts", [["validation"], ["train", "validation"]])
def test_no_two_runs_or_groups_of_a_chart_look_the_same(parts: list[Split]) -> None:
    count = 2 * theme.RUN_LOOKS
    drawn = curves([0, 10], [2.0, 1.0])
    runs = overlay.overlaid([(str(place), drawn) for place in range(count)])
    groups = [(str(place), members(drawn)) for place in range(count)]
    for figure in (
        overlay.runs_chart(runs, "loss", parts, ChartView(), str),
        groups_figure.bands(groups, "loss", parts, ChartView(), str),
    ):
        looks = [
            (trace["line"]["color"], trace["line"]["dash"], trace.get("marker", {}).get("symbol"))
            for trace in figure["data"]
            if trace["name"] and not trace["uid"].startswith("part-")
        ]
        assert len(set(looks)) == len(looks) == count * len(parts)


def test_groups_of_several_parts() -> None:
    group = members(curves([0, 10], [2.0, 1.0]), curves([0, 10], [2.0, 0.5]))
    figure = groups_figure.bands([("a", group)], "loss", ["train", "validation"], ChartView(), str)
    assert not any("marker" in trace for trace in figure["data"])  # the legend has no signs that the lines have not
    by_name = traces(figure)
    assert by_name["group-a-train"]["line"]["dash"] != by_name["group-a-validation"]["line"]["dash"]
    assert [trace["name"] for trace in figure["data"] if trace.get("showlegend") and "legend" not in trace] == ["a (2)"]


def test_curves_meet_between_their_points_and_end_where_they_end() -> None:
    x, values = groups_figure.together(
        [
            (np.array([0, 10], np.float32), np.array([0, 10], np.float32)),
            (np.array([0, 5], np.float32), np.array([1, NAN], np.float32)),
        ]
    )
    assert x.tolist() == [0, 5, 10]
    np.testing.assert_array_equal(values, [[0, 5, 10], [1, NAN, NAN]])


def test_a_run_that_ends_before_the_others_drops_out_of_no_mean_unseen() -> None:
    """Two of four die, the better ones: the mean of all ends there, and does not jump to that of the two others."""
    steps = [0, 10, 20, 30]
    dead = [
        groups_figure.Member("seed 0", curves([0, 10], [2.0, 0.25]), "diverged"),
        groups_figure.Member("seed 1", curves([0, 10, 20], [2.0, 0.75, NAN]), "diverged"),
    ]
    alive = members(curves(steps, [2.0, 1.5, 1.25, 1.0]), curves(steps, [2.0, 1.5, 1.25, 0.5]))
    figure = groups_figure.bands([("a", [*dead, *alive])], "loss", ["validation"], ChartView(), str)
    by_name = traces(figure)
    np.testing.assert_array_equal(floats(by_name["group-a-validation"]["y"]), [2.0, 1.0, NAN, NAN])
    assert by_name["group-a-validation"]["name"] == "a (4, ✕ 2)"
    after_end = by_name["group-a-validation-left"]
    assert floats(after_end["x"])[:3] == [10, 20, 30]  # beside the mean of all: no slope leads from one to the other
    assert floats(after_end["y"])[:3] == [1.5, 1.25, 0.75]
    assert floats(after_end["customdata"])[:3] == [2, 2, 2]
    assert "mean of %{customdata} of 4" in after_end["hovertemplate"]
    assert after_end["line"]["width"] < by_name["group-a-validation"]["line"]["width"] / 2
    ended = by_name["group-a-validation-ended"]
    assert ended["text"] == ["seed 0: diverged", "seed 1: diverged"]
    assert floats(ended["x"]) == [10, 10]
    assert floats(ended["y"]) == [1.0, 1.0]
    ended_early = groups_figure.ended_before([*dead, *alive], "loss", "validation")
    assert [(member.name, int(row["step"][0])) for member, row in ended_early] == [("seed 0", 10), ("seed 1", 10)]
    for trace in figure["data"]:
        go.Figure([{name: value for name, value in trace.items() if name not in ("x", "y", "customdata")}])


def test_a_run_that_is_behind_or_complete_is_no_death() -> None:
    group = members(curves([0, 10], [2.0, 1.0]), curves([0, 10, 20], [2.0, 0.5, 0.25]), Curves())
    by_name = traces(groups_figure.bands([("a", group)], "loss", ["validation"], ChartView(), str))
    assert by_name["group-a-validation"]["name"] == "a (2/3)"
    np.testing.assert_array_equal(floats(by_name["group-a-validation"]["y"]), [2.0, 0.75, NAN])
    assert floats(by_name["group-a-validation-left"]["y"])[:2] == [0.5, 0.25]
    assert "group-a-validation-ended" not in by_name
    nothing = traces(
        groups_figure.bands([("a", members(Curves(), Curves()))], "loss", ["validation"], ChartView(), str)
    )
    assert nothing["group-a-validation"]["name"] == "a (0/2)"


def test_no_line_leads_across_a_point_that_is_no_number() -> None:
    x, values = groups_figure.together(
        [
            (np.array([0, 10, 20, 30], np.float32), np.array([2, np.inf, 1, 1], np.float32)),
            (np.array([0, 5, 30], np.float32), np.array([2, 2, 2], np.float32)),
        ]
    )
    assert x.tolist() == [0, 5, 10, 20, 30]
    np.testing.assert_array_equal(values[0], [2, NAN, NAN, 1, 1])


def test_a_broken_run_leaves_the_others_their_axis() -> None:
    group = members(curves([0, 10], [2.0, 1.0]), curves([0, 10], [2.0, 1e30]))
    figure = groups_figure.bands([("a", group[:1]), ("b", group[1:])], "loss", ["validation"], ChartView(), str)
    assert max(figure["layout"]["yaxis"]["autorangeoptions"]["include"]) < 100
    assert (
        max(
            value
            for trace in figure["data"]
            for value in floats(trace["y"])
            if trace.get("uid", "").startswith("group")
        )
        < 100
    )


def test_squared_errors_have_an_axis_of_their_own() -> None:
    """A guess has 0.9 there, not ln 10: beneath an axis up to 4 the curves would lie on the ground."""
    chance = maximum_chance([RunConfig(loss="squared-error")])
    falling = curves([0, 5, 10], [1.0, 0.5, 0.2])
    charts = (
        overlay.runs_chart(overlay.overlaid([("a", falling)]), "loss", ["validation"], ChartView(), str, chance),
        groups_figure.bands([("a", members(falling))], "loss", ["validation"], ChartView(), str, chance),
    )
    for figure in charts:
        assert max(figure["layout"]["yaxis"]["autorangeoptions"]["include"]) == pytest.approx(1.5)
