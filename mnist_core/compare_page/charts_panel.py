"""The chosen runs beside each other: curves overlaid, groups with mean and band, settings against results; live."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import streamlit as st

from mnist_core import comparison, escape
from mnist_core.compare_page import groups_figure
from mnist_core.compare_page import settings_figure as charts
from mnist_core.diagnostics import maximum_chance
from mnist_core.figures import overlay, theme
from mnist_core.figures.axes import ChartView
from mnist_core.image_sets import own_id
from mnist_core.messages import N_
from mnist_core.panels import report_panel, run_panel, undrawn
from mnist_core.panels.reports import blocks
from mnist_core.records import Run, Split
from mnist_core.ui import frame, live_parts, names, seal, session, texts, watch
from mnist_core.ui.chart import Narrow, live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

HEIGHT = 460
NAMED = 16  # runs at most whose names stand above their curves: more would leave no room for the curves
ROW, ROOMY = 26, 4  # pixels of a row in the legend; so many runs have room in it, each more makes the chart higher
UNLIKE = 8  # times as long as the shortest is a run that leaves it no room
SHOWN_SETTINGS = 8  # axes of the chart of all settings
RESULTS: Mapping[str, str] = {
    "best_validation_accuracy": N_("Best validation accuracy"),
    "validation_accuracy": N_("Validation accuracy"),
    "train_accuracy": N_("Training accuracy"),
    "test_accuracy": N_("Test accuracy"),
    "validation_loss": N_("Validation loss"),
    "seconds": N_("Seconds"),
}


def draw(panel: Panel, ids: Sequence[str]) -> None:
    """The charts of these runs, moving while any of them does."""
    moving = any(view.run.active for view in watch.look_at(ids))
    frame.fragment(_panel)(panel, tuple(ids), moving)


def _panel(panel: Panel, ids: tuple[str, ...], moving: bool) -> None:
    views = watch.look_at(ids)
    if any(view.run.active for view in views) != moving:
        st.rerun()
    live_parts.link(views, partial(_signature, [view.run.id for view in views]), key=panel.key("compare_link"))
    compare_views: dict[str, tuple[str, Callable[[Panel, list[watch.View]], None]]] = {
        "curves": (N_("Curves"), _curves),
        "groups": (N_("Groups"), _groups),
        "settings": (N_("Settings and results"), _settings),
    }
    titles = {name: title for name, (title, _draw) in compare_views.items()}
    compare_views[panel.one_of("compare_view", _("View"), titles, "curves", titled=False)][1](panel, views)


def _signature(ids: Sequence[str]) -> Any:
    """What else the panel shows of runs that move: results, why a run is not drawn, and which ended before the others."""
    return [live_parts.states(ids), [names.run_title(watch.look(run_id).run).plain for run_id in ids]]


def _parts_and_view(panel: Panel, runs: Sequence[Run]) -> tuple[tuple[Split, ...], ChartView]:
    """The parts to draw of the runs, at least one, in their order; and how. At first the validation curve, where most have one."""
    validated = sum(run.config.validation_size > 0 for run in runs)
    with st.container(horizontal=True, vertical_alignment="center", key=panel.key("compare_controls")):
        chosen = panel.several_of(
            "compare_split",
            _("Show curves for"),
            seal.splits(),
            ["validation" if 2 * validated >= len(runs) else "train"],
            on_change=_at_least_one,
            args=(panel,),
            label_visibility="collapsed",
            format_func=lambda split: _(theme.SPLIT_STYLES[split].name),
        )
        parts = tuple(split for split in seal.splits() if split in chosen) or ("validation",)
        view = run_panel.view_controls(panel)
    shown = report_panel.shown_of_comparison()
    shown.parts, shown.view = parts, view
    return parts, view


def _at_least_one(panel: Panel) -> None:
    if not panel.session["compare_split"]:
        panel.session["compare_split"] = ["validation"]


def _curves(panel: Panel, views: list[watch.View]) -> None:
    _say_differences([view.run for view in views])
    parts, view = _parts_and_view(panel, [run_view.run for run_view in views])
    _say_lengths(panel, views, view)
    _say_shared(_places([run_view.run for run_view in views]), parts)

    def draw_curves(views: list[watch.View], metric: overlay.Metric) -> tuple[overlay.Figure, str]:
        runs = [run_view.run for run_view in views]
        overlaid = [
            overlay.Overlaid(title, run_view.curves, run_view.run.id, color)
            for title, run_view, color in zip(_titles(runs), views, _places(runs), strict=True)
        ]
        chance = maximum_chance(run.config for run in runs)
        figure = overlay.runs_chart(overlaid, metric, parts, view, _, chance)
        return figure, overlay.describe(overlaid, metric, parts, _)

    if len(views) > NAMED:
        text = _("Of more than {n} runs the names are not above the curves: point at a curve, or choose fewer runs.")
        st.caption(text.format(n=NAMED))
    _two_charts(panel, views, ("curves", parts, view), draw_curves, len(views))
    undrawn.say(_without_curve(views, parts))


def _without_curve(views: Sequence[watch.View], parts: Sequence[Split]) -> list[tuple[str, str]]:
    """(name, why) of the runs that have no curve of one of the parts."""
    missing = []
    for title, view in zip(_titles([view.run for view in views]), views, strict=True):
        if not len(view.curves.evaluations):
            missing.append((title, undrawn.not_yet(view.run)))
        elif "validation" in parts and not view.run.config.validation_size:
            missing.append((title, _("no validation images")))
    return missing


def _places(runs: Sequence[Run]) -> list[int]:
    return comparison.places(runs, len(theme.RUN_COLORS_LIGHT))


def _titles(runs: Sequence[Run]) -> list[str]:
    """The runs' titles, with what tells those apart that would be alike."""
    return [title.plain for title in names.run_titles(runs)]


