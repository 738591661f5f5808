"""Accuracy against the batch size, of runs that have come equally far: after equal epochs, after equal updates.

Every number is one that was recorded: of each run the evaluation nearest to the place asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, log_ticks, packed, spread
from mnist_core.figures.curves import SHARES
from mnist_core.messages import ACCURACY, N_, Translate, accuracy_text, number_text
from mnist_core.records import Curves, Run

Figure = dict[str, Any]
Equal = Literal["epochs", "updates"]
EQUALS: tuple[Equal, ...] = ("epochs", "updates")
APART = 1.25  # evaluations that are nearer to each other than this factor count as equally far


@dataclass(frozen=True)
class Point:
    """One run where it was asked for: the evaluation that was recorded there."""

    batch: int
    step: int
    epoch: float
    accuracy: float
    reached: bool  # it has come so far; else the point is where it is now, or where it last answered with numbers
    ended: bool = False  # it comes no further


def points(runs: Sequence[tuple[Run, Curves]], equal: Equal, place: float) -> list[Point]:
    """The evaluation of each run nearest to `place` (in epochs, or updates), smallest batch first; none: it has none yet.

    Runs that went on with another rate, set by hand, are left out: their batches are not what makes them differ.
    """
    nearest_points = []
    unchanged = [pair for pair in runs if not pair[0].rate_changes]
    for run, curves in sorted(unchanged, key=lambda pair: pair[0].config.batch_size):
        rows = curves.evaluations
        rows = rows[np.isfinite(rows["validation_accuracy"])]
        if not len(rows):
            continue
        at = rows["epoch" if equal == "epochs" else "step"].astype(float)
        distances = np.abs(np.log(np.maximum(at, 1e-3) / place))
        row = int(distances.argmin())
        nearest = rows[row]
        nearest_points.append(
            Point(
                run.config.batch_size,
                int(nearest["step"]),
                float(nearest["epoch"]),
                float(nearest["validation_accuracy"]),
                bool(distances[row] <= math.log(APART)),
                run.state == "finished",
            )
        )
    return nearest_points


def chart(
    points: Sequence[Point], equal: Equal, place: float, subject: str, dark: bool, translate: Translate
) -> Figure:
    """Validation accuracy against the batch size; runs that have not come so far are open, where they are, and crossed
    where they ended before."""
    if equal == "epochs":
        title = translate(N_("After the same number of epochs: {n}")).format(n=number_text(place))
    else:
        title = translate(N_("After the same number of updates: {n}")).format(n=f"{place:,.0f}")
    layout = theme.layout(title, translate(N_("Batch size")), dark=dark, revision=f"{subject}-{equal}")
    layout["hovermode"] = "closest"
    high = math.log10(max([10, *(point.batch for point in points)]))
    layout["xaxis"] |= ends(-0.15, high + 0.15, log=True) | log_ticks(0, high)
    layout["yaxis"] |= SHARES | {"title": {"text": translate(N_("Validation accuracy"))}}
    style = theme.SPLIT_STYLES["validation"]
    color = style.color(dark)
    hover = f"%{{x:,.0f}}: %{{y:{ACCURACY}}}<br>" + translate(N_("updates: {n}")).format(n="%{customdata[0]:,.0f}")
    hover += "<br>" + translate(N_("epochs: {n}")).format(n="%{customdata[1]:.3g}") + "<extra></extra>"
    figure: Figure = {"data": [], "layout": layout}
    behind_name, ended_name, reached_name = N_("not there yet (current value)"), N_("ended earlier"), N_("reached")
    for reached, ended, uid, name, symbol in (
        (False, (False,), "behind", translate(behind_name), "square-open"),
        (False, (True,), "ended", translate(ended_name), "x-open"),
        (True, (False, True), "reached", translate(reached_name), "square"),
    ):
        matching = [point for point in points if point.reached == reached and point.ended in ended]
        figure["data"].append(
            {
                "type": "scatter",
                "mode": "lines+markers+text" if reached else "markers",
                "uid": uid,
                "name": name,
                "showlegend": reached or bool(matching),
                "x": packed(np.array([point.batch for point in matching])),
                "y": packed(np.array([point.accuracy for point in matching])),
                "text": [accuracy_text(point.accuracy) for point in matching],
                # In turns, so that neighbors on a narrow page do not write over each other.
                "textposition": ["bottom center" if place % 2 else "top center" for place in range(len(matching))],
                "textfont": {"size": theme.NOTE_SIZE},
                "customdata": packed(np.array([(point.step, point.epoch) for point in matching]).reshape(-1, 2)),
                "line": {"color": color, "width": 2.4, "dash": style.dash},
                "marker": {"size": 12, "color": color, "symbol": symbol, "line": {"width": 2}},
                "hovertemplate": hover,
                "cliponaxis": False,
            }
        )
    figure["data"] += spread(layout)
    return figure
