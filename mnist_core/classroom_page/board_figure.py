"""The board of a round: every student's run as a point, what broke in a band of its own, and all curves beside it.

It is read from ten meters: large signs, large letters, and axes that move in coarse steps.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from mnist_core.config import FIELDS, NAMES, RANGES
from mnist_core.diagnostics import Scale, chance_loss, maximum_chance, zones
from mnist_core.figures import sweep_zones, theme
from mnist_core.figures.axes import ChartView, ends, log_ticks, loss_axis, packed, spread, top_of_loss
from mnist_core.figures.curves import AXES, Figure, Trace
from mnist_core.figures.sweep import METRICS, Metric, SweepView
from mnist_core.messages import N_, Message, SettingWord, Term, Translate, accuracy_text, message, number_text
from mnist_core.records import Split
from mnist_core.rounds import LAYERS, Plan, RoundRun, shown

T = TypeVar("T")
Which = Literal["best", "last", "all"]
WHICH: Mapping[Which, str] = {"best": N_("Each student's best run"), "last": N_("Last run"), "all": N_("All runs")}
# Settings whose values are told apart by factors.
BY_FACTORS = ("learning_rate", "batch_size", "train_size", "epochs", "init_std", "epsilon", "weight_decay")
POINT, FONT = 17, 18  # pixels
BAND = 0.13  # of the height that what broke has
WIDTH, NARROW = 900, 300  # pixels that the chart has at least: on a projector, and on a telephone
LINES, LINE_POINTS, SHADES = 300, 40, 12  # curves drawn at most, points of each, colors of a scale
JITTER = 0.3  # of the way to the next word of an axis of words
States = Literal["done", "training", "stopped", "broken"]
SIGNS: Mapping[States, tuple[str, str]] = {
    "done": ("circle", N_("completed")),
    "training": ("circle-open", N_("training")),
    "stopped": ("square-open", N_("stopped")),
    "broken": ("x", N_("diverged or collapsed")),
}


@dataclass(frozen=True)
class BoardLook:
    """How a board is drawn. `across`: the setting along the horizontal axis; empty: the students."""

    metric: Metric = "accuracy"
    which: Which = "best"
    across: str = ""
    names: bool = False
    split: Split = "validation"
    dark: bool = False


def settings_across(plan: Plan) -> list[str]:
    """The settings that may be the horizontal axis."""
    across = [name for name in FIELDS if name in plan.varied and name not in ("seed", "batch_seed")]
    return sorted(across, key=lambda name: plan.kind == "sweep" and name != "learning_rate")


def first_which(plan: Plan) -> Which:
    """Which runs are drawn at first: of a sweep all, which are one answer together."""
    return "all" if plan.kind == "sweep" else "best"


def chosen(runs: Sequence[RoundRun], which: Which) -> list[RoundRun]:
    """Which of each student's runs are drawn: the best always by validation."""
    if which == "all":
        return list(runs)
    of_student: dict[int, RoundRun] = {}
    for one in runs:
        before = of_student.get(one.student)
        if before is None or which == "last" or _quality(one) >= _quality(before):
            of_student[one.student] = one
    return [one for one in runs if of_student[one.student] is one]


def _once(find: Callable[[RoundRun], T]) -> Callable[[RoundRun], T]:
    """`find` of each run as it is, once: of 2,000 runs a few change from one drawing to the next."""
    known: WeakKeyDictionary[RoundRun, T] = WeakKeyDictionary()

    def found(one: RoundRun) -> T:
        if one not in known:
            known[one] = find(one)
        return known[one]

    return found


@_once
def trial(one: RoundRun) -> zones.Trial:
    """A run as `zones` reads it, as in a sweep; its curves have no steps, which say whether it is unstable."""
    return replace(zones.trial(one.run, one.curves), unstable=one.unstable)