def _say_shared(places: Sequence[int], parts: Sequence[Split]) -> None:
    if len(parts) > 1 and overlay.share_colors(places):
        text = _("There are only {n} colors: where runs share one, their curves have different markers.")
        st.caption(text.format(n=len(theme.RUN_COLORS_LIGHT)))


def _say_lengths(panel: Panel, views: Sequence[watch.View], view: ChartView) -> None:
    """Where long runs leave no room for short ones: that they do, and the axis that has room for both."""
    lengths = [length for run_view in views if (length := _length(run_view, view.x)) > 0]
    if view.log_x or not lengths or max(lengths) < UNLIKE * min(lengths):
        return
    with st.container(horizontal=True, vertical_alignment="center", key=panel.key("compare_lengths")):
        text = _("The longest run is {n} times as long as the shortest, whose curve has little room at the left.")
        st.caption(text.format(n=f"{max(lengths) / min(lengths):,.0f}"), width="content")
        panel.button("compare_log", _("Log horizontal axis"), "rule", panel.let, "view_log_x", True)


def _length(view: watch.View, unit: str) -> float:
    """How long a run is on the horizontal axis: while it trains, how long it will be; 0 where that is not known."""
    planned = {"step": view.run.config.total_steps, "epoch": view.run.config.epochs}
    if view.run.state == "running" and unit in planned:
        return planned[unit]
    return float(view.curves.evaluations[unit].max(initial=0))


def _say_differences(runs: Sequence[Run]) -> None:
    if len(runs) < 2:
        st.caption(_("Choose two or more runs in the table to compare them."))
        return
    st.markdown(f":material/difference: {escape.markdown(blocks.differences(runs))}")


DrawMetric = Callable[[list[watch.View], overlay.Metric], tuple[overlay.Figure, str]]


def _two_charts(panel: Panel, views: list[watch.View], name: Hashable, make: DrawMetric, count: int) -> None:
    """Loss and accuracy beside each other, each as `make` draws and describes it; `name` tells what `make` knows besides, `count` how
    many runs or groups there are."""
    ids = tuple(view.run.id for view in views)
    shown = report_panel.shown_of_comparison()
    # What images of one's own are called is for those who may use them.
    student = session.student() if any(own_id(view.run.config.dataset) for view in views) else None
    name = (name, student)

    def hide(names: frozenset[str]) -> None:
        shown.hidden = names

    def picture(metric: overlay.Metric) -> live_parts.Picture:
        now = [watch.look(run_id) for run_id in ids]
        key = ("compare", tuple((view.run.id, view.run.version) for view in now), name, metric, texts.language())
        with session.seen_by(student):
            return live_parts.Picture(*watch.figure(key, lambda: _named(make(now, metric), count)))

    metrics: tuple[overlay.Metric, ...] = ("loss", "accuracy")
    for column, metric in zip(st.columns(2, gap="medium"), metrics, strict=True):
        with column:
            live_parts.chart_of(
                views,
                ("compare", name, metric),
                partial(picture, metric),
                key=panel.key(f"chart_compare_{metric}"),
                height=HEIGHT + (ROW * max(0, count - ROOMY) if count <= NAMED else 0),
                linked=panel.key("compare"),
                hidden=shown.hidden,
                on_hidden=hide,
            )


