"""What the runs of a sweep say of its learning rates: too small, good, on the edge, diverged or collapsed.

The rules, for a rate all of whose runs have ended (`loss`: the mean over its seeds of the last training loss):
broken  every run diverged or collapsed (`outcome.classify`).
edge    some of its seeds broke and some did not; or a run is unstable (`unstable`); or it is above the best rate and
        not good.
good    its loss has come at least nine tenths of the way from chance to the loss of the best rate.
small   every other rate below the best one; or every rate that did not break, where even the best one's loss is
        still nearly that of one answer to all images (`chance.Scale`, which knows of wrong labels).
The loss is that of training, whatever the chart shows: a rate moves the weights, overfitting is another matter. It
holds for every optimizer and network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from mnist_core.diagnostics.chance import Scale
from mnist_core.diagnostics.run_metrics import rises
from mnist_core.diagnostics.ways import OneOf, Way
from mnist_core.messages import N_, Message, message, number_text
from mnist_core.records import Curves, Outcome, Run, Split
from mnist_core.rounds import Free

Zone = Literal["small", "good", "edge", "broken"]
WAY = 0.9  # of the way from chance to the best loss, and a rate is good
NEARLY_CHANCE = 0.95  # of the scale's span: nothing was learned
BROKEN: tuple[Outcome, ...] = ("diverged", "collapsed")


@dataclass(frozen=True)
class Trial:
    """One run of a sweep. `outcome` is None until it has ended; `loss` its last training loss, NaN while unknown.

    `changed`: its rate was set to another one by hand, so that it says nothing of this one.
    """

    rate: float
    seed: int
    outcome: Outcome | None
    loss: float
    unstable: bool = False
    changed: bool = False

    @property
    def broken(self) -> bool:
        """Whether it diverged or collapsed."""
        return self.outcome in BROKEN


@dataclass(frozen=True)
class RatePoint:
    """A rate with its runs, one for each seed; `zone` is None while it may still change, or nothing is known."""

    rate: float
    trials: tuple[Trial, ...]
    zone: Zone | None = None

    @property
    def loss(self) -> float:
        """Mean training loss of its runs at their end, NaN where one has none."""
        return float(np.mean([trial.loss for trial in self.trials]))


@dataclass(frozen=True)
class Edge:
    """Where training begins to break: between two rates that were tried."""

    learns: float | None  # the highest below it; None: even the lowest breaks
    breaks: float | None  # the lowest from which on all break; None: not even the highest

    @property
    def middle(self) -> float | None:
        """Where it is drawn, half way on a log scale; None where it lies beyond what was tried."""
        return math.sqrt(self.learns * self.breaks) if self.learns and self.breaks else None

    def off(self, predicted: float) -> float:
        """By what factor, at least 1, a prediction misses it; 1 between the two rates, where nothing was tried."""
        if self.learns is not None and predicted < self.learns:
            return self.learns / predicted
        if self.breaks is not None and predicted > self.breaks:
            return predicted / self.breaks
        return 1.0


@dataclass(frozen=True)
class Reading:
    """What a sweep says so far; `points` ascend, `best` is the good rate with the lowest loss."""

    points: tuple[RatePoint, ...]
    best: RatePoint | None
    edge: Edge | None  # None while runs go on, and where breaking and learning rates alternate up to the highest
    done: bool

    @property
    def sentences(self) -> tuple[Message, ...]:
        """The result in words."""
        return self.said()

    def said(self, free: Free | None = None) -> tuple[Message, ...]:
        """The same where only these settings may be changed, as `rounds.Plan.varied` has them; None: all."""
        return _sentences(self, free)


def trial(run: Run, curves: Curves) -> Trial:
    """What a run of a sweep has come to."""
    return Trial(
        run.config.learning_rate,
        run.config.seed,
        run.outcome if run.state == "finished" else None,
        last(run, curves, "train", "loss"),
        unstable(curves, Scale.of(run.config), run.config.batch_size),
        bool(run.rate_changes),
    )


def last(run: Run, curves: Curves, split: Split, metric: str) -> float:
    """The figure at the run's end (of all images, where the run came so far), or its newest; NaN without any."""
    value = run.result.get(f"{split}_{metric}") if run.state == "finished" else None
    if value is not None:
        return float(value)
    values = curves.evaluations[f"{split}_{metric}"]
    return float(values[-1]) if len(values) else math.nan


