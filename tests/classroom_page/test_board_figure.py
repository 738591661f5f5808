"""The board's charts: which run stands for a student, where it stands, what broke in its band, curves and predictions."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_core.classroom_page import predictions_figure
from mnist_core.classroom_page.board_figure import (
    LINES,
    NARROW,
    WIDTH,
    BoardLook,
    chosen,
    curves_chart,
    describe_points,
    first_which,
    points_chart,
    settings_across,
)
from mnist_core.classroom_page.predictions_figure import predictions_chart
from mnist_core.config import RunConfig
from mnist_core.escape import UserText
from mnist_core.figures.sweep_zones import ZONE_COLORS
from mnist_core.records import EVALUATION_DTYPE, Curves, Outcome, Run
from mnist_core.rounds import Plan, Question, RoundRun

CONFIG = RunConfig(epochs=4)
RATES = Plan(config=CONFIG, free={"learning_rate": (0.001, 10.0)})
LOOK = BoardLook(across="learning_rate")


def run(student: int, accuracy: float, outcome: Outcome | None = "completed", **changes: Any) -> RoundRun:
    """A run whose validation accuracy rose to this one."""
    config = CONFIG.replace(**changes)
    rows = np.zeros(5, EVALUATION_DTYPE)
    rows["step"] = rows["epoch"] = np.arange(5)
    for split in ("train", "validation", "test"):
        rows[f"{split}_accuracy"] = np.linspace(0.1, accuracy, 5)
        rows[f"{split}_loss"] = np.linspace(2.3, 2.4 * (1 - accuracy), 5)
    run.number = getattr(run, "number", 0) + 1  # type: ignore[attr-defined]
    state = "running" if outcome is None else "finished"
    row = Run(f"{run.number:010x}"[::-1], "", config, state, 1, 0.0, outcome=outcome)  # type: ignore[attr-defined]
    return RoundRun(row, Curves(evaluations=rows), UserText(f"S{student}"), student)


def trace(figure: dict[str, Any], uid: str) -> dict[str, Any]:
    (found,) = [one for one in figure["data"] if one["uid"] == uid]
    return found  # type: ignore[no-any-return]


def numbers(packed: dict[str, str]) -> list[float]:
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f4").tolist()


def test_the_best_of_a_student_goes_by_validation_and_never_broke() -> None:
    runs = [run(0, 0.5), run(0, 0.9), run(0, 0.99, "diverged"), run(0, 0.7), run(1, 0.3, "collapsed")]
    assert chosen(runs, "best") == [runs[1], runs[4]]
    assert chosen(runs, "last") == runs[3:]
    assert chosen(runs, "all") == runs


def test_every_run_is_a_point_at_its_rate() -> None:
    runs = [
        run(0, 0.9, learning_rate=0.1),
        run(1, 0.5, None, learning_rate=0.01),
        run(2, 0.1, "diverged", learning_rate=5),
    ]
    figure = points_chart(RATES, "r", [*runs, run(3, 0.8, "stopped", learning_rate=1)], LOOK, str)
    done = trace(figure, "done")
    assert numbers(done["x"]) == pytest.approx([0.1])
    assert numbers(done["y"]) == pytest.approx([0.9])
    assert done["meta"] == [runs[0].run.id]
    assert trace(figure, "training")["meta"] == [runs[1].run.id]
    assert len(trace(figure, "stopped")["meta"]) == 1
    assert figure["layout"]["xaxis"]["type"] == "log"
    broken = trace(figure, "broken")
    assert (broken["yaxis"], broken["meta"]) == ("y2", [runs[2].run.id])
    assert 0 < numbers(broken["y"])[0] < 1


def test_a_run_without_a_figure_yet_is_no_point() -> None:
    waiting = run(0, 0.9, None)
    figure = points_chart(RATES, "r", [replace(waiting, curves=Curves())], LOOK, str)
    assert [one["meta"] for one in figure["data"] if "meta" in one] == [[], [], [], []]


def test_zones_stand_where_the_rate_alone_is_free() -> None:
    runs = [run(student, 0.9, learning_rate=0.01 * 2**student) for student in range(5)]
    runs.append(run(5, 0.1, "diverged", learning_rate=5.0))
    both = replace(RATES, free={**RATES.free, "batch_size": (1, 100)})
    assert len(points_chart(RATES, "r", runs, LOOK, str)["layout"]["shapes"]) > 1
    assert len(points_chart(both, "r", runs, LOOK, str)["layout"]["shapes"]) == 1  # the band of what broke


def test_on_a_telephone_no_name_of_a_zone_covers_another() -> None:
    runs = [run(student, 0.9, learning_rate=rate) for student, rate in enumerate((0.5, 0.7))]
    runs += [run(place, 0.1, "diverged", learning_rate=rate) for place, rate in enumerate((1.5, 2.0), 2)]
    wide, narrow = (
        [
            (note["y"], note["yshift"])
            for note in points_chart(RATES, "r", runs, LOOK, str, width=width)["layout"]["annotations"]
            if note["text"] in ("good", "broken")
        ]
        for width in (WIDTH, NARROW)
    )
    assert len(set(wide)) == 1  # side by side
    assert len(set(narrow)) == 2  # one above the other


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_no_band_has_a_name_where_nothing_is_in_it(metric: Any) -> None:
    runs = [run(0, 0.1, "diverged", learning_rate=5), run(0, 0.9, learning_rate=0.1)]
    plan = replace(RATES, free={**RATES.free, "batch_size": (1, 100)})  # no zones
    best, every = (
        points_chart(plan, "r", runs, replace(LOOK, metric=metric, which=which), str)["layout"]
        for which in ("best", "all")
    )
    assert (best["annotations"], best["shapes"]) == ([], [])
    assert [note["text"] for note in every["annotations"]] == ["diverged or collapsed"]
    assert best["yaxis"]["domain"] == every["yaxis"]["domain"]  # no point jumps when one breaks


def test_zones_end_near_the_rates_that_were_tried() -> None:
    wide = replace(RATES, free={"learning_rate": (1e-6, 100.0)})
    runs = [run(student, 0.9, learning_rate=rate) for student, rate in enumerate((0.1, 0.4))]
    zones = [shape for shape in points_chart(wide, "r", runs, LOOK, str)["layout"]["shapes"] if "x0" in shape]
    ends = [end for zone in zones if zone["fillcolor"] in ZONE_COLORS["good"] for end in (zone["x0"], zone["x1"])]
    assert (min(ends), max(ends)) == pytest.approx((0.05, 0.8))


def test_an_unstable_run_makes_its_rate_the_edge() -> None:
    runs = [run(student, 0.9, learning_rate=0.01 * 2**student) for student in range(5)]
    rough = replace(runs[4], unstable=True)
    calm, edge = (
        [shape["fillcolor"] for shape in points_chart(RATES, "r", these, LOOK, str)["layout"]["shapes"]]
        for these in (runs, [*runs[:4], rough])
    )
    assert ZONE_COLORS["edge"][False] in edge
    assert ZONE_COLORS["edge"][False] not in calm


def test_a_sweep_stands_by_its_rates_with_zones_though_nothing_is_free() -> None:
    sweep = Plan(config=CONFIG, kind="sweep")
    runs = [run(0, 0.9, learning_rate=0.01 * 2**place) for place in range(5)]
    runs.append(run(0, 0.1, "diverged", learning_rate=5.0))
    look = BoardLook(across=settings_across(sweep)[0], which=first_which(sweep))
    figure = points_chart(sweep, "r", runs, look, str)
    done = trace(figure, "done")
    assert numbers(done["x"]) == pytest.approx([one.run.config.learning_rate for one in runs[:5]])
    assert len(set(done["marker"]["color"])) == 5
    assert len(figure["layout"]["shapes"]) > 1  # zones besides the band of what broke
    assert points_chart(sweep, "r", [], look, str)["layout"]["xaxis"]["type"] == "log"


def test_losses_have_the_band_above_them() -> None:
    runs = [run(0, 0.9, learning_rate=0.1), run(1, 0.1, "diverged", learning_rate=5.0)]
    layout = points_chart(RATES, "r", runs, replace(LOOK, metric="loss"), str)["layout"]
    assert layout["yaxis2"]["domain"][0] > layout["yaxis"]["domain"][1]
    layout = points_chart(RATES, "r", runs, LOOK, str)["layout"]
    assert layout["yaxis2"]["domain"][1] < layout["yaxis"]["domain"][0]


@pytest.mark.parametrize(
    ("free", "across", "ticks"),
    [
        ({"optimizer": ("sgd", "adam")}, "optimizer", ["adam", "sgd"]),
        ({"hidden_layers": (0, 2, 1, 64)}, "hidden_layers", ["0", "128", "16–16"]),
        ({"batch_norm": (False, True)}, "batch_norm", ["false", "true"]),
    ],
)
def test_words_stand_side_by_side(free: dict[str, Any], across: str, ticks: list[str]) -> None:
    values = {
        "optimizer": ["sgd", "adam", "sgd"],
        "hidden_layers": [(16, 16), (128,), ()],
        "batch_norm": [True, False, True],
    }[across]
    runs = [run(student, 0.5, **{across: value}) for student, value in enumerate(values)]
    figure = points_chart(Plan(config=CONFIG, free=free), "r", runs, BoardLook(across=across), str)
    assert figure["layout"]["xaxis"]["ticktext"] == ticks


def test_a_zero_has_a_place_on_an_axis_of_factors() -> None:
    plan = Plan(config=CONFIG, free={"weight_decay": (0.0, 0.1)})
    runs = [run(0, 0.5), run(1, 0.5, weight_decay=0.01)]
    figure = points_chart(plan, "r", runs, BoardLook(across="weight_decay"), str)
    assert all(value > 0 for value in numbers(trace(figure, "done")["x"]))


def test_where_nothing_is_free_students_stand_side_by_side() -> None:
    plan = Plan(config=CONFIG, free={"seed": (0, 9)})
    assert settings_across(plan) == []
    figure = points_chart(plan, "r", [run(0, 0.5), run(4, 0.7)], BoardLook(), str)
    assert numbers(trace(figure, "done")["x"]) == [1.0, 5.0]


def test_nicknames_are_written_only_where_they_are_wanted_and_are_text() -> None:
    named = replace(run(0, 0.5), nickname=UserText("<b>%{x}</b>"))
    texts = trace(points_chart(RATES, "r", [named], replace(LOOK, names=True), str), "done")["text"]
    assert texts == ["&lt;b>%&#123;x}&lt;/b>"]
    assert trace(points_chart(RATES, "r", [named], LOOK, str), "done")["text"] == [""]


def test_curves_are_few_traces_however_many_runs() -> None:
    runs = [run(student % 60, 0.5, learning_rate=0.01 * 1.01**student) for student in range(LINES + 50)]
    figure = curves_chart(RATES, "r", runs, replace(LOOK, which="all"), str)
    lines = [one for one in figure["data"] if str(one["uid"]).startswith("lines")]
    assert len(lines) <= 13
    gaps = sum(int(np.isnan(numbers(one["x"])).sum()) for one in lines)
    assert gaps == LINES


def test_a_point_and_its_curve_have_one_color() -> None:
    runs = [run(0, 0.9, learning_rate=0.01), run(1, 0.5, learning_rate=1.0)]
    points = trace(points_chart(RATES, "r", runs, LOOK, str), "done")["marker"]["color"]
    lines = {one["line"]["color"] for one in curves_chart(RATES, "r", runs, LOOK, str)["data"] if "lines" in one["uid"]}
    assert set(points) == lines


def test_an_empty_board_is_a_chart() -> None:
    for chart in (points_chart, curves_chart):
        assert chart(RATES, "r", [], LOOK, str)["layout"]
    assert "–" in describe_points([], LOOK).text()


@pytest.mark.parametrize("across", ["", "learning_rate"])
def test_where_all_is_broken_the_axis_of_accuracies_stays_as_it_is(across: str) -> None:
    """Without a point of its own it went from −100% to 400%."""
    runs = [run(0, 0.1, "diverged"), run(1, 0.1, "diverged")]
    chart = points_chart(RATES, "r", runs, replace(LOOK, across=across), str)
    assert trace(chart, "ends")["y"] == [0.0, 1.0]


def test_one_is_one_in_words() -> None:
    assert describe_points([run(0, 0.9)], LOOK).text().startswith("1 run is shown; 0 diverged")
    assert describe_points([run(0, 0.9), run(1, 0.8)], LOOK).text().startswith("2 runs are shown; 0 diverged")
    assert predictions_figure.describe([], ["90"]).text() == "1 prediction, as bars."


def predicted(one: RoundRun, prediction: str | None, group: str | None = None) -> RoundRun:
    return replace(one, run=replace(one.run, prediction=prediction, group=group))


def asked(question: Question) -> Plan:
    return replace(RATES, question=question)


def test_predictions_are_bars_and_results_stand_beside_them_once_they_are_uncovered() -> None:
    runs = [predicted(run(0, 0.93), "90"), predicted(run(1, 0.2), "92.5"), predicted(run(2, 0.97), "100")]
    covered = predictions_chart(asked("accuracy"), "r", runs, LOOK, str, uncovered=False)
    (bars,) = [one for one in covered["data"] if one["type"] == "bar"]
    assert dict(zip(bars["x"], bars["y"], strict=True)) == {90: 1, 95: 1, 100: 1}
    outcome = trace(predictions_chart(asked("accuracy"), "r", runs, LOOK, str, uncovered=True), "outcome")
    assert dict(zip(outcome["x"], outcome["y"], strict=True)) == {20: 1, 95: 2}
    words = predictions_chart(
        asked("outcome"), "r", [], LOOK, str, waiting=["learns", "breaks", "learns"], uncovered=True
    )
    assert trace(words, "predictions")["y"] == [2, 0, 1]
    assert trace(words, "outcome")["y"] == [0, 0, 0]


def test_beside_a_prediction_stands_what_came_of_its_run_not_of_the_best() -> None:
    runs = [predicted(run(0, 0.1, "diverged"), "breaks"), run(0, 0.95), predicted(run(0, 0.9), "breaks")]
    bars = predictions_chart(asked("outcome"), "r", runs, LOOK, str, uncovered=True)
    assert (trace(bars, "predictions")["y"], trace(bars, "outcome")["y"]) == ([0, 0, 2], [0, 0, 1])
    assert predictions_figure.describe(runs).text() == "2 predictions, as bars."


def test_of_a_sweep_it_was_predicted_once() -> None:
    runs = [predicted(run(0, accuracy), "90", "g") for accuracy in (0.5, 0.93, 0.2)]
    bars = predictions_chart(asked("accuracy"), "r", [*runs, run(0, 0.97)], LOOK, str, uncovered=True)
    for name in ("predictions", "outcome"):
        assert (trace(bars, name)["x"], trace(bars, name)["y"]) == ([{"predictions": 90, "outcome": 95}[name]], [1])


def test_a_bar_of_accuracies_stands_at_its_number_and_is_no_wider_than_its_place() -> None:
    bars = predictions_chart(asked("accuracy"), "r", [predicted(run(0, 0.97), "50")], LOOK, str, uncovered=True)
    assert [trace(bars, name)["x"] for name in ("predictions", "outcome")] == [[50], [95]]
    assert all(2 * trace(bars, name)["width"] < 5 for name in ("predictions", "outcome"))
    low, high = bars["layout"]["xaxis"]["autorangeoptions"]["include"]
    assert low < -2.4
    assert high > 102.4


def sweep(student: int, prediction: str, broken_from: float) -> list[RoundRun]:
    """Five rates, of which those from `broken_from` on broke."""
    runs = []
    for rate in (0.01, 0.1, 0.4, 1.6, 6.4):
        broke = rate >= broken_from
        one = run(student, 0.1 if broke else 0.9, "diverged" if broke else "completed", learning_rate=rate)
        runs.append(predicted(one, prediction, f"g{student}"))
    return runs


def test_of_sweeps_the_rates_at_which_training_breaks_are_counted_once_a_sweep() -> None:
    plan = replace(RATES, kind="sweep", free={}, question="edge")
    runs = [*sweep(0, "from 1", 1.6), *sweep(1, "from 0.2", 1.6), *sweep(2, "from 0.2", 99)]
    bars = predictions_chart(plan, "r", runs, LOOK, str, waiting=["from 5"], uncovered=True)
    said, came = trace(bars, "predictions"), trace(bars, "outcome")
    assert dict(zip(said["x"], said["y"], strict=True)) == {"0.2": 2, "1": 1, "5": 1}
    assert dict(zip(came["x"], came["y"], strict=True)) == {"1": 2, "nowhere": 1}  # between 0.4 and 1.6
    assert bars["layout"]["xaxis"]["type"] == "category"
    assert bars["layout"]["xaxis"]["categoryarray"] == ["0.2", "1", "5", "nowhere"]
    assert bars["layout"]["yaxis"]["title"]["text"] == "Sweeps"
    assert predictions_figure.describe(runs, ["from 5"]).text() == "4 predictions, as bars."


def test_a_sweep_that_goes_on_has_no_outcome_yet() -> None:
    plan = replace(RATES, kind="sweep", free={}, question="edge")
    runs = sweep(0, "from 1", 1.6)
    runs[-1] = replace(runs[-1], run=replace(runs[-1].run, state="running", outcome=None))
    bars = predictions_chart(plan, "r", runs, LOOK, str, uncovered=True)
    assert trace(bars, "outcome")["y"] == []
