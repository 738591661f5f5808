"""Schedules by hand, windows and evaluations as functions of the configuration."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from mnist_core import workload
from mnist_core.config import RunConfig, choices
from mnist_core.exchange import script
from mnist_core.presets import PRESETS
from mnist_core.schedule import evaluated_images, evaluation_steps, factor, watched_steps, window
from tests.training.test_trainer import small


def test_step_drops_by_its_factor() -> None:
    config = small(schedule="step", schedule_epochs=2, schedule_factor=0.5, epochs=6)  # 12 steps an epoch
    assert [factor(config, step) for step in (0, 23, 24, 47, 48)] == [1, 1, 0.5, 0.5, 0.25]


def test_cosine_halves_in_the_middle() -> None:
    config = small(schedule="cosine", epochs=2)
    assert factor(config, 0) == 1
    assert factor(config, 12) == pytest.approx(0.5)
    assert 0 < factor(config, 23) < 0.01


def test_warm_up_is_linear_then_constant() -> None:
    config = small(schedule="warm-up", schedule_epochs=1, epochs=3)
    assert factor(config, 0) == pytest.approx(1 / 12)
    assert factor(config, 5) == pytest.approx(0.5)
    assert [factor(config, step) for step in (11, 12, 30)] == [1, 1, 1]


def test_one_cycle_rises_and_falls() -> None:
    config = small(schedule="one-cycle", epochs=10)  # 120 steps: the top is at 36
    assert factor(config, 0) == pytest.approx(1 / 25)
    assert factor(config, 36) == pytest.approx(1)
    assert factor(config, 119) == pytest.approx(1 / 250_000)
    assert max(factor(config, step) for step in range(120)) == pytest.approx(1)


# What the first and the last step of a run are multiplied by, and the greatest, for runs of 1, 2, 3 and 1,000 steps.
ENDS = {
    "constant": {1: (1, 1, 1), 2: (1, 1, 1), 3: (1, 1, 1), 1000: (1, 1, 1)},
    "step": {1: (1, 1, 1), 2: (1, 0.5, 1), 3: (1, 0.25, 1), 1000: (1, 0.5**999, 1)},
    "cosine": {1: (1, 1, 1), 2: (1, 0.5, 1), 3: (1, 0.25, 1), 1000: (1, math.sin(math.pi / 2000) ** 2, 1)},
    "warm-up": {1: (0.5, 0.5, 0.5), 2: (0.5, 1, 1), 3: (0.5, 1, 1), 1000: (0.5, 1, 1)},
    "one-cycle": {1: (0.04, 0.04, 0.04), 2: (0.04, 4e-6, 0.04), 3: (0.04, 4e-6, 1), 1000: (0.04, 4e-6, 1)},
    "rising": {1: (1e-6, 1e-6, 1e-6), 2: (1e-6, 1, 1), 3: (1e-6, 1, 1), 1000: (1e-6, 1, 1)},
}


@pytest.mark.parametrize("total", [1, 2, 3, 1000])
@pytest.mark.parametrize("schedule", choices("schedule"))
def test_short_and_long_runs_start_and_end_as_their_schedule_says(schedule: str, total: int) -> None:
    # One step an epoch: a drop at every step, a warm-up of two steps.
    epochs = {"schedule_epochs": 2 if schedule == "warm-up" else 1, "schedule_factor": 0.5}
    config = small(schedule=schedule, train_size=50, batch_size=50, epochs=total, **epochs)
    rates = [factor(config, step) for step in range(total)]
    assert (rates[0], rates[-1], max(rates)) == pytest.approx(ENDS[schedule][total], rel=1e-9)


@pytest.mark.parametrize("schedule", choices("schedule"))
def test_the_script_has_the_same_rates(schedule: str) -> None:
    for per_epoch, epochs in ((1, 1), (1, 2), (1, 3), (2, 2), (5, 3), (3, 60), (1, 1000)):
        config = small(schedule=schedule, train_size=10 * per_epoch, batch_size=10, epochs=epochs, schedule_epochs=2)
        names: dict[str, Any] = {}
        text = script(config)
        head, rates = (
            text[: text.index("def load(")],
            text[text.index("def rate_at(") : text.index("@torch.no_grad()")],
        )
        exec(re.sub(r"from torchvision.*", "", head) + rates, names)
        mine = [config.learning_rate * factor(config, step) for step in range(config.total_steps)]
        assert [names["rate_at"](step) for step in range(config.total_steps)] == pytest.approx(mine, rel=1e-12)


def test_windows_keep_about_a_thousand_records() -> None:
    assert window(small()) == 1
    assert window(PRESETS["two-layer-net"].config) == 10
    assert window(small(train_size=50_000, validation_size=0, batch_size=1, epochs=1_000)) == 50_000


def test_evaluations_come_early_and_end_with_the_run() -> None:
    keras = evaluation_steps(PRESETS["keras-first-look"].config)
    assert sorted(keras) == [0, 1, 4, 16, 64, 256, 469, 938, 1407, 1876, 2345]
    many = evaluation_steps(small(epochs=1_000))
    assert len(many) < 160
    assert max(many) == 12_000


def test_early_stopping_sees_every_epoch_and_changes_no_curve() -> None:
    for epochs in (5, 60, 61, 1_000):
        config = small(epochs=epochs, early_stopping=3, hidden_layers=(512,))
        seen, plain = watched_steps(config), config.replace(early_stopping=0)
        assert seen | evaluation_steps(config) >= {12 * epoch for epoch in range(1, epochs + 1)}
        assert seen.isdisjoint(evaluation_steps(config))
        assert bool(seen) == (epochs > 60)
        assert watched_steps(plain) == frozenset()
        assert evaluated_images(config) == evaluated_images(plain)
    # Seeing validation after each epoch costs a fifteenth of training.
    assert evaluated_images(small(train_size=20_000, epochs=1_000, hidden_layers=(512,))) == 4_000


def evaluated_image(config: RunConfig) -> float:
    """Work for each image of a run whose evaluations see validation and test alone: all there is besides the training images."""
    fewer, more = (config.replace(validation_size=size) for size in (100, 200))
    assert evaluated_images(config) > 200
    return (workload.evaluations(more) - workload.evaluations(fewer)) / (100 * len(evaluation_steps(config)))


def test_the_estimate_knows_what_early_stopping_costs() -> None:
    for epochs, unseen in ((60, 0), (200, 150)):
        config = small(epochs=epochs, validation_size=3_000, hidden_layers=(512,))
        more = workload.evaluations(config.replace(early_stopping=3)) - workload.evaluations(config)
        assert more == pytest.approx(unseen * 1_000 * evaluated_image(config))


def test_the_estimate_knows_what_sharpness_costs() -> None:
    for train_size, images in ((20_000, 1_000), (600, 600)):
        config = small(train_size=train_size, validation_size=0)
        more = workload.evaluations(config.replace(sharpness=True)) - workload.evaluations(config)
        # Some seven products with the Hessian of so many images, each about what two updates take of them.
        of_training = images * workload.update(config) / config.batch_size
        assert 10 < more / len(evaluation_steps(config)) / of_training < 20


def test_large_networks_are_evaluated_on_fewer_images() -> None:
    assert evaluated_images(PRESETS["two-layer-net"].config) == 1_818
    assert evaluated_images(small(hidden_layers=())) == 60_000
    assert evaluated_images(PRESETS["keras-first-look"].config) == 2_727  # a thirtieth: 0.1 · 60,000 · 5 / 11
    assert evaluated_images(PRESETS["lenet"].config) == 1_000
