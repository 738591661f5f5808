"""What a class did in a round, as a report and in charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_core.classroom_page import results_figure as charts
from mnist_core.classroom_page import round_report
from mnist_core.classroom_page.results_figure import NamedRun, Setting
from mnist_core.classroom_page.round_report import RoundResults, report
from mnist_core.config import RunConfig
from mnist_core.escape import UserText
from mnist_core.exchange import StudentRun
from mnist_core.figures.axes import ChartView
from mnist_core.panels.reports.blocks import prediction_text
from mnist_core.records import EVALUATION_DTYPE, SPLITS, Curves, Outcome, Progress, Run
from mnist_core.report import Chart, Part, Report, Table, written
from mnist_core.rounds import Plan, Round
from mnist_core.ui import texts
from tests.charts import floats

Rows = list[tuple[StudentRun, Curves]]
HOSTILE = "</script><img src=x onerror=alert(1)>"


def run(number: int, rate: float, accuracy: float, outcome: Outcome = "completed", **more: Any) -> Run:
    result = {f"{split}_accuracy": accuracy for split in SPLITS} | {"best_validation_accuracy": accuracy}
    config = RunConfig(learning_rate=rate, epochs=1, **more)
    progress = Progress(config.total_steps, config.total_steps, 1.0, 2.5)
    return Run(f"{number:010x}", "o", config, "finished", 1, 0.0, outcome=outcome, result=result, progress=progress)


def curves(loss: float = 0.5, points: int = 5) -> Curves:
    rows = np.zeros(points, EVALUATION_DTYPE)
    rows["step"] = np.arange(points) * 10
    for split in SPLITS:
        rows[f"{split}_loss"], rows[f"{split}_accuracy"] = np.linspace(2.3, loss, points), np.linspace(0.1, 0.9, points)
    return Curves(evaluations=rows)


def rows_of(predictions: tuple[str | None, ...] = ("learns", "breaks", None)) -> Rows:
    runs = (run(1, 0.1, 0.9), run(2, 0.01, 0.97), run(3, 3.0, 0.1, "diverged"))
    nicknames = ("ann", HOSTILE, "=cem")
    return [
        (StudentRun(UserText(nickname), replace(one, prediction=predicted)), curves())
        for nickname, one, predicted in zip(nicknames, runs, predictions, strict=True)
    ]


def results(rows: Rows, test_shown: bool = True, **more: Any) -> RoundResults:
    plan = Plan(UserText("Break it"), UserText("Choose a rate."), free={"learning_rate": (0.001, 10.0)})
    given = Round("abc", "c", 1, "closed", 1, replace(plan, **more))
    return RoundResults(UserText("3b"), given, "2026-11-29", rows, test_shown=test_shown)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with texts.speaking("en"):
        yield


def parts(of: Report, title: str) -> list[Part]:
    (section,) = [section for section in of.sections if section.title == title]
    return list(section.parts)


def table(of: Report) -> tuple[list[str], list[list[Any]]]:
    (found,) = [part for part in parts(of, "All runs") if isinstance(part, Table)]
    return [column.title for column in found.columns], [list(row) for row in found.rows]


def test_the_report_has_board_predictions_curves_and_a_table() -> None:
    made = report(results(rows_of()))
    assert [section.title for section in made.sections] == ["The round", "Board", "Predictions", "Curves", "All runs"]
    columns, rows = table(made)
    assert columns[:3] == ["Nickname", "Learning rate", "Prediction"]
    assert [row[0].raw for row in rows] == [HOSTILE, "ann", "=cem"]  # the best first
    assert [row[2] for row in rows] == ["breaks", "learns", None]
    assert "Test accuracy" in columns


def test_in_a_sweep_the_rate_was_free() -> None:
    made = results(rows_of(), kind="sweep", free={})
    assert made.free == ["learning_rate"]
    (board,) = parts(report(made), "Board")
    assert isinstance(board, Chart)
    assert board.light["layout"]["xaxis"]["type"] == "log"


def test_test_figures_are_left_out_while_they_are_sealed() -> None:
    columns, _rows = table(report(results(rows_of(), test_shown=False)))
    assert "Test accuracy" not in columns


def test_nothing_typed_is_markup() -> None:
    content = written(report(results(rows_of(), title=UserText(HOSTILE), instruction=UserText(HOSTILE))), texts._)
    assert b"<img" not in content
    assert b"&lt;img src=x onerror=alert(1)&gt;" in content


def test_what_is_to_be_done_is_formatted_as_students_see_it() -> None:
    instruction = UserText("**Where** does it *break*?\n- 2 * 3 * 4 <b>x</b>\n2. then")
    content = written(report(results(rows_of(), instruction=instruction)), texts._).decode()
    lines = ("<strong>Where</strong> does it <em>break</em>?", "• 2 * 3 * 4 &lt;b&gt;x&lt;/b&gt;", "2. then")
    assert f"<blockquote>{'<br>'.join(lines)}</blockquote>" in content


def test_a_round_without_runs_says_so() -> None:
    made = report(results([]))
    assert [section.title for section in made.sections] == ["The round"]
    assert "Nobody has trained in this round." in written(made).decode()


def test_it_speaks_korean() -> None:
    with texts.speaking("ko"):
        made = report(results(rows_of()))
        content = written(made, texts._).decode()
    assert made.language == "ko"
    assert "닉네임" in content
    assert "Nickname" not in content.partition('<script type="application/json"')[0]


def test_of_a_round_without_predictions_none_are_shown() -> None:
    made = report(results(rows_of((None, None, None))))
    assert "Predictions" not in [section.title for section in made.sections]


@pytest.mark.parametrize(
    ("question", "predictions", "predicted", "observed"),
    [
        ("outcome", ("learns", "learns", "breaks"), [2, 0, 1], [2, 0, 1]),
        ("none", ("learns", None, "breaks"), [1, 0, 1], [1, 0, 1]),  # of a run of one's own
        ("accuracy", ("97.5", "100", "42"), [1, 2], [1, 1, 1]),
    ],
)
def test_predictions_stand_beside_outcomes(
    question: str, predictions: tuple[str | None, ...], predicted: list[int], observed: list[int]
) -> None:
    (chart,) = parts(report(results(rows_of(predictions), question=question)), "Predictions")
    assert isinstance(chart, Chart)
    first, second, *_ends = chart.light["data"]
    assert (first["y"], second["y"]) == (predicted, observed)


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        (None, None),
        ("97.5", "97.5%"),
        ("slow", "learns slowly"),
        ("odd", "odd"),
        ("from 0.5", "breaks from 0.5 on"),
    ],
)
def test_a_prediction_is_read_as_a_word_a_percentage_or_a_rate(kept: str | None, read: str | None) -> None:
    one = replace(run(1, 0.1, 0.9), prediction=kept)
    assert prediction_text(one) == read
    assert prediction_text(replace(one, group="g")) == (read and f"of the sweep: {read}")


def test_of_very_many_runs_each_students_best_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(round_report, "MOST_CURVES", 3)
    worse = [(StudentRun(UserText("ann"), run(9, 0.2, 0.4)), curves())]
    made = report(results([*rows_of(), *worse]))
    loss, _accuracy = [part for part in parts(made, "Curves") if isinstance(part, Chart)]
    assert next(line["name"] for line in loss.light["data"]) == "ann"
    assert len(loss.light["data"]) == 3
    assert "the best of each student" in loss.description


# ---- charts ----------------------------------------------------------------------------------------------------


def named(rows: Rows) -> list[NamedRun]:
    return [NamedRun(row.nickname.plain, row.run, records) for row, records in rows]


RATES = Setting("Learning rate", (0.1, 0.01, 3.0), log=True)


def board(made: Report) -> dict[str, Any]:
    (chart,) = [part for part in parts(made, "Board") if isinstance(part, Chart)]
    return {trace["uid"]: trace for trace in chart.light["data"]}


def test_the_board_has_all_runs_and_what_broke_apart() -> None:
    again = [(StudentRun(UserText("ann"), run(9, 0.2, 0.4)), curves())]
    drawn = board(report(results([*rows_of(), *again])))
    assert floats(drawn["done"]["x"]) == pytest.approx([0.1, 0.01, 0.2])
    assert floats(drawn["broken"]["x"]) == [3.0]


def test_curves_are_thin_and_colored_by_the_setting() -> None:
    figure = charts.curves_chart(named(rows_of()), RATES, "loss", "validation", ChartView(), str)
    assert [len(floats(line["x"])) for line in figure["data"]] == [5, 5, 5]
    assert len({line["line"]["color"] for line in figure["data"]}) == 3


def test_a_long_curve_keeps_its_ends() -> None:
    long = [(rows_of()[0][0], curves(points=1_000))]
    (line,) = charts.curves_chart(named(long), Setting("r", (0.1,)), "accuracy", "validation", ChartView(), str)["data"]
    drawn = floats(line["x"])
    assert len(drawn) == charts.CURVE_POINTS
    assert (drawn[0], drawn[-1]) == (0.0, 9_990.0)


def test_settings_that_are_words_have_their_names() -> None:
    rows = [
        (StudentRun(UserText(name), run(number, 0.1, 0.9, optimizer=name)), curves())
        for number, name in enumerate(("sgd", "adam", "sgd"))
    ]
    made = report(results(rows, free={"optimizer": ("adam", "sgd")}))
    (chart,) = [part for part in parts(made, "Board") if isinstance(part, Chart)]
    assert list(chart.light["layout"]["xaxis"]["ticktext"]) == ["Adam", "SGD"]
    loss, _accuracy = [part for part in parts(made, "Curves") if isinstance(part, Chart)]
    assert len({line["line"]["color"] for line in loss.light["data"]}) == 1  # words have no order


def test_of_a_lesson_the_report_has_what_was_answered() -> None:
    given = results([])
    answers = [{"Nickname": "<b>Otter", "why": "✓ The loss (2)"}, {"Nickname": "Falcon", "why": ""}]
    content = written(report(replace(given, answers=answers)), str).decode()
    assert "&lt;b&gt;Otter" in content
    assert "✓ The loss (2)" in content
    assert "Where each student is in the lesson" in content
