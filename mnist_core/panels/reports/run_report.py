"""A run as a report: what came of it, what the health check says and why, prediction beside outcome, notes, curves, settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mnist_core import diagnostics
from mnist_core.diagnostics import chance_accuracy, chance_loss, predictions, range_test
from mnist_core.figures import curves as charts
from mnist_core.figures import range_test as range_test_chart
from mnist_core.figures.axes import ChartView
from mnist_core.messages import N_, accuracy_text, number_text
from mnist_core.networks import models
from mnist_core.panels import image_split
from mnist_core.panels.predictions import WORDS, in_words
from mnist_core.panels.reports import blocks
from mnist_core.records import SPLITS, Run
from mnist_core.report import Facts, Paragraph, Part, Report, Section, Words
from mnist_core.rounds import Free
from mnist_core.schedule import RISE
from mnist_core.ui import names, times, watch
from mnist_core.ui.texts import _

ACCURACIES = {"train": N_("Training accuracy"), "validation": N_("Validation accuracy"), "test": N_("Test accuracy")}


def report(view: watch.View) -> Report:
    """The report of one run."""
    run = view.run
    title, network = names.run_title(run), names.describe(run.config, run.rates)
    lead: list[Words] = [network] if title.plain != network else []
    return blocks.whole(title, sections(view), [*lead, times.day(run.created_at)])


def sections(view: watch.View, *, says_prediction: bool = True, free: Free | None = None) -> list[Section]:
    """What there is to say of one run; a part of any report that speaks of it. `says_prediction`: False where it does so elsewhere.

    `free`: as for `health`.
    """
    run = view.run
    predicted = run.own_prediction if says_prediction else None
    return [
        Section(_("Result"), [_result(run), *_on_how_many(run), *_story(run)]),
        *health(view, free),
        *([Section(_("Prediction and outcome"), [prediction_facts(run, predicted)])] if predicted else []),
        *blocks.notes([run]),
        Section(_("Curves"), curves(view)),
        Section(_("Settings"), [_settings(run)], new_page=True),
    ]


def _result(run: Run) -> Facts:
    result, progress = run.result, run.progress
    rows: list[tuple[Words, Words]] = [(_("State"), _(names.STATES[names.state(run)]))]
    rows += [
        (_(ACCURACIES[split]), accuracy_text(value))
        for split in SPLITS
        if isinstance(value := result.get(f"{split}_accuracy"), int | float)
    ]
    if isinstance(best := result.get("best_validation_accuracy"), int | float):
        rows.append((_("Best validation accuracy"), accuracy_text(best)))
    if isinstance(step := result.get("best_step"), int | float):
        rows.append((_("Best step"), f"{step:,}"))
    steps = _("{step} of {steps}").format(step=f"{progress.step:,}", steps=f"{progress.total_steps:,}")
    rows.append((_("Total steps"), steps))
    if progress.seconds:
        rows.append((_("Training time"), names.duration(progress.seconds)))
    return Facts(rows)


def _on_how_many(run: Run) -> list[Part]:
    return [Paragraph(text)] if (text := image_split.measured_on(run)) else []


def _story(run: Run) -> list[Part]:
    return [Paragraph(story)] if (story := names.rate_story(run)) else []


def health(view: watch.View, free: Free | None = None) -> list[Section]:
    """What the health check says of a run, with its evidence; of a range test, what it suggests. Nothing before there is any.

    `free`: the settings that could be changed where it was trained (`rounds.Plan.free`); None: all.
    """
    if view.run.is_range_test:
        reading = range_test.read(view.curves.steps, view.run.config)
        return [Section(_("Range test"), _range_test(view, reading, free))] if len(view.curves.steps) else []
    explanation = diagnostics.explain(view.run, view.curves, free)
    if explanation is None:
        return []
    rows: list[tuple[Words, Words]] = [(_("Verdict"), explanation.title.text(_))]
    what = [explanation.summary, *explanation.evidence]
    rows.append((_("Evidence"), " ".join(sentence.text(_) for sentence in what)))
    if explanation.advice is not None:
        rows.append((_("What to try"), explanation.advice.text(_)))
    return [Section(_("Health check"), [Facts(rows)])]


def _range_test(view: watch.View, reading: range_test.Reading, free: Free | None) -> list[Part]:
    run, highest = view.run, view.run.config.learning_rate
    chance, guess = chance_loss(run.config), chance_accuracy(run.config)
    chart = blocks.chart(
        lambda look: range_test_chart.chart(
            run.id, reading, highest / RISE, highest, chance, look.dark, _, guess=guess
        ),
        range_test_chart.describe(reading).text(_),
        520,
    )
    rates: list[tuple[Words, Words]] = [
        (f"{number_text(one.rate, 2)} · {_(range_test_chart.NAMES[one.kind])}", one.reason.text(_))
        for one in reading.suggestions
    ]
    return [Paragraph(reading.said(free).text(_)), chart, *([Facts(rates)] if rates else [])]


def prediction_facts(run: Run, prediction: str) -> Facts:
    """What was predicted of a run beside what came of it."""
    rows: list[tuple[Words, Words]] = [(_("Prediction"), in_words(prediction))]
    if prediction in WORDS:
        outcome = predictions.observed(run)
        rows.append((_("Outcome"), blocks.outcome_text(run) or "–"))
        if outcome is not None:
            rows.append((_("Compared"), _("Correct.") if outcome == prediction else _("Not this time.")))
    elif (accuracy := predictions.accuracy(run)) is not None:
        rows.append((_("Validation accuracy"), accuracy_text(accuracy)))
    return Facts(rows)


def curves(view: watch.View) -> list[Part]:
    """The charts of a run."""
    run, records = view.run, view.curves
    if not len(records.evaluations) and not len(records.steps):
        return [Paragraph(_("Nothing was recorded of this run yet."))]
    kinds: Sequence[tuple[str, charts.Make]] = (
        ("loss", charts.loss_chart),
        ("accuracy", charts.accuracy_chart),
        ("gradient", charts.gradient_chart),
        ("rate", charts.rate_chart),
    )
    return [
        blocks.chart(partial(_drawn, make, view), charts.describe_chart(run, records, kind).text(_))
        for kind, make in kinds
    ]


def _drawn(make: charts.Make, view: watch.View, look: ChartView) -> blocks.Figure:
    return make(view.run, view.curves, look, _)


def _settings(run: Run) -> Facts:
    parameters = models.describe(run.config).parameters
    return Facts(
        [*blocks.settings([run], without=["rate_changes"]).rows, (_("Parameters"), f"{parameters:,}")],
    )
