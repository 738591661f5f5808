"""The labels of the grid, from hand-made endings; the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mnist_core.bench.verdicts import Case, Ending, draw, interval, labels, report
from mnist_core.config import RunConfig

CONFIG = RunConfig(train_size=1_000, batch_size=100, epochs=20)
GOOD = Ending("completed", 0.1, 0.1, 0.97, 0.97, 1.0, 0)
SLOW = Ending("completed", 1.5, 1.5, 0.6, 0.6, 1.0, 0)
STUCK = Ending("completed", 2.302, 2.301, 0.11, 0.12, 1.0, 0)
DEAD = replace(STUCK, outcome="collapsed")


@pytest.mark.parametrize(
    ("run", "again", "longer", "found"),
    [
        (GOOD, GOOD, GOOD, ("learning-well",)),
        (SLOW, SLOW, GOOD, ("learning-slowly",)),
        (SLOW, SLOW, SLOW, ("underfitting",)),
        (STUCK, STUCK, STUCK, ("plateau",)),
        (STUCK, STUCK, GOOD, ("learning-slowly",)),
        (DEAD, DEAD, DEAD, ("collapsed",)),
        (replace(GOOD, outcome="diverged"), GOOD, GOOD, ("diverged",)),
        (replace(GOOD, falls=2), GOOD, GOOD, ("unstable",)),
        (replace(GOOD, risen=1.4), replace(GOOD, risen=1.3), replace(GOOD, risen=2.0), ("overfitting",)),
        (replace(GOOD, risen=1.4), GOOD, GOOD, ("learning-well",)),  # one seed alone is luck
    ],
)
def test_longer_and_repeated_runs_decide(run: Ending, again: Ending, longer: Ending, found: tuple[str, ...]) -> None:
    assert labels(CONFIG, run, (again, again), longer) == found


def test_a_loss_of_nothing_is_learning_well() -> None:
    perfect = replace(GOOD, loss=0.0, least=0.0, accuracy=1.0, best_accuracy=1.0)
    assert labels(CONFIG, perfect, (perfect, perfect), perfect) == ("learning-well",)


def test_a_few_updates_are_too_early_by_definition() -> None:
    few = CONFIG.replace(epochs=3)
    assert labels(few, SLOW, (SLOW, SLOW), GOOD) == ("too-early",)
    assert labels(few, GOOD, (GOOD, GOOD), GOOD)[0] == "learning-well"


def test_the_grid_is_wide_and_the_same_for_a_seed() -> None:
    drawn = [draw(np.random.default_rng(3)) for _twice in range(2)]
    assert drawn[0] == drawn[1]
    random = np.random.default_rng(0)
    many = [draw(random) for _number in range(200)]
    assert {len(config.hidden_layers) for config in many} == {0, 1, 2, 3, 4}
    assert len({config.optimizer for config in many}) == 7
    assert min(config.learning_rate for config in many) < 1e-4
    assert max(config.learning_rate for config in many) > 3
    assert {1, 10, 1_000} <= {config.batch_size for config in many}


def test_the_report_counts_right_and_wrong() -> None:
    cases = [
        Case(CONFIG.to_dict(), "learning-well", ("learning-well",), GOOD, (), GOOD),
        Case(CONFIG.to_dict(), "plateau", ("underfitting", "plateau"), SLOW, (), SLOW),
        Case(CONFIG.to_dict(), "plateau", ("learning-slowly",), SLOW, (), GOOD),
    ]
    text = report(cases)
    assert "2 of 3 right: 66.7%" in text
    assert "1 cases have more than one label; of the 2 others 1 are right." in text
    assert "| learning-slowly |  |  | 1 |" in text


def test_wilsons_interval() -> None:
    assert interval(95, 100) == pytest.approx((0.888, 0.978), abs=0.002)
