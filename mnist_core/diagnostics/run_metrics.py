"""A run so far, as a handful of numbers measured from its records.

Everything is measured on evaluations, which are of fixed images and free of the noise of mini-batches; rises too short for
them are looked for in the records of the steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.diagnostics import gap
from mnist_core.diagnostics.chance import Scale
from mnist_core.records import Curves, Outcome

BACK = 1.5  # times the minimum loss before it: what counts as falling back
WORSE = 0.15  # of accuracy: where the loss alone falls back, a confident network errs as seldom as before
STRETCHES, FEWEST_STRETCHES = 50, 10  # of a run, whose mini-batch losses are compared
LONG = 10  # records of a stretch, at least
RISE = 1 / 3  # of what had been gained, lost again
ENOUGH = 100  # images in a loss that tells a rise from bad luck
DEAD = 0.9  # fraction of a layer's units that pass no gradient
NOT_NOTHING = 0.03  # of the scale's span: differences of loss below it are not spoken of
LEARNED = 0.5  # of the span: a mini-batch's loss below that level had gained something to lose


def is_dead(scale: Scale, dead_units: float, accuracy: float) -> bool:
    """Whether a layer is dead and the network with it."""
    return dead_units >= DEAD and accuracy < scale.barely


@dataclass(frozen=True)
class RunMetrics:
    """Measured so far. Losses in the unit of the run's loss, steps as counted from 1."""

    step: int  # of the last evaluation
    evaluations: int  # after the first update
    scale: Scale
    first_loss: float  # of the untrained network
    train_loss: float
    train_accuracy: float
    minimum_loss: float  # of any evaluation
    loss_ratio: float  # the training loss by what it was after two thirds of the steps so far
    earlier_step: int  # the step that this is
    earlier_loss: float
    gained: float  # training accuracy since then
    dead_units: float
    gradient_norm: float  # of the last record, NaN without one
    best_step: int | None = None  # of the minimum validation loss
    best_loss: float = np.nan  # that validation loss
    train_loss_at_best: float = np.nan
    validation_loss: float = np.nan  # the lesser of the last two: one jump is not a trend
    validation_accuracy: float = np.nan
    to_validation: gap.Gap | None = None  # between training and validation accuracy; None without validation images
    tested: bool = True  # whether test accuracy is known to who sees this
    follows: float = (
        np.nan
    )  # of what the training loss fell by in the last third, how much the loss on images kept apart did
    overshot: float = (
        1.0  # the highest training loss by that of the untrained network, or of a guess where that is higher
    )
    later_loss: float = np.nan  # training loss of the later half, the one in the middle
    swing: float = 0.0  # the highest of the later half less the lowest
    falls_back: int = 0  # evaluations of the later half whose training loss is clearly above the minimum before them
    worst_step: int | None = None  # of the highest of them, or of the highest rise
    worst_loss: float = np.nan
    rises: int = 0  # stretches of the later half in which a mini-batch lost a third of what had been gained
    updates: tuple[float, ...] = ()  # the last update of each layer's weights by their length, first layer first
    dead_layers: tuple[float, ...] = ()  # fraction of dead units of each hidden layer

    @property
    def start_loss(self) -> float:
        """That of the untrained network, or of a guess where that is higher."""
        return max(self.first_loss, self.scale.chance)


def measure(
    config: RunConfig, curves: Curves, outcome: Outcome | None = None, final: Mapping[str, Any] | None = None
) -> RunMetrics | None:
    """The metrics of these records; None before the first evaluation after an update.

    `final`: the figures of a run that is over; their accuracies, of all images, stand for those at the end of the curve.
    """
    rows = curves.evaluations
    if len(rows) < 2:
        return None
    last = rows[-1]
    train_accuracy = _either(final, "train_accuracy", last)
    validation_accuracy = _either(final, "validation_accuracy", last)
    scale = Scale.of(config)
    losses = rows["train_loss"].astype(float)
    earlier = int(np.searchsorted(rows["step"], last["step"] * 2 / 3, side="right")) - 1
    norms = curves.steps["gradient_norm"] if len(curves.steps) else np.empty(0)
    measured: dict[str, Any] = {
        "step": int(last["step"]),
        "evaluations": len(rows) - 1,
        "scale": scale,
        "first_loss": losses[0],
        "train_loss": losses[-1],
        "train_accuracy": train_accuracy,
        "minimum_loss": float(np.fmin.reduce(losses)),
        "overshot": float(np.fmax.reduce(losses) / max(losses[0], scale.chance)),
        "validation_accuracy": validation_accuracy,
        "to_validation": gap.of_validation(
            config, train_accuracy, validation_accuracy, whole=outcome == "completed" and bool(final)
        ),
        "follows": _follows(rows, earlier),
        "tested": bool(np.isfinite(last["test_accuracy"])),
        "loss_ratio": losses[-1] / losses[earlier] if losses[earlier] > 0 else 1.0,
        "earlier_step": int(rows["step"][earlier]),
        "earlier_loss": losses[earlier],
        "gained": float(last["train_accuracy"] - rows["train_accuracy"][earlier]),
        "dead_units": float(last["dead_units"]),
        "gradient_norm": float(norms[-1]) if len(norms) else np.nan,
    }
    roughness = _roughness(rows, curves.steps, scale, config.batch_size)
    return RunMetrics(**measured | _validation(rows) | roughness | _layers(curves.layers))


