"""The health check: what is to be said of a run, live and at its end, from its records alone.

The rules, in this order (`judge`):
diverged       the loss or the weights became NaN or infinite, or the training loss is more than twice above where it began
               and above chance.
collapsed      everything is finite, but a hidden layer is dead and next to nothing was learned (accuracy below 30 %).
too-early      fewer than `FEWEST_STEPS` updates or `FEWEST_EVALUATIONS` evaluations, and not learning well already.
unstable       in the later half loss and accuracy fell far back again and again; or mini-batches lost a third of what had been
               gained and have not made good for it, of a network that does not overfit as below; or the loss, falling no more, ends a tenth above its minimum, or is thrown about above
               chance, or has not come down to where it began since it was ten times that.
overfitting    validation loss has risen by 15 % from its minimum while training loss went on falling; or more training
               labels are answered than there are right ones: half of the wrong ones are memorized, or more than luck where
               it is not learning-well; or training accuracy is as good as that of learning-well, or some labels are wrong, and it is 7
               points or more above what validation accuracy promises, and more than luck, while validation loss falls by less than a third
               of what training loss does.
learning-well  training accuracy is 90 % or more of what wrong labels leave, and more than one answer to all images gets; with
               wrong labels validation accuracy, where there is one, is 75 % or more.
learning-slowly the loss is still falling: to `FALLING` over the last third; near chance: ever farther below it; or accuracy still
               rises by `GAINS`.
plateau        it is not, and loss and accuracy are near chance.
underfitting   it is not, and is well below chance.
Labels of which so many are wrong that nothing can be learned: overfitting where more are answered than a guess gets, else plateau.
A verdict that is kept looks at no test image. `seen` adds what test images say, for who may see them: the wider gap counts.
What chance is, and how near to it, `chance.Scale` says: wrong labels and few images move both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from mnist_core.config import RunConfig
from mnist_core.diagnostics import gap
from mnist_core.diagnostics.run_metrics import RunMetrics, is_dead, measure
from mnist_core.records import Curves, Outcome, Run

Kind = Literal[
    "learning-well",
    "learning-slowly",
    "plateau",
    "unstable",
    "diverged",
    "collapsed",
    "overfitting",
    "underfitting",
    "too-early",
]
WELL = 0.9  # of the reachable training accuracy
MEMORIZED = 0.5  # of the wrong labels
VALIDATED = 0.75  # validation accuracy that wrong training labels leave a network that learns well
FEWEST_STEPS = 50
FEWEST_EVALUATIONS = 4
FALLING = 0.995  # of the loss a third of the steps ago, at most
FALLING_FAST = 0.9
GAINS = (
    0.05  # training accuracy, since two thirds of the steps: loss near chance hardly moves where answers already change
)
BELOW_CHANCE = 0.0035  # of the scale's span: so far below chance a network is on its way
FAR_ABOVE = 1.5  # times chance
FARTHER = 1.3  # times as far below as a third of the steps ago
NEAR_CHANCE = 0.9  # of the span
FOLLOWS = 1 / 3  # of what training loss fell by: where the loss on images kept apart falls less, overfitting begins
RISEN = 1.15  # of the minimum validation loss
FELL_BACK = 2  # times
AT_LEAST = 1.05  # of the minimum training loss so far: where a run is that has made good for what it lost
FAR_OVERSHOT = 10  # times where the loss began
ABOVE, SWINGS = 1.03, 0.15  # of chance: where a loss is thrown about above it
ROUGH = 1.1  # of the minimum training loss so far


def judge(
    config: RunConfig, curves: Curves, outcome: Outcome | None = None, final: Mapping[str, Any] | None = None
) -> tuple[Kind, RunMetrics | None]:
    """What is the matter with a run, and the numbers that show it; `outcome` and its `final` figures once it is over."""
    metrics = measure(config, curves, outcome, final)
    return kind_of(metrics, curves, outcome), metrics


def at_end(
    config: RunConfig, curves: Curves, outcome: Outcome | None, final: Mapping[str, Any] | None = None
) -> Kind | None:
    """The verdict that a finished run keeps; None for a range test, which is to break."""
    return None if config.schedule == "rising" else judge(config, curves, outcome, final)[0]


def seen(run: Run, kind: Kind | None) -> Kind | None:
    """The verdict on a run for who sees these figures of it: where it is over the test images tell overfitting, too."""
    return with_test_images(run.config, run.result, run.outcome, kind) if run.state == "finished" else kind


def with_test_images(
    config: RunConfig, result: Mapping[str, Any], outcome: Outcome | None, kind: Kind | None
) -> Kind | None:
    """The verdict on a run that is over, of which these figures may be seen, from the one that it keeps."""
    if kind != "learning-well" or (config.label_noise and config.validation_size):
        return kind  # under wrong labels a gap counts where the loss on others does not follow, which validation images have told
    to_test = gap.of_test(config, result, outcome)
    return "overfitting" if to_test is not None and to_test.is_wide else kind


def kind_of(metrics: RunMetrics | None, curves: Curves, outcome: Outcome | None) -> Kind:
    """The rules of the module's docstring."""
    if outcome == "diverged" or any(event.kind == "not_finite" for event in curves.events):
        return "diverged"
    if outcome == "collapsed":
        return "collapsed"
    if metrics is None:
        return "too-early"
    if not math.isfinite(metrics.train_loss) or metrics.train_loss > 2 * metrics.start_loss:
        return "diverged"
    if is_dead(metrics.scale, metrics.dead_units, metrics.train_accuracy):
        return "collapsed"
    young = metrics.step < FEWEST_STEPS or metrics.evaluations < FEWEST_EVALUATIONS
    kind = _alive(metrics)
    return "too-early" if young and not (kind in ("learning-well", "overfitting") and _learned_well(metrics)) else kind


