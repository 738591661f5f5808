"""The rates of a sweep one by one: the one that is chosen and what can be done with it, and all runs in figures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from mnist_core.config import RunConfig
from mnist_core.diagnostics import zones
from mnist_core.figures.sweep import ZONE_LABELS, SweepView
from mnist_core.messages import accuracy_text, number_text
from mnist_core.panels import draft, started
from mnist_core.records import SweepRecord
from mnist_core.ui import names, watch
from mnist_core.ui.choice import PERCENT, in_percent, row_of
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _


def chosen_rate(
    panel: Panel, sweep: SweepRecord, views: list[watch.View], reading: zones.Reading, view: SweepView
) -> None:
    """The rate that was clicked, or chosen here: what came of it, and where to go from it."""
    panel.session["sweep_rate"] = view.chosen if view.chosen in sweep.rates else None

    def changed() -> None:
        panel.session["chosen_rate"] = panel.session["sweep_rate"]

    with st.container(horizontal=True, vertical_alignment="bottom", key=panel.key("chosen")):
        st.selectbox(
            _("Click a point, or choose a rate"),
            sweep.rates,
            key=panel.key("sweep_rate"),
            index=None,
            placeholder=_("no rate chosen"),
            format_func=names.number,
            on_change=changed,
            width=230,
        )
        of_rate = [run_view for run_view in views if run_view.run.config.learning_rate == view.chosen]
        if not of_rate:
            return
        first = of_rate[0].run.config
        st.button(
            _("Use this rate on the Train page"),
            key=panel.key("set_rate"),
            icon=":material/tune:",
            type="primary",
            on_click=_set_rate,
            args=(sweep, first),
        )
        for run_view in of_rate:
            label = _("Open the run") if len(of_rate) == 1 else _("Open seed {n}").format(n=run_view.run.config.seed)
            key = panel.key(f"open_seed_{run_view.run.config.seed}")
            st.button(label, key=key, icon=":material/show_chart:", on_click=started.open_run, args=(run_view.run.id,))
    st.markdown(_rate_summary(of_rate, reading, view))


def table(panel: Panel, sweep: SweepRecord, views: list[watch.View], reading: zones.Reading, view: SweepView) -> None:
    """All runs in figures, which those have that are over; a row can be chosen, too."""
    split = view.split
    point_zones = {point.rate: point.zone for point in reading.points}
    by_rate = sorted(views, key=lambda run_view: (run_view.run.config.learning_rate, run_view.run.config.seed))
    changed = any(run_view.run.rate_changes for run_view in views)
    formats = {_("Rate"): "%.6g"} | dict.fromkeys((_("Final loss"), _("Best loss")), "%.4g")
    formats |= dict.fromkeys((_("Final accuracy"), _("Best accuracy")), PERCENT)

    def row(run_view: watch.View) -> dict[str, Any]:
        run, zone = run_view.run, point_zones.get(run_view.run.config.learning_rate)
        cells: dict[str, Any] = {_("Rate"): run.config.learning_rate}
        if changed:
            cells[names.setting("rate_changes")] = names.value(run.rate_changes)
        if sweep.seeds > 1:
            cells[_("Seed")] = run.config.seed

        def figure(of: Callable[..., float], metric: Literal["loss", "accuracy"]) -> float | None:
            value = of(run, run_view.curves, split, metric) if run.state == "finished" else math.nan
            return None if math.isnan(value) else value

        return cells | {
            _("Outcome"): _(names.STATES[names.state(run)]),
            _("Zone"): _(ZONE_LABELS[zone]) if zone else "",
            _("Final loss"): figure(zones.last, "loss"),
            _("Best loss"): figure(zones.best, "loss"),
            _("Final accuracy"): in_percent(figure(zones.last, "accuracy")),
            _("Best accuracy"): in_percent(figure(zones.best, "accuracy")),
        }

    def choose(place: int) -> None:
        panel.session["chosen_rate"] = by_rate[place].run.config.learning_rate

    rows = [row(run_view) for run_view in by_rate]
    row_of(rows, panel.key("sweep_table"), choose, wide=[_("Zone")], numbers=formats)


def _set_rate(sweep: SweepRecord, config: RunConfig) -> None:
    """The rate into the draft; where the draft is of another network, all settings of the sweep."""
    others = draft.config().differences(sweep.config)
    if set(others) <= {"learning_rate", "epochs"}:
        draft.put("learning_rate", config.learning_rate)
    else:
        draft.load(config)
    started.go_to_train()


def _rate_summary(of_rate: list[watch.View], reading: zones.Reading, view: SweepView) -> str:
    """A rate in a line: zone, outcomes, figures of each seed."""
    rate = of_rate[0].run.config.learning_rate
    zone = next((point.zone for point in reading.points if point.rate == rate), None)
    parts = [_("Rate **{rate}**").format(rate=names.number(rate))]
    if zone is not None:
        parts.append(_(ZONE_LABELS[zone]))
    for run_view in of_rate:
        if run_view.run.state != "finished":
            parts.append(names.badge(run_view.run))
            continue
        loss = zones.last(run_view.run, run_view.curves, view.split, "loss")
        accuracy = zones.last(run_view.run, run_view.curves, view.split, "accuracy")
        figures = [
            *([] if math.isnan(loss) else [_("loss {loss}").format(loss=number_text(loss, 4))]),
            *([] if math.isnan(accuracy) else [_("accuracy {accuracy}").format(accuracy=accuracy_text(accuracy))]),
        ]
        parts.append(f"{names.badge(run_view.run)} {', '.join(figures)}".rstrip())
    return " · ".join(parts)