def _either(final: Mapping[str, Any] | None, name: str, last: np.void) -> float:
    value = None if final is None else final.get(name)
    return float(last[name] if value is None else value)


def _follows(rows: NDArray[np.void], earlier: int) -> float:
    """How far the loss on images kept apart fell with that of training since the row `earlier`: 1 as much, 0 not at all;
    NaN where that is not known, or training loss fell by less than a hundredth.

    Validation images tell it, and test images where there are none.
    """
    losses = rows["validation_loss"] if np.isfinite(rows["validation_loss"][-1]) else rows["test_loss"]
    train, held_out = (
        float(values[-1] / values[earlier]) if values[earlier] > 0 < values[-1] else np.nan
        for values in (rows["train_loss"].astype(float), losses.astype(float))
    )
    return float(np.log(held_out) / np.log(train)) if train < 0.99 else np.nan


def _layers(rows: NDArray[np.void]) -> dict[str, Any]:
    if not len(rows):
        return {}
    last = rows[rows["step"] == rows["step"][-1]]
    return {
        "updates": tuple(last["update"][np.isfinite(last["update"])].tolist()),
        "dead_layers": tuple(last["dead_units"][np.isfinite(last["dead_units"])].tolist()),
    }


def _validation(rows: NDArray[np.void]) -> dict[str, Any]:
    losses = rows["validation_loss"].astype(float)
    if not np.isfinite(losses[1:]).any():
        return {}
    best = int(np.nanargmin(losses))
    return {
        "best_step": int(rows["step"][best]),
        "best_loss": losses[best],
        "train_loss_at_best": float(rows["train_loss"][best]),
        "validation_loss": float(np.fmin(losses[-2], losses[-1])),
    }


def _roughness(rows: NDArray[np.void], steps: NDArray[np.void], scale: Scale, batch_size: int) -> dict[str, Any]:
    """How often the loss fell back in the later half of the training so far, and the worst of it."""
    losses = rows["train_loss"].astype(float)
    least_before = np.concatenate([[np.inf], np.minimum.accumulate(losses)[:-1]])
    best_before = np.concatenate([[0.0], np.maximum.accumulate(rows["train_accuracy"])[:-1]])
    late = rows["step"] > rows["step"][-1] / 2
    lost = losses - least_before
    far = (losses > BACK * least_before) | (lost > RISE * (scale.constant - least_before))
    back = late & far & (lost > NOT_NOTHING * scale.span)
    back &= rows["train_accuracy"] < best_before - WORSE
    risen = [(loss, step) for step, loss in rises(steps, scale, batch_size) if step > rows["step"][-1] / 2]
    worst = [(losses[i], int(rows["step"][i])) for i in np.flatnonzero(back)] + risen
    later = losses[late & np.isfinite(losses)]
    values: dict[str, Any] = {"falls_back": int(back.sum()), "rises": len(risen)}
    if len(later):
        values |= {"later_loss": float(np.median(later)), "swing": float(np.ptp(later))}
    if worst:
        values["worst_loss"], values["worst_step"] = max(worst)
    return values


def rises(steps: NDArray[np.void], scale: Scale, batch_size: int) -> list[tuple[int, float]]:
    """(last step, loss) of each stretch whose mini-batch loss, once it was half way from a guess to what can be reached, had
    risen again by a third of what it had gained.

    The lowest mean so far over a stretch of the run is compared with the highest loss of each later stretch; with small
    batches with its mean, since the loss of a few images says little.
    """
    images = batch_size * max(1, int(steps["steps"][0])) if len(steps) else 1
    stretches = min(STRETCHES, len(steps) // max(LONG, -(-ENOUGH // images)))
    if stretches < FEWEST_STRETCHES or not np.isfinite(steps["loss"]).all():
        return []
    means = np.array([part.mean() for part in np.array_split(steps["loss"], stretches)])
    maximum = np.array([part.max() for part in np.array_split(steps["loss_max"], stretches)])
    after = (maximum if batch_size >= ENOUGH else means)[1:]
    lowest = np.minimum.accumulate(means)[:-1]
    rough = np.flatnonzero((lowest < scale.level(LEARNED)) & (after - lowest > RISE * (scale.constant - lowest)))
    ends = [int(part[-1]) for part in np.array_split(steps["step"], stretches)]
    return [(ends[place + 1], float(after[place])) for place in rough.tolist()]
