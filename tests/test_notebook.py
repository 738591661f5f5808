"""What train() and sweep() give shows itself in a notebook; the lines that docs/notebook.md offers are run."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core import RunConfig, Sweep, data, notebook, sweep, train
from mnist_core.data import Dataset
from mnist_core.errors import TrainingError
from mnist_core.training import Result
from tests.charts import floats

DOC = Path(__file__).parents[1] / "docs" / "notebook.md"
SMALL: dict[str, Any] = {"train_size": 600, "validation_size": 200, "epochs": 2, "batch_size": 50}


@pytest.fixture(scope="module")
def result(tiny: Dataset) -> Result:
    return train(RunConfig(**SMALL), tiny, threads=1)


@pytest.fixture(scope="module")
def rates(tiny: Dataset) -> Sweep:
    return sweep(RunConfig(**SMALL), [0.01, 0.1, 10.0], dataset=tiny, threads=1)


@pytest.mark.parametrize(
    ("chart", "title"),
    [("loss", "Loss"), ("accuracy", "Accuracy"), ("gradient", "Gradient norm"), ("rate", "Learning rate in use")],
)
def test_a_result_has_figures(result: Result, chart: Any, title: str) -> None:
    figure = result.figure(chart)
    assert isinstance(figure, go.Figure)
    assert figure.layout.title.text == title
    assert len(figure.data[0].x) > 0


def test_a_figure_draws_the_records(result: Result) -> None:
    by_name = {trace.uid: trace for trace in result.figure("accuracy").data}
    drawn = floats(by_name["validation"].y)
    assert drawn == pytest.approx(result.evaluations["validation_accuracy"].to_numpy())


def test_on_dark_ground_it_has_other_colors(result: Result) -> None:
    assert result.figure().layout.font.color != result.figure(dark=True).layout.font.color


def test_a_result_says_what_came_of_it(result: Result) -> None:
    html = result._repr_html_()
    assert "784-128-10 · sgd 0.1 · batch 50 · 101,770 parameters" in html
    assert f"{result.result['validation_accuracy']:.2%}" in html
    assert "Too early to say." in html


def test_a_sweep_has_zones_in_words_and_in_a_figure(rates: Sweep) -> None:
    assert rates.figure().layout.title.text == "Loss against the learning rate – Validation"
    assert rates.figure("accuracy").layout.title.text.startswith("Accuracy")
    html = rates._repr_html_()
    assert html.count("<tr>") == 4
    assert "broken" in html
    assert "<script" not in html


def test_what_stands_in_html_is_text(rates: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a title may say one day."""
    monkeypatch.setattr(notebook, "title", lambda *_config, rate: "<img src=x>")
    assert "<img" not in rates._repr_html_() + rates.runs[0]._repr_html_()


@pytest.mark.parametrize("kind", ["train", "sweep"])
def test_a_bar_goes_to_its_end(kind: str, tiny: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    config, heard = RunConfig(**SMALL | {"epochs": 1}), []
    if kind == "train":
        train(config, tiny, threads=1, progress=True, on_progress=heard.append)
    else:
        sweep(config, [0.1, 0.2], dataset=tiny, threads=1, progress=True, on_progress=heard.append)
    total = 12 if kind == "train" else 24
    assert re.search(rf"100%.*\| {total}/{total} ", capsys.readouterr().out)
    assert heard


def test_a_run_that_ends_early_has_a_full_bar(tiny: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    result = train(
        RunConfig(**SMALL, learning_rate=10.0, activation="identity", loss="squared-error"),
        tiny,
        threads=1,
        progress=True,
    )
    assert result.outcome == "diverged"
    assert len(result.steps) < 24
    assert "24/24" in capsys.readouterr().out


def test_without_tqdm_a_bar_is_a_sentence(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(TrainingError, match="pip install tqdm"):
        train(RunConfig(**SMALL), tiny, progress=True)


def test_the_ten_lines_of_the_doc_run(
    tiny: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line]) == 10
    images, labels = np.resize(tiny.train_images, (60_000, 28, 28)), np.resize(tiny.train_labels, 60_000)
    digits = replace(tiny, train_images=images, train_labels=labels)
    monkeypatch.setattr(data, "load_dataset", {"built-in": digits}.__getitem__)  # which takes seconds to draw
    found: dict[str, Any] = {}
    exec(compile(code, DOC.name, "exec"), found)
    assert found["result"].outcome == "completed"
    assert [run.outcome for run in found["rates"].runs][:3] == ["completed"] * 3
    assert "100%" in capsys.readouterr().out
