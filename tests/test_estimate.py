"""What is learned from runs about how long the next will take."""

from __future__ import annotations

import math
import random

import pytest

from mnist_core.config import RunConfig
from mnist_core.estimate import MOST_LEARNED, Rate, Speed, estimate_seconds
from mnist_core.presets import PRESETS

TRUE = Speed(Rate(2e-4, 8e10, 4e10), Rate(4e-4, 4e10, 2e10), True)
TINY = RunConfig(hidden_layers=(2,), batch_size=1, train_size=10_000, epochs=3)  # overhead alone
LARGE = RunConfig(hidden_layers=(2_048, 2_048), batch_size=1_000)  # multiplications alone
FIRST_LOOK = PRESETS["keras-first-look"].config


def off(speed: Speed, config: RunConfig = FIRST_LOOK) -> float:
    """The estimate by what it should be."""
    return estimate_seconds(config, speed) / estimate_seconds(config, TRUE)


@pytest.mark.parametrize("seconds", [0.0001, 1.0, 8.0, 1e6])
@pytest.mark.parametrize("config", [TINY, LARGE, FIRST_LOOK, RunConfig(model="cnn")])
def test_one_run_changes_no_estimate_by_much(config: RunConfig, seconds: float) -> None:
    after = TRUE.learned(config, seconds)
    for other in (TINY, LARGE, FIRST_LOOK, RunConfig(model="cnn")):
        changed = estimate_seconds(other, after) / estimate_seconds(other, TRUE)
        assert 1 / MOST_LEARNED - 1e-9 <= changed <= MOST_LEARNED + 1e-9


def test_a_run_tells_of_what_it_was_made_of() -> None:
    tiny, large = TRUE.learned(TINY, 100.0), TRUE.learned(LARGE, 10_000.0)
    assert tiny.mlp.work == TRUE.mlp.work
    assert tiny.mlp.overhead > TRUE.mlp.overhead
    assert large.mlp.overhead == TRUE.mlp.overhead
    assert large.mlp.work / TRUE.mlp.work == pytest.approx(large.mlp.work_of_one / TRUE.mlp.work_of_one)
    assert large.mlp.work < TRUE.mlp.work
    assert tiny.cnn == large.cnn == TRUE.cnn
    assert tiny.measured


def test_a_short_run_says_little() -> None:
    """A second's run, twice as slow as others for once, moved the estimate by 40 %."""
    short = TINY.replace(epochs=1, train_size=5_000)
    slow = TRUE.learned(short, 2 * estimate_seconds(short, TRUE))
    assert off(slow, short) < 1.05
    assert off(slow) < 1.03


@pytest.mark.parametrize("wrong", [0.2, 5.0])
def test_runs_like_it_bring_the_estimate_to_what_they_take(wrong: float) -> None:
    mlp = Rate(TRUE.mlp.overhead * wrong, TRUE.mlp.work / wrong, TRUE.mlp.work_of_one / wrong)
    speed = Speed(mlp, TRUE.cnn, True)
    distances = [abs(math.log(off(speed)))]
    for _run in range(16):
        speed = speed.learned(FIRST_LOOK, estimate_seconds(FIRST_LOOK, TRUE))
        distances.append(abs(math.log(off(speed))))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < math.log(1.2)


def test_a_mixture_of_runs_does_not_carry_the_estimate_away() -> None:
    """Short and long ones, one of six disturbed by something that makes it up to three times as slow."""
    chance = random.Random(1)
    speed, seen = TRUE, []
    for _run in range(200):
        config = chance.choice([TINY, LARGE, FIRST_LOOK, RunConfig(epochs=1), RunConfig(epochs=1, train_size=5_000)])
        disturbed = chance.uniform(1.5, 3) if chance.random() < 1 / 6 else chance.uniform(0.9, 1.1)
        speed = speed.learned(config, disturbed * estimate_seconds(config, TRUE))
        seen.append(off(speed))
    assert min(seen) > 0.85
    assert max(seen) < 1.6