def _named(picture: tuple[overlay.Figure, str], count: int) -> tuple[overlay.Figure, str]:
    """A chart of so many runs or groups: of many the names are told where one points."""
    if count > NAMED:
        picture[0]["layout"] |= {"showlegend": False, "hovermode": "closest"}
    return picture


# ---- groups ----------------------------------------------------------------------------------------------------


def _groups(panel: Panel, views: list[watch.View]) -> None:
    fields = [name for name in comparison.differing(view.run for view in views) if name not in comparison.SEEDS]
    labels = {"seed": _("all settings except the seed")} | {name: _(comparison.NAMES[name]) for name in fields}
    by = panel.selectbox("compare_by", _("Group by"), list(labels), format_func=labels.__getitem__, width=320)
    parts, view = _parts_and_view(panel, [run_view.run for run_view in views])
    st.caption(
        _(
            "Each line is the mean of a group's runs (their number in brackets); the band spans their minimum to maximum. Where a run ends before the others (✕), a thin line continues as the mean of the remaining runs."
        )
    )
    _say_lengths(panel, views, view)
    groups = _grouped(views, by)
    _say_shared(range(len(groups)), parts)
    if len(groups) > NAMED:
        text = _("Of more than {n} groups the names are not above the curves: point at a curve, or choose fewer runs.")
        st.caption(text.format(n=NAMED))

    def draw_bands(views: list[watch.View], metric: overlay.Metric) -> tuple[overlay.Figure, str]:
        groups = _grouped(views, by)
        counts = "; ".join(f"{name}: {len(members)}" for name, members in groups)
        chance = maximum_chance(run_view.run.config for run_view in views)
        figure = groups_figure.bands(groups, metric, parts, view, _, chance)
        return figure, f"{overlay.heading(metric, parts, _)}. {counts}. {_ended_sentence(groups, parts)}".strip()

    _two_charts(panel, views, ("groups", by, parts, view), draw_bands, len(groups))
    if ended_sentence := _ended_sentence(groups, parts):
        st.caption(f"✕ {escape.markdown(ended_sentence)}")
    undrawn.say(_without_curve(views, parts))


def _grouped(views: list[watch.View], by: str) -> list[tuple[str, list[groups_figure.Member]]]:
    """(name, its runs) of each group."""
    runs = {view.run.id: view for view in views}
    grouped = comparison.grouped([view.run for view in views], by)
    return [
        (name, _members([runs[run.id] for run in members], by))
        for name, members in zip(_group_names(by, grouped), grouped.values(), strict=True)
    ]


def _members(views: Sequence[watch.View], by: str) -> list[groups_figure.Member]:
    """The runs of a group, by their seeds where these are what tells them apart."""
    titles = _titles([view.run for view in views])
    seeds = [view.run.config.seed for view in views]
    if by == "seed" and len(set(seeds)) == len(seeds):
        titles = [_("seed {n}").format(n=seed) for seed in seeds]
    return [groups_figure.Member(title, view.curves, _ended(view)) for title, view in zip(titles, views, strict=True)]


def _ended(view: watch.View) -> str:
    """Why a run came to no end of its own, in words; empty where it goes on, or is complete."""
    if view.run.outcome in ("diverged", "stopped", "failed"):
        return _(names.STATES[view.run.outcome])
    early = any(event.kind == "early_stop" for event in view.curves.events)
    return _("stopped early") if early else ""


def _ended_sentence(groups: Sequence[groups_figure.Group], parts: Sequence[Split]) -> str:
    """Which runs ended before the others of their group, why, and after which step."""
    texts = [
        _("{group}: {run} ({why}, step {step})").format(
            group=name, run=member.name, why=member.ended, step=f"{int(row['step'][0]):,}"
        )
        for name, members in groups
        for member, row in groups_figure.ended_before(members, "loss", parts[0])
    ]
    return _("Ended before the others: {runs}.").format(runs="; ".join(texts)) if texts else ""


def _group_names(by: str, grouped: Mapping[Any, Sequence[Run]]) -> list[str]:
    if by == "seed":
        return [title.plain for title in names.shared_titles(list(grouped.values()))]
    values = [runs[0].rates if by == "learning_rate" else names.value(key) for key, runs in grouped.items()]
    return [f"{_(comparison.NAMES[by])} {value}" for value in values]


# ---- settings --------------------------------------------------------------------------------------------------


