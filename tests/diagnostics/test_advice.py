"""What the health check advises: what can help this run, and nothing that it has or cannot have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_core.records import LAYER_DTYPE, Curves, Event, RateChange
from tests.diagnostics.judged import CASES, LIVE, RUN, changed, evaluations, sentences


def test_a_fast_fall_is_left_alone() -> None:
    curves = evaluations([2.3, 2.1, 1.8, 1.4, 0.9, 0.6], 0.7)
    assert sentences(LIVE, curves).endswith("let the run continue.")
    assert sentences(RUN, curves).endswith("train for more epochs.")


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "adamw"])
def test_a_rate_that_overshot_is_not_to_be_raised(optimizer: str) -> None:
    """Recorded with RMSprop at 0.1, one epoch of the first look: a rate of 0.3 was advised, which is unstable."""
    losses = [2.43, 708.0, 231.9, 3.82, 0.82, 1.03, 0.834]
    curves = evaluations(losses, [0.1, 0.12, 0.27, 0.74, 0.77, 0.8, 0.796])
    curves.evaluations["step"] = [0, 1, 4, 16, 64, 256, 469]
    run = changed(RUN, learning_rate=0.1, optimizer=optimizer)
    text = sentences(run, curves)
    assert text.startswith("Still learning.")
    assert text.endswith(
        "rose to 291 times its initial value, so the learning rate is too high: try a lower one, such as 0.003."
    )
    lowered = replace(run, rate_changes=(RateChange(300, 0.001),), learning_rate=0.001)
    assert "too high" not in sentences(lowered, curves)


def test_a_rate_that_overshot_is_named_though_the_network_learned() -> None:
    """Adam at 0.1: 90 % after an epoch, where 0.003 has 97 %."""
    curves = evaluations([2.43, 79.5, 27.2, 1.16, 0.68, 0.49], 0.91)
    text = sentences(changed(RUN, learning_rate=0.1, optimizer="adam"), curves)
    assert text.startswith("Learning well.")
    assert text.endswith(
        "rose to 33 times its initial value, so the learning rate is too high: try a lower one, such as 0.003."
    )


def test_large_updates_are_not_to_be_raised() -> None:
    rows = np.zeros(2, LAYER_DTYPE)
    rows["step"], rows["layer"], rows["update"] = 500, [0, 1], [0.031, 0.03]
    run, curves, _kind = CASES["still falling"]
    text = sentences(run, replace(curves, layers=rows))
    assert text.endswith("Such large updates overshoot: try a lower learning rate, such as 0.17.")
    rows["update"] = [0.003, 0.001]
    assert "Try a higher learning rate" in sentences(run, replace(curves, layers=rows))


def test_early_stopping_is_not_advised_to_who_has_it() -> None:
    run, curves, _kind = CASES["validation rises"]
    assert sentences(run, curves).endswith("Try early stopping, more training images, augmentation, or dropout.")
    stopping = sentences(changed(run, early_stopping=5), curves)
    assert stopping.endswith("98.0%. Try more training images, augmentation, or dropout.")


@pytest.mark.parametrize("name", ["dead", "flat near chance"])
@pytest.mark.parametrize("zeros", [{"initialization": "zeros"}, {"initialization": "normal", "init_std": 0.0}])
def test_no_rate_is_advised_where_all_weights_start_at_zero(name: str, zeros: dict[str, Any]) -> None:
    run, curves, _kind = CASES[name]
    text = sentences(changed(run, **zeros), curves)
    assert "Choose He or Glorot initialization" in text
    assert "learning rate, such" not in text
    regression = sentences(changed(run, hidden_layers=(), **zeros), curves)
    assert "Choose He or Glorot initialization" not in regression


def test_what_is_advised_is_not_what_the_run_has() -> None:
    run, curves, _kind = CASES["flat near chance"]
    assert sentences(run, curves).endswith("Try a higher learning rate, such as 1.")
    assert sentences(changed(run, activation="sigmoid"), curves).endswith("such as 1, or ReLU with He initialization.")
    assert sentences(changed(run, weight_decay=1.0), curves).endswith("Try less dropout or weight decay.")
    assert "ReLU" not in sentences(changed(run, hidden_layers=(), activation="sigmoid"), curves)
    far = evaluations([7.0, 5.6, 5.59, 5.59, 5.59, 5.59], 0.12)
    assert "5.590 at step 500, above chance level" in sentences(run, far)


@pytest.mark.parametrize(
    ("name", "rate", "end"),
    [
        ("flat near chance", 100.0, "Try a much lower learning rate, such as 0.3."),
        ("flat near chance", 1e-6, "Try a higher learning rate, such as 0.01."),
        ("still falling", 1.0, "Try more epochs."),
        ("still falling", 2.0, "Try a lower learning rate, such as 0.3, or more epochs."),
        ("still falling", 0.6, "such as 1, or more epochs."),
        ("falls back", 100.0, "Try a much lower learning rate, such as 0.3."),
        ("above chance, live", 100.0, "Try a much lower learning rate, such as 0.3."),
        ("falls back", 1e-6, "Try larger batches."),
        ("falls back", 2e-6, "three times smaller, 1e-6, or larger batches."),
        ("above chance, live", 1e-6, "a smaller standard deviation of the initial weights."),
    ],
)
def test_rates_that_cannot_be_set_or_cannot_work_are_not_advised(name: str, rate: float, end: str) -> None:
    run, curves, _kind = CASES[name]
    assert sentences(changed(run, learning_rate=rate), curves).endswith(end)


@pytest.mark.parametrize("step", [0, 1])
def test_what_breaks_before_the_first_update_is_no_overshooting(step: int) -> None:
    text = sentences(replace(RUN, outcome="diverged"), Curves(events=(Event(step, "not_finite", 5e12),)))
    assert "the initial weights make the outputs too large. The last finite loss was 5e12." in text
    assert text.endswith("Try He initialization, or a smaller standard deviation of the initial weights.")