@_once
def _quality(one: RoundRun) -> tuple[float, float]:
    accuracy = zones.best(one.run, one.curves, "validation", "accuracy")
    loss = zones.last(one.run, one.curves, "validation", "loss")
    broken = one.run.outcome in zones.BROKEN
    return (-1.0 if broken or math.isnan(accuracy) else accuracy, -loss if math.isfinite(loss) else -math.inf)


# ---- the points ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Axis:
    """Where runs stand from left to right, and which color each has."""

    places: Sequence[float]
    colors: Sequence[str]
    texts: Sequence[str]  # the value of each
    words: Mapping[str, Any]  # Plotly's for the axis
    title: str


def points_chart(
    plan: Plan,
    round_id: str,
    runs: Sequence[RoundRun],
    look: BoardLook,
    translate: Translate,
    term: Term = str,
    *,
    width: int = WIDTH,
) -> Figure:
    """Every run as a point: the setting against how it ended, or stands. A trace's `meta` has the ids of its points.

    `term`: what the words of settings are called. `width`: pixels that the chart has at least; so many no label needs to lie over another.
    """
    drawn = [one for one in chosen(runs, look.which) if len(one.curves.evaluations) or one.run.result]
    axis = _axis(drawn, plan, look, translate, term)
    part = translate(theme.SPLIT_STYLES[look.split].name)
    layout = _layout(f"{translate(METRICS[look.metric])} – {part}", axis.title, round_id, look)
    layout["xaxis"] |= axis.words
    figure: Figure = {"data": [], "layout": layout}
    values = [zones.last(one.run, one.curves, look.split, look.metric) for one in drawn]
    ceiling = _zones(figure, runs, plan, look, translate, width)
    _axes_up(figure, drawn, values, ceiling, look, translate)
    states: dict[States, list[int]] = defaultdict(list)
    for place, one in enumerate(drawn):
        state = _state(one)
        if state == "broken" or math.isfinite(values[place]):
            states[state].append(place)
    for state in SIGNS:  # an empty one keeps its place in the legend
        figure["data"].append(_points(state, states[state], drawn, values, axis, look, translate))
    # What broke stands on an axis of its own: alone it would leave the other one without a point.
    figure["data"] += spread(layout, empty=not any(states[state] for state in SIGNS if state != "broken"))
    return figure


def describe_points(runs: Sequence[RoundRun], look: BoardLook) -> Message:
    """The chart of points in words."""
    drawn = chosen(runs, look.which)
    broken = sum(one.run.outcome in zones.BROKEN for one in drawn)
    accuracies = [zones.last(one.run, one.curves, "validation", "accuracy") for one in drawn]
    best = max((value for value in accuracies if math.isfinite(value)), default=math.nan)
    text = (
        N_("{runs} run is shown; {broken} diverged or collapsed. The best validation accuracy is {best}.")
        if len(drawn) == 1
        else N_("{runs} runs are shown; {broken} diverged or collapsed. The best validation accuracy is {best}.")
    )
    return message(text, runs=len(drawn), broken=broken, best="–" if math.isnan(best) else accuracy_text(best))


def _state(one: RoundRun) -> States:
    if one.run.outcome in zones.BROKEN:
        return "broken"
    if one.run.state != "finished":
        return "training"
    return "done" if one.run.outcome == "completed" else "stopped"


def _layout(title: str, x_title: str, round_id: str, look: BoardLook) -> dict[str, Any]:
    layout = theme.layout(title, x_title, dark=look.dark, revision=round_id, across=look.across, up=look.metric)
    layout["hovermode"] = "closest"
    layout["font"]["size"] = layout["legend"]["font"]["size"] = FONT
    layout["title"]["font"]["size"] = FONT + 4
    for axis in ("xaxis", "yaxis"):
        layout[axis]["tickfont"] = {"size": FONT}
    layout["margin"] |= {"t": 56}
    return layout


