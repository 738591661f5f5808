"""Figures, tables, JSON, charts, and the options of the command."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from mnist_core import bench
from mnist_core.bench import chart, training
from mnist_core.bench.report import Figure, Report, median, processor, shown
from mnist_core.errors import MnistLabError

REPORT = Report(
    (
        Figure("MNIST Lab", 1.25, "s", spread=(1.2, 1.5), group="a contest"),
        Figure("Keras on JAX", None, "s", note="not installed", group="a contest"),
        Figure("ours / floor", 1.4, "×", most=1.35, group="a contest"),
        Figure("16", 0.2, "ms", spread=(0.1, 0.3), group="Time by width", at=16),
        Figure("32", 0.3, "ms", spread=(0.2, 0.4), group="Time by width", at=32),
    ),
    {"a": [1.2, 1.5]},
    {"torch": "2.0"},
)


@pytest.mark.parametrize(
    ("value", "most", "minimum", "verdict"),
    [
        (1.0, 1.0, None, "ok"),
        (1.1, 1.0, None, "over"),
        (1.0, None, 1.0, "ok"),
        (0.9, None, 1.0, "under"),
        (0.9, None, None, ""),
        (None, 1.0, None, "not known here"),
        (None, None, None, ""),
    ],
)
def test_verdicts(value: float | None, most: float | None, minimum: float | None, verdict: str) -> None:
    assert Figure("", value, "s", most, minimum).verdict == verdict


def test_three_digits_and_the_unit() -> None:
    texts = [shown(value, "s") for value in (0.0, 0.0123456, 1.0, 22.94, 1234.5, float("inf"), None)]
    assert texts == ["0 s", "0.0123 s", "1.00 s", "22.9 s", "1234 s", "inf s", "–"]


def test_a_median_has_the_least_and_the_greatest() -> None:
    figure = median("x", [3.0, 1.0, 2.0], "s")
    assert (figure.value, figure.spread) == (2.0, (1.0, 3.0))
    assert median("x", [], "s").value is None


def test_the_table_is_markdown_without_empty_columns() -> None:
    first, second = REPORT.table().split("### ")[1:]
    lines = first.splitlines()
    assert lines[0] == "a contest"
    assert [cell.strip() for cell in lines[2].split("|")[2:-1]] == ["measured", "spread", "target", "verdict", "note"]
    assert "| – " in lines[5]
    assert "not installed" in lines[5]
    assert "≤ 1.35 ×" in lines[6]
    assert "over" in lines[6]
    assert len({len(line) for line in lines[2:7]}) == 1
    assert "target" not in second
    assert REPORT.table().splitlines()[0].endswith("torch 2.0")


def test_json_has_verdicts_samples_and_the_machine(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert [figure["verdict"] for figure in content["figures"]] == ["", "", "over", "", ""]
    assert content["samples"] == {"a": [1.2, 1.5]}
    assert content["machine"]["versions"] == {"torch": "2.0"}
    assert content["machine"]["processor"] == processor() != ""


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    for write in (REPORT.write, lambda file: chart.write(REPORT, file)):
        with pytest.raises(MnistLabError, match="cannot be written"):
            write(tmp_path / "nowhere" / "file")


def test_bars_for_names_and_lines_for_places() -> None:
    (bars, lines) = [chart.chart(title, figures) for title, figures in chart._groups(REPORT)]
    assert bars["data"][0]["y"] == ["MNIST Lab"]
    assert bars["data"][0]["error_x"]["array"] == [pytest.approx(0.25)]
    assert lines["data"][0]["x"] == [16, 32]
    assert lines["layout"]["xaxis"]["type"] == "log"
    assert lines["layout"]["xaxis"]["title"]["text"] == "width"


def test_the_page_of_charts_needs_nothing_else(tmp_path: Path) -> None:
    chart.write(REPORT, tmp_path / "chart.html")
    page = (tmp_path / "chart.html").read_text(encoding="utf-8")
    assert page.count("Plotly.newPlot(") == 2
    assert 'src="https://' not in page


@pytest.mark.parametrize("words", [[], ["training"]])
def test_training_is_the_default(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[dict[str, object]] = []

    def measure(**options: object) -> Report:
        calls.append(options)
        return REPORT

    monkeypatch.setattr(training, "measure", measure)
    files = ["--json", str(tmp_path / "a.json"), "--chart", str(tmp_path / "a.html")]
    assert bench.main([*words, "--only", "lenet,scaling", "--rounds", "2", "--data", "there", *files]) == 0
    assert calls == [{"only": ["lenet", "scaling"], "rounds": 2, "data": Path("there")}]
    assert "### a contest" in capsys.readouterr().out
    assert {file.name for file in tmp_path.iterdir()} >= {"a.json", "a.html"}


def test_a_contest_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(["--only", "nonsense"])
    assert ended.value.code == 2
    assert "there are keras-first-look, two-layer-net" in capsys.readouterr().err


def test_no_data_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--data", str(tmp_path)]) == 1
    assert "no MNIST" in capsys.readouterr().err


def test_the_processor_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_arguments: object, **_options: object) -> str:
        raise OSError

    monkeypatch.setattr("mnist_core.bench.report.Path", lambda _name: SimpleNamespace(read_text=unreadable))
    assert processor()
