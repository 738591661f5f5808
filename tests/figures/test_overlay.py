"""Curves of several runs in one chart: told apart, smoothed, with signs where they leave it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core.figures import overlay, theme
from mnist_core.figures.axes import ChartView
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves
from tests.charts import floats, traces

NAN = float("nan")


def curves(steps: list[int], losses: list[float]) -> Curves:
    rows = np.zeros(len(steps), EVALUATION_DTYPE)
    rows["step"], rows["validation_loss"] = steps, losses
    return Curves(evaluations=rows)


def test_several_parts_at_once_are_told_apart_by_dash_and_hidden_together() -> None:
    runs = [overlay.Overlaid(name, curves([0, 10], [2.0, 1.0]), name, 1 - place) for place, name in enumerate("ab")]
    figure = overlay.runs_chart(runs, "loss", ["train", "validation"], ChartView(), str)
    by_name = traces(figure)
    styles = {uid: (trace["line"]["color"], trace["line"]["dash"]) for uid, trace in by_name.items()}
    red, blue = theme.run_color(1, False), theme.run_color(0, False)
    assert styles["a-train"] == (red, "solid")
    assert styles["a-validation"] == (red, "dash")
    assert styles["b-validation"] == (blue, "dash")
    assert by_name["a-train"]["marker"]["symbol"] != by_name["a-validation"]["marker"]["symbol"]
    # One entry in the legend for each run, which hides all its curves; the parts' own legend hides nothing.
    assert [trace["legendgroup"] for trace in figure["data"] if trace.get("showlegend") and "legend" not in trace] == [
        "a",
        "b",
    ]
    assert {by_name["a-train"]["legendgroup"], by_name["a-validation"]["legendgroup"]} == {"a"}
    assert [trace["name"] for trace in figure["data"] if trace.get("legend") == "legend2"] == ["Training", "Validation"]
    assert figure["layout"]["legend2"]["itemclick"] is False
    assert figure["layout"]["title"]["text"] == "Loss – Training, Validation"
    alone = traces(overlay.runs_chart(runs, "loss", ["validation"], ChartView(), str))
    assert alone["a"]["line"]["dash"] != alone["b"]["line"]["dash"]
    assert "part-validation" not in alone


@pytest.mark.parametrize(("points", "signed"), [(2, True), (overlay.MARKED + 1, False)])
def test_the_legend_of_parts_has_the_signs_that_the_curves_have_and_covers_none(points: int, signed: bool) -> None:
    runs = overlay.overlaid([("a", curves(list(range(points)), [2.0] * points))])
    for metric in ("loss", "accuracy"):
        figure = overlay.runs_chart(runs, metric, ["train", "validation"], ChartView(), str)  # type: ignore[arg-type]
        by_name = traces(figure)
        assert ("marker" in by_name["run0-train"]) == ("marker" in by_name["part-train"]) == signed
        legend = figure["layout"]["legend2"]
        assert (legend["yref"], legend["y"], legend["yanchor"]) == ("container", 0, "bottom")  # below the axis


def test_a_loss_and_an_accuracy_side_by_side_have_axes_of_one_size() -> None:
    runs = overlay.overlaid([("a", curves([0, 10], [2.0, 1.0]))])
    charts = [overlay.runs_chart(runs, metric, ["validation"], ChartView(), str) for metric in ("loss", "accuracy")]
    loss, accuracy = (chart["layout"] for chart in charts)
    assert loss["margin"] == accuracy["margin"]
    assert loss["margin"]["l"] >= len("100%") * theme.FONT_SIZE * 0.6 + 10  # numbers, and what Plotly has beside them
    assert loss["yaxis"]["automargin"] == accuracy["yaxis"]["automargin"] == "width"


def test_smoothing_smooths_from_point_to_point_and_leaves_the_raw_curve_thin_behind() -> None:
    noisy = curves([0, 500, 1_000], [1.0, 3.0, 1.0])
    steps = np.zeros(1_000, STEP_DTYPE)  # many records between two points: the curve is smoothed all the same
    steps["step"] = np.arange(1_000)
    runs = [overlay.Overlaid("a", Curves(steps, noisy.evaluations), "a", 1)]
    by_name = traces(overlay.runs_chart(runs, "loss", ["validation"], ChartView(smoothing=0.5), str))
    # Means of 1; 1, 3 with weights 1 : 2; and 1, 3, 1 with 1 : 2 : 4.
    assert floats(by_name["a"]["y"]) == pytest.approx([1, 7 / 3, 11 / 7])
    assert floats(by_name["a-raw"]["y"]) == [1, 3, 1]
    assert by_name["a-raw"]["line"]["width"] < by_name["a"]["line"]["width"]
    order = [
        trace["uid"]
        for trace in overlay.runs_chart(runs, "loss", ["validation"], ChartView(smoothing=0.5), str)["data"]
    ]
    assert order.index("a-raw") < order.index("a")


def test_the_overlay_in_words_says_where_each_curve_ends() -> None:
    runs = overlay.overlaid([("a", curves([0, 10], [2.0, 0.125])), ("b", curves([0, 10], [2.0, NAN])), ("c", Curves())])
    description = overlay.describe(runs, "loss", ["train", "validation"], str)
    assert description == "Loss – Training, Validation. Training – a: 0; b: 0. Validation – a: 0.125; b: NaN."
    unsplit = curves([0, 10], [NAN, NAN])
    unsplit.evaluations["validation_accuracy"] = NAN
    description = overlay.describe(overlay.overlaid([("a", unsplit)]), "loss", ["train", "validation"], str)
    assert description == "Loss – Training, Validation. Training – a: 0. Validation – ."


def test_a_loss_of_nothing_leaves_a_log_axis_below_instead_of_disappearing() -> None:
    runs = overlay.overlaid([("a", curves([0, 5, 10], [2.0, 0.0, 0.5]))])
    figure = overlay.runs_chart(runs, "loss", ["validation"], ChartView(log_y=True), str)
    start, middle, _end = floats(traces(figure)["run0"]["y"])
    assert start == 2.0
    assert 0 < middle < min(figure["layout"]["yaxis"]["autorangeoptions"]["include"])


def test_a_run_that_broke_on_one_of_several_parts_has_one_sign() -> None:
    broken = curves([0, 10], [2.0, 1e30])
    broken.evaluations["train_loss"] = [2.0, NAN]
    runs = overlay.overlaid([("a", curves([0, 10], [2.0, 1.0])), ("b", broken)])
    figure = overlay.runs_chart(runs, "loss", ["train", "validation"], ChartView(smoothing=0.5), str)
    assert [trace["legendgroup"] for trace in figure["data"] if trace["uid"].startswith("left-")] == ["run1"]
    assert max(figure["layout"]["yaxis"]["autorangeoptions"]["include"]) < 100
    uids = [trace["uid"] for trace in figure["data"]]
    assert len(set(uids)) == len(uids)
    for trace in figure["data"]:
        go.Figure([{name: value for name, value in trace.items() if name not in ("x", "y")}], figure["layout"])


def test_a_run_that_is_lost_without_breaking_leaves_the_others_their_axis() -> None:
    """Losses of 9 to 11 are numbers, and yet the others would lie on the ground."""
    well, lost = curves([0, 5, 10], [2.3, 0.5, 0.2]), curves([0, 5, 10], [2.3, 9.0, 11.0])
    together = overlay.runs_chart(
        overlay.overlaid([("a", well), ("b", lost)]), "loss", ["validation"], ChartView(), str
    )
    assert max(together["layout"]["yaxis"]["autorangeoptions"]["include"]) <= 5
    assert [trace["legendgroup"] for trace in together["data"] if trace["uid"].startswith("left-")] == ["run1"]
    alone = overlay.runs_chart(overlay.overlaid([("b", lost)]), "loss", ["validation"], ChartView(), str)
    assert max(alone["layout"]["yaxis"]["autorangeoptions"]["include"]) > 9


def test_a_chart_of_nothing_yet_has_its_axes() -> None:
    figure = overlay.runs_chart(overlay.overlaid([("a", Curves())]), "loss", ["validation"], ChartView(), str)
    assert [trace for trace in figure["data"] if trace["uid"] == "ends"]
