"""Groups of runs in one chart: the mean of each, and a band from its least to its greatest.

A run that ends before the others drops out of no mean unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.config import RunConfig
from mnist_core.diagnostics import chance_loss
from mnist_core.figures import marks, theme
from mnist_core.figures.axes import Across, ChartView, Floats, clipped, loss_axis, packed, spread, top_of_losses
from mnist_core.figures.curves import SHARES, behind, line_of
from mnist_core.figures.overlay import (
    Metric,
    Plan,
    Trace,
    heading,
    paired,
    share_colors,
    sign_beside_dash,
    sign_of,
    tell_parts,
)
from mnist_core.messages import ACCURACY, ANY_SIZE, N_, Translate
from mnist_core.records import Curves, Split

Figure = dict[str, Any]
BAND = 0.18  # opacity


@dataclass(frozen=True, eq=False)
class Member:
    """A run of a group. `ended`: why it came to no end of its own, in words; empty where it goes on, or is complete."""

    name: str
    curves: Curves
    ended: str = ""


Group = tuple[str, Sequence[Member]]


def bands(
    groups: Sequence[Group],
    metric: Metric,
    splits: Sequence[Split],
    view: ChartView,
    translate: Translate,
    chance: float | None = None,
) -> Figure:
    """Each group's mean of each part, and a band from its least to its greatest where it has several runs.

    `chance`: the loss of a guess (default: cross-entropy's).
    The mean is that of all its runs. Where one has ended and others go on, it ends with a sign, and a thin line goes on as
    the mean of those that are left: no run drops out of a mean unseen.
    """
    runs = [member.curves for _name, members in groups for member in members]
    across = Across.of(runs, view)
    figure = paired(heading(metric, splits, translate), f"bands-{metric}", across, view, translate)
    columns = [curves.evaluations[f"{split}_{metric}"] for curves in runs for split in splits]
    top = top_of_losses(columns, chance or chance_loss(RunConfig()), log=view.log_y) if metric == "loss" else np.inf
    signed = len(splits) > 1 and share_colors(range(len(groups)))
    plan = Plan(metric, splits, across, view, top, signed)
    for place, group in enumerate(groups):
        figure["data"] += _bands(place, group, plan, translate)
    figure["layout"]["yaxis"] |= loss_axis(columns, top, view) if metric == "loss" else SHARES
    tell_parts(figure, splits, view, translate, signs=False)
    figure["data"] += spread(figure["layout"], empty=not any(len(curves.evaluations) for curves in runs))
    return figure


def ended_before(members: Sequence[Member], metric: Metric, split: Split) -> list[tuple[Member, NDArray[np.void]]]:
    """Those of a group that ended while others went on, each with the evaluation (one row) of its last value."""
    last = [(member, _last(member.curves.evaluations, f"{split}_{metric}")) for member in members]
    farthest = max((int(row["step"][0]) for _member, row in last if len(row)), default=0)
    return [(member, row) for member, row in last if member.ended and len(row) and row["step"][0] < farthest]


def _last(rows: NDArray[np.void], column: str) -> NDArray[np.void]:
    """The last row with a number in `column`; none where there is none."""
    last: NDArray[np.void] = rows[np.isfinite(rows[column])][-1:]
    return last


def _bands(place: int, group: Group, plan: Plan, translate: Translate) -> list[Trace]:
    name, members = escape.plotly(group[0]), group[1]
    view, top = plan.view, plan.top
    color, key = theme.run_color(place, view.dark), f"group-{group[0]}"
    several = len(plan.splits) > 1
    traces: list[Trace] = []
    for number, split in enumerate(plan.splits):
        dash = theme.SPLIT_STYLES[split].dash if several else theme.run_dash(place)
        evaluated = [member.curves.evaluations for member in members]
        x, values = together([(plan.across.values(rows), rows[f"{split}_{plan.metric}"]) for rows in evaluated])
        means = Means.of(x, values)
        ended = ended_before(members, plan.metric, split)
        form = f"%{{y:{ACCURACY}}}" if plan.metric == "accuracy" else f"%{{y:{ANY_SIZE}}}"
        uid = f"{key}-{split}"
        middle = line_of(x, clipped(means.whole, top), _counted(name, means, members, ended), color, dash, 2.6)
        middle |= {"uid": uid, "legendgroup": key, "showlegend": not number, "hovertemplate": form}
        if plan.signed:
            middle |= sign_of(place, color)
        elif not several:
            middle |= sign_beside_dash(place, color)
        if means.runs > 1:
            low, high = (clipped(_over_measured(reduce, values), top) for reduce in (np.min, np.max))
            fill = {"fill": "tonexty", "fillcolor": theme.transparent(color, BAND)}
            traces.append(behind(line_of(x, low, name, color, "solid", 0), f"{uid}-low", key))
            traces.append(behind(line_of(x, high, name, color, "solid", 0), f"{uid}-high", key) | fill)
        traces.append(middle)
        if len(means.remaining_x):
            of = translate(N_("mean of {n} of {all}")).format(n="%{customdata}", all=means.runs)
            line = line_of(means.remaining_x, clipped(means.remaining, top), name, color, dash, 1.1)
            more = {"customdata": packed(means.remaining_runs), "hovertemplate": f"{form} ({of})", "showlegend": False}
            traces.append(line | more | {"uid": f"{uid}-left", "legendgroup": key})
        if ended:
            traces.append(_ends_of(ended, f"{uid}-ended", key, x, means, plan, color))
    return traces


def _counted(name: str, means: Means, members: Sequence[Member], ended: Sequence[object]) -> str:
    """`name (4)`; `(3/4)` while one has no value yet; `(4, ✕ 1)` where one ended before the others."""
    count = f"{means.runs}" if means.runs == len(members) else f"{means.runs}/{len(members)}"
    return f"{name} ({count}, ✕ {len(ended)})" if ended else f"{name} ({count})"


def _ends_of(
    ended: Sequence[tuple[Member, NDArray[np.void]]],
    uid: str,
    key: str,
    x: Floats,
    means: Means,
    plan: Plan,
    color: str,
) -> Trace:
    """A sign on the mean where each of these ended, with who it was and why."""
    places = np.concatenate([plan.across.values(row) for _member, row in ended])
    heights = means.measured[np.searchsorted(x, places)]
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": uid,
        "x": packed(places),
        "y": packed(np.minimum(heights, marks.edge(plan.top, plan.view)) if plan.metric == "loss" else heights),
        "text": [escape.plotly(f"{member.name}: {member.ended}") for member, _row in ended],
        "hovertemplate": "✕ %{text}<extra></extra>",
        "marker": {
            "symbol": "x",
            "size": 11,
            "color": color,
            "line": {"width": 1.5, "color": theme.ink(plan.view.dark)},
        },
        "legendgroup": key,
        "showlegend": False,
    }


@dataclass(frozen=True, eq=False)
class Means:
    """Means of the runs of a group along a chart. `whole`: of all `runs` that have values, NaN where one of them has none;
    `remaining`: beside it, of those that remain, from the last place that they share with the others on."""

    runs: int
    whole: Floats
    measured: Floats  # of those that have a value, at each place
    remaining_x: Floats
    remaining: Floats
    remaining_runs: NDArray[np.float32]  # how many each of `remaining` is the mean of

    @classmethod
    def of(cls, x: Floats, values: NDArray[np.float64]) -> Means:
        """Of the rows of `values` at the places `x` (as `together` gives them)."""
        values = values[np.isfinite(values).any(axis=1)]
        whole = values.mean(axis=0) if len(values) else np.full(len(x), np.nan)
        parts = _remaining(x, values) or [np.zeros((3, 0))]
        remaining_x, remaining, remaining_runs = np.concatenate(parts, axis=1).astype(np.float32)
        measured = _over_measured(np.mean, values)
        return cls(len(values), whole.astype(np.float32), measured, remaining_x, remaining, remaining_runs)


def _remaining(x: Floats, values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Stretches along which the same rows, and not all of them, have values: places, means, how many they are; a gap each."""
    finite = np.isfinite(values)
    changes = np.flatnonzero((finite[:, 1:] != finite[:, :-1]).any(axis=0)) + 1
    stretches = []
    for start, stop in pairwise([0, *changes.tolist(), len(x)]):
        members = finite[:, start] if start < len(x) else np.zeros(len(values), bool)
        if not 0 < members.sum() < len(values):
            continue
        if start and finite[members, start - 1].all():
            start -= 1  # the line begins where that of all ends, beside it: no slope leads from one mean to the other
        means = values[members, start:stop].mean(axis=0)
        stretch = np.stack([x[start:stop], means, np.full(len(means), members.sum())])
        stretches.append(np.pad(stretch, ((0, 0), (0, 1)), constant_values=np.nan))
    return stretches


def together(curves: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, NDArray[np.float64]]:
    """(x, one row a curve): all curves at all places where any has a point, each between its own points, else NaN.

    Beside a point that is no number there is nothing either.
    """
    places = np.unique(np.concatenate([x for x, _y in curves])) if curves else np.empty(0, np.float32)
    rows = []
    for x, y in curves:
        if not len(x):
            rows.append(np.full(len(places), np.nan))
            continue
        row = np.interp(places, x, np.where(np.isfinite(y), y, np.nan))
        row[(places < x[0]) | (places > x[-1])] = np.nan
        rows.append(row)
    return places.astype(np.float32), np.array(rows).reshape(len(rows), len(places))


def _over_measured(reduce: Any, values: NDArray[np.float64]) -> Floats:
    """`reduce` of each column over the runs that have a value there."""
    reduced = [reduce(column[np.isfinite(column)]) if np.isfinite(column).any() else np.nan for column in values.T]
    return np.array(reduced, np.float32)
