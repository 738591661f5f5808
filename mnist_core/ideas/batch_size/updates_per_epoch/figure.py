"""An epoch cut into batches as a picture, and how many there are for every batch size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, log_ticks, packed, spread
from mnist_core.ideas.batch_size.updates_per_epoch.concept import last_batch, updates_per_epoch
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
WIDTH = 1.7  # of the picture, as a share of its height
MOST = 6_000  # cells; beyond it each stands for several batches, since it would be too small to be seen
GAPS = ((150, 3), (700, 2), (MOST, 1))  # up to so many cells: pixels between them
NAMED = 60  # up to so many batches each has its number written on it


def epoch_chart(images: int, batch: int, dark: bool, translate: Translate) -> Figure:
    """One cell a batch, in reading order and in the colors of the order; the last one as wide as it is full.

    Of more than `MOST` batches several share a cell, and the title says how many.
    """
    count, last = updates_per_epoch(images, batch), last_batch(images, batch)
    batches_per_cell = math.ceil(count / MOST)  # batches in a cell
    title = translate(N_("One epoch, split into batches"))
    if batches_per_cell > 1:
        title += " – " + translate(N_("one cell is {n} batches")).format(n=f"{batches_per_cell:,}")
    layout = theme.layout(title, "", dark=dark, revision=f"epoch-{count}")
    layout["hovermode"] = "closest"
    cells = math.ceil(count / batches_per_cell)
    columns = math.ceil(math.sqrt(cells * WIDTH))
    rows = math.ceil(cells / columns)
    layout["xaxis"] |= ends(-0.5, columns - 0.5) | {"visible": False}
    layout["yaxis"] |= {"autorange": "reversed", "visible": False}
    numbers = np.full(rows * columns, np.nan)
    full = cells if last == batch or batches_per_cell > 1 else cells - 1
    numbers[:full] = np.arange(full) * batches_per_cell + 1
    gap = next(pixels for most, pixels in GAPS if cells <= most)
    trace = {
        "type": "heatmap",
        "uid": "batches",
        "z": packed(numbers.reshape(rows, columns)),
        "zmin": 1,
        "zmax": max(2, count),
        "colorscale": theme.scale(dark),
        "showscale": False,
        "xgap": gap,
        "ygap": gap,
        "hoverongaps": False,
        "hovertemplate": translate(N_("batch")) + " %{z:,.0f}<extra></extra>",
    }
    if count <= NAMED:
        trace |= {"texttemplate": "%{z:,.0f}", "textfont": {"size": theme.FONT_SIZE}}
    if last < batch:
        row, column = divmod(cells - 1, columns)
        _last(layout, last, batch, (row, column), column < 0.6 * columns, dark, translate)
    return {"data": [trace], "layout": layout}


def _last(
    layout: dict[str, Any],
    last: int,
    batch: int,
    place: tuple[int, int],
    room: bool,
    dark: bool,
    translate: Translate,
) -> None:
    """The smaller batch at the end of the epoch: a part of a cell, with its number of images; `room` right of it."""
    row, column = place
    color = theme.run_color(2, dark)
    half = 0.48  # of a cell
    fraction = 2 * half * last / batch
    frame = {"type": "rect", "y0": row - half, "y1": row + half, "x0": column - half}
    layout["shapes"] += [
        frame | {"x1": column + half, "line": {"color": color, "width": 1.5, "dash": "dot"}},
        frame | {"x1": column - half + fraction, "fillcolor": color, "line": {"width": 0}},
    ]
    text = translate(N_("last batch: {images} of {batch} images"))
    note = {
        "x": column - half + fraction / 2,
        "y": row,
        "ax": 46 if room else -46,
        "ay": 0 if room else -40,
        "xanchor": "left" if room else "right",
        "text": text.format(images=f"{last:,}", batch=f"{batch:,}"),
        "arrowcolor": color,
        "bgcolor": theme.veil(dark),
        "font": {"size": theme.FONT_SIZE, "color": theme.ink(dark)},
    }
    layout["annotations"].append(note)


def sizes_chart(images: int, batch: int, dark: bool, translate: Translate) -> Figure:
    """Updates per epoch against the batch size, both on log axes; the chosen size marked."""
    layout = theme.layout(
        translate(N_("For every batch size")),
        translate(N_("Batch size")),
        dark=dark,
        revision="updates",
    )
    layout["hovermode"] = "closest"
    high = math.log10(max(10, images))
    pad = 0.04 * high
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= ends(-pad, high + pad, log=True) | log_ticks(0, high)
    layout["yaxis"] |= {"title": {"text": translate(N_("Updates per epoch"))}}
    sizes = np.unique(np.geomspace(1, images, 400).round().astype(int))
    chosen = updates_per_epoch(images, batch)
    color = theme.run_color(1, dark)
    figure: Figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "uid": "updates",
                "x": packed(sizes),
                "y": packed(np.array([updates_per_epoch(images, int(size)) for size in sizes])),
                "line": {"color": theme.run_color(0, dark), "width": 2.8},
                "showlegend": False,
                "hovertemplate": "%{x:,.0f}: %{y:,.0f}<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "markers+text",
                "uid": "chosen",
                "x": [batch],
                "y": [chosen],
                "text": [f"{chosen:,}"],
                "textposition": "bottom left" if batch * batch > images else "top right",
                "textfont": {"size": theme.FONT_SIZE + 2},
                "marker": {"size": 16, "color": color},
                "showlegend": False,
                "hovertemplate": "%{x:,.0f}: %{y:,.0f}<extra></extra>",
            },
        ],
        "layout": layout,
    }
    figure["data"] += spread(layout)
    return figure
