"""Reports of a run, a sweep and a comparison: what is in them, in either language, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.escape import UserText
from mnist_core.figures.axes import ChartView
from mnist_core.panels.reports import blocks, comparison_report, run_report, sweep_report
from mnist_core.records import EVALUATION_DTYPE, SPLITS, STEP_DTYPE, Curves, Outcome, Progress, Run, SweepRecord
from mnist_core.report import Chart, Facts, Paragraph, Part, Quote, Report, Table, written
from mnist_core.ui import seal, texts, times, watch

HOSTILE = "</script><img src=x onerror=alert(1)>"


def view(number: int, rate: float = 0.1, outcome: Outcome = "completed", **more: Any) -> watch.View:
    """A run that is over; `more`: fields of the run, or settings."""
    fields = {name: more.pop(name) for name in ("name", "note", "prediction", "group") if name in more}
    config = RunConfig(**{"learning_rate": rate, "epochs": 1} | more)
    rows = np.zeros(5, EVALUATION_DTYPE)
    rows["step"] = np.linspace(0, config.total_steps, 5)
    steps = np.zeros(50, STEP_DTYPE)
    steps["step"], steps["steps"] = np.arange(1, 51), 1
    steps["loss"] = steps["loss_min"] = steps["loss_max"] = np.linspace(2.3, 0.4, 50)
    steps["learning_rate"] = np.geomspace(rate / 1e6, rate, 50)
    for split in SPLITS:
        rows[f"{split}_loss"], rows[f"{split}_accuracy"] = np.linspace(2.3, 0.5, 5), np.linspace(0.1, 0.9, 5)
    result = {f"{split}_accuracy": 0.9 for split in SPLITS} | {"best_validation_accuracy": 0.9, "best_step": 40}
    run = Run(
        f"{number:010x}",
        "me",
        config,
        "finished",
        1,
        1.75e9,
        outcome=outcome,
        result=result,
        progress=Progress(config.total_steps, config.total_steps, 1.0, 2.5),
        **fields,
    )
    return watch._hidden_view(watch.View(run, Curves(steps, rows)))


RATES = (0.01, 0.1, 1.0)


def sweep() -> Report:
    record = SweepRecord("s", "me", 1.75e9, view(1).run.config, RATES, 1, predicted_edge=0.5)
    outcomes: tuple[Outcome, ...] = ("completed", "completed", "diverged")
    runs = [view(number, *pair, group="s") for number, pair in enumerate(zip(RATES, outcomes, strict=True))]
    return sweep_report.report(record, runs)


def comparison() -> Report:
    return comparison_report.report([view(1, name=UserText(HOSTILE), note=UserText(HOSTILE)), view(2, batch_size=50)])


def lone() -> Report:
    return run_report.report(view(1, name=UserText(HOSTILE), note=UserText(f"one\n{HOSTILE}"), prediction="breaks"))


def range_test() -> Report:
    return run_report.report(view(1, 10.0, schedule="rising"))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with texts.speaking("en"), seal.seen(sealed=False):
        yield


def parts(of: Report, title: str) -> list[Part]:
    (section,) = [section for section in of.sections if section.title == title]
    return list(section.parts)


def facts(of: Report, title: str) -> dict[Any, Any]:
    return {name: value for part in parts(of, title) if isinstance(part, Facts) for name, value in part.rows}


def table(of: Report) -> dict[str, list[Any]]:
    (found,) = [part for part in parts(of, "All runs") if isinstance(part, Table)]
    return {str(column.title): [row[place] for row in found.rows] for place, column in enumerate(found.columns)}


def test_a_run_has_what_it_came_to_and_why_and_what_was_expected() -> None:
    made = lone()
    titles = ["Result", "Health check", "Prediction and outcome", "Notes", "Curves", "Settings"]
    assert [section.title for section in made.sections] == titles
    assert facts(made, "Result")["Test accuracy"] == "90.00%"
    on_how_many = [part.text for part in parts(made, "Result") if isinstance(part, Paragraph)]
    assert any("measured on 10,000 training images" in str(text) for text in on_how_many)
    health = facts(made, "Health check")
    assert list(health)[:2] == ["Verdict", "Evidence"]
    assert all(health.values())
    expected = {"Prediction": "breaks", "Outcome": "learns", "Compared": "Not this time."}
    assert facts(made, "Prediction and outcome") == expected
    assert parts(made, "Notes") == [Quote(UserText(f"one\n{HOSTILE}"))]
    assert facts(made, "Settings")["Learning rate"] == "0.1"
    assert "Momentum" not in facts(made, "Settings")  # plain SGD has none
    assert len(parts(made, "Curves")) == 4
    assert made.lead[-1] == times.day(1.75e9)


@pytest.mark.parametrize("make", [lone, sweep, comparison])
def test_the_day_is_that_of_who_reads(make: Callable[[], Report]) -> None:
    for zone, day in (("America/Los_Angeles", "2025-06-15"), ("Asia/Seoul", "2025-06-16")):
        with times.read_in(zone):
            assert make().lead[-1] == day


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        ("97.5", {"Prediction": "97.5%", "Validation accuracy": "90.00%"}),
        ("learns", {"Prediction": "learns", "Outcome": "learns", "Compared": "Correct."}),
    ],
)
def test_what_was_predicted_in_a_round_stands_there_too(prediction: str, expected: dict[str, str]) -> None:
    assert facts(run_report.report(view(1, prediction=prediction)), "Prediction and outcome") == expected


def test_a_range_test_has_its_own_chart_instead_of_a_verdict() -> None:
    made = range_test()
    assert any(isinstance(part, Chart) for part in parts(made, "Range test"))
    assert "Health check" not in [section.title for section in made.sections]


def test_a_sweep_has_zones_its_predicted_edge_and_all_runs() -> None:
    made = sweep()
    assert [section.title for section in made.sections] == [
        "Result",
        "Prediction and outcome",
        "Curves",
        "All runs",
        "Settings of all runs",
    ]
    assert table(made)["Learning rate"] == ["0.01", "0.1", "1"]
    assert table(made)["Zone"][2] == "broken"
    assert facts(made, "Prediction and outcome")["Predicted to break from"] == "0.5"
    assert "Learning rate" not in facts(made, "Settings of all runs")


def test_the_charts_of_a_sweep_show_the_loss_that_its_result_names() -> None:
    """The result named a training loss, and the charts showed the validation loss alone."""
    made = sweep()
    assert "(training loss 0.5)" in str(parts(made, "Result"))
    titles = [chart.light["layout"]["title"]["text"] for chart in parts(made, "Curves") if isinstance(chart, Chart)]
    assert [title.rpartition(" – ")[2] for title in titles] == ["Training", "Validation"] * 2


def test_a_comparison_says_what_differs() -> None:
    made = comparison()
    (sentence,) = parts(made, "What differs")
    assert "batch size: 100 → 50" in str(sentence)
    assert table(made)["Batch size"] == [100, 50]
    assert facts(made, "Settings of all runs")["Learning rate"] == "0.1"
    assert "Batch size" not in facts(made, "Settings of all runs")
    loss, _accuracy = parts(made, "Curves")
    assert isinstance(loss, Chart)
    assert "&lt;/script>" in loss.light["data"][0]["name"]


def test_every_setting_that_differs_has_a_column() -> None:
    changes: dict[str, Any] = {"seed": 7, "batch_size": 50, "epochs": 2, "train_size": 2_000, "learning_rate": 0.2}
    runs = [view(1), view(2, changes.pop("learning_rate"), **changes)]
    shown = table(comparison_report.report(runs))
    assert "7" in map(str, shown["Seed"])
    assert {"Batch size", "Epochs", "Training images", "Learning rate"} <= {*shown}


def test_what_one_optimizer_alone_has_is_no_setting_of_all() -> None:
    made = comparison_report.report([view(1), view(2, optimizer="momentum")])
    (sentence,) = parts(made, "What differs")
    assert "Only one setting differs. optimizer: SGD → SGD with momentum." in str(sentence)
    assert "Momentum" not in facts(made, "Settings of all runs")
    assert table(made)["Momentum"] == [None, 0.9]


def test_a_comparison_of_very_many_runs_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison_report, "MOST_RUNS", 2)
    made = comparison_report.report([view(number) for number in range(3)])
    assert "You chose 3 runs. The report has the first 2." in made.lead
    assert len(table(made)["Run"]) == 2


@pytest.mark.parametrize("make", [lone, sweep, comparison, range_test])
@pytest.mark.parametrize("code", ["en", "ko"])
def test_test_figures_are_left_out_while_they_are_sealed(make: Any, code: str) -> None:
    with texts.speaking(code):
        word = texts._("Test accuracy")
        assert word in written(make(), texts._).decode()
        with seal.seen(sealed=True):
            made = make()
        content = written(made, texts._).decode()
        legend = {trace.get("name") for part in _charts(made) for trace in part.light["data"]}
    assert word not in content
    assert not legend & {"Test", "테스트"}


def _charts(made: Report) -> list[Chart]:
    return [part for section in made.sections for part in section.parts if isinstance(part, Chart)]


@pytest.mark.parametrize("make", [lone, sweep, comparison])
def test_it_speaks_the_language_that_is_spoken(make: Any) -> None:
    with texts.speaking("ko"):
        made = make()
        content = written(made, texts._).decode().partition('<script type="application/json"')[0]
    assert made.language == "ko"
    assert '<html lang="ko">' in content
    for word in ("Result", "Settings", "Prediction", "Curves", "Learning rate", "Name<"):
        assert word not in content


def test_nothing_typed_is_markup() -> None:
    for made in (lone(), comparison()):
        content = written(blocks.named(made, UserText(HOSTILE))).decode()
        assert "<img" not in content
        assert f'<span class="line">{UserText(HOSTILE).html}</span>' in content


def test_without_a_name_there_is_a_line_to_write_on() -> None:
    assert '<span>Name</span><span class="line"></span>' in written(lone()).decode()


def test_the_same_report_gives_the_same_bytes() -> None:
    assert written(lone()) == written(lone())


def test_a_comparison_is_drawn_as_it_was_on_the_page() -> None:
    views = [view(1), view(2, batch_size=50)]
    shown = comparison_report.Shown(("train", "test"), ChartView(x="epoch", log_y=True))
    charts = {
        name: [part for part in parts(comparison_report.report(views, how), "Curves") if isinstance(part, Chart)]
        for name, how in (("usual", None), ("shown", shown))
    }
    usual, chosen = (charts[name][0].light["layout"] for name in ("usual", "shown"))
    assert (usual["xaxis"]["title"]["text"], chosen["xaxis"]["title"]["text"]) == ("Step (weight updates)", "Epoch")
    assert (usual["yaxis"].get("type"), chosen["yaxis"].get("type")) == (None, "log")
    titles = [charts[name][0].light["layout"]["title"]["text"] for name in ("usual", "shown")]
    assert titles == ["Loss – Validation", "Loss – Training, Test"]


def test_curves_that_were_hidden_on_the_page_are_hidden_in_the_comparison_and_named() -> None:
    views = [view(1), view(2, batch_size=50, name=HOSTILE)]
    shown = comparison_report.Shown(("train", "validation"), hidden=frozenset({views[1].run.id, "a group"}))
    said, *charts = parts(comparison_report.report(views, shown), "Curves")
    assert isinstance(said, Paragraph)
    assert isinstance(said.text, UserText)
    assert said.text.plain.endswith(f"Hidden: 2. {HOSTILE}")
    for chart in charts:
        assert isinstance(chart, Chart)
        for figure in (chart.light, chart.dark):
            seen = {trace["legendgroup"]: trace.get("visible") for trace in figure["data"] if "legendgroup" in trace}
            assert seen == {views[0].run.id: None, views[1].run.id: "legendonly"}
    assert all(isinstance(part, Chart) for part in parts(comparison_report.report(views), "Curves"))
