"""The benchmark of the range test: what is right is said by the training alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_core.bench import sampled
from mnist_core.bench.range_test import RATES, accuracies, draw, is_right, make_case, report
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.errors import MnistLabError
from mnist_core.training import sweep

CONFIG = RunConfig(dataset="built-in", train_size=600, validation_size=0, hidden_layers=(12,), batch_size=50, epochs=4)


def case(best: float, valley: float | None, number: int = 0) -> dict[str, Any]:
    return {
        "seed": 1,
        "number": number,
        "config": CONFIG.to_dict(),
        "rates": list(np.logspace(-5, 1, RATES)),
        "accuracies": [0.1] * (RATES - 1) + [best],
        "suggested": {} if valley is None else {"valley": 0.1},
        "came_to": {} if valley is None else {"valley": valley},
        "sentence": "",
    }


@pytest.mark.parametrize(
    ("best", "valley", "right"),
    [
        (0.9, 0.82, True),
        (0.9, 0.80, False),
        (0.9, None, False),  # a rate is good, and none is suggested
        (0.12, None, True),
        (0.12, 0.12, False),  # none is good
        (0.21, 0.2, True),
        (0.21, 0.1, False),
        (0.29, None, True),  # hardly good
        (0.31, None, False),
    ],
)
def test_what_is_right(best: float, valley: float | None, right: bool) -> None:
    assert is_right(case(best, valley)) is right


def test_the_report_tells_the_wrong_ones() -> None:
    text = report([case(0.9, 0.85), case(0.9, 0.1, 1), case(0.12, None, 2)])
    assert "*valley* right: 2 of 3: 66.7%" in text
    assert "None suggested where none is good: 1 of 1." in text
    assert "| 1/1 | mlp 12, relu, he, cross-entropy | scaled, 50 | sgd | 90.0% at 10 | 0.1 | 10.0% |" in text


def test_a_case_trains_at_twelve_rates_and_at_what_is_suggested(tiny: Dataset) -> None:
    case = make_case(CONFIG.replace(epochs=25), tiny)
    assert len(case["accuracies"]) == RATES
    assert case["suggested"].keys() == case["came_to"].keys() == {"valley", "steepest", "tenth"}
    assert max(case["accuracies"]) > 0.7
    assert is_right({"seed": 1, "number": 0} | case)


def test_accuracies_are_those_of_a_sweep(tiny: Dataset) -> None:
    rates = (0.01, 0.2, 100.0)  # the last one breaks
    for config in (CONFIG, CONFIG.replace(model="cnn", filters=(3,), epochs=1)):
        runs = sweep(config, rates, dataset=tiny, threads=1, device="cpu").runs
        reached = accuracies(config, rates, tiny)
        assert reached == pytest.approx([run.result["test_accuracy"] for run in runs], abs=0.05)


def test_the_grid_is_wide_and_the_same_for_a_seed() -> None:
    many = [draw(np.random.default_rng([5, number])) for number in range(200)]
    assert many[:9] == [draw(np.random.default_rng([5, number])) for number in range(9)]
    assert {len(config.hidden_layers) for config in many if config.model == "mlp"} == {0, 1, 2, 3, 4}
    for name, count in (("optimizer", 7), ("preprocessing", 4), ("loss", 2), ("activation", 6), ("initialization", 4)):
        assert len({getattr(config, name) for config in many}) == count
    assert {1, 4, 10, 100, 256} <= {config.batch_size for config in many}
    assert 15 < sum(config.model == "cnn" for config in many) < 60


# ---- cases that are gone on with -------------------------------------------------------------------------------


def test_cases_are_kept_and_not_made_again(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    calls: list[int] = []

    def make(number: int) -> sampled.Record:
        calls.append(number)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return {"square": number**2}

    with pytest.raises(KeyboardInterrupt):
        list(sampled.cases(4, 7, file, make))
    cases = list(sampled.cases(4, 7, file, make))
    assert [case["square"] for case in cases] == [0, 1, 4, 9]
    assert calls == [0, 1, 2, 2, 3]
    assert [case["number"] for case in sampled.cases(2, 8, file, make)] == [0, 1]  # another seed has other cases
    assert calls[5:] == [0, 1]


@pytest.mark.parametrize("text", ["[1]\n", "{}\n", "no json\n", '{"seed": 1}\n', "\x00"])
def test_a_file_of_something_else_is_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(MnistLabError, match="holds no cases of this benchmark"):
        list(sampled.cases(1, 1, file, lambda number: {}))