def best(run: Run, curves: Curves, split: Split, metric: str) -> float:
    """The best figure in the run's course (of a run that is over its best validation accuracy on all images, as tables and reports have
    it); NaN without any."""
    measured = run.result.get(f"best_{split}_{metric}") if run.state == "finished" and metric == "accuracy" else None
    if measured is not None:
        return float(measured)
    values = np.append(curves.evaluations[f"{split}_{metric}"].astype(np.float64), last(run, curves, split, metric))
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan
    return float(values.min() if metric == "loss" else values.max())


def unstable(curves: Curves, scale: Scale, batch_size: int) -> bool:
    """Whether the mini-batch loss rose again by a third of what it had gained (`run_metrics.rises`)."""
    return bool(rises(curves.steps, scale, batch_size))


def read(trials: Sequence[Trial], scale: Scale) -> Reading:
    """The zones of the rates in `trials`, and where the edge lies. `scale`: that of their configuration."""
    by_rate = groupby(sorted(trials, key=lambda trial: (trial.rate, trial.seed)), lambda trial: trial.rate)
    points = [RatePoint(rate, tuple(group)) for rate, group in by_rate]
    alive = [point for point in points if _is_complete(point) and not any(trial.broken for trial in point.trials)]
    alive = [point for point in alive if math.isfinite(point.loss)]
    best_point = min(alive, key=lambda point: point.loss, default=None)
    zoned = tuple(RatePoint(point.rate, point.trials, _zone(point, best_point, scale)) for point in points)
    done = all(trial.outcome is not None for trial in trials)
    good = (point for point in zoned if point.zone in ("good", "edge"))
    learned = next((point for point in good if best_point and point.rate == best_point.rate), None)
    return Reading(zoned, learned, _edge(zoned) if done else None, done)


def _is_complete(point: RatePoint) -> bool:
    """Whether every run of it has come to its own end, at this rate."""
    return all(trial.outcome in ("completed", *BROKEN) and not trial.changed for trial in point.trials)


def _zone(point: RatePoint, best_point: RatePoint | None, scale: Scale) -> Zone | None:
    if not _is_complete(point):
        return None
    broken = [trial.broken for trial in point.trials]
    if all(broken):
        return "broken"
    if any(broken) or any(trial.unstable for trial in point.trials):
        return "edge"
    if best_point is None or best_point.loss > scale.level(NEARLY_CHANCE):
        return "small"
    if point.loss <= scale.chance - WAY * (scale.chance - best_point.loss):
        return "good"
    return "small" if point.rate < best_point.rate else "edge"


def _edge(points: Sequence[RatePoint]) -> Edge | None:
    """Above the highest rate that did not break, if anything is known above it."""
    zoned = [point for point in points if point.zone is not None]
    alive = [place for place, point in enumerate(zoned) if point.zone != "broken"]
    if len(zoned) < 2:
        return None
    if not alive:
        return Edge(None, zoned[0].rate)
    above = zoned[alive[-1] + 1 :]
    if above:
        return Edge(zoned[alive[-1]].rate, above[0].rate)
    return Edge(zoned[-1].rate, None) if len(alive) == len(zoned) else None


# ---- in words --------------------------------------------------------------------------------------------------


LOWER = Way(message(N_("lower rates")), {"learning_rate": None})
HIGHER = Way(message(N_("higher rates")), {"learning_rate": None})
LONGER = Way(message(N_("more epochs")), {"epochs": None})


def _sentences(reading: Reading, free: Free | None) -> tuple[Message, ...]:
    if not reading.done:
        return ()
    findings = (_breaking, _alternating, _left_out, _changed)
    sentences = [*_learning(reading, free), *(finding(reading) for finding in findings)]
    return tuple(sentence for sentence in sentences if sentence is not None)


def _learning(reading: Reading, free: Free | None) -> tuple[Message | None, ...]:
    """Where the network learns; where it nowhere does, with what to try."""
    if not any(point.zone for point in reading.points):
        return ()
    if reading.best is not None:
        return (_good(reading, reading.best),)
    if all(point.zone in ("broken", None) for point in reading.points):
        return message(N_("Training breaks at every rate tried.")), OneOf((LOWER,)).said(free)
    if mixed := [point.rate for point in reading.points if _is_mixed(point)]:
        rates = ", ".join(map(_rate, mixed))
        template = N_("No rate tried works for every seed: at {rates} training breaks for some.")
        return message(template, rates=rates), OneOf((LOWER, LONGER)).said(free)
    template = N_("At none of the rates tried does the network learn in this many epochs.")
    return message(template), OneOf((HIGHER, LONGER)).said(free)


