"""Where axes end, what lies outside, and what is kept of long curves: numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.figures import axes
from mnist_core.figures.axes import Across, ChartView
from mnist_core.figures.curves import loss_chart
from mnist_core.figures.overlay import overlaid, runs_chart
from mnist_core.records import Event, Run
from tests.charts import ends_of, numbers
from tests.figures.test_curves import curves, signs

RUN = Run("r1", "ann", RunConfig(train_size=1000, batch_size=10, epochs=5), "running", 1, 0.0)  # 500 steps


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_a_growing_axis_ends_at_round_numbers_and_never_beyond_the_training() -> None:
    assert [axes.roomy(value) for value in (1, 1.1, 7, 400, 401, 0.03)] == pytest.approx([1, 1.25, 8, 400, 500, 0.03])
    ends = {Across.of([curves([1.0] * n)], ChartView(), 500).end for n in range(401, 501)}
    assert ends == {500}
    assert Across.of([curves([1.0] * 90)], ChartView(), 95).end == 95


def test_step_0_is_at_0_or_on_a_log_axis_at_half_a_step() -> None:
    run_curves = curves([1.0] * 100)
    assert Across.of([run_curves], ChartView()).place(0, run_curves) == 0
    assert Across.of([run_curves], ChartView(log_x=True)).place(0, run_curves) == 0.5
    figure = loss_chart(RUN, run_curves, ChartView(log_x=True), str)
    training = next(trace for trace in figure["data"] if trace.get("uid") == "train")
    assert numbers(training["x"]).tolist() == [0.5, 100]


def test_a_note_on_a_log_axis_is_placed_by_its_power_of_ten() -> None:
    run_curves = curves([1.0] * 100, events=[Event(10, "learning_rate", 0.05)])
    layout = loss_chart(RUN, run_curves, ChartView(log_x=True), str)["layout"]
    note = next(note for note in layout["annotations"] if "rate" in note["text"])
    line = next(shape for shape in layout["shapes"] if shape.get("yref") == "paper")
    assert (note["x"], line["x0"]) == (1.0, 10.0)


def test_the_loss_axis_ends_where_calm_records_do() -> None:
    assert axes.top_of_loss([floats(2.3, 1, 0.5)], 2.303) == 3  # 1.3 × 2.303 = 2.99
    assert axes.top_of_loss([floats(2.3, 1e30, math.inf, math.nan)], 2.303) == 3
    assert axes.top_of_loss([floats(*[6.0] * 20)], 2.303) == 7  # 1.1 × 6 = 6.6
    assert axes.top_of_loss([floats(40, 30, 20, 10)], 2.303) == 45  # quantile 37, × 1.1 = 40.7
    assert axes.top_of_loss([floats(2.3, 1, 0.5)], 2.303, log=True) == 10
    assert axes.top_of_loss([floats()], 2.303) == 3


def test_the_order_of_runs_does_not_matter() -> None:
    good, broken = floats(2.3, 1, 0.5), floats(1e30, 1e30)
    assert axes.top_of_loss([good, good, broken], 2.3) == axes.top_of_loss([broken, good, good], 2.3) == 3


def test_a_log_axis_has_room_for_a_run_that_ends_far_above_chance_but_not_for_an_explosion() -> None:
    good, loud, broken = floats(2.3, 1, 0.5), floats(94, 60, 20, 12), floats(2.3, 1e30, 1e30)
    assert axes.top_of_losses([good, loud], 2.3) == 3
    assert axes.top_of_losses([good, good, loud, broken], 2.3, log=True) == 100
    assert axes.top_of_losses([good, broken], 2.3, log=True) == 10
    assert axes.top_of_losses([good, floats(3, 1e6, 1e6, 50)], 2.3, log=True) == 100  # 0.9 of what is below 230


def test_while_a_run_explodes_the_axis_stays_where_it_was() -> None:
    losses = [2.3] * 40 + [2.3 * 3**k for k in range(1, 60)]
    tops = {ends_of(loss_chart(RUN, curves(losses[:n]), ChartView(), str), "yaxis")[1] for n in range(30, 99)}
    assert tops == {3.0}


def test_outside_are_stretches() -> None:
    values = floats(1, 9, 9, 1, math.nan, 1, math.inf)
    assert axes.outside(values, 4) == [slice(1, 3), slice(4, 5), slice(6, 7)]
    assert axes.departure(values, 4) == 6
    assert axes.outside(floats(), 4) == []


def test_a_spike_has_a_small_sign_with_its_height() -> None:
    figure = loss_chart(RUN, curves([2.0, 50.0, 900.0, 2.0, 30.0, 1.0]), ChartView(), str)
    (spikes,) = [trace for trace in figure["data"] if trace["uid"] == "spikes"]
    assert numbers(spikes["x"]).tolist() == [3, 5]
    assert numbers(spikes["customdata"]).tolist() == [900, 30]
    assert not signs(figure)


def test_hover_tells_the_true_value_of_what_is_cut_off() -> None:
    figure = loss_chart(RUN, curves([2.0, 900.0, 2.0]), ChartView(), str)
    (batches,) = [trace for trace in figure["data"] if trace["uid"] == "batches"]
    assert numbers(batches["y"]).max() == 9  # three times the axis
    assert numbers(batches["customdata"]).tolist() == [2, 900, 2]


def test_an_evaluation_is_smoothed_over_the_same_stretch_as_the_steps_between() -> None:
    run_curves = curves([1.0] * 20, evaluated=(2.0, 1.0))  # one evaluation at step 0, one at step 20
    assert axes.records_apart(run_curves).tolist() == [0, 19]
    # Shares 0.5, then 0.5² over two records: weights 0.5·0.25 = 0.125 and 0.75.
    smoothed = axes.smooth(floats(2, 1), 0.5, np.array([0, 2]))
    assert smoothed == pytest.approx([2, (0.125 * 2 + 0.75) / 0.875])


def test_every_run_that_left_has_a_sign_of_its_color() -> None:
    runs = [(name, curves([], losses)) for name, losses in (("a", (2.3, 1e9)), ("b", (2.3, 1)), ("c", (2.3, math.nan)))]
    figure = runs_chart(overlaid(runs), "loss", ["train"], ChartView(), str)
    assert [trace["legendgroup"] for trace in signs(figure)] == ["run0", "run2"]
    colors = {trace["uid"]: trace["line"]["color"] for trace in figure["data"] if "line" in trace}
    assert [sign["marker"]["color"] for sign in signs(figure)] == [colors["run0"], colors["run2"]]
    assert not signs(runs_chart(overlaid(runs), "accuracy", ["train"], ChartView(), str))


def test_a_part_that_was_never_measured_is_not_a_broken_run() -> None:
    unmeasured = curves([], (2.3, 1.0))
    unmeasured.evaluations["validation_loss"] = math.nan
    assert not signs(runs_chart(overlaid([("a", unmeasured)]), "loss", ["validation"], ChartView(), str))


def test_a_log_axis_is_held_open_by_an_invisible_line() -> None:
    figure = loss_chart(RUN, curves([2.0, 1.0]), ChartView(log_y=True), str)
    (ends,) = [trace for trace in figure["data"] if trace["uid"] == "ends"]
    assert tuple(ends["y"]) == ends_of(figure, "yaxis") == pytest.approx((1, 10))
    assert ends["hoverinfo"] == "skip"
    assert not [t for t in loss_chart(RUN, curves([2.0]), ChartView(), str)["data"] if t["uid"] == "ends"]


def test_only_the_parts_asked_for() -> None:
    figure = loss_chart(RUN, curves([2.0]), ChartView(splits=("test",)), str)
    assert [trace["name"] for trace in figure["data"]] == ["Mini-batches", "Test"]


def test_every_trace_has_a_name_of_its_own_for_plotly() -> None:
    run_curves = curves([2.0, 900.0, 2.0, math.nan], events=[Event(4, "not_finite", 2.0)])
    run_curves.steps["steps"] = 3
    figure = loss_chart(RUN, run_curves, ChartView(smoothing=0.5, log_y=True), str)
    uids = [trace["uid"] for trace in figure["data"]]
    assert len(set(uids)) == len(uids)
