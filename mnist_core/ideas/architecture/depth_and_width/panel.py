"""Depth × width: one click trains a network for each cell; the heat map fills while they train."""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from mnist_core import comparison, sweep_range
from mnist_core.config import RunConfig
from mnist_core.ideas.architecture.depth_and_width import figure as charts
from mnist_core.ideas.architecture.depth_and_width.cells import Network, accuracy_of, networks
from mnist_core.messages import N_, accuracy_text
from mnist_core.networks import models
from mnist_core.panels import controls, group_panel, started
from mnist_core.presets import PRESETS
from mnist_core.ui import data_note, frame, lesson, live_parts, names, session, watch
from mnist_core.ui.chart import Click
from mnist_core.ui.choice import PERCENT, in_percent, row_of
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

PRESET = PRESETS["depth-and-width"]
DEPTHS, WIDTHS = (0, 1, 2, 3, 4, 5), (4, 16, 64, 256, 1_024)
IMAGES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
EPOCHS = (1, 2, 3, 5, 10, 20)
SEEDS = (1, 2, 3)
MEASURES: Mapping[str, str] = {
    "accuracy": N_("Validation accuracy"),
    "parameters": N_("Parameters"),
    "seconds": N_("Seconds to converge"),
    "steps": N_("Steps to converge"),
}
NEAR = 0.005  # an accuracy so little below the best is as good


def draw(panel: Panel) -> None:
    """The plan, the button, the map, the code, an experiment."""
    lesson.look_at(
        _(
            "Each cell is a network. All train on the same batches, one or two at a time. Look for the smallest network that is nearly as good as the best, and see what another layer costs."
        )
    )
    _launch(panel)
    if group := started.followed_group(panel, "group"):
        frame.safely(_live)(panel, group)
    else:
        st.info(_("Press the button: the cells fill while the networks train."))
    lesson.code(panel, comparison.reached)
    lesson.experiment(
        PRESET.name,
        _("One of these on its own, with all its curves: three hidden layers of 64 units."),
        variant="3 × 64",
    )


# ---- the plan --------------------------------------------------------------------------------------------------


def _launch(panel: Panel) -> None:
    first, second, third, fourth, fifth = st.columns([1.3, 1.3, 1, 1, 1], gap="medium")
    with first:
        depths = panel.pills("depths", _("Hidden layers"), DEPTHS, (0, 1, 2, 3), format_func=names.number)
    with second:
        widths = panel.pills("widths", _("Units in each"), WIDTHS, (16, 64, 256), format_func=names.number)
    with third:
        images = panel.select_slider("images", _("Training images"), IMAGES, 50_000, format_func=names.number)
    with fourth:
        epochs = panel.select_slider("epochs", _("Epochs"), EPOCHS, 5)
    with fifth:
        rate = panel.select_slider("rate", _("Learning rate"), controls.RATES, 0.1, format_func=names.number)
    base = PRESET.config.replace(dataset=data_note.dataset(), train_size=images, epochs=epochs, learning_rate=rate)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        seeds = panel.one_of("seeds", _("Seeds per cell"), {n: str(n) for n in SEEDS}, 1)
        variants = _variants(_configs(base, sorted(depths), sorted(widths)), seeds)
        configs = [config for _name, config in variants]
        panel.button(
            "start",
            _("Train all {n}").format(n=len(configs)),
            "grid_on",
            started.start,
            panel,
            "group",
            secrets.token_hex(5),
            configs,
            [name for name, _config in variants],
            PRESET.name,
            primary=True,
            disabled=not configs,
        )
        if configs:
            started.expected_time(configs)
        else:
            st.caption(_("Choose at least one number of layers and one number of units."))


def _configs(base: RunConfig, depths: Sequence[int], widths: Sequence[int]) -> dict[str, RunConfig]:
    """Name of the variant → configuration. Without hidden layers there is nothing to be wide: one run."""
    places = dict.fromkeys((depth, width if depth else 0) for depth in depths for width in widths)
    return {
        f"{depth} × {width}" if depth else "0": base.replace(hidden_layers=(width,) * depth) for depth, width in places
    }


