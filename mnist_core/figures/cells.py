"""Words in the cells of a map, each in the ink that is read best on its own cell.

Plotly writes into the cells of a heat map, too, but in gray, which a projector loses on a bright cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mnist_core.figures import theme

Trace = dict[str, Any]


def words(
    uid: str,
    texts: Sequence[Sequence[str]],
    fill: Callable[[int, int], str],
    *,
    x: Sequence[Any] | None = None,
    size: int = theme.FONT_SIZE,
    axes: str = "",
) -> Trace:
    """A trace of `texts` (rows of columns; empty ones are left out), over a map whose rows are numbered from 0.

    `fill(row, column)`: color of the cell (#rrggbb). `x`: the places of the columns (default: their numbers). `axes`: number
    of the axes among several ("2" for x2 and y2; default: the first).
    """
    entries = [(row, column, text) for row, line in enumerate(texts) for column, text in enumerate(line) if text]
    trace: Trace = {
        "type": "scatter",
        "mode": "text",
        "uid": uid,
        "x": [x[column] if x is not None else column for _row, column, _text in entries],
        "y": [row for row, _column, _text in entries],
        "text": [text for _row, _column, text in entries],
        "textfont": {"size": size, "color": [theme.ink_on(fill(row, column)) for row, column, _text in entries]},
        "cliponaxis": False,
        "showlegend": False,
        "hoverinfo": "skip",  # the map beneath tells, and hears clicks
    }
    return trace | ({"xaxis": f"x{axes}", "yaxis": f"y{axes}"} if axes else {})
