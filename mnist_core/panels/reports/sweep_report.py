"""A sweep over learning rates as a report: what it says, the prediction of its edge, its charts, all its runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mnist_core.diagnostics import Scale, zones
from mnist_core.figures import sweep_curves, sweep_zones
from mnist_core.figures.axes import ChartView
from mnist_core.figures.sweep import ZONE_LABELS, Metric, Part, SweepView
from mnist_core.messages import number_text
from mnist_core.panels.reports import blocks
from mnist_core.panels.reports.blocks import Row
from mnist_core.records import SweepRecord
from mnist_core.report import Chart, Column, Facts, Paragraph, Report, Section, Table, Words
from mnist_core.rounds import Free
from mnist_core.ui import names, times, watch
from mnist_core.ui.texts import _


def read(views: Sequence[watch.View]) -> zones.Reading:
    """Zones and sentences of a sweep, as far as its runs have come."""
    trials = [zones.trial(view.run, view.curves) for view in views]
    return zones.read(trials, Scale.of(views[0].run.config))


def report(sweep: SweepRecord, views: Sequence[watch.View]) -> Report:
    """The report of a sweep with its runs."""
    text = _("{n} rates from {low} to {high} · {settings}").format(
        n=len(sweep.rates),
        low=names.number(sweep.rates[0]),
        high=names.number(sweep.rates[-1]),
        settings=names.but_the_rate(sweep.config),
    )
    lead: list[Words] = [text, times.day(sweep.created_at)]
    return blocks.whole(_("Learning rate sweep"), sections(sweep, views), lead)


def sections(sweep: SweepRecord, views: Sequence[watch.View], free: Free | None = None) -> list[Section]:
    """What there is to say of a sweep; a part of any report that speaks of it. `free`: as for `run_report.health`."""
    reading = read(views)
    runs = [view.run for view in views]
    sentences = " ".join(sentence.text(_) for sentence in reading.said(free))
    return [
        Section(_("Result"), [Paragraph(sentences or _("No run of this sweep has ended yet."))]),
        *_prediction(sweep, reading),
        Section(_("Curves"), _charts(sweep, views, reading)),
        Section(_("All runs"), [_table(sweep, views, reading)], new_page=True),
        *blocks.notes(runs),
        Section(_("Settings of all runs"), [blocks.settings(runs, without=["learning_rate", "rate_changes"])]),
    ]


def _prediction(sweep: SweepRecord, reading: zones.Reading) -> list[Section]:
    if sweep.predicted_edge is None:
        return []
    rows: list[tuple[Words, Words]] = [(_("Predicted to break from"), number_text(sweep.predicted_edge))]
    if reading.done and reading.edge is not None:
        rows.append((_("Outcome"), zones.prediction_sentence(reading.edge, sweep.predicted_edge).text(_)))
    return [Section(_("Prediction and outcome"), [Facts(rows)])]


def _charts(sweep: SweepRecord, views: Sequence[watch.View], reading: zones.Reading) -> list[Chart]:
    """Curves, and where they ended by their rates, each of loss and accuracy: of the training loss, which the result speaks of, and
    of the accuracy on validation images, where there are any."""
    pairs = [(view.run, view.curves) for view in views]
    parts: dict[Metric, Part] = {"loss": "train", "accuracy": "validation" if sweep.config.validation_size else "train"}

    def curves(metric: Metric, view: ChartView) -> blocks.Figure:
        return sweep_curves.curves_chart(
            sweep.id, pairs, sweep.rates, SweepView(metric, parts[metric], dark=view.dark), _
        )

    def ends(metric: Metric, view: ChartView) -> blocks.Figure:
        look = SweepView(metric, parts[metric], dark=view.dark)
        return sweep_zones.rates_chart(sweep.id, pairs, reading, look, _, sweep.predicted_edge)

    described = sweep_zones.describe(reading, len(sweep.rates)).text(_)
    return [
        *(blocks.chart(partial(ends, metric), described) for metric in parts),
        *(blocks.chart(partial(curves, metric), _("Curves of all runs, overlaid.")) for metric in parts),
    ]


def _table(sweep: SweepRecord, views: Sequence[watch.View], reading: zones.Reading) -> Table:
    zone_of = {point.rate: point.zone for point in reading.points}
    by_rate = sorted((view.run for view in views), key=lambda run: (run.config.learning_rate, run.config.seed))
    rows = [
        Row(
            run.rates,
            run,
            [_(ZONE_LABELS[zone]) if (zone := zone_of.get(run.config.learning_rate)) else None],
        )
        for run in by_rate
    ]
    return blocks.run_table(
        _("All runs of the sweep, by their learning rates. Press a column’s title to sort by it."),
        _("Learning rate"),
        rows,
        also=[Column(_("Zone"))],
        without=["learning_rate", "rate_changes"],
    )
