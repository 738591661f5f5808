"""The labels of the grid, from hand-made evidence; the report; a case that trains."""

from __future__ import annotations

import ast
import inspect
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_core.bench import sampled, verdicts
from mnist_core.bench.verdicts import Ending, Evidence, draw, labels, make_case, report
from mnist_core.config import RunConfig
from mnist_core.data import Dataset


def ending(
    loss: float, accuracy: float, *, start: float = 2.3, lowest: float | None = None, falls: int = 0, **changes: Any
) -> Ending:
    """A run that came there in its first half, by way of `lowest`, and fell back so often in its later half."""
    losses, accuracies = np.full(40, loss), np.full(40, accuracy)
    losses[:20], accuracies[:20] = np.linspace(start, loss, 20), np.linspace(0.1, accuracy, 20)
    if lowest is not None:
        losses[:21], losses[20:] = np.linspace(start, lowest, 21), np.linspace(lowest, loss, 20)
    accuracies[30 : 30 + 2 * falls : 2] -= 0.3
    result = Ending(True, tuple(losses), tuple(accuracies), accuracy, 0.5, 0.0)
    return replace(result, **changes)


GOOD, SLOW, STUCK = ending(0.3, 0.91), ending(1.5, 0.6), ending(2.302, 0.11)
DEAD = replace(STUCK, dead=0.95)
LOST = ending(9.0, 0.1)


def evidence(run: Ending, again: Ending, longer: Ending, *, lower: Ending = GOOD, steps: int = 500) -> Evidence:
    return Evidence(steps, run, (again, again), longer, lower, 0.94)


@pytest.mark.parametrize(
    ("run", "again", "longer", "expected"),
    [
        (GOOD, GOOD, GOOD, ("learning-well",)),
        (SLOW, SLOW, GOOD, ("learning-slowly",)),
        (SLOW, SLOW, SLOW, ("underfitting",)),
        (STUCK, STUCK, STUCK, ("plateau",)),
        (STUCK, STUCK, GOOD, ("learning-slowly",)),
        (DEAD, DEAD, DEAD, ("collapsed",)),
        (replace(STUCK, gradient=1e-3), STUCK, STUCK, ("plateau", "collapsed")),
        (replace(LOST, dead=1.0), LOST, LOST, ("diverged", "collapsed")),  # both are true
        (replace(GOOD, finite=False), GOOD, GOOD, ("diverged",)),
        (LOST, LOST, LOST, ("diverged",)),
        (ending(0.3, 0.91, falls=2), ending(0.3, 0.91, falls=2), GOOD, ("unstable",)),
        (ending(0.6, 0.9, lowest=0.4), ending(0.6, 0.9, lowest=0.4), ending(0.9, 0.9, lowest=0.4), ("overfitting",)),
        (ending(0.6, 0.9, lowest=0.4), GOOD, GOOD, ("learning-well", "overfitting")),  # one seed alone is luck
    ],
)
def test_longer_and_repeated_runs_decide(run: Ending, again: Ending, longer: Ending, expected: tuple[str, ...]) -> None:
    assert labels(evidence(run, again, longer)) == expected


def test_a_loss_that_jumps_or_ends_above_its_start_may_be_called_unstable() -> None:
    jumping = replace(SLOW, losses=(*SLOW.losses[:25], *(1.4, 2.6) * 6, 1.5, 1.5, 1.5))
    assert jumping.jumps >= 2
    assert labels(evidence(jumping, SLOW, SLOW))[::2] == ("underfitting", "unstable")
    assert "unstable" not in labels(evidence(SLOW, SLOW, SLOW))
    above = ending(2.6, 0.12)
    assert "unstable" in labels(evidence(above, above, above, lower=LOST))


def test_who_knows_its_own_images_need_not_have_diverged() -> None:
    """Whatever its loss on others is; and of wrong labels, which it may know, the test images say nothing."""
    for known in (evidence(replace(LOST, trained=0.9), LOST, LOST), replace(evidence(LOST, LOST, LOST), wrong=0.3)):
        assert labels(known)[0] != "diverged"
        assert "diverged" in labels(known)


def test_who_never_learned_does_not_overfit() -> None:
    worse = ending(2.9, 0.12, lowest=2.2)
    assert "overfitting" not in labels(evidence(worse, worse, worse))


def test_most_labels_wrong_and_a_rising_test_loss_are_overfitting() -> None:
    """Test accuracy stays that of a guess whatever the network learns."""
    worse = ending(2.9, 0.12, lowest=2.2)
    assert labels(replace(evidence(worse, worse, worse), wrong=0.8)) == ("overfitting", "unstable")


def test_the_longer_run_counts_from_where_the_run_ended() -> None:
    """Its start, where the loss may have been lower, is no progress."""
    worse = ending(2.9, 0.34, start=2.3)
    assert labels(evidence(worse, worse, worse))[0] != "learning-slowly"


