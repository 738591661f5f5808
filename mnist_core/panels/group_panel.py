"""The panel of runs that were started together: their curves overlaid and a table beneath, live."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from mnist_core.diagnostics import maximum_chance
from mnist_core.figures import overlay, theme
from mnist_core.figures.axes import ChartView
from mnist_core.networks import models
from mnist_core.panels import run_panel, waiting
from mnist_core.presets import PRESETS
from mnist_core.records import Run, Split
from mnist_core.ui import frame, live_parts, names, seal, session, texts, watch
from mnist_core.ui.choice import PER_EPOCH, PERCENT, in_percent, number_columns
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

NAMED = 5  # runs in the title of a group that is no experiment


def draw(panel: Panel, group: str) -> None:
    """The panel of the group, moving while any of its runs does."""
    moving = any(view.run.active for view in watch.look_at_group(group))
    frame.fragment(_panel)(panel, group, moving)


def _panel(panel: Panel, group: str, moving: bool) -> None:
    views = watch.look_at_group(group)
    if not views:
        st.info(_("This group of runs does not exist here."))
        return
    runs = [view.run for view in views]
    if any(run.active for run in runs) != moving:
        st.rerun()
    live_parts.link(views, partial(_signature, [run.id for run in runs]), key=panel.key("group_link"))
    preset = PRESETS.get(runs[0].preset or "")
    title = _(preset.title) if preset else " · ".join(names.variant(run).markdown for run in runs[:NAMED])
    st.markdown(f"**{title}**")
    progress(panel, views)
    _charts(panel, views)
    _table(runs)


def _signature(run_ids: list[str]) -> Any:
    """What else the panel shows of runs that move: the table, of which seconds per epoch are there after the first."""
    return [live_parts.states(run_ids), [watch.look(run_id).run.progress.epoch >= 1 for run_id in run_ids]]


def progress(panel: Panel, views: list[watch.View]) -> None:
    """How many are done, and their owner's button that stops them while any of them moves."""
    runs = [view.run for view in views]
    make = partial(_progress_of, [run.id for run in runs])
    live_parts.progress(views, "group", make, key=panel.key("group_progress"))
    if runs[0].owner == session.student() and any(run.active for run in runs):
        panel.button("stop_all", _("Stop all"), "stop", run_panel.stop_all, runs)


def _progress_of(run_ids: list[str]) -> tuple[float, str]:
    runs = [watch.look(run_id).run for run_id in run_ids]
    done = sum(run.state == "finished" for run in runs)
    text = ngettext("{done} of {all} run is done", "{done} of {all} runs are done", len(runs))
    parts = [text.format(done=done, all=len(runs))]
    if all(run.state == "queued" for run in runs):
        parts.append(waiting.words([run.id for run in runs]))
    elif waits := sum(run.state == "queued" for run in runs):
        parts.append(ngettext("{n} waiting", "{n} waiting", waits).format(n=waits))
    return done / len(runs), " · ".join(parts)


def _charts(panel: Panel, views: list[watch.View]) -> None:
    runs = [view.run for view in views]
    with st.container(horizontal=True, key=panel.key("group_controls")):
        has_validation = any(run.config.validation_size for run in runs)
        titles: dict[Split, str] = {
            split: theme.SPLIT_STYLES[split].name for split in seal.splits() if split != "validation" or has_validation
        }
        if panel.session.get("group_split") not in titles:
            panel.session.pop("group_split", None)
        start: Split = "validation" if has_validation else "train"
        split = panel.one_of("group_split", _("Show curves for"), titles, start)
        chart_view = run_panel.view_controls(panel)
    ids = tuple(run.id for run in runs)
    metrics: tuple[overlay.Metric, ...] = ("loss", "accuracy")
    for column, metric in zip(st.columns(2, gap="medium"), metrics, strict=True):
        with column:
            make = partial(_picture, ids, metric, split, chart_view)
            live_parts.chart_of(
                views, ("group", metric, split, chart_view), make, key=panel.key(f"group_{metric}"), height=440
            )


def _picture(ids: tuple[str, ...], metric: overlay.Metric, split: Split, view: ChartView) -> live_parts.Picture:
    views = [watch.look(run_id) for run_id in ids]

    def make() -> dict[str, Any]:
        overlaid = overlay.overlaid([(names.variant(one.run).plain, one.curves) for one in views])
        chance = maximum_chance(one.run.config for one in views)
        return overlay.runs_chart(overlaid, metric, (split,), view, _, chance)

    key = ("group", ids, tuple(one.run.version for one in views), metric, split, view, texts.language())
    return live_parts.Picture(watch.figure(key, make), _("Curves of all runs, overlaid."))


def _table(runs: list[Run]) -> None:
    def row(run: Run) -> dict[str, Any]:
        progress = run.progress
        return {
            _("Run"): names.variant(run).cell,
            _("State"): _(names.STATES[names.state(run)]),
            _("Parameters"): models.describe(run.config).parameters,
            _("Multiplications"): models.describe(run.config).multiplications,
            _("Updates per epoch"): run.config.steps_per_epoch,
            _("Seconds per epoch"): progress.seconds / progress.epoch if progress.epoch else None,
            _("Validation accuracy"): in_percent(run.result.get("validation_accuracy")),
            _("Test accuracy"): in_percent(run.result.get("test_accuracy")),
        }

    formats = dict.fromkeys((_("Validation accuracy"), _("Test accuracy")), PERCENT)
    formats |= dict.fromkeys((_("Parameters"), _("Multiplications"), _("Updates per epoch")), "localized")
    formats[_("Seconds per epoch")] = PER_EPOCH
    st.dataframe(
        pd.DataFrame([row(run) for run in runs]),
        hide_index=True,
        placeholder="–",
        width="stretch",
        column_config=number_columns(formats),
    )