def _good(reading: Reading, best_point: RatePoint) -> Message:
    good = [point.rate for point in reading.points if point.zone == "good"]
    values = {"best": _rate(best_point.rate), "loss": number_text(best_point.loss, 3)}
    if not good:
        return message(
            N_("The best rate tried is {best} (training loss {loss}), but the loss rises again on the way."),
            **values,
        )
    if best_point.zone == "edge":
        return _best_on_the_edge(good, values)
    if len(good) == 1:
        return message(
            N_("The network learns well at only one of the rates tried, {best} (training loss {loss})."), **values
        )
    return message(
        N_(
            "The network learns well in this many epochs at rates from {low} to {high}; the best rate tried is {best} (training loss {loss})."
        ),
        low=_rate(good[0]),
        high=_rate(good[-1]),
        **values,
    )


def _is_mixed(point: RatePoint) -> bool:
    """Whether the seed decides: some of its runs broke, and not all."""
    return point.zone not in ("broken", None) and any(trial.broken for trial in point.trials)


def _best_on_the_edge(good: Sequence[float], values: Mapping[str, str]) -> Message:
    """Where rates without trouble are not those with the lowest loss."""
    if len(good) == 1:
        return message(
            N_(
                "The loss falls fast and without rising again at only one of the rates tried, {rate}. The lowest training loss, {loss}, is reached at {best}, but it rises again on the way."
            ),
            rate=_rate(good[0]),
            **values,
        )
    return message(
        N_(
            "The loss falls fast and without rising again at rates from {low} to {high}. The lowest training loss, {loss}, is reached at {best}, but it rises again on the way."
        ),
        low=_rate(good[0]),
        high=_rate(good[-1]),
        **values,
    )


def _breaking(reading: Reading) -> Message | None:
    edge = reading.edge
    if edge is None or edge.learns is None:
        return None
    if edge.breaks is None and _is_mixed(next(point for point in reading.points if point.rate == edge.learns)):
        return message(
            N_("The highest rate that still trains lies near {rate}, the highest rate tried."), rate=_rate(edge.learns)
        )
    if edge.breaks is None:
        return message(
            N_("Training breaks at none of them: the highest rate that still trains lies above {rate}."),
            rate=_rate(edge.learns),
        )
    return message(
        N_("Training breaks from {breaks} on: the highest rate that still trains lies between {learns} and {breaks}."),
        learns=_rate(edge.learns),
        breaks=_rate(edge.breaks),
    )


def _alternating(reading: Reading) -> Message | None:
    """Whether a rate broke, for some seed, although a higher one did not."""
    broke = [
        point.rate for point in reading.points if any(trial.broken and not trial.changed for trial in point.trials)
    ]
    trained = [point.rate for point in reading.points if point.zone is not None and point.zone != "broken"]
    early = [rate for rate in broke if trained and rate <= trained[-1]]
    if not early:
        return None
    return message(
        N_(
            "At {rates} some runs broke, though a run at the same or a higher rate did not: near the edge, the seed decides."
        ),
        rates=", ".join(map(_rate, early)),
    )


def _left_out(reading: Reading) -> Message | None:
    return _excluded(
        N_("Left out because runs were stopped or failed: {rates}."),
        [point for point in reading.points if point.zone is None and not _was_changed(point)],
    )


def _changed(reading: Reading) -> Message | None:
    return _excluded(
        N_("Left out because the rate of a run was changed by hand: {rates}."),
        [point for point in reading.points if _was_changed(point)],
    )


def _was_changed(point: RatePoint) -> bool:
    return any(trial.changed for trial in point.trials)


def _excluded(template: str, points: Sequence[RatePoint]) -> Message | None:
    return message(template, rates=", ".join(_rate(point.rate) for point in points)) if points else None


def _rate(rate: float) -> str:
    return number_text(rate)


def prediction_sentence(edge: Edge, predicted: float) -> Message:
    """How far a predicted edge lies from the measured one, in a sentence."""
    values = {"predicted": _rate(predicted), "factor": number_text(edge.off(predicted), 2)}
    if edge.off(predicted) == 1:
        return message(N_("You predicted {predicted}: right, as far as the rates tried can tell."), **values)
    if edge.learns is not None and predicted < edge.learns:
        return message(N_("You predicted {predicted}: too low by a factor of {factor}."), **values)
    return message(N_("You predicted {predicted}: too high by a factor of {factor}."), **values)
