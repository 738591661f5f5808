"""The report as a page of charts: bars of times, lines where a figure has a place on an axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from mnist_core.bench.report import Figure, Report, cannot_write, describe_machine
from mnist_core.figures import theme

BAR = 34  # pixels of a bar with the space around it
LINES = 360  # pixels of a chart of lines


def write(report: Report, file: Path) -> None:
    """Write one HTML file that needs nothing else, not even a network. Raises MnistLabError."""
    from plotly.io import to_html

    charts = [chart(title, figures) for title, figures in _groups(report)]
    parts = [
        to_html(figure, include_plotlyjs=number == 0, full_html=False, config={"displaylogo": False}, validate=False)
        for number, figure in enumerate(charts)
    ]
    page = f'<!doctype html><meta charset="utf-8"><title>Benchmark</title><p>{describe_machine(report.versions)}</p>'
    try:
        file.write_text(page + "\n".join(parts) + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(file, error) from error


def _groups(report: Report) -> list[tuple[str, list[Figure]]]:
    """Title and figures of each group; ratios are for the table."""
    plotted = (figure for figure in report.figures if figure.value is not None and figure.unit != "×")
    return [(group, list(figures)) for group, figures in groupby(plotted, lambda figure: figure.group)]


def chart(title: str, figures: Sequence[Figure]) -> dict[str, Any]:
    """A Plotly figure, as a dict, of one group."""
    on_an_axis = all(figure.at is not None for figure in figures)
    return _lines(title, figures) if on_an_axis else _bars(title, figures)


def _bars(title: str, figures: Sequence[Figure]) -> dict[str, Any]:
    layout = _layout(title, figures[0].unit)
    layout["yaxis"] |= {"autorange": "reversed"}
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [figure.value for figure in figures],
        "y": [figure.name for figure in figures],
        "error_x": _error(figures),
        "marker": {"color": [_color(figure.name) for figure in figures]},
    }
    return {"data": [trace], "layout": layout | {"height": 110 + BAR * len(figures)}}


def _color(name: str) -> str:
    if "floor" in name:
        return theme.quiet(False)
    return theme.run_color(0 if name.startswith("MNIST Lab") else 1, False)


def _lines(title: str, figures: Sequence[Figure]) -> dict[str, Any]:
    layout = _layout(title, title.rpartition(" by ")[2])
    layout["xaxis"] |= {"type": "log", "tickformat": theme.PLAIN}
    layout["yaxis"] |= {"type": "log", "tickformat": theme.PLAIN, "title": {"text": figures[0].unit}}
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [figure.at for figure in figures],
        "y": [figure.value for figure in figures],
        "error_y": _error(figures),
        "line": {"color": theme.run_color(0, False)},
    }
    return {"data": [trace], "layout": layout | {"height": LINES}}


def _layout(title: str, x_title: str) -> dict[str, Any]:
    return theme.layout(title, x_title, dark=False, revision="") | {"showlegend": False, "hovermode": "closest"}


def _error(figures: Sequence[Figure]) -> dict[str, Any]:
    """From the minimum to the maximum of the samples."""
    ends = [(figure.value or 0.0, *(figure.spread or (figure.value or 0.0,) * 2)) for figure in figures]
    return {
        "type": "data",
        "symmetric": False,
        "array": [maximum - value for value, _minimum, maximum in ends],
        "arrayminus": [value - minimum for value, minimum, _maximum in ends],
    }
