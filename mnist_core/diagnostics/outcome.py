"""How a run ended, and how to say it. Knows records, not torch.

The rules (`classify`), in this order:
diverged   the loss or the weights became NaN or infinite; or the training loss ends more than twice above where it
           began and above chance.
collapsed  everything is finite, but a hidden layer is dead (no gradient passes through 90 % of its units, on any
           image looked at) and training accuracy is below 30 %.
completed  everything else. A network that has merely not learned yet is alive, and completed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import Loss, RunConfig
from mnist_core.messages import N_, Message, message
from mnist_core.records import Curves, Outcome, Run

DEAD = 0.9
BARELY = 0.3


def chance_loss(loss: Loss) -> float:
    """The loss of a uniform guess over ten digits: ln 10 = 2.303, or 0.9 for squared error against one-hot."""
    return math.log(10) if loss == "cross-entropy" else 0.9


def classify(config: RunConfig, first: Mapping[str, float], last: Mapping[str, float], *, not_finite: bool) -> Outcome:
    """How a run ended that was not stopped, from its first and last evaluation."""
    loss = last["train_loss"]
    if not_finite or not math.isfinite(loss):
        return "diverged"
    if loss > 2 * max(first["train_loss"], chance_loss(config.loss)):
        return "diverged"
    if is_dead(last["dead_units"], last["train_accuracy"]):
        return "collapsed"
    return "completed"


def is_dead(dead_units: float, accuracy: float) -> bool:
    """Whether a layer is dead and the network with it."""
    return dead_units >= DEAD and accuracy < BARELY


@dataclass(frozen=True)
class Explanation:
    """What happened in one sentence, the numbers that show it, and one thing to try."""

    title: Message
    what: Message
    evidence: tuple[Message, ...] = ()
    advice: Message | None = None


def explain(run: Run, curves: Curves) -> Explanation | None:
    """What to say about a run; None while there is nothing to say."""
    if run.error is not None:
        return Explanation(
            message(N_("The run failed.")), run.error, (), message(N_("Change the settings and run it again."))
        )
    broken = [event for event in curves.events if event.kind == "not_finite"]
    if broken:
        return _diverged(run, broken[0].step, broken[0].value)
    if run.outcome == "diverged":
        return _blown_up(run, curves)
    last = curves.evaluations[-1] if len(curves.evaluations) else None
    if last is not None and last["step"] > 0 and is_dead(float(last["dead_units"]), float(last["train_accuracy"])):
        return _collapsed(run, last)
    if run.outcome == "stopped":
        return Explanation(
            message(N_("Stopped.")),
            message(
                N_("The run was stopped after step {step} of {total}; everything up to there is kept."),
                step=f"{run.progress.step:,}",
                total=f"{run.progress.total_steps:,}",
            ),
        )
    return _completed(run, curves) if run.outcome == "completed" and last is not None else None


def _rate(run: Run) -> float:
    return run.learning_rate or run.config.learning_rate


def _lower_rate(run: Run) -> Message:
    rate = max(1e-6, _rate(run) / 10)
    return message(N_("Try a learning rate ten times smaller: {rate}."), rate=f"{rate:g}")


def _diverged(run: Run, step: int, value: float | None) -> Explanation:
    evidence = []
    if value is not None and math.isfinite(value):
        evidence.append(message(N_("The last finite loss was {loss}."), loss=f"{value:.3g}"))
    if run.config.preprocessing == "raw":
        evidence.append(message(N_("Raw pixels up to 255 make every step about 255 times as large as scaled ones do.")))
    return Explanation(
        message(N_("Diverged.")),
        message(
            N_(
                "At step {step} the numbers grew beyond what the computer can hold (NaN or infinity): each update "
                "overshot by more than the last."
            ),
            step=f"{step:,}",
        ),
        tuple(evidence),
        _lower_rate(run),
    )


def _blown_up(run: Run, curves: Curves) -> Explanation:
    first, last = curves.evaluations[0], curves.evaluations[-1]
    return Explanation(
        message(N_("Diverged.")),
        message(
            N_("The training loss ended at {last}, far above the {first} it began with: the updates overshoot."),
            last=f"{float(last['train_loss']):.3g}",
            first=f"{float(first['train_loss']):.3g}",
        ),
        (),
        _lower_rate(run),
    )


def _collapsed(run: Run, last: NDArray[np.void] | np.void) -> Explanation:
    chance = chance_loss(run.config.loss)
    return Explanation(
        message(N_("Collapsed.")),
        message(
            N_(
                "No number broke, but {dead} of the units in a hidden layer are dead: they give the same answer for every "
                "image and no gradient passes through them, so they cannot recover."
            ),
            dead=f"{float(last['dead_units']):.0%}",
        ),
        (
            message(
                N_("Training loss {loss}; a uniform guess has {chance}. Training accuracy {accuracy}."),
                loss=f"{float(last['train_loss']):.3f}",
                chance=f"{chance:.3f}",
                accuracy=f"{float(last['train_accuracy']):.1%}",
            ),
        ),
        message(
            N_("Try a lower learning rate, such as {rate}, or an activation that cannot die (leaky ReLU)."),
            rate=f"{_rate(run) / 3:.2g}",
        ),
    )


def _completed(run: Run, curves: Curves) -> Explanation:
    last = curves.evaluations[-1]
    # The result's figures are from all images; the curve may be measured on fewer.
    accuracy, test_accuracy = (float(run.result.get(name, last[name])) for name in ("train_accuracy", "test_accuracy"))
    if accuracy < BARELY:
        return Explanation(
            message(N_("Hardly learned.")),
            message(
                N_("Training accuracy is {accuracy} after step {step}, but the units are alive."),
                accuracy=f"{accuracy:.1%}",
                step=f"{run.progress.step:,}",
            ),
            (),
            message(N_("Try a higher learning rate, such as {rate}, or more epochs."), rate=f"{_rate(run) * 10:g}"),
        )
    early = [event for event in curves.events if event.kind == "early_stop"]
    if early and early[0].value is not None:
        return Explanation(
            message(N_("Stopped early.")),
            message(
                N_("Validation loss was best at step {best} and rose from there; training ended at step {step}."),
                best=f"{int(early[0].value):,}",
                step=f"{early[0].step:,}",
            ),
        )
    turned = _turning_point(curves.evaluations)
    test = f"{test_accuracy:.1%}"
    if turned is not None:
        return Explanation(
            message(N_("Learned, then overfitted.")),
            message(
                N_(
                    "Validation loss was lowest at step {step} ({best}) and rose to {last} while training loss went on "
                    "falling. Test accuracy {test}."
                ),
                step=f"{int(turned['step']):,}",
                best=f"{float(turned['validation_loss']):.3f}",
                last=f"{float(last['validation_loss']):.3f}",
                test=test,
            ),
            (),
            message(N_("Try early stopping, more training images, or dropout.")),
        )
    return Explanation(
        message(N_("Learned.")),
        message(N_("Training accuracy {train}, test accuracy {test}."), train=f"{accuracy:.1%}", test=test),
        _gap(accuracy, test_accuracy),
    )


def _gap(train: float, test: float) -> tuple[Message, ...]:
    if train - test < 0.005:
        return ()
    return (
        message(
            N_("The gap of {gap} points between training and test is where overfitting begins."),
            gap=f"{100 * (train - test):.1f}",
        ),
    )


def _turning_point(evaluations: NDArray[np.void]) -> Any:
    """The evaluation of the lowest validation loss, if the loss rose clearly (by a fifth) after it; else None."""
    losses = evaluations["validation_loss"]
    if not np.isfinite(losses).any():
        return None
    best = int(np.nanargmin(losses))
    return evaluations[best] if losses[-1] > 1.2 * losses[best] and best < len(losses) - 2 else None