def _settings(panel: Panel, views: list[watch.View]) -> None:
    runs = [view.run for view in views]
    fields = comparison.differing(runs)
    if len(runs) < 3 or not fields:
        st.info(_("Choose at least three runs that differ in their settings."))
        return
    results = {name: _(title) for name, title in RESULTS.items() if name != "test_accuracy" or not seal.sealed()}
    settings = {name: _(comparison.NAMES[name]) for name in fields}
    with st.container(horizontal=True):
        setting = panel.selectbox("compare_setting", _("Setting"), fields, format_func=settings.__getitem__, width=260)
        result = panel.selectbox(
            "compare_result", _("Result"), list(results), format_func=results.__getitem__, width=260
        )
    why = [_why_no_result(run, result) for run in runs]
    measured = [run for run, reason in zip(runs, why, strict=True) if not reason]
    outcome = partial(_outcome, results[result], result)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _scatter(panel, setting, measured, outcome)
    with right:
        _parallel(panel, fields, measured, outcome)
    undrawn.say([(title, reason) for title, reason in zip(_titles(runs), why, strict=True) if reason])


Outcome = Callable[[Sequence[Run]], charts.Dimension]


def _scatter(panel: Panel, setting: str, measured: list[Run], outcome: Outcome) -> None:
    # A rate that was changed on the way is no place on an axis of rates.
    placed = [run for run in measured if not (setting == "learning_rate" and run.rate_changes)]
    titles, stars = _titles(placed), [run.star for run in placed]
    view = ChartView(dark=session.dark())
    figure = charts.scatter(_dimension(setting, placed), outcome(placed), titles, stars, view, _)
    description = _("Each point is a run; starred runs are highlighted.")
    live_chart(figure, key=panel.key("chart_compare_scatter"), height=HEIGHT, description=description)
    st.caption(description)
    if len(placed) < len(measured):
        undrawn.say(undrawn.rate_changed(measured))


def _parallel(panel: Panel, fields: Sequence[str], measured: list[Run], outcome: Outcome) -> None:
    shown = _most_varied(fields, measured)
    axes = [_dimension(name, measured) for name in shown]
    titles, stars = _titles(measured), [run.star for run in measured]
    view = ChartView(dark=session.dark())
    figure, narrow = (
        charts.parallel(axes, outcome(measured), titles, stars, view, _, in_rows=in_rows) for in_rows in (False, True)
    )
    description = _(
        "Each line is a run, from its settings to its result; brighter lines have higher results, those of starred runs are thicker. Point at a line to see which run it is."
    )
    live_chart(
        figure,
        key=panel.key("chart_compare_parallel"),
        height=HEIGHT,
        description=description,
        narrow=Narrow(narrow, 60 * len(axes) + 240, 70 * (len(axes) + 1) + 70),
    )
    st.caption(description)
    if len(fields) > len(shown):
        more = ", ".join(_(comparison.NAMES[name]) for name in fields if name not in shown)
        st.caption(_("Settings not shown here: {settings}.").format(settings=more))


def _most_varied(fields: Sequence[str], runs: Sequence[Run]) -> list[str]:
    """The settings that there is room for, in their usual order: those with most values among the runs, seeds last."""

    def rank(name: str) -> tuple[bool, int]:
        return name in comparison.SEEDS, -len({comparison.setting(run, name) for run in runs})

    first = sorted(fields, key=rank)[:SHOWN_SETTINGS]
    return [name for name in fields if name in first]


def _outcome(title: str, result: str, runs: Sequence[Run]) -> charts.Dimension:
    values = tuple(float(run.result[result]) for run in runs)
    return charts.Dimension(title, values, fraction=result.endswith("accuracy"))


def _why_no_result(run: Run, result: str) -> str:
    """Why a run has no place on the axis of a result; empty where it has one."""
    value = run.result.get(result)
    if value is not None:
        return "" if np.isfinite(value) else _("its loss is NaN or infinite")
    if run.state != "finished":
        return _("has not ended yet")
    if "validation" in result and not run.config.validation_size:
        return _("no validation images")
    return undrawn.not_yet(run)


def _dimension(name: str, runs: Sequence[Run]) -> charts.Dimension:
    values = [comparison.setting(run, name) for run in runs]
    places = [comparison.position(name, value) for value in values]
    if any(place is None for place in places):
        words = sorted({names.value(value) for value in values})
        ticks = tuple((float(place), word) for place, word in enumerate(words))
        return charts.Dimension(
            _(comparison.NAMES[name]), tuple(float(words.index(names.value(v))) for v in values), ticks
        )
    log = name in comparison.LOG_SCALED and min(cast(list[float], places), default=0) > 0
    return charts.Dimension(_(comparison.NAMES[name]), tuple(cast(list[float], places)), log=log)
