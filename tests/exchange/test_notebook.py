"""A run as a notebook: valid, what the run was, and run to its end by Jupyter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.exchange import notebook_of, script_of
from mnist_core.presets import PRESETS
from mnist_core.records import Progress, RateChange, Run
from mnist_core.training import train
from tests.exchange.test_script import SMALL, STUB

ROOT = Path(__file__).parents[2]


def run_of(config: RunConfig, **more: Any) -> Run:
    return Run("r", "ann", config, "finished", 1, 0.0, **more)


def code_of(text: str) -> list[str]:
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_experiment_is_a_valid_notebook_that_compiles(name: str, plain: bool) -> None:
    text = notebook_of(run_of(PRESETS[name].config), plain=plain)
    for code in code_of(text):
        compile(code, "cell", "exec")
    assert text == notebook_of(run_of(PRESETS[name].config), plain=plain)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_settings_are_those_of_the_run(name: str) -> None:
    config = PRESETS[name].config
    found: dict[str, Any] = {}
    exec(code_of(notebook_of(run_of(config)))[0], found)
    assert found["config"] == config


def test_in_plain_pytorch_it_is_the_script_in_cells() -> None:
    run = run_of(RunConfig(**SMALL), outcome="stopped", progress=Progress(17), rate_changes=(RateChange(5, 0.01),))
    *parts, call, _drawn = code_of(notebook_of(run, plain=True))
    script = script_of(run)
    assert call == 'history = main("data")'
    assert all(part in script.replace("import sys\n", "") for part in parts)
    assert len("".join(parts)) > 0.9 * len(script)


def test_what_was_done_by_hand_is_told() -> None:
    run = run_of(RunConfig(**SMALL), outcome="stopped", progress=Progress(17), rate_changes=(RateChange(5, 0.01),))
    text = notebook_of(run)
    assert "learning_rate_changes=[(5, 0.01)]" in text
    assert "stopped by hand after 17 of 24 updates" in text


def test_both_run_in_jupyter_and_reach_the_same(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other in one kernel, which takes seconds to start; on tiny images, as if they were the files'."""
    config = RunConfig(**SMALL)
    parts = ("train_images", "train_labels", "test_images", "test_labels")
    (tmp_path / "data").mkdir()
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").touch()
    (tmp_path / "torchvision" / "datasets.py").write_text(STUB)
    np.savez(tmp_path / "data" / "images.npz", **{name: getattr(tiny, name) for name in parts})
    given = f"""import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]
import numpy as np
from pathlib import Path
from mnist_core.data import Dataset
import mnist_core.training.single_run as single_run
single_run.load_dataset = lambda *_: Dataset("mnist", Path(), **np.load("data/images.npz"))"""
    both = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(given)])
    for plain in (False, True):
        both.cells += nbformat.reads(notebook_of(run_of(config), plain=plain), as_version=4).cells
    for cell in both.cells:
        cell.source = cell.source.replace("60_000", str(len(tiny.train_labels)))
    monkeypatch.setenv("PLOTLY_RENDERER", "plotly_mimetype")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    NotebookClient(both, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in both.cells if cell.cell_type == "code" for output in cell.outputs]
    drawn = [one.data for one in outputs if "application/vnd.plotly.v1+json" in one.get("data", {})]
    titles = [one["application/vnd.plotly.v1+json"]["layout"]["title"]["text"] for one in drawn]
    assert titles == ["Loss", "Accuracy", "loss", "accuracy"]
    (html,) = [one.data["text/html"] for one in outputs if "784-128-10" in one.get("data", {}).get("text/html", "")]
    expected = train(config, tiny, threads=1).result["test_accuracy"]
    assert float(re.findall(r"Test accuracy</th><td[^>]*>([\d.]+)%", html)[0]) == pytest.approx(100 * expected, abs=0.6)
    printed = "".join(one.text for one in outputs if one.output_type == "stream" and one.name == "stdout")
    assert float(re.findall(r"test accuracy (\S+)", printed)[0]) == pytest.approx(expected, abs=0.006)
