"""A run as a Jupyter notebook that trains it again and draws its curves: by this package, or in plain PyTorch.

The second has the parts of the script (`script.py`) in cells. What was done to the run by hand is in both; of one that was stopped the
first trains to the end, and says so.
"""

from __future__ import annotations

import hashlib
from typing import Any

from mnist_core.config import RunConfig
from mnist_core.exchange.script import last_step_of, parts
from mnist_core.records import Run

_TITLES = ("Settings", "Data", "Network", "Loss", "Learning rate", "Training")  # of the script's parts
_DRAWN = """import plotly.graph_objects as go

for place, metric in enumerate(("loss", "accuracy")):
    figure = go.Figure(layout={"title": metric, "xaxis_title": "epoch"})
    for split in history[0] if history else ():
        values = [scores[split][place] for scores in history]
        figure.add_scatter(x=list(range(1, len(values) + 1)), y=values, name=split)
    figure.show()"""


def notebook_of(run: Run, *, plain: bool = False) -> str:
    """The notebook as JSON (format 4.5); the same run gives the same text. `plain`: in PyTorch and torchvision alone."""
    cells = _plain(run) if plain else _by_package(run)
    return _written(cells)


Cells = list[tuple[str, str]]  # (kind, text)


def _by_package(run: Run) -> Cells:
    text = (
        "# A run of MNIST Lab\n\nRun this in the folder of MNIST Lab, with its packages installed. `data` is the folder with the images; "
        "`None`: where MNIST Lab has them."
    )
    if (step := last_step_of(run)) is not None:
        text += f"\n\nThe run was stopped by hand after {step:,} of {run.config.total_steps:,} updates; here it trains to its end."
    changes = [(change.step, change.rate) for change in run.rate_changes]
    by_hand = f", learning_rate_changes={changes!r}" if changes else ""
    return [
        ("markdown", text),
        ("code", f"from mnist_core import RunConfig, train\n\nconfig = {_call(run.config)}\ndata = None"),
        ("code", f"result = train(config, data=data{by_hand})\nresult"),
        ("code", "result.figure()"),
        ("code", 'result.figure("accuracy")'),
    ]


def _call(config: RunConfig) -> str:
    """The settings as they are written in Python: those that are not the defaults."""
    changes = {name: value for name, (value, _default) in config.differences(RunConfig()).items()}
    lines = "".join(f"\n    {name}={value!r}," for name, value in changes.items())
    return f"RunConfig({lines}\n)" if lines else "RunConfig()"


def _plain(run: Run) -> Cells:
    text = (
        "# A run of MNIST Lab in plain PyTorch\n\nIt needs torch, torchvision, numpy and plotly: "
        "`%pip install torch torchvision numpy plotly`. The images are downloaded into the folder `data`."
    )
    cells: Cells = [("markdown", text)]
    for title, part in zip(_TITLES, parts(run.config, run.rate_changes, last_step_of(run)), strict=True):
        cells += [("markdown", f"## {title}"), ("code", part.replace("import sys\n", "").strip("\n"))]
    cells += [("code", 'history = main("data")'), ("markdown", "## Curves"), ("code", _DRAWN)]
    return cells


def _written(cells: Cells) -> str:
    import nbformat  # loaded when a notebook is asked for
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    make = {"markdown": new_markdown_cell, "code": new_code_cell}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made: list[Any] = [
        make[kind](text, id=hashlib.sha256(f"{place} {text}".encode()).hexdigest()[:8])
        for place, (kind, text) in enumerate(cells)
    ]
    notebook = new_notebook(cells=made, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    text: str = nbformat.writes(notebook)
    return text
