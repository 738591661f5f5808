"""What is said of a run: its verdict in a sentence, the numbers that show it, and one thing to try."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core import schedule
from mnist_core.config import RunConfig
from mnist_core.diagnostics import advice, gap
from mnist_core.diagnostics.evidence import (
    dead_layers,
    gap_width,
    gradient,
    loss_and_chance,
    number,
    raw_pixels,
    updates,
    wrong_labels,
)
from mnist_core.diagnostics.gap import Gap
from mnist_core.diagnostics.run_metrics import RunMetrics
from mnist_core.diagnostics.verdict import (
    FAR_ABOVE,
    FOLLOWS,
    Kind,
    has_memorized,
    judge,
    memorizes,
    seen,
    validation_rises,
)
from mnist_core.diagnostics.ways import Way, Ways, chosen
from mnist_core.messages import N_, Message, accuracy_text, message, number_text
from mnist_core.records import Curves, Event, Run
from mnist_core.rounds import Free

TITLES: Mapping[Kind, str] = {
    "learning-well": N_("Learning well."),
    "learning-slowly": N_("Still learning."),
    "plateau": N_("On a plateau."),
    "unstable": N_("Unstable."),
    "diverged": N_("Diverged."),
    "collapsed": N_("Collapsed."),
    "overfitting": N_("Overfitting."),
    "underfitting": N_("Underfitting."),
    "too-early": N_("Too early to say."),
}


LOWERED = 0.1  # of the base rate: where a schedule has made updates too small
FEW = 50  # images on which an accuracy is measured: below, each of them counts more than two points


@dataclass(frozen=True)
class Explanation:
    """What happened in one sentence, the numbers that show it, and one thing to try. `kind`: None for a failed run and for a range test."""

    title: Message
    summary: Message
    evidence: tuple[Message, ...] = ()
    advice: Message | None = None
    kind: Kind | None = None


@dataclass(frozen=True)
class _Words:
    """The same before it is known what may be advised."""

    summary: Message
    evidence: tuple[Message, ...]
    ways: Ways


def explain(run: Run, curves: Curves, free: Free | None = None) -> Explanation | None:
    """What to say about a run; None before anything is known.

    `free`: the settings that its student may change, as a round has them (`rounds.Plan.free`); None: all.
    """
    if run.error is not None:
        return Explanation(message(N_("The run failed.")), run.error, (), _from_failure(run))
    if run.is_range_test:
        return _range_test()
    judged, metrics = judge(run.config, curves, run.outcome, _final(run))
    kind = seen(run, judged) or judged
    said: _Words | None
    if kind == "diverged":
        said = _diverged(run, curves, metrics)
    elif metrics is None or kind == "too-early":
        said = _too_early(run, metrics) if metrics is not None or run.outcome == "stopped" else None
    else:
        said = _WORDS[kind](run, metrics)
    if said is None:
        return None
    ways, never = said.ways, set()
    if metrics is not None and not metrics.scale.teaches and kind not in ("diverged", "collapsed", "unstable"):
        ways = advice.less_noise(run.config)
    elif _early_stop(curves) is not None:
        never.add("epochs")  # it had more of them than it made
        ways = _AFTER_EARLY_STOPPING[kind](run) if kind in _AFTER_EARLY_STOPPING else ways
    evidence = (*said.evidence, *_ending(run, curves))
    return Explanation(message(TITLES[kind]), said.summary, evidence, chosen(ways, free, never), kind)


def _final(run: Run) -> Mapping[str, Any]:
    """The figures of a run that is over; of one that goes on those in its row are of its last pause."""
    return run.result if run.state == "finished" else {}


def _from_failure(run: Run) -> Message:
    """How a run that has failed can go on."""
    if run.checkpoint_step:
        template = N_(
            "“Continue” resumes the run from its last checkpoint, at step {step}. If it fails there again, change the settings and start a new run."
        )
        return message(template, step=f"{run.checkpoint_step:,}")
    return message(
        N_(
            "“Continue” starts the run from the beginning, since it has no checkpoint. If it fails again, change the settings and start a new run."
        )
    )


def _range_test() -> Explanation:
    """It is to break, so that no verdict is due; `range_test` reads it."""
    return Explanation(
        message(N_("A range test.")),
        message(
            N_(
                "The learning rate rises with each update until training breaks. Read the result on the Learning rate page, under “Range test”."
            )
        ),
    )


def _early_stop(curves: Curves) -> Event | None:
    return next((event for event in curves.events if event.kind == "early_stop"), None)


def _ending(run: Run, curves: Curves) -> tuple[Message, ...]:
    """That the run ended before its time, and why."""
    early = _early_stop(curves)
    if early is not None and early.value is not None:
        template = N_("Early stopping ended it at step {step}: no epoch after step {best} had a lower validation loss.")
        return (message(template, best=f"{int(early.value):,}", step=f"{early.step:,}"),)
    if run.outcome == "stopped":
        template = N_("The run was stopped after step {step} of {total}; everything up to that point is kept.")
        return (message(template, step=f"{run.progress.step:,}", total=f"{run.progress.total_steps:,}"),)
    return ()


def _explanation(summary: Message, *evidence: Message, advice: Ways = ()) -> _Words:
    return _Words(summary, evidence, advice)


# ---- broken ----------------------------------------------------------------------------------------------------


def _diverged(run: Run, curves: Curves, metrics: RunMetrics | None) -> _Words:
    broken = next((event for event in curves.events if event.kind == "not_finite"), None)
    if broken is not None:
        return _not_finite(run, broken)
    if not len(curves.evaluations):  # of a run that was imported
        return _explanation(
            message(N_("It diverged, but the recorded losses do not show where.")), advice=advice.diverged(run)
        )
    first, last = curves.evaluations[0], curves.evaluations[-1]  # a loss far too great has been evaluated
    return _explanation(
        message(
            N_("The training loss is {last}, far above its initial value of {first}: the updates overshoot."),
            last=number_text(float(last["train_loss"]), 3),
            first=number_text(float(first["train_loss"]), 3),
        ),
        *raw_pixels(run.config),
        *gradient(metrics),
        advice=advice.diverged(run),
    )


def _not_finite(run: Run, event: Event) -> _Words:
    evidence = []
    if event.value is not None and math.isfinite(event.value):
        evidence.append(message(N_("The last finite loss was {loss}."), loss=number_text(event.value, 3)))
    evidence += raw_pixels(run.config)
    template = N_(
        "At step {step} values exceeded the floating-point range (NaN or infinity): each update overshot by more than the one before."
    )
    if event.step > 1:
        return _explanation(message(template, step=f"{event.step:,}"), *evidence, advice=advice.diverged(run))
    template = N_(
        "At step {step}, before the first update, values exceeded the floating-point range (NaN or infinity): the initial weights make the outputs too large."
    )
    return _explanation(message(template, step=event.step), *evidence, advice=advice.at_start())


def _collapsed(run: Run, metrics: RunMetrics) -> _Words:
    return _explanation(
        message(
            N_(
                "All values are finite, but {dead} of the units in one hidden layer are dead: they output the same value for every image and pass no gradient, so they cannot recover."
            ),
            dead=f"{metrics.dead_units:.0%}",
        ),
        *dead_layers(metrics),
        *raw_pixels(run.config),
        loss_and_chance(metrics),
        *gradient(metrics),
        advice=advice.collapsed(run),
    )


# ---- alive -----------------------------------------------------------------------------------------------------


def _too_early(run: Run, metrics: RunMetrics | None) -> _Words:
    step = metrics.step if metrics is not None else run.progress.step
    summary = message(
        N_("After {step} update the curves do not yet show where training is heading.")
        if step == 1
        else N_("After {step} updates the curves do not yet show where training is heading."),
        step=f"{step:,}",
    )
    return _explanation(summary, advice=() if run.outcome is None else advice.too_early(run))


def _well(run: Run, metrics: RunMetrics) -> _Words:
    apart = _apart(run, metrics)
    evidence = (_fell(metrics), *_on_images_kept_apart(run, metrics, apart), *_begins_to_memorize(run, metrics))
    if memorizes(metrics):
        return _explanation(*evidence, advice=advice.overfits(run))
    if run.config.label_noise:
        wide = apart is not None and apart.is_wide
        why = (gap_width(run.config, apart),) if apart is not None and wide else wrong_labels(run.config)
        return _explanation(*evidence, *why, advice=advice.overfits(run) if wide else advice.learned_well(run, metrics))
    if apart is None or not apart.is_real:
        few = apart is not None and apart.images < FEW
        return _explanation(*evidence, advice=advice.more_to_measure() if few else advice.learned_well(run, metrics))
    begins = metrics.follows < FOLLOWS
    gaps = [one for one in (metrics.to_validation, _to_test(run)) if one is not None and one.is_real]
    said = [gap_width(run.config, one, begins=begins and place == 0) for place, one in enumerate(gaps)]
    return _explanation(*evidence, *said, advice=advice.overfits(run) if begins else advice.learned_well(run, metrics))


def _begins_to_memorize(run: Run, metrics: RunMetrics) -> tuple[Message, ...]:
    if not memorizes(metrics):
        return ()
    template = N_(
        "{fraction} of the training labels are wrong: right answers alone have a training accuracy of {most}. The network begins to memorize wrong labels."
    )
    return (message(template, fraction=f"{run.config.label_noise:.0%}", most=f"{metrics.scale.reachable:.0%}"),)


def _fell(metrics: RunMetrics) -> Message:
    return message(
        N_("Training loss fell from {first} to {last} at step {step}; training accuracy is {accuracy}."),
        first=number(metrics.first_loss),
        last=number(metrics.train_loss),
        step=f"{metrics.step:,}",
        accuracy=accuracy_text(metrics.train_accuracy),
    )


def _apart(run: Run, metrics: RunMetrics) -> Gap | None:
    """The gap to validation accuracy, or that to accuracy on test images where that is known and wider, or the only one."""
    to_validation, to_test = metrics.to_validation, _to_test(run)
    if to_validation is None or to_test is None:
        return to_validation or to_test
    wider = to_test.is_real and to_test.width > to_validation.width
    return to_test if wider or (to_test.is_real and not to_validation.is_real) else to_validation


def _to_test(run: Run) -> Gap | None:
    return gap.of_test(run.config, _final(run), run.outcome)


def _on_images_kept_apart(run: Run, metrics: RunMetrics, apart: Gap | None) -> tuple[Message, ...]:
    """Validation and test accuracy, as far as they may be seen, and that few images prove little."""
    said = [*_validated(metrics), *_test(run)]
    if apart is not None and apart.images < FEW:
        said.append(_few(apart))
    return tuple(said)


def _validated(metrics: RunMetrics) -> list[Message]:
    accuracy = metrics.validation_accuracy
    if metrics.to_validation is None:
        return []
    return [message(N_("Validation accuracy {validation}."), validation=accuracy_text(accuracy))]


def _test(run: Run) -> list[Message]:
    test = _final(run).get("test_accuracy")
    return [] if test is None else [message(N_("Test accuracy {test}."), test=accuracy_text(test))]


def _few(apart: Gap) -> Message:
    if apart.images == 1:
        return message(
            N_("There is only one validation image, which proves little.")
            if apart.split == "validation"
            else N_("There is only one test image, which proves little.")
        )
    template = (
        N_("Only {n} validation images prove little: each counts {points} percentage points.")
        if apart.split == "validation"
        else N_("Only {n} test images prove little: each counts {points} percentage points.")
    )
    return message(template, n=apart.images, points=f"{100 / apart.images:.0f}")


def _slowly(run: Run, metrics: RunMetrics) -> _Words:
    return _explanation(
        message(
            N_(
                "The loss is still falling, from {before} at step {earlier} to {last} at step {step}: it has not converged."
            ),
            before=number(metrics.earlier_loss),
            earlier=f"{metrics.earlier_step:,}",
            last=number(metrics.train_loss),
            step=f"{metrics.step:,}",
        ),
        loss_and_chance(metrics),
        *wrong_labels(run.config),
        *updates(metrics),
        advice=advice.go_on(run, metrics),
    )


def _plateau(run: Run, metrics: RunMetrics) -> _Words:
    alive = message(N_("This is not a collapse: no hidden unit is dead."))
    if metrics.dead_units > 0:
        template = N_("This is not a collapse: in the worst layer {dead} of the units are dead.")
        alive = message(template, dead=f"{metrics.dead_units:.0%}")
    template = N_("The loss does not fall: {before} at step {earlier}, {last} at step {step}, close to chance level.")
    if metrics.train_loss > FAR_ABOVE * metrics.scale.chance:
        template = N_("The loss does not fall: {before} at step {earlier}, {last} at step {step}, above chance level.")
    return _explanation(
        message(
            template,
            before=number(metrics.earlier_loss),
            earlier=f"{metrics.earlier_step:,}",
            last=number(metrics.train_loss),
            step=f"{metrics.step:,}",
        ),
        loss_and_chance(metrics),
        *([alive] if run.config.hidden_layers and metrics.dead_units < 1 else []),
        *gradient(metrics),
        *updates(metrics),
        advice=advice.plateau(run, metrics),
    )


def _unstable(run: Run, metrics: RunMetrics) -> _Words:
    template = N_("The loss keeps jumping up again: {worst} at step {step}, after reaching {minimum}.")
    worst, step = metrics.worst_loss, metrics.worst_step
    if step is None:
        template = N_("The loss goes up and down: {worst} at step {step}, after reaching {minimum}.")
        worst, step = metrics.train_loss, metrics.step
    return _explanation(
        message(template, worst=number(worst), step=f"{step:,}", minimum=number(metrics.minimum_loss)),
        loss_and_chance(metrics),
        *updates(metrics),
        advice=advice.unstable(run),
    )


def _memorized(run: Run, metrics: RunMetrics) -> _Words:
    template = N_(
        "Training accuracy is {accuracy}, though {fraction} of the training labels are wrong: the network has memorized wrong labels."
    )
    return _explanation(
        message(template, accuracy=accuracy_text(metrics.train_accuracy), fraction=f"{run.config.label_noise:.0%}"),
        *_validated(metrics),
        *_test(run),
        advice=advice.overfits(run),
    )


def _overfitting(run: Run, metrics: RunMetrics) -> _Words:
    if has_memorized(metrics) or memorizes(metrics):
        return _memorized(run, metrics)
    apart = _apart(run, metrics)
    if not validation_rises(metrics) and apart is not None:
        return _explanation(
            _fell(metrics),
            *_on_images_kept_apart(run, metrics, apart),
            *_widths(run, metrics, apart),
            advice=advice.overfits(run, metrics),
        )
    template = N_(
        "Validation loss was lowest at step {step} ({best}) and rose to {last}, while training loss went on falling, from "
        "{before} to {train}."
    )
    gap = N_("Training accuracy {train}, validation accuracy {validation}.")
    return _explanation(
        message(
            template,
            step=f"{metrics.best_step or 0:,}",
            best=number(metrics.best_loss),
            last=number(metrics.validation_loss),
            before=number(metrics.train_loss_at_best),
            train=number(metrics.train_loss),
        ),
        message(
            gap, train=accuracy_text(metrics.train_accuracy), validation=accuracy_text(metrics.validation_accuracy)
        ),
        advice=advice.overfits(run, metrics),
    )


def _widths(run: Run, metrics: RunMetrics, wider: Gap) -> list[Message]:
    """How wide the gaps are; under wrong labels the wider one says it."""
    gaps = [one for one in (metrics.to_validation, _to_test(run)) if one is not None and one.is_real]
    return [gap_width(run.config, one) for one in (gaps if gaps and not run.config.label_noise else [wider])]


def _underfitting(run: Run, metrics: RunMetrics) -> _Words:
    config = run.config
    if config.label_noise and metrics.validation_accuracy > metrics.train_accuracy:
        return _not_fitting_wrong_labels(config, metrics)
    if config.schedule != "warm-up" and schedule.factor(config, metrics.step - 1) <= LOWERED:
        return _slowed_by_schedule(run, metrics)
    return _explanation(
        message(
            N_(
                "The loss has leveled off at {last} (step {step}): this network does not get further even on its training images."
            ),
            last=number(metrics.train_loss),
            step=f"{metrics.step:,}",
        ),
        loss_and_chance(metrics),
        advice=advice.underfits(run, metrics),
    )


def _slowed_by_schedule(run: Run, metrics: RunMetrics) -> _Words:
    """Whether the network could get further nobody knows: updates have become too small to show it."""
    rate = run.base_rate * schedule.factor(run.config, metrics.step - 1)
    return _explanation(
        _leveled_off(metrics),
        message(
            N_(
                "The schedule has lowered the learning rate to {rate}, so that updates hardly change the network any more."
            ),
            rate=number_text(rate, 2),
        ),
        loss_and_chance(metrics),
        advice=advice.lowered_too_soon(run),
    )


def _leveled_off(metrics: RunMetrics) -> Message:
    return message(
        N_("The loss has leveled off at {last} (step {step})."),
        last=number(metrics.train_loss),
        step=f"{metrics.step:,}",
    )


def _not_fitting_wrong_labels(config: RunConfig, metrics: RunMetrics) -> _Words:
    """It knows better than its labels: nothing to mend by less dropout or a wider network, which would learn them by heart."""
    return _explanation(
        _leveled_off(metrics),
        *wrong_labels(config),
        loss_and_chance(metrics),
        advice=(Way(message(N_("Judge this run by its validation accuracy."))),),
    )


_WORDS: Mapping[Kind, Callable[[Run, RunMetrics], _Words]] = {
    "learning-well": _well,
    "learning-slowly": _slowly,
    "plateau": _plateau,
    "unstable": _unstable,
    "collapsed": _collapsed,
    "overfitting": _overfitting,
    "underfitting": _underfitting,
}
# More updates would not have lowered the validation loss: what was still falling is that of training alone.
_AFTER_EARLY_STOPPING: Mapping[Kind, Callable[[Run], Ways]] = {
    "learning-slowly": advice.overfits,
    "learning-well": advice.overfits,
    "too-early": lambda run: advice.patience(),
}