def _points(
    state: States,
    places: Sequence[int],
    drawn: Sequence[RoundRun],
    values: Sequence[float],
    axis: _Axis,
    look: BoardLook,
    translate: Translate,
) -> Trace:
    symbol, name = SIGNS[state]
    colors = [axis.colors[place] for place in places]
    height = [_in_the_band(drawn[place]) if state == "broken" else values[place] for place in places]
    trace: Trace = {
        "type": "scatter",
        "mode": "markers+text" if look.names else "markers",
        "uid": state,
        "name": translate(name),
        "meta": [drawn[place].run.id for place in places],
        "x": packed(np.array([axis.places[place] for place in places])),
        "y": packed(np.array(height)),
        "yaxis": "y2" if state == "broken" else "y",
        "text": [drawn[place].nickname.plotly if look.names else "" for place in places],
        "textposition": "top center",
        "textfont": {"size": FONT - 2},
        "hovertext": [_hover(drawn[place], values[place], axis.texts[place], look) for place in places],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "marker": {"symbol": symbol, "size": POINT, "color": colors, "line": {"width": 2.5, "color": colors}},
        "cliponaxis": False,
    }
    if state == "done":
        trace["marker"]["line"] = {"width": 1, "color": theme.ink(look.dark)}
    return trace


def _in_the_band(one: RoundRun) -> float:
    """From 0 to 1, the same for a run always: points there stand beside one another."""
    return 0.2 + 0.6 * (int(one.run.id[:4], 16) % 100) / 100


def _hover(one: RoundRun, value: float, text: str, look: BoardLook) -> str:
    number = (
        "NaN" if not math.isfinite(value) else number_text(value, 4) if look.metric == "loss" else accuracy_text(value)
    )
    return "<br>".join(filter(None, (f"<b>{one.nickname.plotly}</b>", text, number)))


def _axes_up(
    figure: Figure,
    drawn: Sequence[RoundRun],
    values: Sequence[float],
    ceiling: float,
    look: BoardLook,
    translate: Translate,
) -> None:
    """The vertical axis, and the band of what broke: beneath accuracies, above losses."""
    layout, up = figure["layout"], figure["layout"]["yaxis"]
    calm = [
        value
        for one, value in zip(drawn, values, strict=True)
        if math.isfinite(value) and one.run.outcome not in zones.BROKEN
    ]
    if look.metric == "accuracy":
        low = math.floor(10 * min(calm, default=0.0)) / 10
        up |= ends(min(low, 0.9), 1.0) | {"tickformat": ".0%"}
        band, up["domain"] = (0.0, BAND - 0.03), (BAND, ceiling)
        layout["xaxis"]["anchor"] = "y2"
    else:
        chance = chance_loss(drawn[0].run.config) if drawn else maximum_chance(())
        low, high = min([chance / 10, *(value for value in calm if value > 0)]), max([chance, *calm])
        logs = math.floor(2 * math.log10(low)) / 2, math.ceil(2 * math.log10(min(high, 10 * chance))) / 2
        up |= ends(*logs, log=True) | log_ticks(*logs)
        band, up["domain"] = (ceiling - BAND + 0.03, ceiling), (0.0, ceiling - BAND)
    layout["yaxis2"] = {
        "domain": band,
        "range": (0, 1),
        "fixedrange": True,
        "visible": False,
        "anchor": "x",
    }
    if any(_state(one) == "broken" for one in drawn):  # else it is room that is kept, and no word stands above nothing
        _name_band(layout, band, look, translate)


def _name_band(layout: dict[str, Any], band: tuple[float, float], look: BoardLook, translate: Translate) -> None:
    """The ground of what broke, and what it is."""
    layout["shapes"].append(
        {
            "type": "rect",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "yref": "paper",
            "y0": band[0],
            "y1": band[1],
            "layer": "below",
            "fillcolor": sweep_zones.ZONE_COLORS["broken"][look.dark],
            "line": {"width": 0},
        }
    )
    layout["annotations"].append(
        {
            "xref": "paper",
            "x": 0.005,
            "xanchor": "left",
            "yref": "paper",
            "y": band[1],
            "yanchor": "top",
            "text": translate(SIGNS["broken"][1]),
            "showarrow": False,
            "font": {"size": FONT - 2, "color": theme.broken(look.dark)},
        }
    )


