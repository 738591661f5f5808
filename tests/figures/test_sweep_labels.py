"""No label of a sweep's charts lies over another: their boxes, computed from what Plotly is told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pytest

from mnist_core.diagnostics import range_test
from mnist_core.diagnostics.zones import Edge, RatePoint, Reading, Trial, Zone
from mnist_core.figures import range_test as range_test_figure
from mnist_core.figures.labels import width_of
from mnist_core.figures.sweep import SweepView
from mnist_core.figures.sweep_zones import NARROW, WIDTH, rates_chart
from mnist_core.messages import Translate, message
from mnist_core.records import Curves, Run
from mnist_core.ui import texts
from tests.figures.test_sweep_charts import run

# The chart in windows of 1,400, 900, 420 and 360 pixels, beside the sidebar where there is one: its own width, and for which it was drawn.
CHARTS = {1400: (460, WIDTH), 900: (500, WIDTH), 420: (388, NARROW), 360: (328, NARROW)}
TOP, BOTTOM, LEFT, RIGHT = 85, 65, 55, 14  # pixels around the axes: title and legend, ticks
TALL = 460
ZONES: tuple[Zone, ...] = ("small", "good", "edge", "broken")


@dataclass(frozen=True)
class Box:
    """What a label covers, in pixels from the axes' lower left."""

    text: str
    left: float
    right: float
    low: float
    high: float

    def meets(self, other: Box) -> bool:
        return self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high


def boxes(figure: dict, width: int) -> list[Box]:
    layout = figure["layout"]
    wide, tall = width - LEFT - RIGHT, TALL - TOP - BOTTOM
    low, high = (math.log10(end) for end in layout["xaxis"]["autorangeoptions"]["include"])

    def height(note: dict) -> float:
        if note.get("yref", "y") == "paper":
            return note["y"] * tall
        axis = layout["yaxis" + note.get("yref", "y")[1:]]
        domain = axis.get("domain", [0, 1])
        included = axis.get("autorangeoptions", {}).get("include")
        bottom, top = axis.get("range") or [math.log10(end) if axis.get("type") == "log" else end for end in included]
        return (domain[0] + (note["y"] - bottom) / (top - bottom) * (domain[1] - domain[0])) * tall

    labels = []
    for note in layout["annotations"]:
        across, up = width_of(note["text"], note["font"]["size"]), 1.55 * note["font"]["size"]
        if note.get("textangle"):
            across, up = up, across
        x = (note["x"] if note.get("xref") == "paper" else (note["x"] - low) / (high - low)) * wide + note.get(
            "xshift", 0
        )
        y = height(note) + note.get("yshift", 0)
        left = x - across * {"left": 0, "center": 0.5, "right": 1}[note.get("xanchor", "center")]
        foot = y - up * {"bottom": 0, "middle": 0.5, "top": 1}[note.get("yanchor", "middle")]
        labels.append(Box(note["text"], left, left + across, foot, foot + up))
    return labels


def sweep(counts: tuple[int, ...], order: tuple[Zone, ...] = ZONES) -> tuple[list[tuple[Run, Curves]], Reading]:
    """A sweep with so many rates of each zone, in this order."""
    zones = [zone for zone, count in zip(order, counts, strict=True) for _number in range(count)]
    rates = [float(rate) for rate in np.geomspace(0.01, 3, len(zones))]
    runs = [run(rate, 2.302 if zone in ("small", "broken") else 0.1) for rate, zone in zip(rates, zones, strict=True)]
    trials = [Trial(rate, 0, "completed", 0.1) for rate in rates]
    points = [RatePoint(rate, (trial,), zone) for rate, trial, zone in zip(rates, trials, zones, strict=True)]
    breaks = next((rate for rate, zone in zip(rates, zones, strict=True) if zone == "broken"), None)
    below = [rate for rate in rates if breaks is None or rate < breaks]
    return runs, Reading(tuple(points), None, Edge(below[-1] if below else None, breaks), True)


COUNTS = [*product((1, 4), repeat=4), (0, 1, 1, 10), (10, 1, 1, 0), (0, 0, 1, 1), (1, 20, 1, 1), (1, 1, 1, 29)]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("window", CHARTS)
@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_no_label_lies_over_another(window: int, language: str, metric: str) -> None:
    width, drawn_for = CHARTS[window]
    translate: Translate = texts.catalog(language).gettext
    for counts, predicted in product(COUNTS, (0.012, 0.2, 0.5, 2.5)):
        runs, reading = sweep(counts)
        view = SweepView(metric=metric)  # type: ignore[arg-type]
        figure = rates_chart("s", runs, reading, view, translate, predicted, width=drawn_for)
        labels = boxes(figure, width)
        assert len(labels) >= 3
        for first, second in combinations(labels, 2):
            assert not first.meets(second), (counts, predicted, first, second)
        for box in labels:
            assert box.left > -LEFT, (counts, box)
            assert box.right < width - LEFT, (counts, box)
            assert -1 < box.low < box.high <= TALL - TOP - BOTTOM + 1, (counts, box)


@pytest.mark.parametrize("breaks", [0.002, 0.5, 9.5])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_labels_of_a_range_test_stay_apart_and_in_the_chart(breaks: float, language: str) -> None:
    rates = np.geomspace(1e-5, 10, 100)
    losses = np.linspace(2.4, 0.5, 100)
    reading = range_test.Reading(rates, losses, losses, 1 - losses / 3, message("It breaks."), breaks=breaks)
    figure = range_test_figure.chart("r", reading, 1e-5, 10.0, 2.303, False, texts.catalog(language).gettext)
    labels = boxes(figure, 376)
    assert len(labels) == 3
    assert not [(first, second) for first, second in combinations(labels, 2) if first.meets(second)]
    assert all(box.left >= 0 and box.right <= 376 - LEFT - RIGHT for box in labels)


def test_zones_that_alternate_are_named_once_each() -> None:
    runs, reading = sweep((3, 1, 1, 1, 1, 1, 1), ("good", "edge", "broken", "edge", "broken", "edge", "broken"))
    figure = rates_chart("s", runs, reading, SweepView(), str, width=NARROW)
    names = [
        note["text"] for note in figure["layout"]["annotations"] if note["text"] in ("good", "on the edge", "broken")
    ]
    assert sorted(names) == ["broken", "good", "on the edge"]
