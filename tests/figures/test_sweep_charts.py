"""The two charts of a sweep from hand-made runs."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics import Scale, zones
from mnist_core.figures import sweep, theme
from mnist_core.figures.sweep import SweepView
from mnist_core.figures.sweep_curves import BATCH_POINTS, curves_chart
from mnist_core.figures.sweep_zones import describe, rates_chart
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Run
from tests.charts import ends_of, numbers, trace

RATES = (0.01, 0.1, 0.5, 1.0, 2.0)
CHANCE = math.log(10)


def run(rate: float, loss: float, outcome: str = "completed", seed: int = 0) -> tuple[Run, Curves]:
    """A run whose training loss went from chance to `loss` over three evaluations."""
    evaluations = np.zeros(3, EVALUATION_DTYPE)
    evaluations["step"] = [0, 50, 100]
    for split in ("train", "validation", "test"):
        evaluations[f"{split}_loss"] = [CHANCE, (CHANCE + loss) / 2, loss]
        evaluations[f"{split}_accuracy"] = [0.1, 0.5, 0.1 if outcome != "completed" else 0.9]
    steps = np.zeros(1000, STEP_DTYPE)
    steps["step"] = np.arange(1, 1001)
    steps["steps"] = 1
    for name in ("loss", "loss_min", "loss_max"):
        steps[name] = np.linspace(CHANCE, loss, 1000)
    result = Run(
        f"r{rate}-{seed}",
        "ann",
        RunConfig(learning_rate=rate, seed=seed, epochs=1),
        "finished",
        1,
        0.0,
        outcome=outcome,  # type: ignore[arg-type]
    )
    return result, Curves(steps, evaluations)


SWEEP = [
    run(0.01, 1.5),
    run(0.1, 0.2),
    run(0.5, 0.05),
    run(1.0, 2.303, "collapsed"),
    run(2.0, math.nan, "diverged"),
]


def reading(runs: list[tuple[Run, Curves]]) -> zones.Reading:
    return zones.read([zones.trial(*pair) for pair in runs], Scale.of(runs[0][0].config))


def ends(runs: list[tuple[Run, Curves]] = SWEEP, predicted: float | None = None, **view: object) -> dict:
    return rates_chart("s", runs, reading(runs), SweepView(**view), str, predicted)  # type: ignore[arg-type]


def notes(figure: dict) -> list[str]:
    return [note["text"] for note in figure["layout"]["annotations"]]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("metric", ["loss", "accuracy"])
@pytest.mark.parametrize("part", ["batches", "train", "validation", "test"])
def test_plotly_takes_both_charts(metric: str, part: str, dark: bool) -> None:
    view = SweepView(metric, part, dark=dark)  # type: ignore[arg-type]
    for figure in (
        curves_chart("s", SWEEP, RATES, view, str),
        rates_chart("s", SWEEP, reading(SWEEP), view, str, 0.7),
    ):
        go.Figure(figure)  # raises where a word is not Plotly's
        assert "range" not in figure["layout"]["xaxis"]


def test_every_run_has_a_curve_in_the_color_of_its_rate() -> None:
    figure = curves_chart("s", SWEEP, RATES, SweepView(), str)
    lines = [trace for trace in figure["data"] if trace["uid"].startswith("run")]
    assert [line["meta"] for line in lines] == [0, 1, 2, 3, 4]
    assert len({trace["line"]["color"] for trace in lines}) == 5
    assert lines[0]["line"]["color"] == theme.scale_color(0, False)
    assert lines[-1]["line"]["color"] == theme.scale_color(1, False)
    assert "rate 0.01" in lines[0]["hovertemplate"]


def test_a_broken_run_does_not_ruin_the_axis_and_has_a_sign() -> None:
    wild = [*SWEEP[:3], run(1.0, 1e30, "diverged"), SWEEP[4]]
    figure = curves_chart("s", wild, RATES, SweepView(), str)
    assert ends_of(figure, "yaxis")[1] < 5
    departures = trace(figure, "left")
    assert departures["text"] == ["rate 1: 1e30", "rate 2: NaN"]
    assert max(departures["y"]) < 5
    assert np.nanmax(numbers(trace(figure, "run3")["y"])) < 20
    assert max(numbers(trace(figure, "run3")["customdata"])) > 1e29  # hover tells the truth


def test_mini_batches_are_few_points_with_their_means() -> None:
    figure = curves_chart("s", SWEEP[:3], RATES[:3], SweepView(part="batches"), str)
    values = numbers(trace(figure, "run1")["customdata"])
    assert len(values) == BATCH_POINTS
    losses = SWEEP[1][1].steps["loss"]
    assert values[0] == pytest.approx(losses[:7].mean())  # ⌈1,000 / 150⌉ records
    assert values[-1] == pytest.approx(losses[-6:].mean())


def test_32_runs_of_1000_records_are_little_to_send() -> None:
    runs = [run(float(rate), 0.1) for rate in np.geomspace(0.01, 1, 32)]
    rates = [member.config.learning_rate for member, _curves in runs]
    assert len(repr(curves_chart("s", runs, rates, SweepView(part="batches"), str))) < 130_000


def test_the_chosen_rate_stands_out() -> None:
    figure = curves_chart("s", SWEEP, RATES, SweepView(chosen=0.5), str)
    widths = [trace["line"]["width"] for trace in figure["data"] if trace["uid"].startswith("run")]
    assert widths.index(max(widths)) == 2
    sizes = trace(ends(chosen=0.5), "final")["marker"]["size"]
    assert sizes.index(max(sizes)) == 2


def test_point_number_n_is_rate_number_n() -> None:
    figure = ends()
    for uid in ("final", "best"):
        assert numbers(trace(figure, uid)["x"]).tolist() == pytest.approx(RATES)
    assert numbers(trace(figure, "final")["y"])[:3].tolist() == pytest.approx([1.5, 0.2, 0.05], rel=1e-5)


def test_zones_are_shaded_and_named() -> None:
    figure = ends()
    grounds = [shape for shape in figure["layout"]["shapes"] if shape["type"] == "rect"]
    assert [note for note in notes(figure) if note in ("too small", "good", "on the edge", "broken")] == [
        "too small",
        "good",
        "broken",
    ]
    assert grounds[0]["x1"] == pytest.approx(math.sqrt(0.01 * 0.1)) == grounds[1]["x0"]
    assert grounds[1]["x1"] == pytest.approx(math.sqrt(0.5 * 1.0))
    low, high = ends_of(figure, "xaxis")
    assert (grounds[0]["x0"], grounds[-1]["x1"]) == pytest.approx((low, high))


def test_what_is_no_number_stands_at_the_top_with_another_sign() -> None:
    final = trace(ends(), "final")
    assert final["marker"]["symbol"] == ["circle"] * 4 + ["triangle-up"]
    low, high = ends_of(ends(), "yaxis")
    assert low < min(numbers(final["y"])) < max(numbers(final["y"])) < high
    assert "NaN" in final["text"][4]
    assert "broken" in final["text"][4]


def test_accuracy_on_a_linear_axis() -> None:
    figure = ends(metric="accuracy")
    assert figure["layout"]["yaxis"]["range"] == [0, 1.02]
    assert numbers(trace(figure, "final")["y"])[0] == pytest.approx(0.9)
    assert "type" not in figure["layout"]["yaxis"]


def test_seeds_have_a_mean_and_a_band() -> None:
    runs = [run(0.1, 0.1), run(0.1, 0.3, seed=1), run(0.5, 0.05), run(0.5, 0.15, seed=1)]
    figure = ends(runs)
    assert numbers(trace(figure, "final")["y"]).tolist() == pytest.approx([0.2, 0.1], rel=1e-4)
    assert numbers(trace(figure, "minimum")["y"]).tolist() == pytest.approx([0.1, 0.05], rel=1e-4)
    assert numbers(trace(figure, "maximum")["y"]).tolist() == pytest.approx([0.3, 0.15], rel=1e-4)
    assert not [trace for trace in ends()["data"] if trace["uid"] == "minimum"]  # one seed has none


def test_the_predicted_edge_is_dashed_beside_the_measured_one() -> None:
    figure = ends(predicted=1.4)
    edges = {shape["line"]["dash"]: shape["x0"] for shape in figure["layout"]["shapes"] if "dash" in shape["line"]}
    assert edges["dash"] == 1.4
    assert edges["solid"] == pytest.approx(math.sqrt(0.5))
    assert "predicted 1.4" in notes(figure)
    assert "breaks at 0.5–1" in notes(figure)  # between two rates that were tried


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_curves_along_the_line_of_chance_do_not_strike_out_its_name(metric: str) -> None:
    figure = curves_chart("s", SWEEP, RATES, SweepView(metric), str)  # type: ignore[arg-type]
    (note,) = [one for one in figure["layout"]["annotations"] if "chance" in one["text"]]
    assert note["bgcolor"] == theme.veil(False)


def test_two_rates_close_together_have_colors_far_apart() -> None:
    rates = (0.001, 1.0, 1.1, 3.0)
    assert sweep.color_of(1.1, rates, True) == theme.scale_color(2 / 3, True)
    scale = dict(sweep.scale_of(rates, True))  # the bar beside the chart has the same
    assert scale[math.log(1.1 / 0.001) / math.log(3000)] == sweep.color_of(1.1, rates, True)


def test_the_label_of_what_breaks_rounds_as_the_sentence_does() -> None:
    figure = ends([run(0.633, 0.1), run(1.79, 0.05), run(3.0, math.nan, "diverged")])
    assert "breaks at 1.79–3" in notes(figure)


def test_before_the_end_no_edge_is_drawn_and_what_runs_has_no_zone() -> None:
    waiting = Run("w", "ann", RunConfig(learning_rate=2.0), "queued", 1, 0.0)
    runs = [*SWEEP[:4], (waiting, Curves())]
    figure = ends(runs, predicted=1.4)
    assert "predicted 1.4" not in notes(figure)
    assert np.isnan(numbers(trace(figure, "final")["y"])[4])
    assert "broken" in notes(figure)  # the fourth has ended
    grounds = [shape for shape in figure["layout"]["shapes"] if shape["type"] == "rect"]
    assert grounds[-1]["x1"] == pytest.approx(math.sqrt(2))


def test_a_sweep_that_has_not_begun_is_an_empty_chart() -> None:
    runs = [(Run(f"{rate}", "ann", RunConfig(learning_rate=rate), "queued", 1, 0.0), Curves()) for rate in RATES]
    at_best, at_the_end, _room = go.Figure(ends(runs)).data
    assert np.isnan([numbers(at_best.y), numbers(at_the_end.y)]).all()
    figure = go.Figure(curves_chart("s", runs, RATES, SweepView(), str))
    assert [len(numbers(trace.x)) for trace in figure.data if trace.uid.startswith("run")] == [0] * len(RATES)


def test_the_chart_in_words() -> None:
    sentence = str(describe(reading(SWEEP), 5))
    assert sentence.startswith(
        "Results for 5 of 5 learning rates. The network learns well in this many epochs at rates from 0.1 to 0.5; the best rate tried is 0.5"
    )
