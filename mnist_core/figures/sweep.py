"""What the two charts of a sweep over learning rates have in common: what is drawn, and a rate's color and name.

A rate has one color in both, from a scale over the logarithm of the rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mnist_core.config import RunConfig
from mnist_core.diagnostics import chance_accuracy, chance_loss
from mnist_core.diagnostics.zones import Zone
from mnist_core.figures import marks, theme
from mnist_core.figures.axes import ChartView
from mnist_core.figures.curves import Figure
from mnist_core.messages import N_, Translate, number_text
from mnist_core.records import Curves, Run, Split

Metric = Literal["loss", "accuracy"]
Part = Literal["batches", "train", "validation", "test"]
PARTS: dict[Part, str] = {
    "batches": N_("Mini-batches"),
    "train": theme.SPLIT_STYLES["train"].name,
    "validation": theme.SPLIT_STYLES["validation"].name,
    "test": theme.SPLIT_STYLES["test"].name,
}
# What stands on a chart; where there is more room "broken" has more words.
ZONE_LABELS: dict[Zone, str] = {
    "small": N_("too small"),
    "good": N_("good"),
    "edge": N_("on the edge"),
    "broken": N_("broken"),
}
METRICS: dict[Metric, str] = {"loss": N_("Loss"), "accuracy": N_("Accuracy")}


@dataclass(frozen=True)
class SweepView:
    """What of a sweep is drawn, and how. `chosen`: the rate that stands out, if any."""

    metric: Metric = "loss"
    part: Part = "train"
    log_y: bool = False
    dark: bool = False
    chosen: float | None = None

    @property
    def split(self) -> Split:
        """The images that ends are measured on: mini-batches end nowhere, the training images are nearest to them."""
        return "train" if self.part == "batches" else self.part


def color_of(rate: float, rates: Sequence[float], dark: bool) -> str:
    """The rate's color, by where it stands among `rates`: those that lie close together are told apart, too."""
    logs = np.log(rates)
    return theme.scale_color(float(np.interp(math.log(rate), logs, np.linspace(0, 1, len(rates)))), dark)


def scale_of(rates: Sequence[float], dark: bool) -> list[list[Any]]:
    """These colors in Plotly's words, over the logarithms from the lowest to the highest rate."""
    logs = np.log(rates)
    fractions = (logs - logs[0]) / ((logs[-1] - logs[0]) or 1.0)
    if len(rates) < 2:
        return theme.scale(dark)
    scale = dict(zip(fractions.tolist(), np.linspace(0, 1, len(rates)).tolist(), strict=True))
    # Between two rates the colors of the scale that lie between theirs.
    for place in np.linspace(0, 1, 8).tolist():
        scale.setdefault(float(np.interp(place, np.linspace(0, 1, len(rates)), fractions)), place)
    return [[fraction, theme.scale_color(place, dark)] for fraction, place in sorted(scale.items())]


def rate_text(rate: float | str, translate: Translate) -> str:
    """The rate's name, or that of a run's rates in their order (`Run.rates`)."""
    return translate(N_("rate {rate}")).format(rate=rate if isinstance(rate, str) else number_text(rate))


def chance_of(runs: Sequence[tuple[Run, Curves]]) -> float:
    """The loss of a guess, in a sweep with these runs."""
    return chance_loss(runs[0][0].config if runs else RunConfig())


def mark_chance(
    figure: Figure, runs: Sequence[tuple[Run, Curves]], view: SweepView, translate: Translate, *, log: bool
) -> None:
    """A line at the loss, or accuracy, of a guess. `log`: whether the axis of losses is one of logarithms."""
    text, axes = translate(N_("chance: {value}")), ChartView(dark=view.dark)
    if view.metric == "loss":
        chance = chance_of(runs)
        marks.reference(figure, chance, text.format(value=f"{chance:.3f}"), axes, log=log)
    else:
        guess = chance_accuracy(runs[0][0].config if runs else RunConfig())
        marks.reference(figure, guess, text.format(value=f"{guess:.0%}"), axes)
