"""Runs beside each other as a report: how their settings differ, their curves overlaid, what came of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from mnist_core import comparison, escape
from mnist_core.diagnostics import maximum_chance
from mnist_core.escape import UserText
from mnist_core.figures import overlay
from mnist_core.figures.axes import ChartView
from mnist_core.figures.theme import RUN_COLORS_LIGHT
from mnist_core.panels.reports import blocks
from mnist_core.panels.reports.blocks import Row
from mnist_core.records import Run, Split
from mnist_core.report import Chart, Paragraph, Report, Section, Words
from mnist_core.ui import names, seal, times, watch
from mnist_core.ui.texts import _, ngettext

MOST_RUNS = 100  # in a report: a browser draws so many curves at once
ROW, ROOMY = 22, 4  # pixels of a row in the legend; so many have room in a chart of the usual height


@dataclass
class Shown:
    """What the charts show: the curves of which parts of the data (None: of validation, or training where there is none), how, and
    which curves, by their runs' ids, were hidden in the legend."""

    parts: Sequence[Split] | None = None
    view: ChartView = field(default_factory=ChartView)
    hidden: Collection[str] = ()


def report(views: Sequence[watch.View], charts: Shown | None = None) -> Report:
    """The report of several runs, the first `MOST_RUNS` of them."""
    shown = views[:MOST_RUNS]
    lead: list[Words] = [ngettext("{n} run", "{n} runs", len(shown)).format(n=len(shown))]
    if len(shown) < len(views):
        lead.append(_("You chose {n} runs. The report has the first {shown}.").format(n=len(views), shown=len(shown)))
    newest = max(view.run.created_at for view in shown)
    return blocks.whole(_("Comparison of runs"), sections(shown, charts), [*lead, times.day(newest)])


def sections(views: Sequence[watch.View], charts: Shown | None = None) -> list[Section]:
    """What there is to say of several runs together; a part of any report that compares them."""
    runs = [view.run for view in views]
    titles = [escape.joined(". ", str(number), title) for number, title in enumerate(names.run_titles(runs), 1)]
    rows = [Row(title, run) for title, run in zip(titles, runs, strict=True)]
    caption = _("The chosen runs with the settings that differ. Press a column’s title to sort by it.")
    return [
        Section(_("What differs"), [Paragraph(blocks.differences(runs))]),
        Section(_("Curves"), [*_hidden(runs, titles, charts or Shown()), *_charts(views, titles, charts or Shown())]),
        Section(_("All runs"), [blocks.run_table(caption, _("Run"), rows)], new_page=True),
        *blocks.notes(runs),
        Section(_("Settings of all runs"), [blocks.settings(runs, without=["rate_changes"])]),
    ]


def _hidden(runs: Sequence[Run], titles: Sequence[UserText], shown: Shown) -> list[Paragraph]:
    """Which curves are there and not seen, in a sentence; nothing where all are."""
    names = [title for run, title in zip(runs, titles, strict=True) if run.id in shown.hidden]
    if not names:
        return []
    before = _(
        "Curves that were hidden on the page are hidden here, too. Press a name in the legend to show its curve. Hidden:"
    )
    return [Paragraph(escape.joined(" ", before, escape.joined("; ", *names)))]


def _charts(views: Sequence[watch.View], titles: Sequence[UserText], shown: Shown) -> list[Chart]:
    runs = [view.run for view in views]
    usual: Split = "validation" if any(run.config.validation_size for run in runs) else "train"
    parts = [split for split in seal.splits() if split in (shown.parts or [usual])] or [usual]
    chance = maximum_chance(run.config for run in runs)
    overlaid = [
        overlay.Overlaid(title.plain, view.curves, view.run.id, place)
        for title, view, place in zip(titles, views, comparison.places(runs, len(RUN_COLORS_LIGHT)), strict=True)
    ]

    def chart(metric: overlay.Metric, view: ChartView) -> overlay.Figure:
        look = replace(shown.view, dark=view.dark, splits=view.splits)
        figure = overlay.runs_chart(overlaid, metric, parts, look, _, chance)
        for trace in figure["data"]:
            if trace.get("legendgroup") in shown.hidden:
                trace["visible"] = "legendonly"
        return figure

    metrics: tuple[overlay.Metric, ...] = ("loss", "accuracy")
    height = 420 + ROW * max(0, len(views) - ROOMY)
    return [
        blocks.chart(partial(chart, metric), overlay.describe(overlaid, metric, parts, _), height) for metric in metrics
    ]
