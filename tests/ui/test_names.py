"""What runs are called where they are shown together."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core.config import RunConfig
from mnist_core.records import Run
from mnist_core.ui import names

MLP = "784-128-10 · SGD 0.1 · batch 100"


def run(number: int, **changes: Any) -> Run:
    return Run(f"{number:010x}", "me", RunConfig(**changes), "finished", 1, 0.0)


@pytest.mark.parametrize(
    ("changes", "titles"),
    [
        ([{}, {"learning_rate": 0.5}], [MLP, MLP.replace("0.1", "0.5")]),
        (
            [{"preprocessing": "raw"}, {"preprocessing": "scaled"}],
            [f"{MLP} · pixel scaling: raw 0–255", f"{MLP} · pixel scaling: scaled 0–1"],
        ),
        (
            [{}, {"dropout": 0.5}, {"early_stopping": 3, "dropout": 0.2}],  # what most have in common is not said
            [f"{MLP} · dropout: 0", f"{MLP} · dropout: 0.5", f"{MLP} · dropout: 0.2 · early stopping: 3"],
        ),
        ([{}, {}, {"weight_decay": 0.03}], [f"{MLP} · {0:010x}", f"{MLP} · {1:010x}", f"{MLP} · weight decay: 0.03"]),
        ([{}, {}], [f"{MLP} · {0:010x}", f"{MLP} · {1:010x}"]),  # nothing else tells them apart
    ],
)
def test_runs_that_would_be_called_alike_say_in_what_they_differ(
    changes: list[dict[str, Any]], titles: list[str]
) -> None:
    runs = [run(number, **one) for number, one in enumerate(changes)]
    assert [title.plain for title in names.run_titles(runs)] == titles
