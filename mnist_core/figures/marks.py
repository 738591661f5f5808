"""What stands on a chart besides its curves: signs where a curve leaves it, reference lines, what was done to a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import Across, ChartView, clipped, departure, outside, packed
from mnist_core.messages import N_, Message, Translate, message, number_text
from mnist_core.records import Curves

Figure = dict[str, Any]
SIGNS = 40  # spikes that get a sign, at most: the highest
ROWS = 4  # of labels, before they start again in the first
LOW = 0.15  # share of the chart's height: above the line of chance in a chart of accuracy


def departure_message(curves: Curves, top: float) -> Message | None:
    """Where the mini-batch loss went beyond `top` and stayed there, in words; None where it did not."""
    row = departure(curves.steps["loss"], top)
    if row is None:
        return None
    maximum = curves.steps["loss_max"][np.isfinite(curves.steps["loss_max"])]
    return message(
        N_("above the chart from step {step} on: up to {loss}"),
        step=f"{int(curves.steps['step'][row]):,}",
        loss=number_text(float(maximum.max()), 3) if len(maximum) else "NaN",
    )


def not_a_number(curves: Curves) -> Message | None:
    """Since when there are no numbers, in words; None where there are."""
    step = next((event.step for event in curves.events if event.kind == "not_finite"), None)
    return None if step is None else message(N_("NaN from step {step} on"), step=f"{step:,}")


def mark_departure(
    figure: Figure, curves: Curves, across: Across, top: float, view: ChartView, translate: Translate
) -> None:
    """A sign at the upper edge where the mini-batch loss left the chart for good or broke, with what happened."""
    above = departure_message(curves, top)
    row = departure(curves.steps["loss"], top)
    if above is None or row is None:
        return
    sentences = (above, not_a_number(curves))
    text = "<br>".join(sentence.text(translate) for sentence in sentences if sentence is not None)
    x = float(across.values(curves.steps)[row])
    sign(figure, x, edge(top, view), text, translate(N_("above the chart")), theme.broken(view.dark))
    # The note stands on the side of the sign where there is room.
    right = across.fraction(x) < 0.5
    figure["layout"]["annotations"].append(
        {
            "x": across.note(x),
            "y": float(np.log10(edge(top, view))) if view.log_y else edge(top, view),
            "text": text,
            "showarrow": False,
            "xanchor": "left" if right else "right",
            "xshift": 14 if right else -14,
            "yanchor": "top",
            "yshift": 10,
            "align": "left" if right else "right",
            "bgcolor": theme.veil(view.dark),
            "font": {"color": theme.broken(view.dark), "size": theme.FONT_SIZE},
        }
    )


def mark_break(figure: Figure, curves: Curves, across: Across, y: float, view: ChartView, translate: Translate) -> None:
    """A sign at height `y` where the numbers end, with the step on hover."""
    broken = not_a_number(curves)
    rows = np.flatnonzero(~np.isfinite(curves.steps["gradient_norm_max"]))
    if broken is None or not len(rows):
        return
    x = float(across.values(curves.steps)[rows[0]])
    sign(figure, x, y, broken.text(translate), "NaN", theme.broken(view.dark))


def sign(figure: Figure, x: float, y: float, text: str, name: str, color: str, group: str = "") -> None:
    """A triangle that points out of the chart; `group`: the legend entry that hides it too."""
    figure["data"].append(
        {
            "type": "scatter",
            "mode": "markers",
            "uid": f"left-{group}",
            "x": packed(np.array([x])),
            "y": packed(np.array([y])),
            "marker": {"symbol": "triangle-up", "size": 18, "color": color},
            "name": name,
            "legendgroup": group,
            "hovertemplate": text + "<extra></extra>",
            "showlegend": False,
        }
    )


def mark_spikes(figure: Figure, curves: Curves, across: Across, top: float, view: ChartView, color: str) -> None:
    """Small open triangles where the mini-batch loss was beyond the chart and came back; hover tells how far it went."""
    losses, maximum = curves.steps["loss"], curves.steps["loss_max"]
    spikes = [part for part in outside(losses, top) if part.stop < len(losses)]
    if not spikes:
        return
    # The highest record of each; a NaN counts as the highest.
    rows = np.array([part.start + int(clipped(maximum[part], np.inf).argmax()) for part in spikes])
    rows = np.sort(rows[np.argsort(-maximum[rows], kind="stable")[:SIGNS]])
    figure["data"].append(
        {
            "type": "scatter",
            "mode": "markers",
            "uid": "spikes",
            "x": packed(across.values(curves.steps)[rows]),
            "y": packed(np.full(len(rows), edge(top, view))),
            "customdata": packed(maximum[rows]),
            "marker": {"symbol": "triangle-up-open", "size": 10, "color": color, "line": {"width": 2}},
            "legendgroup": "batches",
            "hovertemplate": "▲ %{x}: %{customdata:.4g}<extra></extra>",
            "showlegend": False,
        }
    )


def edge(top: float, view: ChartView) -> float:
    """The height at which signs stand, just below `top`."""
    return float(10 ** (np.log10(top) - 0.05)) if view.log_y else 0.955 * top


def reference(
    figure: Figure, value: float, text: str, view: ChartView, *, log: bool = False, at_left: bool = False
) -> None:
    """A quiet line across the chart at `value`, with its name at the right end, or at the left one."""
    layout = figure["layout"]
    layout["shapes"].append(
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": value,
            "y1": value,
            "layer": "below",
            "line": {"color": theme.quiet(view.dark), "width": 1.2, "dash": "longdash"},
        }
    )
    layout["annotations"].append(
        {
            "xref": "paper",
            "x": 0 if at_left else 1,
            "xanchor": "left" if at_left else "right",
            "y": float(np.log10(value)) if log else value,
            "yanchor": "bottom",
            "text": text,
            "showarrow": False,
            "bgcolor": theme.veil(view.dark),  # curves run along the line where nothing is learned
            "font": {"color": theme.quiet(view.dark), "size": theme.NOTE_SIZE},
        }
    )


EVENTS = {
    "learning_rate": N_("rate → {value}"),
    "early_stop": N_("stopped early"),
    "recovered": N_("resumed after its process was lost"),
    "alone": N_(
        "trained alone from here on; before that, {value} runs were trained as one network (last digits may differ)"
    ),
}
FAINT = ("recovered", "alone")  # nothing of the training changed: a small sign, words on hover


def events(
    figure: Figure, curves: Curves, across: Across, view: ChartView, translate: Translate, *, at_top: bool
) -> None:
    """Vertical lines where something was done to the run; labels in rows, so that none covers the next.

    `at_top`: where the curves leave room for the labels.
    """
    marked = [event for event in curves.events if event.kind in EVENTS]
    # Two rows at the upper edge belong to the note on a curve that left.
    first = 2 if at_top and any("xshift" in note for note in figure["layout"]["annotations"]) else 0
    for number, event in enumerate(marked):
        x = across.place(event.step, curves)
        faint = event.kind in FAINT
        figure["layout"]["shapes"].append(
            {
                "type": "line",
                "x0": x,
                "x1": x,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "line": {
                    "color": theme.faint(view.dark) if faint else theme.quiet(view.dark),
                    "width": 1.5,
                    "dash": "dot",
                },
            }
        )
        row = first + number % ROWS
        right = across.fraction(x) < 0.6
        text = translate(EVENTS[event.kind]).format(value="" if event.value is None else number_text(event.value))
        figure["layout"]["annotations"].append(
            {
                "x": across.note(x),
                "yref": "paper",
                "y": 1 if at_top else LOW,
                "yanchor": "top" if at_top else "bottom",
                "yshift": (-1 if at_top else 1) * row * (theme.NOTE_SIZE + 7),
                "xanchor": "left" if right else "right",
                "text": "↻" if faint else text,
                "hovertext": text,
                "showarrow": False,
                "bgcolor": theme.veil(view.dark),
                "font": {"size": theme.NOTE_SIZE, "color": theme.quiet(view.dark) if faint else theme.ink(view.dark)},
            }
        )