def _alive(metrics: RunMetrics) -> Kind:
    """The kind of a run that is neither broken nor too young."""
    if metrics.falls_back >= FELL_BACK:
        return "unstable"
    if has_memorized(metrics) or validation_rises(metrics):
        return "overfitting"
    scale = metrics.scale
    recovered = metrics.train_loss < AT_LEAST * metrics.minimum_loss
    if metrics.rises >= FELL_BACK and not recovered:
        return "unstable"
    if not scale.teaches:
        return "plateau"
    if _learned_well(metrics):
        return "overfitting" if _falls_behind(metrics) else "learning-well"
    if memorizes(metrics) or (scale.reachable < 1 and _falls_behind(metrics)):
        return "overfitting"
    near_chance = metrics.train_loss > scale.level(NEAR_CHANCE) and metrics.train_accuracy < scale.barely
    if near_chance:
        if _leaves_chance(metrics):
            return "learning-slowly"
        return "unstable" if _is_thrown_about(metrics) else "plateau"
    if metrics.loss_ratio < FALLING or metrics.gained > GAINS:
        return "learning-slowly"
    return "unstable" if metrics.train_loss > ROUGH * metrics.minimum_loss else "underfitting"


def _learned_well(metrics: RunMetrics) -> bool:
    scale = metrics.scale
    if metrics.train_accuracy < WELL * scale.reachable or metrics.train_accuracy <= scale.clear:
        return False
    return scale.reachable == 1 or not metrics.validation_accuracy < VALIDATED  # which is NaN where there is none


def _is_thrown_about(metrics: RunMetrics) -> bool:
    """Whether the loss goes up and down above that of a guess, or went far up: no plateau, but updates that are too large."""
    chance = metrics.scale.chance
    if metrics.overshot > FAR_OVERSHOT and metrics.train_loss > metrics.start_loss:
        return True
    return metrics.later_loss > ABOVE * chance and metrics.swing > SWINGS * chance


def _leaves_chance(metrics: RunMetrics) -> bool:
    """Whether the loss is on its way down from that of a guess, and accuracy is clear of it; or fast, or from far above."""
    scale = metrics.scale
    far_above = metrics.train_loss > FAR_ABOVE * scale.chance
    answers = metrics.train_accuracy > scale.clear
    if metrics.loss_ratio < (FALLING if far_above or answers else FALLING_FAST):
        return True
    gain, earlier_gain = scale.constant - metrics.train_loss, scale.constant - metrics.earlier_loss
    return gain > BELOW_CHANCE * scale.span and gain > FARTHER * earlier_gain


def has_memorized(metrics: RunMetrics) -> bool:
    """Whether it answers so many training labels that many wrong ones must be among them."""
    scale = metrics.scale
    memorized = MEMORIZED if scale.teaches else 0.0
    return scale.reachable < 1 and metrics.train_accuracy > max(
        scale.clear, scale.reachable + memorized * (1 - scale.reachable)
    )


def memorizes(metrics: RunMetrics) -> bool:
    """Whether it answers more training labels than right ones, and luck, allow: it has begun to learn the wrong ones."""
    scale = metrics.scale
    return scale.teaches and metrics.train_accuracy > max(scale.clear, scale.memorizing)


def _falls_behind(metrics: RunMetrics) -> bool:
    """Whether validation accuracy is far below what that of training promises, and validation loss is not on its way down with it."""
    wide = metrics.to_validation is not None and metrics.to_validation.is_wide
    return wide and not metrics.follows >= FOLLOWS  # which is NaN where training loss has come to its end


def validation_rises(metrics: RunMetrics) -> bool:
    """Whether validation loss has risen while training loss went on falling."""
    learned = metrics.scale.level(NEAR_CHANCE)
    return (
        metrics.best_step is not None
        and metrics.validation_loss > RISEN * metrics.best_loss
        and metrics.train_loss < metrics.train_loss_at_best
        and (metrics.best_loss < NEAR_CHANCE * metrics.scale.chance or metrics.train_loss < learned)
    )