def test_where_all_labels_are_wrong_answers_are_known_by_heart() -> None:
    wrong = replace(evidence(STUCK, STUCK, STUCK), wrong=1.0)
    assert labels(wrong) == ("plateau", "overfitting")


def test_what_a_lower_rate_cannot_mend_did_not_diverge_for_sure() -> None:
    assert labels(evidence(LOST, LOST, LOST, lower=LOST)) != ("diverged",)


def test_a_network_that_answers_a_guess_never_learned_well() -> None:
    """Whatever its training labels are: test images have true ones."""
    for accuracy in (0.09, 0.1, 0.15, 0.2):
        run = ending(2.3, accuracy)
        assert "learning-well" not in labels(evidence(run, run, run))


def test_images_known_by_heart_may_be_called_learned() -> None:
    few = replace(ending(1.2, 0.6), trained=1.0)
    assert "learning-well" in labels(evidence(few, few, few))
    assert "overfitting" in labels(evidence(few, few, few))
    assert "overfitting" not in labels(evidence(replace(few, trained=0.69), few, few))
    assert "learning-well" not in labels(evidence(replace(few, trained=0.7), few, few))


def test_a_few_updates_may_be_too_early() -> None:
    assert labels(evidence(SLOW, SLOW, GOOD, steps=80)) == ("learning-slowly", "too-early")
    assert labels(evidence(SLOW, SLOW, SLOW, steps=80)) == ("underfitting",)
    assert labels(evidence(SLOW, SLOW, SLOW, steps=40)) == ("underfitting", "too-early")


def test_a_loss_of_nothing_is_learning_well() -> None:
    perfect = ending(0.0, 1.0)
    assert labels(evidence(perfect, perfect, perfect)) == ("learning-well",)


def test_labels_share_no_formula_with_the_rules() -> None:
    """Of the health check the benchmark calls the verdict, and nothing that makes one."""
    tree = ast.parse(inspect.getsource(verdicts))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mnist_core.diagnostics")
        for alias in node.names
    }
    assert names == {"Kind", "judge"}


def test_the_grid_is_wide_and_the_same_for_a_seed() -> None:
    assert draw(np.random.default_rng(3)) == draw(np.random.default_rng(3))
    random = np.random.default_rng(0)
    many = [draw(random) for _number in range(300)]
    assert {len(config.hidden_layers) for config in many} == {0, 1, 2, 3, 4}
    assert len({config.optimizer for config in many}) == 7
    assert {0.0, 0.3, 0.8, 1.0} == {config.label_noise for config in many}
    assert {0, 100, 500, 2_000} == {config.validation_size for config in many}
    assert {config.loss for config in many} == {"cross-entropy", "squared-error"}
    assert {config.model for config in many} == {"mlp", "cnn"}
    assert min(config.learning_rate for config in many) < 1e-4
    assert max(config.learning_rate for config in many) > 3
    assert {1, 10, 500} <= {config.batch_size for config in many}


def test_a_case_is_trained_and_labeled(tiny: Dataset) -> None:
    config = RunConfig(
        dataset="built-in", train_size=600, validation_size=200, hidden_layers=(30,), batch_size=20, epochs=3
    )
    case = make_case(config, tiny, {600: 0.9})
    assert len(case.evidence.run.losses) == 40
    assert case.evidence.run.losses[0] == pytest.approx(2.3, abs=0.5)
    assert case.evidence.longer.loss < case.evidence.run.loss
    assert 0 < case.evidence.run.gradient < 10
    assert case.evidence.run.dead < 0.5
    assert case.evidence.wrong == 0
    assert case.evidence.run.trained > 0.8
    assert case.verdict in labels(case.evidence)
    broken = make_case(config.replace(learning_rate=1.0, preprocessing="raw", loss="squared-error"), tiny, {600: 0.9})
    assert not broken.evidence.run.finite
    assert broken.verdict == "diverged"
    assert labels(broken.evidence) == ("diverged",)


def test_the_report_counts_right_and_wrong() -> None:
    cases = [
        {"said": "learning-well", "labels": ["learning-well"]},
        {"said": "plateau", "labels": ["underfitting", "plateau"]},
        {"said": "plateau", "labels": ["learning-slowly"]},
    ]
    text = report(cases)
    assert "Right: 2 of 3: 66.7%" in text
    assert "1 cases have more than one label; of the 2 others 1 are right." in text
    assert "| learning-slowly |  |  | 1 |" in text


def test_wilsons_interval() -> None:
    assert sampled.interval(95, 100) == pytest.approx((0.888, 0.978), abs=0.002)
    assert not math.isnan(sampled.interval(0, 5)[0])
