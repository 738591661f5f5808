"""What runs are called where they are shown together."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from mnist_core import rounds
from mnist_core.config import RunConfig, parse_field
from mnist_core.errors import ConfigError, RoundError
from mnist_core.records import Run
from mnist_core.ui import frame, names, texts

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


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Learning rate cannot be 'abc'. Expected a number such as 0.1 or 3e-4."),
        ("ko", "학습률에 'abc' 값은 쓸 수 없습니다. 0.1, 3e-4와 같은 수를 입력하세요."),
    ],
)
def test_a_fault_calls_settings_as_the_page_does(language: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_field("learning_rate", "abc")
    with texts.speaking(language):
        assert unescape(frame.sentence(refused.value)) == sentence
    assert "learning_rate cannot be 'abc'" in str(refused.value)  # as in files


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "In this round, optimizer must be one of SGD, SGD with momentum, not Adam."),
        ("ko", "이번 라운드에서 쓸 수 없는 값입니다: 옵티마이저 = Adam. 허용 범위: SGD, 모멘텀 SGD 중 하나."),
    ],
)
def test_what_a_round_refuses_is_called_as_on_the_page(language: str, sentence: str) -> None:
    config = RunConfig()
    plan = rounds.Plan(config=config, free={"optimizer": ("sgd", "momentum")})
    with pytest.raises(RoundError) as refused:
        rounds.check(plan, config, config.replace(optimizer="adam"))
    with texts.speaking(language):
        assert unescape(frame.sentence(refused.value)) == sentence
    assert "one of sgd, momentum, not adam" in str(refused.value)  # as in files
