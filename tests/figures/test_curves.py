"""Charts from hand-made curves: what is drawn, where the axis ends, and what is said of a curve that leaves it."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core.config import RunConfig
from mnist_core.figures.axes import departure, smooth
from mnist_core.figures.curves import (
    ChartView,
    accuracy_chart,
    describe_chart,
    gradient_chart,
    loss_chart,
    rate_chart,
)
from mnist_core.figures.overlay import overlaid, runs_chart
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Event, Run
from tests.charts import ends_of, numbers

RUN = Run("r1", "ann", RunConfig(), "running", 1, 0.0)


def curves(losses, evaluated=(2.3, 1.0), events=()) -> Curves:
    """One record per loss; evaluations of all splits with the same loss."""
    steps = np.zeros(len(losses), STEP_DTYPE)
    steps["step"] = np.arange(1, len(losses) + 1)
    steps["steps"] = 1
    for name in ("loss", "loss_min", "loss_max"):
        steps[name] = losses
    steps["gradient_norm"] = steps["gradient_norm_max"] = 1
    steps["learning_rate"] = 0.1
    evaluations = np.zeros(len(evaluated), EVALUATION_DTYPE)
    evaluations["step"] = np.linspace(0, max(1, len(losses)), len(evaluated))
    for split in ("train", "validation", "test"):
        evaluations[f"{split}_loss"] = evaluated
        evaluations[f"{split}_accuracy"] = 0.5
    return Curves(steps, evaluations, tuple(events))


def top_of(figure: dict) -> float:
    """The upper end of a linear loss axis."""
    return ends_of(figure, "yaxis")[1]


def signs(figure: dict) -> list[dict]:
    """The signs that stand where a curve left the chart."""
    return [trace for trace in figure["data"] if trace.get("marker", {}).get("symbol") == "triangle-up"]


def test_splits_differ_in_color_dash_sign_and_name() -> None:
    figure = loss_chart(RUN, curves([2.0, 1.5]), ChartView(), str)
    by_split = {trace["name"]: trace for trace in figure["data"] if trace["name"] in ("Training", "Validation", "Test")}
    assert len(by_split) == 3
    for style in (
        lambda trace: trace["line"]["color"],
        lambda trace: trace["line"]["dash"],
        lambda trace: trace["marker"]["symbol"],
    ):
        assert len({style(trace) for trace in by_split.values()}) == 3


@pytest.mark.parametrize("make", [loss_chart, accuracy_chart, gradient_chart, rate_chart])
def test_a_chart_without_a_point_keeps_its_axes(make) -> None:
    """Of a run that waits, Plotly showed steps from −1 to 6."""
    (reach,) = [one for one in make(RUN, Curves(), ChartView(), str)["data"] if one.get("uid") == "ends"]
    low, high = reach["x"]
    assert -1 < low <= 0 < high


def test_a_run_without_validation_draws_none() -> None:
    unsplit = curves([2.0])
    unsplit.evaluations["validation_loss"] = np.nan
    names = [trace["name"] for trace in loss_chart(RUN, unsplit, ChartView(), str)["data"]]
    assert "Validation" not in names
    assert "Test" in names


def test_an_ordinary_run_fits_and_is_not_marked() -> None:
    figure = loss_chart(RUN, curves([2.3, 1.5, 1.0, 0.5]), ChartView(), str)
    assert 2.4 <= top_of(figure) <= 5
    assert not signs(figure)


def test_a_collapsed_run_has_not_left_the_chart() -> None:
    assert not signs(loss_chart(RUN, curves([2.303] * 100), ChartView(), str))


def test_an_explosion_is_marked_and_the_axis_stays_readable() -> None:
    losses = [2.3] * 36 + [50.0, 4.2e5, 1e12, 1e30, math.inf]
    figure = loss_chart(RUN, curves(losses, events=[Event(41, "not_finite", 1e30)]), ChartView(), str)
    assert top_of(figure) < 30
    (sign,) = signs(figure)
    assert numbers(sign["x"])[0] == 37
    assert "above the chart from step 37 on: up to 1e30" in sign["hovertemplate"]
    assert "NaN from step 41 on" in figure["layout"]["annotations"][0]["text"]


def test_a_spike_that_comes_back_is_no_departure() -> None:
    assert departure(np.array([2.0, 500.0, 2.0, 1.0], np.float32), 4.0) is None
    assert departure(np.array([2.0, 500.0, 2.0, 9.0, math.nan], np.float32), 4.0) == 3


def test_a_run_that_is_nan_from_the_start_is_marked() -> None:
    (sign,) = signs(loss_chart(RUN, curves([math.nan, math.nan], (math.nan,)), ChartView(), str))
    assert numbers(sign["x"])[0] == 1


def test_a_log_axis_has_a_place_for_step_0_and_for_nothing_below_0() -> None:
    figure = loss_chart(RUN, curves([2.0, 0.0, 1e-3]), ChartView(log_x=True, log_y=True), str)
    training = next(trace for trace in figure["data"] if trace["name"] == "Training")
    assert (numbers(training["x"]) > 0).all()
    assert ends_of(figure, "yaxis") == pytest.approx((1e-3, 10))


def test_a_spike_survives_decimation() -> None:
    losses = np.ones(100_000)
    losses[54_321] = 3.5
    figure = loss_chart(RUN, curves(losses), ChartView(), str)
    batches = next(trace for trace in figure["data"] if trace["name"] == "Mini-batches")
    assert len(numbers(batches["y"])) < 2_100
    assert numbers(batches["y"]).max() == 3.5
    assert numbers(batches["x"])[numbers(batches["y"]).argmax()] == 54_322


def test_smoothing_by_hand_keeps_the_raw_curve_behind() -> None:
    # (0.5·1)/(0.5) = 1; (0.5·0.5 + 0.5·3)/0.75 = 2.3333
    assert smooth(np.array([1, 3, np.nan, 3], np.float32), 0.5) == pytest.approx(
        [1, 7 / 3, math.nan, 2.7142857], nan_ok=True
    )
    plain = loss_chart(RUN, curves([2.0, 1.0]), ChartView(), str)
    smoothed = loss_chart(RUN, curves([2.0, 1.0]), ChartView(smoothing=0.9), str)
    assert len(smoothed["data"]) == 2 * len(plain["data"])


def test_events_are_lines() -> None:
    events = [Event(7, "learning_rate", 0.05), Event(9, "paused"), Event(12, "alone", 8.0)]
    figure = loss_chart(RUN, curves([1.0] * 20, events=events), ChartView(), str)
    lines = [shape for shape in figure["layout"]["shapes"] if shape.get("yref") == "paper"]
    assert [line["x0"] for line in lines] == [7, 12]
    notes = {note["text"]: note.get("hovertext") for note in figure["layout"]["annotations"]}
    assert notes["rate → 0.05"] == "rate → 0.05"
    assert (
        notes["↻"]
        == "trained alone from here on; before that, 8 runs were trained as one network (last digits may differ)"
    )


def test_a_broken_run_does_not_ruin_the_axis_of_others() -> None:
    figure = runs_chart(
        overlaid([("good", curves([], (2.3, 0.5, 0.1))), ("broken", curves([], (2.3, 1e30, math.nan)))]),
        "loss",
        ["validation"],
        ChartView(),
        str,
    )
    assert top_of(figure) < 30
    assert [trace["name"] for trace in figure["data"]] == ["good", "broken ▲", "broken"]


@pytest.mark.parametrize("make", [loss_chart, accuracy_chart, gradient_chart, rate_chart])
@pytest.mark.parametrize("losses", [[], [2.3], [2.3, math.nan], [1e30, 1.0]])
@pytest.mark.parametrize("view", [ChartView(), ChartView("seconds", log_x=True, log_y=True, smoothing=0.5, dark=True)])
def test_every_chart_is_one_that_plotly_accepts(make, losses, view: ChartView) -> None:
    figure = make(RUN, curves(losses), view, str)
    assert figure["layout"]["uirevision"]
    for trace in figure["data"]:
        go.Figure([{name: value for name, value in trace.items() if name not in ("x", "y")}], figure["layout"])


def test_the_gradient_of_a_broken_run_has_a_sign_where_it_ended() -> None:
    broken = curves([2.3, 90.0, math.nan], events=[Event(3, "not_finite", 90.0)])
    assert signs(gradient_chart(RUN, curves([2.3, 90.0]), ChartView(), str)) == []
    broken.steps["gradient_norm"][2] = broken.steps["gradient_norm_max"][2] = math.nan
    (sign,) = signs(gradient_chart(RUN, broken, ChartView(), str))
    assert numbers(sign["x"]) == 3
    assert "from step 3 on" in sign["hovertemplate"]


def test_a_chart_in_a_sentence() -> None:
    sentence = str(describe_chart(RUN, curves([1.0], (2.3, 0.25)), "loss"))
    best = "Best on the validation set: 0.250 at step 1."
    assert sentence == f"Loss after step 1: training 0.250, validation 0.250, test 0.250. {best}"
    broken = curves([1.0], (2.3, 0.25, math.nan))
    assert "Best on the validation set: 0.250" in str(describe_chart(RUN, broken, "loss"))
    assert "Best on the validation set: 0.500 at step 0." in str(describe_chart(RUN, broken, "accuracy"))
    assert "Best" not in str(describe_chart(RUN, curves([1.0], (math.nan,)), "loss"))
    assert "Points: 0." in str(describe_chart(RUN, curves([], ()), "loss"))
