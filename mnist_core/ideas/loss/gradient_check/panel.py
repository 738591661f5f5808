"""The numerical gradient beside backpropagation: how well both agree, and what each costs on this machine."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.data.digits import draw_digits
from mnist_core.ideas.loss.from_scratch.concept import Array, TwoLayerNet
from mnist_core.ideas.loss.gradient_check import concept
from mnist_core.ideas.loss.gradient_check.concept import STEPS, Agreement, Places
from mnist_core.ideas.loss.gradient_check.figure import difference_chart, duration, power, time_chart
from mnist_core.memo import MB, kept
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

HIDDEN = (1, 2, 5, 10, 20, 30, 50, 70, 100)
FULL = 100  # hidden units of the network of 79,510 weights
IMAGES = 3  # so few that NumPy's products take one core, and a slider answers at once
COMPARED, TIMED = 12, 20  # weights of which both gradients are computed at every step; of which the time is measured


def draw(panel: Panel) -> None:
    """The sliders, both charts, the code, an experiment."""
    lesson.look_at(
        _(
            "Backpropagation computes all derivatives at once, with one forward and one backward pass. The numerical gradient changes one weight at a time and needs two forward passes for each. See how well both agree at a good step size, and what the numerical gradient costs."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, concept.numerical_gradient, concept.backpropagation, TwoLayerNet)
    lesson.experiment(
        "keras-first-look",
        _("Each of its 2,345 updates needs 407,050 derivatives: numerical gradients would take far too long."),
    )


def _panel(panel: Panel) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        hidden = panel.select_slider("hidden", _("Hidden units"), HIDDEN, 10)
        step = panel.select_slider(
            "step", _("Step size of the numerical gradient"), STEPS[::-1], 1e-4, format_func=power
        )
        agreement, cost, full_cost = _agreement(hidden), _cost(hidden), _cost(FULL)
        sentence = _(
            "{count} of the {weights} weights and biases were changed, on {images} images. The two gradients differ by at most **{most}**; their size is about {size}."
        ).format(
            count=COMPARED,
            weights=f"{cost.weights:,}",
            images=IMAGES,
            most=power(agreement.differences[STEPS.index(step)]),
            size=power(agreement.size),
        )
        cost_sentence = _(
            "Measured just now in 784-{hidden}-10: the numerical gradient took {part} for {count} weights and would take **{all}** for all; backpropagation takes **{whole}**. With the 79,510 parameters of 784-100-10: **{full_all}** against **{full_whole}**, {factor} times as long."
        ).format(
            hidden=hidden,
            count=cost.places,
            part=duration(cost.numerical, _),
            all=duration(cost.all_numerical, _),
            whole=duration(cost.backpropagation, _),
            full_all=duration(full_cost.all_numerical, _),
            full_whole=duration(full_cost.backpropagation, _),
            factor=f"{float(f'{full_cost.all_numerical / full_cost.backpropagation:.2g}'):,.0f}",
        )
        st.markdown(sentence)
        st.markdown(cost_sentence)
    with right:
        dark = session.dark()
        live_chart(
            difference_chart(agreement, step, dark, _),
            key=panel.key("chart_difference"),
            height=380,
            description=sentence.replace("**", ""),
        )
        costs = [(f"784-{hidden}-10", cost)] + ([("784-100-10", full_cost)] if hidden != FULL else [])
        live_chart(
            time_chart(costs, dark, _),
            key=panel.key("chart_time"),
            height=280,
            description=cost_sentence.replace("**", ""),
        )


@kept(16 * MB)
def _images() -> tuple[Array, NDArray[np.int64]]:
    """Built-in digits, as the network wants them."""
    images, labels = draw_digits(IMAGES, 0)
    return images.reshape(IMAGES, 784) / 255, labels.astype(np.int64)


@kept(16 * MB)
def _agreement(hidden: int) -> Agreement:
    """The same whenever it is computed, and so computed once."""
    net, (x, labels) = concept.network(hidden), _images()
    return concept.agreement(net, x, labels, concept.sample(net, x, COMPARED))


def _cost(hidden: int) -> concept.Cost:
    """Measured afresh, in a network of its own: other students measure at the same time."""
    net, (x, labels) = concept.network(hidden), _images()
    places: Places = concept.sample(net, x, TIMED)
    return concept.cost(net, x, labels, places)
