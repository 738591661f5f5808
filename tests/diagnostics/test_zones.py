"""Zones of learning rates and the edge, from hand-made runs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics import Scale
from mnist_core.diagnostics.zones import Edge, Trial, best, last, prediction_sentence, read, trial, unstable
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, RateChange, Run
from mnist_core.rounds import Free

CHANCE = math.log(10)
SCALE = Scale.of(RunConfig())


def ended(rate: float, loss: float, outcome: str = "completed", seed: int = 0, unstable: bool = False) -> Trial:
    return Trial(rate, seed, outcome, loss, unstable)  # type: ignore[arg-type]


def zones(*trials: Trial) -> dict[float, str | None]:
    return {point.rate: point.zone for point in read(trials, SCALE).points}


TYPICAL = (
    ended(3.0, math.nan, "diverged"),
    ended(0.01, 1.5),
    ended(0.1, 0.2),
    ended(0.3, 0.05),
    ended(1.0, 0.6),
    ended(1.7, 2.303, "collapsed"),
)


def sentences(*trials: Trial) -> str:
    return " ".join(map(str, read(trials, SCALE).sentences))


def test_a_typical_sweep() -> None:
    assert zones(*TYPICAL) == {0.01: "small", 0.1: "good", 0.3: "good", 1.0: "edge", 1.7: "broken", 3.0: "broken"}
    reading = read(TYPICAL, SCALE)
    assert reading.best is not None
    assert reading.best.rate == 0.3
    assert reading.edge == Edge(1.0, 1.7)
    assert sentences(*TYPICAL) == (
        "The network learns well in this many epochs at rates from 0.1 to 0.3; the best rate tried is 0.3 (training loss 0.05). Training breaks from 1.7 on: the highest rate that still trains lies between 1 and 1.7."
    )


def test_nine_tenths_of_the_way_is_good_and_less_is_not() -> None:
    best_loss = 0.3
    limit = CHANCE - 0.9 * (CHANCE - best_loss)
    by_rate = zones(ended(0.1, limit + 0.01), ended(0.2, limit - 0.01), ended(0.4, best_loss), ended(0.8, limit + 0.01))
    assert by_rate == {0.1: "small", 0.2: "good", 0.4: "good", 0.8: "edge"}


def test_a_run_whose_rate_was_changed_by_hand_says_nothing_of_its_rate() -> None:
    """Begun at 3, which breaks, and saved by 0.01: that does not make 3 a good rate."""
    run = Run("r", "ann", RunConfig(learning_rate=3.0), "finished", 1, 0.0, outcome="completed")
    changed = trial(replace(run, rate_changes=(RateChange(5, 0.01),)), Curves())
    trials = [*TYPICAL[1:], replace(changed, loss=0.01)]
    assert zones(*trials)[3.0] is None
    assert read(trials, SCALE).edge == Edge(1.0, 1.7)
    assert sentences(*trials).endswith("Left out because the rate of a run was changed by hand: 3.")
    assert "stopped or failed" not in sentences(*trials)


def test_an_unstable_rate_is_on_the_edge_however_well_it_ended() -> None:
    assert zones(ended(0.5, 0.01), ended(1.2, 0.01, unstable=True))[1.2] == "edge"


def test_where_the_lowest_loss_is_on_the_edge_that_is_said_and_no_other_rate_is_called_the_best() -> None:
    """A rate that learns "at only one of the rates, 0.2" beside "the best is 0.8" read as a contradiction."""
    shaky = ended(0.8, 0.01, unstable=True)
    assert sentences(ended(0.002, 1.9), ended(0.2, 0.1), shaky).startswith(
        "The loss falls fast and without rising again at only one of the rates tried, 0.2. The lowest training loss, 0.01, is reached at 0.8, but it rises again on the way."
    )
    assert sentences(ended(0.1, 0.2), ended(0.2, 0.1), shaky).startswith(
        "The loss falls fast and without rising again at rates from 0.1 to 0.2. The lowest training loss, 0.01, is reached at 0.8, but it rises again on the way."
    )


def test_the_only_good_rate_is_the_best() -> None:
    assert sentences(ended(0.002, 1.9), ended(0.2, 0.1), ended(3, 2.3, "collapsed")).startswith(
        "The network learns well at only one of the rates tried, 0.2 (training loss 0.1)."
    )


def test_seeds_that_disagree_are_on_the_edge() -> None:
    trials = (ended(0.5, 0.1), ended(0.5, 0.1, seed=1), ended(1.2, 0.1), ended(1.2, 2.3, "collapsed", seed=1))
    broken = (ended(2.0, 2.3, "collapsed"), ended(2.0, 2.3, "collapsed", seed=1))
    assert zones(*trials, *broken) == {0.5: "good", 1.2: "edge", 2.0: "broken"}
    assert "At 1.2 some runs broke" in sentences(*trials, *broken)
    assert read([*trials, *broken], SCALE).edge == Edge(1.2, 2.0)


def test_the_best_rate_is_that_of_the_mean_over_seeds() -> None:
    trials = (ended(0.1, 0.2), ended(0.1, 0.2, seed=1), ended(0.2, 0.01), ended(0.2, 0.5, seed=1))
    reading = read(trials, SCALE)
    assert reading.best is not None
    assert reading.best.rate == 0.1


def test_nothing_learns_and_nothing_breaks() -> None:
    trials = (ended(1e-5, 2.31), ended(1e-4, 2.29))
    assert set(zones(*trials).values()) == {"small"}
    assert "At none of the rates tried does the network learn" in sentences(*trials)
    assert read(trials, SCALE).edge == Edge(1e-4, None)


def test_everything_breaks() -> None:
    trials = (ended(10, math.nan, "diverged"), ended(100, math.nan, "diverged"))
    assert set(zones(*trials).values()) == {"broken"}
    assert sentences(*trials) == "Training breaks at every rate tried. Try lower rates."
    assert read(trials, SCALE).edge == Edge(None, 10)


@pytest.mark.parametrize(
    ("free", "advice"),
    [
        (None, ["Try one of these: higher rates, more epochs."]),
        ({"epochs": (1, 9)}, ["Try more epochs."]),
        ({"dropout": (0.0, 0.5)}, []),
    ],
)
def test_nothing_that_is_locked_is_advised(free: Free | None, advice: list[str]) -> None:
    reading = read((ended(1e-5, 2.31), ended(1e-4, 2.29)), SCALE)
    finding, *others = map(str, reading.said(free))
    assert finding == "At none of the rates tried does the network learn in this many epochs."
    assert others[:-1] == advice  # the last says where training breaks


def test_no_rate_breaks() -> None:
    assert "the highest rate that still trains lies above 0.5" in sentences(ended(0.1, 0.2), ended(0.5, 0.1))


def test_a_rate_that_breaks_below_one_that_learns_is_told() -> None:
    trials = (ended(0.1, 0.2), ended(0.5, 2.3, "collapsed"), ended(0.7, 0.1), ended(1, 2.3, "collapsed"))
    assert read(trials, SCALE).edge == Edge(0.7, 1)
    assert "At 0.5 some runs broke" in sentences(*trials)


def test_while_runs_go_on_nothing_is_said_of_them() -> None:
    going = Trial(0.3, 0, None, 1.0)
    assert zones(ended(0.1, 0.2), going, ended(3.0, math.nan, "diverged")) == {0.1: "good", 0.3: None, 3.0: "broken"}
    reading = read([ended(0.1, 0.2), going], SCALE)
    assert not reading.done
    assert reading.edge is None
    assert reading.sentences == ()


@pytest.mark.parametrize("outcome", ["stopped", "failed"])
def test_stopped_and_failed_runs_are_left_out(outcome: str) -> None:
    trials = (ended(0.1, 0.2), ended(0.3, 0.001, outcome), ended(1, 0.1), ended(3, 2.3, "collapsed"))
    assert zones(*trials)[0.3] is None
    assert "Left out because runs were stopped or failed: 0.3." in sentences(*trials)
    assert sentences(ended(0.1, 1, outcome), ended(1, 1, outcome)).startswith("Left out")


def test_an_edge_knows_how_far_a_prediction_is_off() -> None:
    edge = Edge(1.0, 2.0)
    assert edge.off(0.25) == 4
    assert edge.off(8) == 4
    assert edge.off(1.5) == edge.off(1.0) == edge.off(2.0) == 1
    assert edge.middle == pytest.approx(math.sqrt(2))
    assert str(prediction_sentence(edge, 0.25)) == "You predicted 0.25: too low by a factor of 4."
    assert str(prediction_sentence(edge, 8)) == "You predicted 8: too high by a factor of 4."
    assert "right" in str(prediction_sentence(edge, 1.4))


def test_an_open_edge() -> None:
    assert Edge(1.0, None).off(50) == 1
    assert Edge(1.0, None).off(0.5) == 2
    assert Edge(None, 0.1).off(1) == 10
    assert Edge(None, 0.1).middle is None


def curves(losses: np.ndarray, maximum: np.ndarray | None = None) -> Curves:
    steps = np.zeros(len(losses), STEP_DTYPE)
    steps["step"] = np.arange(1, len(losses) + 1)
    steps["steps"] = 1
    steps["loss"] = losses
    steps["loss_max"] = losses if maximum is None else maximum
    return Curves(steps)


FALLING = 0.1 + 2.2 * np.exp(-np.arange(1000) / 100)


def test_a_falling_loss_is_stable_and_a_late_spike_is_not() -> None:
    assert not unstable(curves(FALLING), SCALE, 100)
    spiked = FALLING.copy()
    spiked[700] = 1.2
    assert unstable(curves(FALLING, spiked), SCALE, 100)


def test_a_spike_before_anything_was_learned_does_not_count() -> None:
    early = FALLING.copy()
    early[20] = 25.0
    assert not unstable(curves(FALLING, early), SCALE, 100)


def test_single_images_with_a_high_loss_are_no_spike() -> None:
    luck = np.random.default_rng(0)
    noisy = FALLING * luck.exponential(1.0, 1000)
    assert noisy[300:].max() > 0.6  # of one image each
    assert not unstable(curves(noisy), SCALE, 1)
    lost = noisy.copy()
    lost[600:800] += 1.5
    assert unstable(curves(lost), SCALE, 1)


def test_a_short_or_broken_run_is_not_called_unstable() -> None:
    assert not unstable(curves(FALLING[:50]), SCALE, 100)
    assert not unstable(curves(np.append(FALLING, np.nan)), SCALE, 100)


def test_figures_of_a_run() -> None:
    evaluations = np.zeros(3, EVALUATION_DTYPE)
    evaluations["train_loss"] = [2.3, 0.4, 0.6]
    evaluations["train_accuracy"] = [0.1, 0.9, 0.8]
    recorded = Curves(evaluations=evaluations)
    going = Run("r", "ann", RunConfig(learning_rate=0.3), "running", 1, 0.0)
    assert last(going, recorded, "train", "loss") == pytest.approx(0.6)
    assert best(going, recorded, "train", "loss") == pytest.approx(0.4)
    assert best(going, recorded, "train", "accuracy") == pytest.approx(0.9)
    done = Run("r", "ann", going.config, "finished", 2, 0.0, outcome="completed", result={"train_loss": 0.5})
    assert last(done, recorded, "train", "loss") == 0.5  # of all images
    assert trial(done, recorded) == Trial(0.3, 0, "completed", 0.5)
    assert math.isnan(last(going, Curves(), "test", "loss"))
    assert math.isnan(best(going, Curves(), "test", "loss"))


def test_where_the_seed_decides_neither_higher_rates_nor_a_far_edge_are_spoken_of() -> None:
    mixed = (ended(1.0, 0.2), ended(1.0, math.nan, "diverged", seed=1))
    above = (ended(3.0, math.nan, "diverged"), ended(3.0, math.nan, "diverged", seed=1))
    text = sentences(*mixed, *above)
    assert text.startswith(
        "No rate tried works for every seed: at 1 training breaks for some. Try one of these: lower rates, more epochs."
    )
    assert "higher rates" not in text
    assert "Training breaks from 3 on" in text
    learned = (ended(0.1, 0.1), ended(0.1, 0.1, seed=1))
    text = sentences(*learned, *mixed)
    assert "The highest rate that still trains lies near 1, the highest rate tried." in text
    assert "breaks at none" not in text


def test_the_best_validation_accuracy_of_a_run_that_is_over_is_that_of_all_images() -> None:
    rows = np.zeros(2, EVALUATION_DTYPE)
    rows["validation_accuracy"], rows["test_accuracy"] = [0.923, 0.9], [0.91, 0.9]
    over = Run("r", "ann", RunConfig(), "finished", 1, 0.0, result={"best_validation_accuracy": 0.9247})
    assert best(over, Curves(evaluations=rows), "validation", "accuracy") == 0.9247
    assert best(over, Curves(evaluations=rows), "test", "accuracy") == pytest.approx(0.91)
    assert best(replace(over, state="paused"), Curves(evaluations=rows), "validation", "accuracy") == pytest.approx(
        0.923
    )
