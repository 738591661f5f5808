"""The chosen runs beside each other: curves overlaid, groups with mean and band, settings against results; live."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import streamlit as st

from mnist_core import comparison
from mnist_core.diagnostics import greatest_chance
from mnist_core.figures import compare as charts
from mnist_core.figures import overlay, theme
from mnist_core.figures.axes import ChartView
from mnist_core.messages import N_
from mnist_core.records import Run, Split
from mnist_core.ui import frame, names, run_panel, seal, session, texts, watch
from mnist_core.ui.chart import live_chart
from mnist_core.ui.choice import one_of
from mnist_core.ui.texts import _

HEIGHT = 460
ROW, ROOMY = 26, 4  # pixels of a row in the legend; so many runs have room in it, each more makes the chart higher
SHOWN_SETTINGS = 8  # axes of the chart of all settings
RESULTS: Mapping[str, str] = {
    "best_validation_accuracy": N_("Best validation accuracy"),
    "validation_accuracy": N_("Validation accuracy"),
    "train_accuracy": N_("Training accuracy"),
    "test_accuracy": N_("Test accuracy"),
    "validation_loss": N_("Validation loss"),
    "seconds": N_("Seconds"),
}


def draw(ids: Sequence[str]) -> None:
    """The charts of these runs, moving while any of them does."""
    moving = any(watch.look(run_id).run.active for run_id in ids)
    frame.fragment(_panel, every=run_panel.interval() * 1.5 if moving else None)(tuple(ids), moving)


def _panel(ids: tuple[str, ...], moving: bool) -> None:
    views = [watch.look(run_id) for run_id in ids]
    if any(view.run.active for view in views) != moving:
        st.rerun()
    shown: dict[str, tuple[str, Callable[[list[watch.View]], None]]] = {
        "curves": (N_("Curves"), _curves),
        "groups": (N_("Groups"), _groups),
        "settings": (N_("Settings and results"), _settings),
    }
    titles = {name: title for name, (title, _draw) in shown.items()}
    shown[one_of(_("View"), titles, "curves", "compare_view", titled=False)][1](views)


def _parts_and_view() -> tuple[tuple[Split, ...], ChartView]:
    """The parts to draw, at least one, in their order; and how."""
    with st.container(horizontal=True, vertical_alignment="center", key="compare_controls"):
        chosen = st.segmented_control(
            _("Curves of"),
            seal.splits(),
            selection_mode="multi",
            default=["validation"],
            key="compare_split",
            on_change=_at_least_one,
            label_visibility="collapsed",
            format_func=lambda split: _(theme.SPLIT_STYLES[split].name),
        )
        return tuple(split for split in seal.splits() if split in chosen) or ("validation",), run_panel.view_controls()


def _at_least_one() -> None:
    if not st.session_state["compare_split"]:
        st.session_state["compare_split"] = ["validation"]


def _curves(views: list[watch.View]) -> None:
    _say_differences([view.run for view in views])
    parts, view = _parts_and_view()
    colours = comparison.places([one.run for one in views])
    shown = [
        overlay.Overlaid(f"{number}. {names.run_title(one.run).plain}", one.curves, one.run.id, colour)
        for number, (one, colour) in enumerate(zip(views, colours, strict=True), 1)
    ]
    _say_shared(colours, parts)
    chance = greatest_chance(one.run.config for one in views)
    _two_charts(
        views,
        (parts, view),
        lambda metric: overlay.runs_chart(shown, metric, parts, view, _, chance),
        lambda metric: overlay.described(shown, metric, parts, _),
    )


def _say_shared(places: Sequence[int], parts: Sequence[Split]) -> None:
    if len(parts) > 1 and overlay.share_colours(places):
        text = _("There are {n} colours: curves of one colour that belong to different runs differ by their signs.")
        st.caption(text.format(n=len(theme.RUN_COLOURS_LIGHT)))


def _say_differences(runs: Sequence[Run]) -> None:
    if len(runs) < 2:
        st.caption(_("Choose two runs or more in the table, to see them beside each other."))
        return
    if len(runs) == 2:
        one, other = (run.config for run in runs)
        shown = {
            name: (names.value(comparison.in_use(one, name)), names.value(comparison.in_use(other, name)))
            for name in comparison.differing((one, other))
        }
        st.markdown(f":material/difference: {comparison.in_words(one, other, shown).text(_)}")
        return
    differing = comparison.differing(run.config for run in runs)
    listed = ", ".join(_(comparison.NAMES[name]) for name in differing)
    text = _("They differ in: {settings}.").format(settings=listed) if differing else _("All have the same settings.")
    st.markdown(f":material/difference: {text}")


def _two_charts(
    views: list[watch.View],
    more: Any,
    make: Callable[[Any], dict[str, Any]],
    describe: Callable[[Any], str],
) -> None:
    key = (tuple((one.run.id, one.run.version) for one in views), more, texts.language())
    for column, metric in zip(st.columns(2, gap="medium"), ("loss", "accuracy"), strict=True):
        with column:
            figure = watch.figure((*key, metric), partial(make, metric))
            height = HEIGHT + ROW * min(12, max(0, len(views) - ROOMY))
            live_chart(
                figure, key=f"chart_compare_{metric}", height=height, description=describe(metric), linked="compare"
            )


# ---- groups ----------------------------------------------------------------------------------------------------


def _groups(views: list[watch.View]) -> None:
    runs = {view.run.id: view for view in views}
    fields = [name for name in comparison.differing(view.run.config for view in views) if name not in comparison.SEEDS]
    labels = {"seed": _("runs alike in all but the seed")} | {name: _(comparison.NAMES[name]) for name in fields}
    by = (
        st.selectbox(_("Together"), list(labels), key="compare_by", format_func=labels.__getitem__, width=320) or "seed"
    )
    parts, view = _parts_and_view()
    found = comparison.grouped([one.run for one in views], by)
    named = [
        (_group_name(by, key, members), [runs[run.id].curves for run in members]) for key, members in found.items()
    ]
    st.caption(_("Lines are means, bands reach from the least to the greatest of a group; in brackets: how many runs."))
    _say_shared(range(len(named)), parts)
    told = "; ".join(f"{name}: {len(curves)}" for name, curves in named)
    chance = greatest_chance(one.run.config for one in views)
    _two_charts(
        views,
        (by, parts, view),
        lambda metric: charts.bands(named, metric, parts, view, _, chance),
        lambda metric: f"{overlay.heading(metric, parts, _)}. {told}.",
    )


def _group_name(by: str, key: Any, members: Sequence[Run]) -> str:
    if by == "seed":
        return names.run_title(members[0]).plain
    return f"{_(comparison.NAMES[by])} {names.value(key)}"


# ---- settings --------------------------------------------------------------------------------------------------


def _settings(views: list[watch.View]) -> None:
    runs = [view.run for view in views]
    fields = comparison.differing(run.config for run in runs)
    if len(runs) < 3 or not fields:
        st.info(_("Choose three runs or more that differ in their settings."))
        return
    results = {name: _(title) for name, title in RESULTS.items() if name != "test_accuracy" or not seal.sealed()}
    settings = {name: _(comparison.NAMES[name]) for name in fields}
    with st.container(horizontal=True):
        setting = st.selectbox(_("Setting"), fields, key="compare_setting", format_func=settings.__getitem__, width=260)
        result = st.selectbox(
            _("Result"), list(results), key="compare_result", format_func=results.__getitem__, width=260
        )
    outcome = charts.Dimension(
        results[result], tuple(_number(run.result.get(result)) for run in runs), share=result.endswith("accuracy")
    )
    view = ChartView(dark=session.dark())
    left, right = st.columns([2, 3], gap="medium")
    with left:
        titles = [names.run_title(run).plain for run in runs]
        figure = charts.scatter(_dimension(setting, runs), outcome, titles, [run.star for run in runs], view, _)
        described = _("Each point is a run; those with a star stand out.")
        live_chart(figure, key="chart_compare_scatter", height=HEIGHT, description=described)
        st.caption(described)
    with right:
        figure = charts.parallel([_dimension(name, runs) for name in fields[:SHOWN_SETTINGS]], outcome, view, _)
        described = _(
            "Each line is a run, from its settings to its result; brighter is more. Drag along an axis to pick."
        )
        live_chart(figure, key="chart_compare_parallel", height=HEIGHT, description=described)
        st.caption(described)


def _dimension(name: str, runs: Sequence[Run]) -> charts.Dimension:
    values = [comparison.in_use(run.config, name) for run in runs]
    places = [comparison.position(name, value) for value in values]
    if any(place is None for place in places):
        words = sorted({names.value(value) for value in values})
        ticks = tuple((float(place), word) for place, word in enumerate(words))
        return charts.Dimension(
            _(comparison.NAMES[name]), tuple(float(words.index(names.value(v))) for v in values), ticks
        )
    log = name in comparison.LOG_SCALED and min(cast(list[float], places)) > 0
    return charts.Dimension(_(comparison.NAMES[name]), tuple(cast(list[float], places)), log=log)


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)
