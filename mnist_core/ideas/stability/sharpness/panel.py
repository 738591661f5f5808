"""Sharpness: how curved the loss is along the trajectory, beside the edge of its rate; one click, several rates."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from mnist_core.diagnostics import edge, maximum_chance
from mnist_core.figures import overlay
from mnist_core.figures.axes import ChartView
from mnist_core.ideas.stability.sharpness import figure as charts
from mnist_core.presets import PRESETS
from mnist_core.records import Run
from mnist_core.ui import data_note, frame, lesson, live_parts, names, session, texts, watch
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
    frame.fragment(_panel)(panel, ids, moving)


@frame.callback
def _start(panel: Panel, group: str) -> None:
    preset = PRESETS[PRESET]
    name = data_note.dataset()
    configs = [preset.variant(label).replace(dataset=name) for label in preset.variants]
    session.store().runs.create_group(session.student(), configs, group, preset=PRESET, variants=tuple(preset.variants))
    panel.session.pop("runs", None)


def _groups() -> dict[str, list[Run]]:
    """My runs that measure it, newest first, those of one click together."""
    groups: dict[str, list[Run]] = {}
    for run in watch.my_runs_to_choose():
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
    live_parts.link(views, partial(_signature, ids), key=panel.key("sharpness_link"))
    if moving:
        live_parts.progress(views, "sharpness", partial(_progress, ids), key=panel.key("sharpness_progress"))
    if sentences := _sentences(ids):
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    axes = ChartView(dark=session.dark())
    left, right = st.columns(2, gap="medium")
    for column, name, make in ((left, "sharpness", _sharpness), (right, "loss", _loss)):
        with column:
            live_parts.chart_of(
                views,
                (name, axes),
                partial(make, ids, axes),
                key=panel.key(f"chart_{name}"),
                height=460,
                subject=ids[0],
            )


def _look(ids: tuple[str, ...]) -> list[watch.View]:
    return [watch.look(run_id) for run_id in ids]


def _signature(ids: tuple[str, ...]) -> Any:
    """What the panel says of runs that move, apart from charts and progress."""
    return [live_parts.states(ids), _sentences(ids)]


def _progress(ids: tuple[str, ...]) -> tuple[float, str]:
    parts = [view.run.progress.step / max(1, view.run.progress.total_steps) for view in _look(ids)]
    fraction = min(1.0, sum(parts) / len(parts))
    return fraction, _("{fraction} done").format(fraction=f"{fraction:.0%}")


def _sentences(ids: tuple[str, ...]) -> list[str]:
    """What was found out about each run."""
    found = (edge.sentence(view.run, view.curves) for view in _look(ids))
    return [sentence.text(_) for sentence in found if sentence is not None]


def _sharpness(ids: tuple[str, ...], axes: ChartView) -> live_parts.Picture:
    pairs = [(view.run, view.curves) for view in _look(ids)]
    figure = watch.figure(_key("sharpness", ids, axes), lambda: charts.chart(pairs, axes, _))
    return live_parts.Picture(
        figure, " ".join(_sentences(ids)) or _("Sharpness of the runs, and their stability edges.")
    )


def _loss(ids: tuple[str, ...], axes: ChartView) -> live_parts.Picture:
    views = _look(ids)
    rates = [(_("rate {rate}").format(rate=view.run.rates), view.curves) for view in views]
    chance = maximum_chance(view.run.config for view in views)
    make = partial(
        overlay.runs_chart, overlay.overlaid(rates), "loss", ("train",), replace(axes, log_y=True), _, chance
    )
    return live_parts.Picture(watch.figure(_key("loss", ids, axes), make), _("Training loss of the runs."))


def _key(name: str, ids: tuple[str, ...], axes: ChartView) -> tuple[Any, ...]:
    return name, ids, tuple(view.run.version for view in _look(ids)), axes, texts.language()
