"""Runs and hand-made records for the health check to judge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mnist_core.config import RunConfig
from mnist_core.diagnostics import explain
from mnist_core.records import EVALUATION_DTYPE, Curves, Event, Progress, Run

CONFIG = RunConfig(learning_rate=0.5)


RUN = Run("r", "ann", CONFIG, "finished", 1, 0.0, outcome="completed", progress=Progress(1_000, 1_000))


LIVE = replace(RUN, state="running", outcome=None)


def evaluations(
    losses: Sequence[float],
    accuracy: float | Sequence[float] = 0.95,
    validation: Sequence[float] | None = None,
    dead: float = 0.0,
    apart: int = 100,
    validated: float | None = None,
) -> Curves:
    """Evaluations `apart` steps apart with these training losses; validation is as good where nothing else is said.

    `validated`: validation accuracy, whose labels are right though training labels are wrong.
    """
    rows = np.zeros(len(losses), EVALUATION_DTYPE)
    rows["step"] = apart * np.arange(len(losses))
    rows["train_loss"] = losses
    rows["validation_loss"] = losses if validation is None else validation
    rows["train_accuracy"] = rows["test_accuracy"] = accuracy
    rows["validation_accuracy"] = rows["train_accuracy"] - 0.02 if validated is None else validated
    rows["dead_units"] = dead
    return Curves(evaluations=rows)


FALLING = [2.3 * 0.7**i for i in range(11)]


CASES: dict[str, tuple[Run, Curves, str]] = {
    "learned": (RUN, evaluations([2.3, 0.5, 0.3, 0.2, 0.15, 0.12]), "learning-well"),
    "learned, live": (LIVE, evaluations([2.3, 0.5, 0.3, 0.2, 0.15, 0.12]), "learning-well"),
    "still falling": (RUN, evaluations([2.3, 2.2, 2.1, 1.9, 1.7, 1.5], 0.6), "learning-slowly"),
    "falling near chance": (RUN, evaluations([2.32, 2.31, 2.29, 2.27, 2.24, 2.2], 0.25), "learning-slowly"),
    "flat near chance": (RUN, evaluations([2.31, 2.303, 2.302, 2.303, 2.302, 2.302], 0.12), "plateau"),
    "flat below chance": (RUN, evaluations([2.3, 1.2, 0.9, 0.812, 0.81, 0.81], 0.7), "underfitting"),
    "falls back": (
        RUN,
        evaluations([2.3, 0.5, 0.3, 0.3, 0.9, 1.1, 0.3], [0.1, 0.85, 0.9, 0.9, 0.7, 0.6, 0.9]),
        "unstable",
    ),
    "the loss alone falls back": (RUN, evaluations([2.3, 0.5, 0.3, 0.3, 0.9, 1.1, 0.3]), "learning-well"),
    "a sure network in doubt": (RUN, evaluations([2.3, 2.2, 2.15, 2.9, 3.0, 3.5], 0.6), "unstable"),
    "falling from far above chance": (RUN, evaluations([168, 160, 150, 134, 130, 123], 0.13), "learning-slowly"),
    "ends above its least": (RUN, evaluations([2.3, 1.2, 0.9, 0.7, 0.65, 0.8], 0.7), "unstable"),
    "thrown about above chance": (RUN, evaluations([2.36, 2.5, 2.7, 3.2, 2.6, 3.0, 2.6, 2.5], 0.1), "unstable"),
    "flat far above chance": (RUN, evaluations([168, 167.9, 167.8, 167.9, 167.7, 167.8], 0.1), "plateau"),
    "far overshot, and still above the start": (LIVE, evaluations([2.3, 700, 90, 3.5, 3.5, 3.5], 0.12), "unstable"),
    "the loss hardly moves, answers do": (
        RUN,
        evaluations([2.303, 2.302, 2.301, 2.3, 2.297, 2.292], [0.05, 0.06, 0.06, 0.08, 0.15, 0.4]),
        "learning-slowly",
    ),
    "far overshot, and back below it": (LIVE, evaluations([2.3, 700, 30, 3, 2, 1.5], 0.5), "learning-slowly"),
    "what little was gained is lost": (
        RUN,
        evaluations([2.3, 2.29, 2.0, 2.1, 2.2, 2.25, 2.0], [0.1, 0.2, 0.4, 0.3, 0.2, 0.18, 0.4]),
        "unstable",
    ),
    "one jump of validation": (
        RUN,
        evaluations([2.3, 0.5, 0.2, 0.1, 0.05, 0.01], 1.0, [2.3, 0.6, 0.4, 0.40, 0.41, 0.6]),
        "learning-well",
    ),
    "one fall back, early": (RUN, evaluations([2.3, 0.5, 1.9, 0.4, 0.3, 0.2, 0.1]), "learning-well"),
    "validation rises": (
        RUN,
        evaluations([2.3, 0.5, 0.2, 0.1, 0.05, 0.02], 1.0, [2.3, 0.6, 0.4, 0.42, 0.5, 0.5]),
        "overfitting",
    ),
    "validation levels off": (
        RUN,
        evaluations([2.3, 0.5, 0.2, 0.1, 0.05, 0.01], 1.0, [2.3, 0.6, 0.4, 0.40, 0.41, 0.42]),
        "learning-well",
    ),
    "both rise": (
        RUN,
        evaluations([2.3, 0.5, 0.3, 0.35, 0.4, 0.44], 0.87, [2.3, 0.5, 0.3, 0.4, 0.5, 0.6]),
        "unstable",
    ),
    "no validation": (RUN, evaluations([2.3, 0.5, 0.3, 0.2, 0.1], 0.97, [math.nan] * 5), "learning-well"),
    "dead": (LIVE, evaluations([2.3, 2.303, 2.303], 0.11, dead=1.0), "collapsed"),
    "dead and yet learned": (LIVE, evaluations([2.3, 0.5, 0.3, 0.2, 0.1], 0.97, dead=0.95), "learning-well"),
    "above chance, live": (LIVE, evaluations([2.3, 9.0, 40.0], 0.1), "diverged"),
    "not finite": (LIVE, Curves(events=(Event(41, "not_finite", 8.1e12),)), "diverged"),
    "nothing yet": (LIVE, Curves(), "too-early"),
    "twenty steps": (RUN, evaluations([2.3, 2.2, 2.1, 2.0, 1.9], 0.5, apart=5), "too-early"),
    "twenty steps were enough": (RUN, evaluations([2.3, 1.0, 0.5, 0.3, 0.2], 0.95, apart=5), "learning-well"),
}


def sentences(run: Run, curves: Curves) -> str:
    verdict = explain(run, curves)
    assert verdict is not None
    return " ".join(str(part) for part in (verdict.title, verdict.summary, *verdict.evidence, verdict.advice or ""))


def changed(run: Run, **changes: Any) -> Run:
    return replace(run, config=run.config.replace(**changes))
