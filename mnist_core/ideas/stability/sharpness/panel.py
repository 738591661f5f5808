"""Sharpness: how curved the loss is along the trajectory, beside the edge of its rate; one click, several rates."""

from __future__ import annotations

import secrets
from dataclasses import replace

import streamlit as st

from mnist_core.diagnostics import edge, maximum_chance
from mnist_core.figures import overlay
from mnist_core.figures.axes import ChartView
from mnist_core.ideas.stability.sharpness import figure as charts
from mnist_core.panels import run_panel
from mnist_core.presets import PRESETS
from mnist_core.records import Run
from mnist_core.ui import data_note, frame, lesson, names, session, texts, watch
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

PRESET = "edge-of-stability"


def draw(panel: Panel) -> None:
    """What to look at, the button, and the runs that were measured last, moving while any does."""
    lesson.look_at(
        _(
            "In a network, the curvature is not fixed: it changes during training. Watch the sharpness grow until it reaches the stability edge, 2 / learning rate, and stay there."
        )
    )
    panel.button(
        "start",
        _("Train at four learning rates and measure"),
        "monitoring",
        _start,
        panel,
        secrets.token_hex(5),
        primary=True,
    )
    groups = _groups()
    if not groups:
        st.info(
            _("Press the button: four runs train together for about half a minute, each update on all 1,000 images.")
        )
        return
    group = panel.selectbox("runs", _("Runs"), list(groups), format_func=lambda key: _title(groups[key]))
    moving = any(run.active for run in groups[group])
    ids = tuple(run.id for run in groups[group])
    frame.fragment(_panel, every=run_panel.interval() * 1.5 if moving else None)(panel, ids, moving)


@frame.callback
def _start(panel: Panel, group: str) -> None:
    preset = PRESETS[PRESET]
    name = data_note.dataset()
    configs = [preset.variant(label).replace(dataset=name) for label in preset.variants]
    ids = session.store().runs.create_group(
        session.student(), configs, group, preset=PRESET, variants=tuple(preset.variants)
    )
    panel.session.pop("runs", None)
    watch.await_first_point(ids[0])


def _groups() -> dict[str, list[Run]]:
    """My runs that measure it, newest first, those of one click together."""
    groups: dict[str, list[Run]] = {}
    for run in watch.my_runs():
        if run.config.sharpness:
            groups.setdefault(run.group or run.id, []).append(run)
    return {key: sorted(runs, key=lambda run: run.config.learning_rate) for key, runs in groups.items()}


def _title(runs: list[Run]) -> str:
    rates = ", ".join(run.rates for run in runs)
    return _("{network}: learning rates {rates}").format(network=names.but_the_rate(runs[0].config), rates=rates)


def _panel(panel: Panel, ids: tuple[str, ...], moving: bool) -> None:
    views = [watch.look(run_id) for run_id in ids]
    if any(view.run.active for view in views) != moving:
        st.rerun()
    fraction = sum(view.run.progress.step / max(1, view.run.progress.total_steps) for view in views) / len(views)
    if moving:
        st.progress(min(1.0, fraction), text=_("{fraction} done").format(fraction=f"{fraction:.0%}"))
    sentences = [sentence.text(_) for view in views if (sentence := edge.sentence(view.run, view.curves)) is not None]
    if sentences:
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    axes = ChartView(dark=session.dark())
    key = (ids, tuple(view.run.version for view in views), axes, texts.language())
    pairs = [(view.run, view.curves) for view in views]
    rates = [(_("rate {rate}").format(rate=view.run.rates), view.curves) for view in views]
    left, right = st.columns(2, gap="medium")
    with left:
        figure = watch.figure((*key, "sharpness"), lambda: charts.chart(pairs, axes, _))
        description = " ".join(sentences) or _("Sharpness of the runs, and their stability edges.")
        live_chart(figure, key=panel.key("chart_sharpness"), height=460, description=description, subject=ids[0])
    chance = maximum_chance(view.run.config for view in views)
    with right:
        log = replace(axes, log_y=True)
        figure = watch.figure(
            (*key, "loss"),
            lambda: overlay.runs_chart(overlay.overlaid(rates), "loss", ("train",), log, _, chance),
        )
        live_chart(
            figure,
            key=panel.key("chart_loss"),
            height=460,
            description=_("Training loss of the runs."),
            subject=ids[0],
        )
