"""The health check: what is to be said of a run, live and at its end, from its records alone. Knows no torch.

The rules, in this order (`judge`):
diverged       the loss or the weights became NaN or infinite, or the training loss is more than twice above where it began
               and above chance.
collapsed      everything is finite, but a hidden layer is dead and next to nothing was learned (accuracy below 30 %).
too-early      fewer than `FEWEST_STEPS` updates or `FEWEST_EVALUATIONS` evaluations, and not learning well already.
unstable       in the later half loss and accuracy fell far back again and again; or mini-batches lost a third of what had been
               gained and have not made good for it; or the loss, falling no more, ends a tenth above its least.
overfitting    validation loss has risen by 15 % from its least while training loss went on falling; or more training labels
               are answered than there are right ones: half of the wrong ones are known by heart.
learning-well  training accuracy is 90 % or more of what wrong labels leave, and more than one answer to all images gets; with
               wrong labels validation accuracy, where there is one, is 75 % or more.
learning-slowly the loss is still falling: to `FALLING` over the last third; near chance: ever farther below it.
plateau        it is not, and loss and accuracy are near chance.
underfitting   it is not, and is well below chance.
Labels of which so many are wrong that nothing can be learned: overfitting where more are answered than a guess gets, else plateau.
What chance is, and how near to it, `chance.Scale` says: wrong labels and few images move both.
"""

from __future__ import annotations

import math
from typing import Literal

from mnist_core.config import RunConfig
from mnist_core.diagnostics.run_metrics import Course, is_dead, measure
from mnist_core.records import Curves, Outcome

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
BY_HEART = 0.5  # of the wrong labels
VALIDATED = 0.75  # validation accuracy that wrong training labels leave a network that learns well
FEWEST_STEPS = 50
FEWEST_EVALUATIONS = 4
FALLING = 0.995  # of the loss a third of the steps ago, at most
FALLING_FAST = 0.9
BELOW_CHANCE = 0.0035  # of the scale's span: so far below chance a network is on its way
FAR_ABOVE = 1.5  # times chance
FARTHER = 1.3  # times as far below as a third of the steps ago
NEAR_CHANCE = 0.9  # of the span
RISEN = 1.15  # of the least validation loss
FELL_BACK = 2  # times
AT_LEAST = 1.05  # of the least training loss so far: where a run is that has made good for what it lost
ROUGH = 1.1  # of the least training loss so far


def judge(config: RunConfig, curves: Curves, outcome: Outcome | None = None) -> tuple[Kind, Course | None]:
    """What is the matter with a run, and the numbers that show it; `outcome` once it has one."""
    course = measure(config, curves)
    return kind_of(course, curves, outcome), course


def at_end(config: RunConfig, curves: Curves, outcome: Outcome | None) -> Kind | None:
    """The verdict that a finished run keeps; None for a range test, which is to break."""
    return None if config.schedule == "rising" else judge(config, curves, outcome)[0]


def kind_of(course: Course | None, curves: Curves, outcome: Outcome | None) -> Kind:
    """The rules of the module's docstring."""
    if outcome == "diverged" or any(event.kind == "not_finite" for event in curves.events):
        return "diverged"
    if outcome == "collapsed":
        return "collapsed"
    if course is None:
        return "too-early"
    if not math.isfinite(course.train_loss) or course.train_loss > 2 * max(course.first_loss, course.scale.chance):
        return "diverged"
    if is_dead(course.scale, course.dead_units, course.train_accuracy):
        return "collapsed"
    young = course.step < FEWEST_STEPS or course.evaluations < FEWEST_EVALUATIONS
    found = _alive(course)
    return "too-early" if young and found != "learning-well" else found


def _alive(course: Course) -> Kind:
    """The kind of a run that is neither broken nor too young."""
    recovered = course.train_loss < AT_LEAST * course.least_loss
    if course.falls_back >= FELL_BACK or (course.rises >= FELL_BACK and not recovered):
        return "unstable"
    if knows_by_heart(course) or _overfits(course):
        return "overfitting"
    scale = course.scale
    if not scale.teaches:
        return "plateau"
    if _learned_well(course):
        return "learning-well"
    near_chance = course.train_loss > scale.level(NEAR_CHANCE) and course.train_accuracy < scale.barely
    if near_chance:
        return "learning-slowly" if _leaves_chance(course) else "plateau"
    if course.kept < FALLING:
        return "learning-slowly"
    return "unstable" if course.train_loss > ROUGH * course.least_loss else "underfitting"


def _learned_well(course: Course) -> bool:
    scale = course.scale
    if course.train_accuracy < WELL * scale.reachable or course.train_accuracy <= scale.clear:
        return False
    return scale.reachable == 1 or not course.validation_accuracy < VALIDATED  # which is NaN where there is none


def _leaves_chance(course: Course) -> bool:
    """Whether the loss is on its way down from that of a guess, and accuracy is clear of it; or fast, or from far above."""
    scale = course.scale
    far_above = course.train_loss > FAR_ABOVE * scale.chance
    answers = course.train_accuracy > scale.clear
    if course.kept < (FALLING if far_above or answers else FALLING_FAST):
        return True
    now, before = scale.constant - course.train_loss, scale.constant - course.earlier_loss
    return now > BELOW_CHANCE * scale.span and now > FARTHER * before


def knows_by_heart(course: Course) -> bool:
    """Whether it answers so many training labels that many wrong ones must be among them."""
    scale = course.scale
    by_heart = BY_HEART if scale.teaches else 0.0
    return scale.reachable < 1 and course.train_accuracy > max(
        scale.clear, scale.reachable + by_heart * (1 - scale.reachable)
    )


def _overfits(course: Course) -> bool:
    learned = course.scale.level(NEAR_CHANCE)
    return (
        course.best_step is not None
        and course.validation_loss > RISEN * course.best_loss
        and course.train_loss < course.train_loss_at_best
        and (course.best_loss < NEAR_CHANCE * course.scale.chance or course.train_loss < learned)
    )