def shows_zones(plan: Plan, look: BoardLook) -> bool:
    """Whether the grounds are zones of the rates, as in a sweep: where the rate alone is free."""
    return plan.has_zones and look.across == "learning_rate"


def draws_zones(runs: Sequence[RoundRun], plan: Plan, look: BoardLook) -> bool:
    """Whether there are any: they take runs at two rates."""
    return shows_zones(plan, look) and len(_reading(runs, plan).points) > 1


def _reading(runs: Sequence[RoundRun], plan: Plan) -> zones.Reading:
    return zones.read([trial(one) for one in runs], Scale.of(plan.config))


def _zones(
    figure: Figure, runs: Sequence[RoundRun], plan: Plan, look: BoardLook, translate: Translate, width: int
) -> float:
    """The zones of the rates, of all runs, drawn or not; returns where the axes end."""
    if not shows_zones(plan, look):
        return 1.0
    reading = _reading(runs, plan)
    if len(reading.points) < 2:
        return 1.0
    view = SweepView(look.metric, dark=look.dark)
    rates = [point.rate for point in reading.points]
    axis = _of_numbers([], look.across, (rates[0], rates[-1], *plan.varied[look.across]), "", look)
    low, high = axis.words["autorangeoptions"]["include"]
    # A zone is of rates that somebody tried: the axis may reach much further.
    bounds = [min(max(low, bound), high) for bound in sweep_zones.rate_bounds(rates)]
    sweep_zones.shade(figure, reading, bounds, view)
    return sweep_zones.name_zones(figure, reading, bounds, (low, high), width - sweep_zones.MARGINS, view, translate)


# ---- from left to right --------------------------------------------------------------------------------------------


def _axis(drawn: Sequence[RoundRun], plan: Plan, look: BoardLook, translate: Translate, term: Term) -> _Axis:
    name = look.across
    if not name:
        return _of_students(drawn, look, translate)
    title = translate(NAMES[name])
    title = title[:1].upper() + title[1:]
    if name in RANGES and FIELDS[name] is not bool:
        return _of_numbers(drawn, name, plan.varied[name], title, look)
    return _of_words(drawn, name, title, look, term)


def _of_students(drawn: Sequence[RoundRun], look: BoardLook, translate: Translate) -> _Axis:
    colors = [theme.run_color(one.student, look.dark) for one in drawn]
    places = [float(one.student + 1) for one in drawn]
    end = max([*places, 10.0]) + 1
    words = ends(0, end) | {"showticklabels": False, "showgrid": False}
    return _Axis(places, colors, [""] * len(drawn), words, translate(N_("Students")))


def _of_numbers(drawn: Sequence[RoundRun], name: str, allowed: Sequence[float], title: str, look: BoardLook) -> _Axis:
    values = [float(getattr(one.run.config, name) or 0) for one in drawn]
    low, high = min([*allowed, *values]), max([*allowed, *values])
    log = name in BY_FACTORS and high > 0
    if log:
        least = min((value for value in [*values, *allowed] if value > 0), default=high)
        floor = least / 3 if low <= 0 else low  # 0 stands a step left of the least
        places = [max(value, floor) for value in values]
        logs = math.log10(floor), math.log10(high)
        pad = 0.03 * max(logs[1] - logs[0], 0.1)
        words = ends(logs[0] - pad, logs[1] + pad, log=True) | log_ticks(*logs)
        fractions = [(math.log10(place) - logs[0]) / ((logs[1] - logs[0]) or 1) for place in places]
    else:
        places, pad = values, 0.03 * ((high - low) or 1)
        words = ends(low - pad, high + pad)
        fractions = [(place - low) / ((high - low) or 1) for place in places]
    colors = [theme.scale_color(round(fraction * SHADES) / SHADES, look.dark) for fraction in fractions]
    return _Axis(places, colors, [f"{title}: {shown(value)}" for value in values], words, title)