def _variants(configs: Mapping[str, RunConfig], seeds: int) -> list[tuple[str, RunConfig]]:
    """(name of the variant, configuration) of every run: each network from so many first weights, on the same batches."""
    return [
        (name, seeded)
        for name, config in configs.items()
        for seeded in sweep_range.variants(config, [config.learning_rate], range(seeds) if seeds > 1 else ())
    ]


# ---- the map ---------------------------------------------------------------------------------------------------


def _live(panel: Panel, group: str) -> None:
    moving = any(view.run.active for view in watch.look_at_group(group))
    frame.fragment(_panel)(panel, group, moving)


def _panel(panel: Panel, group: str, moving: bool) -> None:
    started.turn_the_page()
    views = watch.look_at_group(group)
    if not views:
        st.info(_("This group of runs does not exist here."))
        return
    if any(view.run.active for view in views) != moving:
        st.rerun()
    if views[0].run.owner != session.student():
        st.caption(_(":material/visibility: Someone else's runs: you can watch them."))
    measure, accuracy = _measure(panel)
    ids = tuple(view.run.id for view in views)
    live_parts.link(views, partial(_signature, ids, accuracy), key=panel.key("grid_link"), name=accuracy)
    group_panel.progress(panel, views)
    grid = networks(views)
    several = len(views) > len(grid)
    _chart(panel, views, measure, accuracy, group)
    st.markdown(_summary(grid.values()))
    st.caption(_how_to_read(several))
    _table(panel, views, accuracy, several)


def _how_to_read(several: bool) -> str:
    """What a difference between two cells means, and what a click does."""
    if several:
        text = _(
            "A cell shows the mean over its seeds, ± half the range from minimum to maximum: a smaller difference between cells means nothing. Click a cell to open the run of its first seed, or choose a row."
        )
    else:
        text = _(
            "Each cell has one seed. Another seed would change every number a little, and a difference smaller than that means nothing. Train each cell with 2 or 3 seeds to see how large it is. Click a cell, or choose a row, to open its run."
        )
    return text + " " + _("Seconds count training time, which depends on what else was training at the same time.")


