"""Outcomes and what is said of them, from hand-made records."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics import chance_loss, classify, explain
from mnist_core.messages import message
from mnist_core.records import EVALUATION_DTYPE, Curves, Event, Progress, Run

CONFIG = RunConfig(learning_rate=0.5)
RUN = Run("r", "ann", CONFIG, "finished", 1, 0.0, progress=Progress(100, 100))


def point(loss: float, accuracy: float = 0.5, dead: float = 0.0) -> dict[str, float]:
    return {"train_loss": loss, "train_accuracy": accuracy, "dead_units": dead}


@pytest.mark.parametrize(
    ("last", "not_finite", "outcome"),
    [
        (point(0.1, 0.97), False, "completed"),
        (point(0.1, 0.97), True, "diverged"),  # it broke and training went on
        (point(math.nan, 0.1), False, "diverged"),
        (point(50.0, 0.1), False, "diverged"),  # far above 2 · 2.303
        (point(2.303, 0.11, 1.0), False, "collapsed"),
        (point(2.302, 0.11, 0.1), False, "completed"),  # alive: it has not learned yet
        (point(0.3, 0.9, 0.95), False, "completed"),  # many dead units, yet it learned
        (point(3.5, 0.1, 0.0), False, "completed"),
    ],
)
def test_rules(last: dict[str, float], not_finite: bool, outcome: str) -> None:
    assert classify(CONFIG, point(2.31, 0.1), last, not_finite=not_finite) == outcome


def test_chance() -> None:
    assert chance_loss("cross-entropy") == pytest.approx(2.302585)
    assert chance_loss("squared-error") == 0.9


def evaluations(*losses: float, accuracy: float = 0.9, dead: float = 0.0) -> Curves:
    """Evaluations, ten steps apart, with these validation losses."""
    rows = np.zeros(len(losses), EVALUATION_DTYPE)
    rows["step"] = 10 * np.arange(len(losses))
    rows["validation_loss"] = losses
    rows["train_loss"] = np.linspace(2.3, 0.1, len(losses))
    rows["train_accuracy"] = accuracy
    rows["test_accuracy"] = accuracy - 0.02
    rows["dead_units"] = dead
    return Curves(evaluations=rows)


def said(run: Run, curves: Curves) -> str:
    found = explain(run, curves)
    assert found is not None
    return " ".join(str(part) for part in (found.title, found.what, *found.evidence, found.advice or ""))


def test_diverged_names_step_last_value_and_a_rate_to_try() -> None:
    curves = Curves(events=(Event(41, "not_finite", 8.1e12),))
    text = said(replace(RUN, outcome="diverged"), curves)
    assert "At step 41" in text
    assert "8.1e+12" in text
    assert "0.05" in text
    assert "255" in said(replace(RUN, config=CONFIG.replace(preprocessing="raw")), curves)


def test_collapsed_is_told_from_diverged() -> None:
    text = said(replace(RUN, outcome="collapsed"), evaluations(2.3, 2.303, accuracy=0.11, dead=1.0))
    assert text.startswith("Collapsed. No number broke, but 100% of the units")
    assert "a uniform guess has 2.303" in text


def test_a_collapse_is_said_while_the_run_goes_on() -> None:
    text = said(replace(RUN, state="running"), evaluations(2.3, 2.303, accuracy=0.11, dead=1.0))
    assert text.startswith("Collapsed.")


def test_overfitting_names_its_turning_point() -> None:
    text = said(replace(RUN, outcome="completed"), evaluations(2.3, 0.5, 0.3, 0.4, 0.6))
    assert "lowest at step 20 (0.300) and rose to 0.600" in text


def test_learned_names_the_gap() -> None:
    text = said(replace(RUN, outcome="completed"), evaluations(2.3, 0.5, 0.3))
    assert "Training accuracy 90.0%, test accuracy 88.0%." in text
    assert "gap of 2.0 points" in text


def test_hardly_learned_says_that_units_are_alive() -> None:
    text = said(replace(RUN, outcome="completed"), evaluations(2.3, 2.3, accuracy=0.12))
    assert "alive" in text
    assert "such as 5" in text


def test_early_stop_stopped_failed_and_nothing_to_say() -> None:
    early = Curves(evaluations(2.3, 0.5).steps, evaluations(2.3, 0.5).evaluations, (Event(60, "early_stop", 40.0),))
    assert "best at step 40 and rose from there; training ended at step 60" in said(
        replace(RUN, outcome="completed"), early
    )
    assert "after step 100 of 100" in said(replace(RUN, outcome="stopped"), Curves())
    assert "It broke" in said(replace(RUN, outcome="failed", error=message("It broke.")), Curves())
    assert explain(replace(RUN, state="running"), evaluations(2.3, 2.0)) is None
