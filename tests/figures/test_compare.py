"""Groups with bands, settings against results."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core.compare_page import groups_figure, settings_figure
from mnist_core.config import RunConfig
from mnist_core.diagnostics import greatest_chance
from mnist_core.figures import overlay, theme
from mnist_core.figures.axes import ChartView
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves

NAN = float("nan")


def curves(steps: list[int], losses: list[float]) -> Curves:
    rows = np.zeros(len(steps), EVALUATION_DTYPE)
    rows["step"], rows["validation_loss"] = steps, losses
    return Curves(evaluations=rows)


def numbers(packed: dict[str, str]) -> list[float]:
    found: list[float] = np.frombuffer(base64.b64decode(packed["bdata"]), "<f4").tolist()
    return found


def members(*several: Curves) -> list[groups_figure.Member]:
    return [groups_figure.Member(f"seed {place}", one) for place, one in enumerate(several)]


def traces(figure: dict[str, Any]) -> dict[str, Any]:
    return {one.get("uid"): one for one in figure["data"]}


def test_a_group_is_its_mean_and_a_band_from_least_to_greatest() -> None:
    group = members(curves([0, 10], [2.0, 1.0]), curves([0, 10], [2.0, 0.5]))
    drawn = traces(
        groups_figure.bands([("rate 0.1", group), ("rate 1", group[:1])], "loss", ["validation"], ChartView(), str)
    )
    assert numbers(drawn["group-rate 0.1-validation"]["y"]) == [2.0, 0.75]
    assert numbers(drawn["group-rate 0.1-validation-low"]["y"]) == [2.0, 0.5]
    assert numbers(drawn["group-rate 0.1-validation-high"]["y"]) == [2.0, 1.0]
    assert drawn["group-rate 0.1-validation"]["name"] == "rate 0.1 (2)"
    assert "group-rate 1-validation-low" not in drawn


def test_several_parts_at_once_are_told_apart_by_dash_and_hidden_together() -> None:
    runs = [overlay.Overlaid(name, curves([0, 10], [2.0, 1.0]), name, 1 - place) for place, name in enumerate("ab")]
    figure = overlay.runs_chart(runs, "loss", ["train", "validation"], ChartView(), str)
    drawn = traces(figure)
    styles = {uid: (one["line"]["color"], one["line"]["dash"]) for uid, one in drawn.items()}
    red, blue = theme.run_color(1, False), theme.run_color(0, False)
    assert styles["a-train"] == (red, "solid")
    assert styles["a-validation"] == (red, "dash")
    assert styles["b-validation"] == (blue, "dash")
    assert drawn["a-train"]["marker"]["symbol"] != drawn["a-validation"]["marker"]["symbol"]
    # One entry in the legend for each run, which hides all its curves; the parts' own legend hides nothing.
    assert [one["legendgroup"] for one in figure["data"] if one.get("showlegend") and "legend" not in one] == ["a", "b"]
    assert {drawn["a-train"]["legendgroup"], drawn["a-validation"]["legendgroup"]} == {"a"}
    assert [one["name"] for one in figure["data"] if one.get("legend") == "legend2"] == ["Training", "Validation"]
    assert figure["layout"]["legend2"]["itemclick"] is False
    assert figure["layout"]["title"]["text"] == "Loss – Training, Validation"
    alone = traces(overlay.runs_chart(runs, "loss", ["validation"], ChartView(), str))
    assert alone["a"]["line"]["dash"] != alone["b"]["line"]["dash"]
    assert "part-validation" not in alone


def test_smoothing_smooths_from_point_to_point_and_leaves_the_raw_curve_thin_behind() -> None:
    noisy = curves([0, 500, 1_000], [1.0, 3.0, 1.0])
    steps = np.zeros(1_000, STEP_DTYPE)  # many records between two points: the curve is smoothed all the same
    steps["step"] = np.arange(1_000)
    runs = [overlay.Overlaid("a", Curves(steps, noisy.evaluations), "a", 1)]
    drawn = traces(overlay.runs_chart(runs, "loss", ["validation"], ChartView(smoothing=0.5), str))
    # Means of 1; 1, 3 with weights 1 : 2; and 1, 3, 1 with 1 : 2 : 4.
    assert numbers(drawn["a"]["y"]) == pytest.approx([1, 7 / 3, 11 / 7])
    assert numbers(drawn["a-raw"]["y"]) == [1, 3, 1]
    assert drawn["a-raw"]["line"]["width"] < drawn["a"]["line"]["width"]
    order = [
        one["uid"] for one in overlay.runs_chart(runs, "loss", ["validation"], ChartView(smoothing=0.5), str)["data"]
    ]
    assert order.index("a-raw") < order.index("a")


def test_of_more_runs_than_colors_signs_tell_those_of_one_color_apart() -> None:
    count = len(theme.RUN_COLORS_LIGHT) + 1
    runs = overlay.overlaid([(str(place), curves([0, 10], [2.0, 1.0])) for place in range(count)])
    drawn = traces(overlay.runs_chart(runs, "loss", ["train", "validation"], ChartView(), str))
    look = [
        (drawn[f"run{place}-{part}"]["line"]["color"], drawn[f"run{place}-{part}"]["line"]["dash"], sign["symbol"])
        for place in range(count)
        for part in ("train", "validation")
        for sign in [drawn[f"run{place}-{part}"]["marker"]]
    ]
    assert len(set(look)) == 2 * count
    assert look[0][0] == look[-2][0]  # the eighth has the first one's color
    assert drawn["run0-train"]["marker"]["symbol"] == drawn["run0-validation"]["marker"]["symbol"]
    # The parts' own legend then tells dashes alone.
    assert drawn["part-train"]["mode"] == "lines"
    assert drawn["part-train"]["line"]["dash"] != drawn["part-validation"]["line"]["dash"]
    few = traces(overlay.runs_chart(runs[:-1], "loss", ["train", "validation"], ChartView(), str))
    assert few["run0-train"]["marker"]["symbol"] != few["run0-validation"]["marker"]["symbol"]
    many = [(str(place), members(curves([0, 10], [2.0, 1.0]))) for place in range(count)]
    means = traces(groups_figure.bands(many, "loss", ["train", "validation"], ChartView(), str))
    first, last = means["group-0-train"], means[f"group-{count - 1}-train"]
    assert first["line"] == last["line"]
    assert first["marker"]["symbol"] != last["marker"]["symbol"]
    alone = traces(groups_figure.bands(many, "loss", ["validation"], ChartView(), str))
    assert "marker" not in alone["group-0-validation"]


def test_the_overlay_in_words_says_where_each_curve_ends() -> None:
    runs = overlay.overlaid([("a", curves([0, 10], [2.0, 0.125])), ("b", curves([0, 10], [2.0, NAN])), ("c", Curves())])
    said = overlay.described(runs, "loss", ["train", "validation"], str)
    assert said == "Loss – Training, Validation. Training – a: 0; b: 0. Validation – a: 0.125; b: NaN."
    unsplit = curves([0, 10], [NAN, NAN])
    unsplit.evaluations["validation_accuracy"] = NAN
    said = overlay.described(overlay.overlaid([("a", unsplit)]), "loss", ["train", "validation"], str)
    assert said == "Loss – Training, Validation. Training – a: 0. Validation – ."


def test_a_loss_of_nothing_leaves_a_log_axis_below_instead_of_disappearing() -> None:
    runs = overlay.overlaid([("a", curves([0, 5, 10], [2.0, 0.0, 0.5]))])
    figure = overlay.runs_chart(runs, "loss", ["validation"], ChartView(log_y=True), str)
    start, middle, _end = numbers(traces(figure)["run0"]["y"])
    assert start == 2.0
    assert 0 < middle < min(figure["layout"]["yaxis"]["autorangeoptions"]["include"])


def test_a_run_that_broke_on_one_of_several_parts_has_one_sign() -> None:
    broken = curves([0, 10], [2.0, 1e30])
    broken.evaluations["train_loss"] = [2.0, NAN]
    runs = overlay.overlaid([("a", curves([0, 10], [2.0, 1.0])), ("b", broken)])
    figure = overlay.runs_chart(runs, "loss", ["train", "validation"], ChartView(smoothing=0.5), str)
    assert [one["legendgroup"] for one in figure["data"] if one["uid"].startswith("left-")] == ["run1"]
    assert max(figure["layout"]["yaxis"]["autorangeoptions"]["include"]) < 100
    uids = [one["uid"] for one in figure["data"]]
    assert len(set(uids)) == len(uids)
    for one in figure["data"]:
        go.Figure([{name: value for name, value in one.items() if name not in ("x", "y")}], figure["layout"])


def test_a_run_that_is_lost_without_breaking_leaves_the_others_their_axis() -> None:
    """Losses of 9 to 11 are numbers, and yet the others would lie on the ground."""
    well, lost = curves([0, 5, 10], [2.3, 0.5, 0.2]), curves([0, 5, 10], [2.3, 9.0, 11.0])
    together = overlay.runs_chart(
        overlay.overlaid([("a", well), ("b", lost)]), "loss", ["validation"], ChartView(), str
    )
    assert max(together["layout"]["yaxis"]["autorangeoptions"]["include"]) <= 5
    assert [one["legendgroup"] for one in together["data"] if one["uid"].startswith("left-")] == ["run1"]
    alone = overlay.runs_chart(overlay.overlaid([("b", lost)]), "loss", ["validation"], ChartView(), str)
    assert max(alone["layout"]["yaxis"]["autorangeoptions"]["include"]) > 9


def test_groups_of_several_parts() -> None:
    group = members(curves([0, 10], [2.0, 1.0]), curves([0, 10], [2.0, 0.5]))
    figure = groups_figure.bands([("a", group)], "loss", ["train", "validation"], ChartView(), str)
    drawn = traces(figure)
    assert drawn["group-a-train"]["line"]["dash"] != drawn["group-a-validation"]["line"]["dash"]
    assert [one["name"] for one in figure["data"] if one.get("showlegend") and "legend" not in one] == ["a (2)"]


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
    drawn = traces(figure)
    np.testing.assert_array_equal(numbers(drawn["group-a-validation"]["y"]), [2.0, 1.0, NAN, NAN])
    assert drawn["group-a-validation"]["name"] == "a (4, ✕ 2)"
    left = drawn["group-a-validation-left"]
    assert numbers(left["x"])[:3] == [10, 20, 30]  # beside the mean of all: no slope leads from one to the other
    assert numbers(left["y"])[:3] == [1.5, 1.25, 0.75]
    assert numbers(left["customdata"])[:3] == [2, 2, 2]
    assert "mean of %{customdata} of 4" in left["hovertemplate"]
    assert left["line"]["width"] < drawn["group-a-validation"]["line"]["width"] / 2
    ended = drawn["group-a-validation-ended"]
    assert ended["text"] == ["seed 0: diverged", "seed 1: diverged"]
    assert numbers(ended["x"]) == [10, 10]
    assert numbers(ended["y"]) == [1.0, 1.0]
    found = groups_figure.ended_before([*dead, *alive], "loss", "validation")
    assert [(member.name, int(row["step"][0])) for member, row in found] == [("seed 0", 10), ("seed 1", 10)]
    for one in figure["data"]:
        go.Figure([{name: value for name, value in one.items() if name not in ("x", "y", "customdata")}])


def test_a_run_that_is_behind_or_complete_is_no_death() -> None:
    group = members(curves([0, 10], [2.0, 1.0]), curves([0, 10, 20], [2.0, 0.5, 0.25]), Curves())
    drawn = traces(groups_figure.bands([("a", group)], "loss", ["validation"], ChartView(), str))
    assert drawn["group-a-validation"]["name"] == "a (2/3)"
    np.testing.assert_array_equal(numbers(drawn["group-a-validation"]["y"]), [2.0, 0.75, NAN])
    assert numbers(drawn["group-a-validation-left"]["y"])[:2] == [0.5, 0.25]
    assert "group-a-validation-ended" not in drawn
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
        max(one for trace in figure["data"] for one in numbers(trace["y"]) if trace.get("uid", "").startswith("group"))
        < 100
    )


def test_a_setting_against_a_result() -> None:
    across = settings_figure.Dimension("rate", (0.1, 1.0, 10.0), log=True)
    up = settings_figure.Dimension("accuracy", (0.9, NAN, 0.1), fraction=True)
    figure = settings_figure.scatter(across, up, ["a", "b", "c"], [True, False, False], ChartView(), str)
    (points,) = figure["data"]
    assert points["y"] == [0.9, None, 0.1]
    assert points["marker"]["size"][0] > points["marker"]["size"][1]
    assert figure["layout"]["xaxis"]["type"] == "log"


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


def test_without_a_result_there_are_no_lines() -> None:
    figure = settings_figure.parallel(
        [settings_figure.Dimension("a", (1.0, 2.0))], settings_figure.Dimension("r", (NAN, NAN)), ChartView(), str
    )
    assert figure["data"][0]["dimensions"] == []


def test_a_chart_of_nothing_yet_has_its_axes() -> None:
    figure = overlay.runs_chart(overlay.overlaid([("a", Curves())]), "loss", ["validation"], ChartView(), str)
    assert [one for one in figure["data"] if one["uid"] == "ends"]


def test_squared_errors_have_an_axis_of_their_own() -> None:
    """A guess has 0.9 there, not ln 10: beneath an axis up to 4 the curves would lie on the ground."""
    chance = greatest_chance([RunConfig(loss="squared-error")])
    made = curves([0, 5, 10], [1.0, 0.5, 0.2])
    charts = (
        overlay.runs_chart(overlay.overlaid([("a", made)]), "loss", ["validation"], ChartView(), str, chance),
        groups_figure.bands([("a", members(made))], "loss", ["validation"], ChartView(), str, chance),
    )
    for figure in charts:
        assert max(figure["layout"]["yaxis"]["autorangeoptions"]["include"]) == pytest.approx(1.5)