def _measure(panel: Panel) -> tuple[str, float]:
    """What the cells show, and the accuracy at which a run counts as converged."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        measure = panel.one_of("measure", _("Metric"), MEASURES, "accuracy", titled=False)
        percent = panel.slider(
            "accuracy", _("Converged at a validation accuracy of"), 80.0, 99.0, 95.0, 0.5, "%.1f%%", width=320
        )
    return measure, percent / 100


def _signature(ids: tuple[str, ...], accuracy: float) -> Any:
    """What else the panel shows of runs that move: the table, and the summary of those that are done."""
    converged = [comparison.reached(watch.look(run_id).curves, accuracy) is not None for run_id in ids]
    return [live_parts.states(ids), converged]


def _chart(panel: Panel, views: Sequence[watch.View], measure: str, accuracy: float, group: str) -> None:
    places = _Places.of(views)
    dark = session.dark()
    live_parts.chart_of(
        views,
        ("grid", measure, accuracy, dark),
        partial(_picture, tuple(view.run.id for view in views), measure, accuracy, dark),
        key=panel.key("chart_grid"),
        height=140 + (100 if places.several else 80) * len(places.depths),
        subject=f"{group} {measure}",
        on_click=partial(
            _clicked, [network.views[0].run.id if network else None for row in places.rows for network in row]
        ),
    )


@dataclass(frozen=True)
class _Places:
    """The networks as they stand on the map: a row for each depth, a column for each width."""

    depths: Sequence[int]
    widths: Sequence[int]
    rows: Sequence[Sequence[Network | None]]
    several: bool  # seeds in a cell

    @classmethod
    def of(cls, views: Sequence[watch.View]) -> _Places:
        grid = networks(views)
        depths = sorted({depth for depth, _width in grid})
        widths = sorted({width for depth, width in grid if depth}) or [0]
        # What has no hidden layer stands in every column of its row.
        rows = [[grid.get((depth, width if depth else 0)) for width in widths] for depth in depths]
        return cls(depths, widths, rows, len(views) > len(grid))


def _picture(ids: tuple[str, ...], measure: str, accuracy: float, dark: bool) -> live_parts.Picture:
    views = [watch.look(run_id) for run_id in ids]
    places = _Places.of(views)
    cells = [[network.cell(measure, accuracy) if network else None for network in row] for row in places.rows]
    title = _(MEASURES[measure])
    if measure in ("seconds", "steps"):
        title += f" ({accuracy:.1%})"
    figure = charts.grid_chart(
        title,
        [str(depth) for depth in places.depths],
        [names.number(width) if width else "–" for width in places.widths],
        cells,
        dark,
        _,
        log=measure != "accuracy",
    )
    words = _in_words(places.depths, places.widths, cells)
    return live_parts.Picture(figure, f"{title}. {words} {_summary(networks(views).values())}")


def _in_words(depths: Sequence[int], widths: Sequence[int], cells: Sequence[Sequence[charts.Cell | None]]) -> str:
    parts = [
        f"{depth} × {width}: {cell.text.replace('<br>', ' ')}" + (f" ({cell.more})" if cell.more else "")
        for depth, row in zip(depths, cells, strict=True)
        for width, cell in zip(widths, row, strict=True)
        if cell
    ]
    return ", ".join(parts) + "."


def _clicked(runs: Sequence[str | None], click: Click) -> None:
    if 0 <= click.point < len(runs) and (run_id := runs[click.point]):
        started.open_run(run_id)


def _summary(grid: Collection[Network]) -> str:
    """The best, the smallest that is nearly as good, and how far seeds are apart, in sentences; until all are over, the best so far."""
    finished = [network for network in grid if network.completed and np.isfinite(network.accuracy())]
    if len(finished) < 2:
        return _("The best network is named here once two have finished, the smallest good one once all have.")
    best = max(finished, key=Network.accuracy)
    if not all(network.over for network in grid):
        return _("Best so far: **{name}**, {accuracy} with {parameters} parameters.").format(**_figures(best))
    near = [network for network in finished if network.accuracy() >= best.accuracy() - NEAR]
    smallest = min(near, key=lambda network: network.parameters)
    sentences = [_("Best: **{name}**, {accuracy} with {parameters} parameters.").format(**_figures(best))]
    if smallest is best:
        sentences.append(_("No smaller network comes within half a percentage point of it."))
    else:
        text = _(
            "The smallest network within half a percentage point of it is **{name}**: {accuracy} with {parameters} parameters."
        )
        sentences.append(text.format(**_figures(smallest)))
    if spread := max(network.spread() for network in finished):
        text = _("Within one cell, the seeds differ by up to {spread} percentage points.")
        sentences.append(text.format(spread=f"{100 * spread:.2f}"))
    return " ".join(sentences)


def _figures(network: Network) -> dict[str, str]:
    return {
        "name": network.name,
        "accuracy": accuracy_text(network.accuracy()),
        "parameters": f"{network.parameters:,}",
    }


def _table(panel: Panel, views: Sequence[watch.View], accuracy: float, several: bool) -> None:
    def row(view: watch.View) -> dict[str, Any]:
        fraction = accuracy_of(view) if view.run.state == "finished" else math.nan
        convergence = comparison.reached(view.curves, accuracy)
        return {
            _("Layers × units"): names.variant(view.run).cell,
            **({_("Seed"): view.run.config.seed} if several else {}),
            _("State"): _(names.STATES[names.state(view.run)]),
            _("Parameters"): models.describe(view.run.config).parameters,
            _("Validation accuracy"): None if math.isnan(fraction) else in_percent(fraction),
            _("Seconds to converge"): None if convergence is None else convergence.seconds,
            _("Steps to converge"): None if convergence is None else convergence.step,
        }

    formats = {
        _("Parameters"): "localized",
        _("Validation accuracy"): PERCENT,
        _("Seconds to converge"): "%.2f",
        _("Steps to converge"): "localized",
    }
    rows = [row(view) for view in views]
    row_of(rows, panel.key("table"), lambda place: started.open_run(views[place].run.id), numbers=formats)
