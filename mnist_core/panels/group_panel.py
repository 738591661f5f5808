"""The panel of runs that were started together: their curves overlaid and a table beneath, live."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import pandas as pd
import streamlit as st

from mnist_core.diagnostics import maximum_chance
from mnist_core.figures import overlay, theme
from mnist_core.networks import models
from mnist_core.panels import run_panel, waiting
from mnist_core.presets import PRESETS
from mnist_core.records import Run, Split
from mnist_core.ui import frame, names, seal, session, texts, watch
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

NAMED = 5  # runs in the title of a group that is no experiment


def draw(panel: Panel, group: str) -> None:
    """The panel of the group, moving while any of its runs does."""
    moving = any(run.active for run in watch.runs_of_group(group))
    frame.fragment(_panel, every=run_panel.interval() * 1.5 if moving else None)(panel, group, moving)


def _panel(panel: Panel, group: str, moving: bool) -> None:
    runs = watch.runs_of_group(group)
    if not runs:
        st.info(_("This group of runs does not exist here."))
        return
    if any(run.active for run in runs) != moving:
        st.rerun()
    preset = PRESETS.get(runs[0].preset or "")
    title = _(preset.title) if preset else " · ".join(names.variant(run).markdown for run in runs[:NAMED])
    st.markdown(f"**{title}**")
    progress(panel, runs)
    _charts(panel, group, runs)
    _table(runs)


def progress(panel: Panel, runs: list[Run]) -> None:
    """How many are done, and their owner's button that stops them while any of them moves."""
    done = sum(run.state == "finished" for run in runs)
    text = ngettext("{done} of {all} run is done", "{done} of {all} runs are done", len(runs))
    parts = [text.format(done=done, all=len(runs))]
    if all(run.state == "queued" for run in runs):
        parts.append(waiting.words([run.id for run in runs]))
    elif waits := sum(run.state == "queued" for run in runs):
        parts.append(ngettext("{n} waiting", "{n} waiting", waits).format(n=waits))
    st.progress(done / len(runs), text=" · ".join(parts))
    if runs[0].owner == session.student() and any(run.active for run in runs):
        panel.button("stop_all", _("Stop all"), "stop", run_panel.stop_all, runs)


def _charts(panel: Panel, group: str, runs: list[Run]) -> None:
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
    views = [watch.look(run.id) for run in runs]
    overlaid = overlay.overlaid([(names.variant(view.run).plain, view.curves) for view in views])
    parts = (split,)
    chance = maximum_chance(view.run.config for view in views)
    versions = tuple(view.run.version for view in views)
    for column, metric in zip(st.columns(2, gap="medium"), ("loss", "accuracy"), strict=True):
        with column:
            key = (group, versions, metric, split, chart_view, texts.language())
            make = partial(overlay.runs_chart, overlaid, cast(Any, metric), parts, chart_view, _, chance)
            figure = watch.figure(key, make)
            live_chart(
                figure, key=panel.key(f"group_{metric}"), height=440, description=_("Curves of all runs, overlaid.")
            )


def _table(runs: list[Run]) -> None:
    def row(run: Run) -> dict[str, Any]:
        progress = run.progress
        return {
            _("Run"): names.variant(run).cell,
            _("State"): _(names.STATES[names.state(run)]),
            _("Parameters"): models.describe(run.config).parameters,
            _("Multiplications"): models.describe(run.config).multiplications,
            _("Updates per epoch"): run.config.steps_per_epoch,
            _("Seconds per epoch"): round(progress.seconds / progress.epoch, 2) if progress.epoch else None,
            _("Validation accuracy"): _percent(run.result.get("validation_accuracy")),
            _("Test accuracy"): _percent(run.result.get("test_accuracy")),
        }

    st.dataframe(pd.DataFrame([row(run) for run in runs]), hide_index=True, width="stretch")


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.2%}"
