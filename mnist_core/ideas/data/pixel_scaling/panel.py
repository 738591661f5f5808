"""Pixel scaling: what raw, scaled, zero-centered and standardized pixels do to the loss surface of a line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core import data
from mnist_core.config import DatasetName
from mnist_core.ideas.data.pixel_scaling import concept as line
from mnist_core.ideas.data.pixel_scaling import figure as charts
from mnist_core.messages import number_text
from mnist_core.ui import data_note, frame, lesson, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

IMAGES = 500  # that the line goes through
DRAWN = 250  # of them, as points
SCALES: tuple[line.Scale, ...] = ("raw", "scaled", "centered", "standardized")
EDGE_OF_PIXELS = (5, 22)  # rows and columns in which ink comes and goes
START = np.array([-0.6, 0.8])  # away from the lowest place, one unit far


def draw(panel: Panel, name: DatasetName | None = None) -> None:
    """The controls, three charts, the code, an experiment."""
    if (name := data_note.chosen(name)) is None:
        return
    lesson.look_at(
        _(
            "A line predicts one pixel from its neighbor, y = a · x + b, and gradient descent looks for a and b. Raw pixels make the loss a long, narrow valley (a high condition number), in which it hardly moves. Try the other pixel scalings: the valley becomes a round bowl."
        )
    )
    frame.fragment(_panel)(panel, name)
    lesson.code(panel, line.scaled, line.surface, line.descend)
    lesson.experiment(
        "preprocessing",
        _("The same in a network: one learning rate and four pixel scalings. Raw pixels make training unstable."),
    )


@dataclass(frozen=True)
class _Choice:
    """Scale, place of the pixel, rate as a share of the edge, steps."""

    scale: line.Scale
    row: int
    column: int
    fraction: float
    steps: int


def _choice(panel: Panel) -> _Choice:
    first, second, third, fourth, fifth = st.columns([2.9, 1, 1, 1.3, 1], gap="medium")
    with first:
        titles = {scale: names.CHOICES[scale] for scale in SCALES}
        scale = panel.one_of("scale", _("Pixel scaling"), titles, "raw", wrap=True)
    with second:
        row = panel.slider("row", _("Row"), *EDGE_OF_PIXELS, 14)
    with third:
        column = panel.slider("column", _("Column"), *EDGE_OF_PIXELS, 13)
    with fourth:
        fraction = panel.slider(
            "rate",
            _("Learning rate (multiples of the edge)"),
            0.05,
            1.1,
            0.5,
            0.05,
            help=_(
                "The stability edge is 2 / largest curvature, another learning rate for each pixel scaling. At 1 the steps neither shrink nor grow."
            ),
        )
    with fifth:
        steps = panel.slider("steps", _("Steps"), 0, 100, 20)
    return _Choice(scale, row, column, fraction, steps)


def _panel(panel: Panel, name: DatasetName) -> None:
    chosen, dataset = _choice(panel), data.load_dataset(name)
    scale = chosen.scale
    images = dataset.train_images[:IMAGES]
    x = line.scaled(images[:, chosen.row, chosen.column], scale)
    y = line.scaled(images[:, chosen.row, chosen.column + 1], scale)
    bowl = line.surface(x, y)
    rate = chosen.fraction * bowl.edge
    trajectory = line.descend(bowl, bowl.lowest + START, rate, chosen.steps)
    sentence = _sentence(bowl, rate, chosen, trajectory)
    st.markdown(sentence)
    dark = session.dark()
    a, b = trajectory[-1]
    for place, chart, figure in zip(
        st.columns([1, 1, 1.15], gap="medium"),
        ("histogram", "two", "surface"),
        (
            charts.histogram_chart(line.scaled(images[:, 2:26, 2:26], scale), scale, dark, _),
            charts.scatter_chart(x[:DRAWN], y[:DRAWN], (float(a), float(b)), scale, dark, _),
            charts.surface_chart(bowl, trajectory, scale, dark, _),
        ),
        strict=True,
    ):
        with place:
            live_chart(figure, key=panel.key(f"chart_{chart}"), height=430, description=sentence)
    st.caption(
        _(
            "Here each pixel is centered and standardized by its own mean and standard deviation. The networks of this program use one mean, {mean}, and one standard deviation, {deviation}, for all pixels, since pixels at the border never change. The start is at distance 1 from the minimum in every scaling, and both axes of the surface have the same unit."
        ).format(mean=data.MEAN, deviation=data.STD)
    )


def _sentence(bowl: line.Surface, rate: float, chosen: _Choice, trajectory: line.Numbers) -> str:
    if chosen.fraction > 1:
        return _(
            "**Beyond the edge**, a learning rate of {edge}: each step lands farther from the minimum than the one before. Condition number: {condition}."
        ).format(edge=number_text(bowl.edge, 3), condition=_count(bowl.condition))
    remaining = float(np.linalg.norm(trajectory[-1] - bowl.lowest))
    return ngettext(
        "Condition number **{condition}**. At a learning rate of {rate} (edge: {edge}), {left} of the distance is left after {steps} step; getting down to 1% takes {needed} steps.",
        "Condition number **{condition}**. At a learning rate of {rate} (edge: {edge}), {left} of the distance is left after {steps} steps; getting down to 1% takes {needed} steps.",
        chosen.steps,
    ).format(
        condition=_count(bowl.condition),
        rate=number_text(rate, 3),
        edge=number_text(bowl.edge, 3),
        left=f"{remaining:.1%}",
        steps=chosen.steps,
        needed=_count(line.steps_needed(bowl, rate)),
    )


def _count(number: float) -> str:
    if not np.isfinite(number):
        return "∞"
    return f"{number:,.0f}" if number >= 100 else number_text(number, 3)