def _of_words(drawn: Sequence[RoundRun], name: str, title: str, look: BoardLook, term: Term) -> _Axis:
    def said(value: Any) -> str:
        word = shown(value)
        return term(word) if isinstance(word, SettingWord) else word

    values = [getattr(one.run.config, name) for one in drawn]
    order = {value: place for place, value in enumerate(sorted(set(values), key=_rank(name)))}
    places = [order[value] + JITTER * (2 * _in_the_band(one) - 1) for one, value in zip(drawn, values, strict=True)]
    ticks = {"tickmode": "array", "tickvals": list(order.values()), "ticktext": [said(value) for value in order]}
    words = ends(-0.6, max(len(order), 1) - 0.4) | ticks | {"showgrid": False}
    colors = [theme.run_color(order[value], look.dark) for value in values]
    return _Axis(places, colors, [f"{title}: {said(value)}" for value in values], words, title)


def _rank(name: str) -> Any:
    return (lambda value: (len(value), value)) if name in LAYERS else str


# ---- the curves ----------------------------------------------------------------------------------------------------


def curves_chart(
    plan: Plan, round_id: str, runs: Sequence[RoundRun], look: BoardLook, translate: Translate, term: Term = str
) -> Figure:
    """All curves as thin lines, in the colors that the points have; of more than `LINES` the newest."""
    drawn = [one for one in chosen(runs, look.which) if len(one.curves.evaluations)][-LINES:]
    axis = _axis(drawn, plan, look, translate, term)
    layout = _layout(translate(N_("Curves")), translate(AXES["epoch"]), round_id, look)
    column = f"{look.split}_{look.metric}"
    columns = [one.curves.evaluations[column] for one in drawn]
    view = ChartView(dark=look.dark, log_y=look.metric == "loss")
    top = 1.0
    if look.metric == "loss":
        top = top_of_loss(columns, chance_loss(plan.config), log=True)
        layout["yaxis"] |= loss_axis(columns, top, view)
    else:
        layout["yaxis"] |= ends(0, 1) | {"tickformat": ".0%"}
    epochs = max((one.run.config.epochs for one in drawn), default=plan.config.epochs)
    layout["xaxis"] |= ends(0, epochs)
    by_color: dict[str, list[RoundRun]] = defaultdict(list)
    for color, one in zip(axis.colors, drawn, strict=True):
        by_color[color].append(one)
    figure: Figure = {
        "data": [_lines(color, by_color[color], column, top) for color in sorted(by_color)],
        "layout": layout,
    }
    figure["data"] += spread(layout, empty=not drawn)
    return figure


def _lines(color: str, runs: Iterable[RoundRun], column: str, top: float) -> Trace:
    """Curves of one color, with gaps between them: a few traces for all."""
    gap = np.full(1, np.nan, np.float32)
    parts = [_thinned(one, column) for one in runs]
    x = np.concatenate([*chain.from_iterable((part[0], gap) for part in parts)])
    y = np.concatenate([*chain.from_iterable((part[1], gap) for part in parts)])
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"lines {color}",
        "x": packed(x),
        "y": packed(np.minimum(y, 3 * top)),
        "line": {"color": color, "width": 1.8},
        "hoverinfo": "skip",
        "showlegend": False,
        "connectgaps": False,
    }


def _thinned(one: RoundRun, column: str) -> tuple[Any, Any]:
    rows = one.curves.evaluations
    if len(rows) > LINE_POINTS:
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, LINE_POINTS).round().astype(int))]
    return rows["epoch"].astype(np.float32), rows[column].astype(np.float32)
