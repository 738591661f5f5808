"""A bowl: gradient descent on a quadratic, by slider, step by step or played."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.stability.bowl import concept as bowls
from mnist_core.ideas.stability.bowl import figure as charts
from mnist_core.ideas.stability.bowl.concept import Bowl
from mnist_core.messages import N_, number_text
from mnist_core.ui import lesson, playing, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

MOST_STEPS = 60
START = 2.0
PLAY_SECONDS = 0.35
CURVATURES = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
RATES = tuple(round(0.01 * n, 2) for n in range(1, 11)) + tuple(round(0.05 * n, 2) for n in range(3, 101))


def draw(panel: Panel) -> None:
    """The sliders, three charts, a sentence, the code, an experiment."""
    lesson.look_at(
        _(
            "The gradient says how steep the loss is, the learning rate how far to move. Raise the learning rate past the stability edge and watch the steps leave the bowl."
        )
    )
    playing.draw(panel, _panel, PLAY_SECONDS)
    lesson.code(panel, bowls.path, bowls.factor)
    lesson.experiment(
        "two-layer-net-rate-1.5",
        _(
            "The same in a network: at a learning rate of 1.2 the seed decides whether this one learns, at 1.5 it is beyond its stability edge."
        ),
    )


def _panel(panel: Panel, plays: bool) -> None:
    if plays:
        playing.go_on(panel, "steps", MOST_STEPS)
    bowl = _bowl(panel)
    steps = _steps(panel, plays)
    st.markdown(_sentence(bowl))
    dark = session.dark()
    left, middle, right = st.columns(3, gap="medium")
    with left:
        _chart(panel, "walk", charts.trajectory_chart(bowl, steps, dark, _), _("The trajectory in the bowl."))
    with middle:
        _chart(panel, "loss", charts.loss_chart(bowl, steps, dark, _), _("The loss after each step."))
    with right:
        _chart(panel, "rates", charts.rates_chart(bowl, dark, _), _sentence(bowl))


def _chart(panel: Panel, name: str, figure: charts.Figure, description: str) -> None:
    live_chart(figure, key=panel.key(f"chart_{name}"), height=400, description=description)


def _bowl(panel: Panel) -> Bowl:
    first, second, third, fourth = st.columns(4, gap="medium")
    with first:
        plane = panel.one_of("weights", _("Weights"), {1: N_("one"), 2: N_("two")}, 1)
    with second:
        steep = panel.select_slider("curvature", _("Curvature"), CURVATURES, 1.0, help=_("How fast the slope changes."))
    with third:
        rate = panel.select_slider("rate", _("Learning rate"), RATES, 0.5)
    with fourth:
        momentum = panel.slider("momentum", _("Momentum"), 0.0, 0.95, 0.0, 0.05)
    start = panel.number("start", START, -3.0, 3.0)
    if plane == 1:
        return Bowl((steep,), rate, momentum, (start,))
    return Bowl((steep, steep / 10), rate, momentum, (start, 2.5))


def _steps(panel: Panel, plays: bool) -> int:
    slider, start, buttons = st.columns([2, 1, 1], gap="medium", vertical_alignment="bottom")
    with slider:
        steps = panel.slider("steps", _("Steps"), 0, MOST_STEPS, 10)
    with start:
        panel.slider("start", _("Start"), -3.0, 3.0, START, 0.1)
    with buttons, st.container(horizontal=True):
        playing.one_step(panel, "steps", MOST_STEPS)
        playing.play_or_pause(panel, plays, "steps")
    return steps


def _sentence(bowl: Bowl) -> str:
    """What is seen, with its numbers."""
    edge = number_text(bowl.edge, 4)
    by = number_text(bowls.factor(bowl.steepest, bowl.rate, bowl.momentum), 3)
    texts = {
        "creeps": _(
            "**It converges from one side.** Each step leaves {by} of the distance; the edge is a learning rate of {edge}."
        ),
        "overshoots": _(
            "**It overshoots, but still converges.** Each step goes past the minimum and leaves {by} of the distance; the edge is a learning rate of {edge}."
        ),
        "edge": _(
            "**This is the edge**, a learning rate of {edge}: each step lands just as far away on the other side, forever."
        ),
        "diverges": _(
            "**It diverges.** Beyond the edge, a learning rate of {edge}, each step lands {by} times as far away as the one before."
        ),
    }
    formula = "2 / a" if not bowl.momentum else "2 (1 + β) / a"
    edge_formula = _("Edge = {formula}, where a is the curvature, {a}.").format(
        formula=formula, a=number_text(bowl.steepest)
    )
    return texts[bowls.behavior(bowl)].format(by=by, edge=edge) + " " + edge_formula
