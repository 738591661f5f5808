"""Depth × width: one click trains a network for each cell; the heat map fills while they train."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mnist_core import comparison, models
from mnist_core.config import RunConfig
from mnist_core.figures import grid as charts
from mnist_core.messages import N_
from mnist_core.presets import PRESETS
from mnist_core.ui import controls, data_note, frame, group_panel, lesson, names, run_panel, session, started, watch
from mnist_core.ui.chart import Click, live_chart
from mnist_core.ui.texts import _

PRESET = PRESETS["depth-and-width"]
DEPTHS, WIDTHS = (0, 1, 2, 3, 4, 5), (4, 16, 64, 256, 1_024)
IMAGES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
EPOCHS = (1, 2, 3, 5, 10, 20)
MEASURES: Mapping[str, str] = {
    "accuracy": N_("Validation accuracy"),
    "parameters": N_("Parameters"),
    "seconds": N_("Seconds to converge"),
    "steps": N_("Steps to converge"),
}
NEAR = 0.005  # an accuracy so little below the best is as good
BROKEN = ("diverged", "collapsed", "failed")
Place = tuple[int, int]  # hidden layers, units in each (0 without any)


def draw() -> None:
    """The plan, the button, the map, the code, an experiment."""
    lesson.look_at(
        _(
            "Each cell is a network; all train on the same batches, two by two or one by one as there is room. Look for "
            "the smallest one that is nearly as good as the best, and for what a further layer costs."
        )
    )
    _launch()
    if group := started.shown("group"):
        frame.safely(_live)(group)
    else:
        st.info(_("Press the button: the cells fill while the networks train."))
    lesson.code(comparison.reached)
    lesson.experiment(
        PRESET.name,
        _("One of these on its own, with all its curves: three hidden layers of 64 units."),
        variant="3 × 64",
    )


# ---- the plan --------------------------------------------------------------------------------------------------


def _launch() -> None:
    first, second, third, fourth, fifth = st.columns([1.3, 1.3, 1, 1, 1], gap="medium")
    with first:
        depths = _several(_("Hidden layers"), DEPTHS, (0, 1, 2, 3), "grid_depths")
    with second:
        widths = _several(_("Units in each"), WIDTHS, (16, 64, 256), "grid_widths")
    with third:
        images = st.select_slider(_("Training images"), IMAGES, 50_000, key="grid_images", format_func=names.number)
    with fourth:
        epochs = st.select_slider(_("Epochs"), EPOCHS, 5, key="grid_epochs")
    with fifth:
        rate = st.select_slider(_("Learning rate"), controls.RATES, 0.1, key="grid_rate", format_func=names.number)
    base = PRESET.config.replace(dataset=data_note.dataset(), train_size=images, epochs=epochs, learning_rate=rate)
    configs = _configs(base, depths, widths)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.button(
            _("Train all {n}").format(n=len(configs)),
            key="grid_start",
            type="primary",
            icon=":material/grid_on:",
            on_click=started.start,
            args=("group", secrets.token_hex(5), list(configs.values()), list(configs), PRESET.name),
            disabled=not configs,
        )
        if configs:
            started.expected_time(list(configs.values()))
        else:
            st.caption(_("Choose at least one number of layers and one of units."))


def _several(label: str, options: Sequence[int], start: Sequence[int], key: str) -> list[int]:
    chosen = st.pills(label, options, selection_mode="multi", default=start, key=key, format_func=names.number)
    return sorted(chosen)


def _configs(base: RunConfig, depths: Sequence[int], widths: Sequence[int]) -> dict[str, RunConfig]:
    """Name of the variant → configuration. Without hidden layers there is nothing to be wide: one run."""
    places = dict.fromkeys((depth, width if depth else 0) for depth in depths for width in widths)
    return {
        f"{depth} × {width}" if depth else "0": base.replace(hidden_layers=(width,) * depth) for depth, width in places
    }


# ---- the map ---------------------------------------------------------------------------------------------------


def _live(group: str) -> None:
    moving = any(view.run.active for view in watch.look_at_group(group))
    frame.fragment(_panel, every=run_panel.interval() * 1.5 if moving else None)(group, moving)


def _panel(group: str, moving: bool) -> None:
    started.turn_the_page()
    views = watch.look_at_group(group)
    if not views:
        st.info(_("There is no such group of runs here."))
        return
    if any(view.run.active for view in views) != moving:
        st.rerun()
    if views[0].run.owner != session.student():
        st.caption(_(":material/visibility: Somebody else's runs: you can watch them."))
    group_panel.progress([view.run for view in views])
    measure, accuracy = _measure()
    known = {_place(view.run.config): view for view in views}
    said = _said(views)
    _chart(known, measure, accuracy, said, group)
    st.markdown(said)
    st.caption(
        _(
            "Click a cell, or choose a row, to open its run. Seconds are of training, beside the others that trained then."
        )
    )
    _table(views, accuracy)


def _place(config: RunConfig) -> Place:
    return len(config.hidden_layers), config.hidden_layers[0] if config.hidden_layers else 0


def _measure() -> tuple[str, float]:
    """What the cells show, and the accuracy at which a run counts as converged."""
    titles = {name: _(title) for name, title in MEASURES.items()}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        measure = st.segmented_control(
            _("Figure"),
            list(MEASURES),
            default="accuracy",
            required=True,
            key="grid_measure",
            format_func=titles.__getitem__,
            label_visibility="collapsed",
        )
        percent = st.slider(
            _("Converged at a validation accuracy of"), 80.0, 99.0, 95.0, 0.5, "%.1f%%", key="grid_accuracy", width=320
        )
    return measure or "accuracy", percent / 100


def _chart(known: Mapping[Place, watch.View], measure: str, accuracy: float, said: str, group: str) -> None:
    depths = sorted({depth for depth, _width in known})
    widths = sorted({width for depth, width in known if depth}) or [0]
    # What has no hidden layer stands in every column of its row.
    rows = [[known.get((depth, width if depth else 0)) for width in widths] for depth in depths]
    cells = [[_cell(view, measure, accuracy) if view else None for view in row] for row in rows]
    title = _(MEASURES[measure])
    if measure in ("seconds", "steps"):
        title += f" ({accuracy:.1%})"
    figure = charts.grid_chart(
        title,
        [str(depth) for depth in depths],
        [names.number(width) if width else "–" for width in widths],
        cells,
        session.dark(),
        _,
        log=measure != "accuracy",
    )
    flat = [view.run.id if view else None for row in rows for view in row]
    live_chart(
        figure,
        key="chart_grid",
        height=140 + 80 * len(depths),
        description=f"{title}. {_in_words(depths, widths, cells)} {said}",
        subject=f"{group} {measure}",
        on_click=partial(_clicked, flat),
    )


def _in_words(depths: Sequence[int], widths: Sequence[int], cells: Sequence[Sequence[charts.Cell | None]]) -> str:
    parts = [
        f"{depth} × {width}: {cell.text.replace('<br>', ' ')}"
        for depth, row in zip(depths, cells, strict=True)
        for width, cell in zip(widths, row, strict=True)
        if cell
    ]
    return ", ".join(parts) + "."


def _clicked(runs: Sequence[str | None], click: Click) -> None:
    if 0 <= click.point < len(runs) and (run_id := runs[click.point]):
        started.open_run(run_id)


def _cell(view: watch.View, measure: str, accuracy: float) -> charts.Cell:
    run = view.run
    value, text = _value(view, measure, accuracy)
    broken = run.outcome in BROKEN
    if broken:
        text = f"✕ {_(names.STATES[names.state(run)])}"
    elif run.state != "finished" and (measure != "parameters" or run.state != "running"):
        # What still changes says so; a value that is final does not.
        mark = "…" if run.state == "running" else _(names.STATES[names.state(run)])
        text = f"{text}<br>{mark}" if text else mark
    return charts.Cell(value, text or "–", broken)


def _value(view: watch.View, measure: str, accuracy: float) -> tuple[float, str]:
    """The number in a cell, and how it is written; NaN and nothing where there is none."""
    if measure == "parameters":
        parameters = models.describe(view.run.config).parameters
        return parameters, f"{parameters:,}"
    if measure == "accuracy":
        share = _accuracy(view)
        return share, "" if math.isnan(share) else f"{share:.2%}"
    found = comparison.reached(view.curves, accuracy)
    if found is None:
        return math.nan, ""
    return (found.seconds, f"{found.seconds:.2f} s") if measure == "seconds" else (found.step, f"{found.step:,}")


def _accuracy(view: watch.View) -> float:
    """Of all validation images once the run is over, before that as last evaluated."""
    if (share := view.run.result.get("validation_accuracy")) is not None:
        return float(share)
    evaluations = view.curves.evaluations
    return float(evaluations["validation_accuracy"][-1]) if len(evaluations) else math.nan


def _said(views: Sequence[watch.View]) -> str:
    """The best, and the smallest that is nearly as good, in a sentence."""
    found = [view for view in views if view.run.outcome == "completed" and np.isfinite(_accuracy(view))]
    if len(found) < 2:
        return _("The best and the smallest good network are named here once two are done.")
    best = max(found, key=_accuracy)
    near = [view for view in found if _accuracy(view) >= _accuracy(best) - NEAR]
    small = min(near, key=_parameters)
    said = _("Best: **{name}**, {accuracy} with {parameters} parameters.").format(**_told(best))
    if small is best:
        return said + " " + _("No smaller one comes within half a percentage point of it.")
    text = _("**{name}** is within half a percentage point of it: {accuracy} with {parameters} parameters.")
    return said + " " + text.format(**_told(small))


def _told(view: watch.View) -> dict[str, str]:
    return {
        "name": names.variant(view.run),
        "accuracy": f"{_accuracy(view):.2%}",
        "parameters": f"{_parameters(view):,}",
    }


def _parameters(view: watch.View) -> int:
    return models.describe(view.run.config).parameters


def _table(views: Sequence[watch.View], accuracy: float) -> None:
    def row(view: watch.View) -> dict[str, Any]:
        share, found = _accuracy(view), comparison.reached(view.curves, accuracy)
        return {
            _("Layers × units"): names.variant(view.run),
            _("State"): _(names.STATES[names.state(view.run)]),
            _("Parameters"): _parameters(view),
            _("Validation accuracy"): "" if math.isnan(share) else f"{share:.2%}",
            _("Seconds to converge"): "" if found is None else f"{found.seconds:.2f}",
            _("Steps to converge"): "" if found is None else f"{found.step:,}",
        }

    def chosen() -> None:
        rows = st.session_state["grid_table"]["selection"]["rows"]
        if rows and rows[0] < len(views):
            started.open_run(views[rows[0]].run.id)

    st.dataframe(
        pd.DataFrame([row(view) for view in views]),
        hide_index=True,
        width="stretch",
        key="grid_table",
        on_select=chosen,
        selection_mode="single-row",
    )
