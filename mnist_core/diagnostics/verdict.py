"""The health check: what is to be said of a run, live and at its end, from its records alone. Knows no torch.

The rules, in this order (`judge`):
diverged       the loss or the weights became NaN or infinite, or the training loss is more than twice above where it began
               and above chance.
collapsed      everything is finite, but a hidden layer is dead and training accuracy is below 30 %.
too-early      fewer than `FEWEST_STEPS` updates or `FEWEST_EVALUATIONS` evaluations, and not learning well already.
unstable       in the later half the loss fell far back again and again, or mini-batches lost a third of what had been gained.
overfitting    validation loss has risen by a tenth from its least while training loss went on falling.
learning-well  training accuracy is 90 % or more of what is reachable with wrong labels.
learning-slowly the loss is still falling: by `FALLING` over the last third; near chance: ever farther below it.
plateau        it is not, and is near chance.
underfitting   it is not, well below chance.
"""

from __future__ import annotations

import math
from typing import Literal

from mnist_core.diagnostics.course import Course, is_dead, measure
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
WELL = 0.9
FEWEST_STEPS = 50
FEWEST_EVALUATIONS = 4
FALLING = 0.98  # of the loss a third of the steps ago, at most
FALLING_FAST = 0.9
BELOW_CHANCE = 0.0035  # of chance: so far below it a network is on its way
FARTHER = 1.3  # times as far below as a third of the steps ago
NEAR_CHANCE = 0.9  # of chance
RISEN = 1.1  # of the least validation loss
FELL_BACK = 2  # times


def judge(run: Run, curves: Curves) -> tuple[Kind, Course | None]:
    """What is the matter with the run, and the numbers that show it."""
    course = measure(run.config, curves)
    return kind_of(course, curves, run.outcome), course


def kind_of(course: Course | None, curves: Curves, outcome: Outcome | None) -> Kind:
    """The rules of the module's docstring."""
    if outcome == "diverged" or any(event.kind == "not_finite" for event in curves.events):
        return "diverged"
    if outcome == "collapsed":
        return "collapsed"
    if course is None:
        return "too-early"
    if not math.isfinite(course.train_loss) or course.train_loss > 2 * max(course.first_loss, course.chance):
        return "diverged"
    if is_dead(course.dead_units, course.train_accuracy):
        return "collapsed"
    young = course.step < FEWEST_STEPS or course.evaluations < FEWEST_EVALUATIONS
    found = _alive(course)
    return "too-early" if young and found != "learning-well" else found


def _alive(course: Course) -> Kind:
    """The kind of a run that is neither broken nor too young."""
    if max(course.falls_back, course.rises) >= FELL_BACK:
        return "unstable"
    if _overfits(course):
        return "overfitting"
    if course.train_accuracy >= WELL * course.reachable:
        return "learning-well"
    near_chance = course.train_loss > NEAR_CHANCE * course.chance
    if near_chance:
        return "learning-slowly" if _leaves_chance(course) else "plateau"
    return "learning-slowly" if course.kept < FALLING else "underfitting"


def _leaves_chance(course: Course) -> bool:
    """Whether the loss is on its way down from that of a guess, or fast towards it from far above."""
    if course.kept < FALLING_FAST:
        return True
    now, before = course.chance - course.train_loss, course.chance - course.earlier_loss
    return now > BELOW_CHANCE * course.chance and now > FARTHER * before


def _overfits(course: Course) -> bool:
    return (
        course.best_step is not None
        and course.validation_loss > RISEN * course.best_loss
        and course.train_loss < course.train_loss_at_best
        and course.best_loss < NEAR_CHANCE * course.chance
    )
