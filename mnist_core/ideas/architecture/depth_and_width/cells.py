"""What a cell of the grid of depth × width says: one network, trained from one seed or from several. Draws nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist_core import comparison
from mnist_core.config import RunConfig
from mnist_core.ideas.architecture.depth_and_width.figure import Cell
from mnist_core.messages import accuracy_text
from mnist_core.networks import models
from mnist_core.ui import names, watch
from mnist_core.ui.texts import _

BROKEN = ("diverged", "collapsed", "failed")
Place = tuple[int, int]  # hidden layers, units in each (0 without any)


@dataclass(frozen=True, eq=False)
class Network:
    """The runs of a cell, at least one: alike in all but the seed."""

    views: Sequence[watch.View]

    @property
    def name(self) -> str:
        """Layers × units."""
        return names.variant(self.views[0].run).plain

    @property
    def parameters(self) -> int:
        """How many it has."""
        return models.describe(self.views[0].run.config).parameters

    @property
    def over(self) -> bool:
        """Whether all its runs are over."""
        return all(view.run.state == "finished" for view in self.views)

    @property
    def completed(self) -> bool:
        """Whether all its runs came to their end, whole."""
        return all(view.run.outcome == "completed" for view in self.views)

    def accuracy(self) -> float:
        """The mean of its seeds on validation images; NaN where there is none yet."""
        values = self.values("accuracy", 0.0)
        return float(np.mean(values)) if values else math.nan

    def spread(self) -> float:
        """How far its seeds are apart in accuracy, from the least to the greatest; 0 for one."""
        values = self.values("accuracy", 0.0)
        return max(values) - min(values) if values else 0.0

    def values(self, measure: str, accuracy: float) -> list[float]:
        """The figure `measure` of each of its runs that is whole and has it; `accuracy`: at which a run counts as converged."""
        whole = (view for view in self.views if view.run.outcome not in BROKEN)
        values = (_value(view, measure, accuracy) for view in whole)
        return [value for value in values if math.isfinite(value)]

    def cell(self, measure: str, accuracy: float) -> Cell:
        """What is written for it: the mean of its seeds, half their spread, how many are left out, and what still changes."""
        broken = [view.run for view in self.views if view.run.outcome in BROKEN]
        if len(broken) == len(self.views):
            return Cell(math.nan, f"✕ {_(names.STATES[names.state(broken[0])])}", broken=True)
        values = self.values(measure, accuracy)
        lines, spread_text, value = [], "", math.nan
        if values:
            value, minimum, maximum = float(np.mean(values)), min(values), max(values)
            lines.append(_number_text(value, measure))
            if len(values) > 1 and measure != "parameters":
                lines.append(f"± {_number_text((maximum - minimum) / 2, measure)}")
                text = _("mean of {n} seeds, from {minimum} to {maximum}")
                spread_text = text.format(
                    n=len(values), minimum=_number_text(minimum, measure), maximum=_number_text(maximum, measure)
                )
            missing = sum(view.run.state == "finished" for view in self.views) - len(broken) - len(values)
            if missing > 0:
                lines.append(_("{n} of {all} seeds").format(n=len(values), all=len(self.views)))
            if broken:
                lines.append(f"✕ {len(broken)} / {len(self.views)}")
            lines += self._unplanned()
        # What still changes says so; a value that is final does not.
        states = [view.run.state for view in self.views if view.run.state != "finished"]
        if measure == "parameters":
            states = [state for state in states if state != "running"]
        if states:
            lines.append("…" if "running" in states else _(names.STATES[states[0]]))
        return Cell(value, "<br>".join(lines) or "–", more=spread_text)

    def _unplanned(self) -> list[str]:
        """What the mean has in it that did not train as planned: how many runs were stopped, or went on with another rate."""
        stopped = sum(view.run.outcome == "stopped" for view in self.views)
        changed = sum(bool(view.run.rate_changes) for view in self.views)
        counts = ((_(names.STATES["stopped"]), stopped), (_("rate changed"), changed))
        several = len(self.views) > 1
        return [f"{word} {count} / {len(self.views)}" if several else word for word, count in counts if count]


def networks(views: Sequence[watch.View]) -> dict[Place, Network]:
    """The networks of these runs by their places, each with its seeds in order."""
    views_by_place: dict[Place, list[watch.View]] = {}
    for view in sorted(views, key=lambda view: view.run.config.seed):
        views_by_place.setdefault(_place(view.run.config), []).append(view)
    places = dict.fromkeys(_place(view.run.config) for view in views)
    return {place: Network(tuple(views_by_place[place])) for place in places}


def accuracy_of(view: watch.View) -> float:
    """Of all validation images once the run is over, before that as last evaluated; NaN where it never was."""
    if (fraction := view.run.result.get("validation_accuracy")) is not None:
        return float(fraction)
    evaluations = view.curves.evaluations
    return float(evaluations["validation_accuracy"][-1]) if len(evaluations) else math.nan


def _place(config: RunConfig) -> Place:
    return len(config.hidden_layers), config.hidden_layers[0] if config.hidden_layers else 0


def _value(view: watch.View, measure: str, accuracy: float) -> float:
    """The figure of one run; NaN where there is none."""
    if measure == "parameters":
        return models.describe(view.run.config).parameters
    if measure == "accuracy":
        return accuracy_of(view)
    convergence = comparison.reached(view.curves, accuracy)
    if convergence is None:
        return math.nan
    return convergence.seconds if measure == "seconds" else convergence.step


def _number_text(value: float, measure: str) -> str:
    if measure == "accuracy":
        return accuracy_text(value)
    return f"{value:.2f} s" if measure == "seconds" else f"{value:,.0f}"
