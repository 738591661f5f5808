"""A perceptron by slider: weights, bias, activation, and its output over two inputs."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.loss.perceptron import concept
from mnist_core.ideas.loss.perceptron.concept import Activation
from mnist_core.ideas.loss.perceptron.figure import map_chart, surface_chart
from mnist_core.messages import N_
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

NAMES: dict[Activation, str] = {
    "step": N_("Step function"),
    "sigmoid": N_("Sigmoid"),
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky-relu": "Leaky ReLU",
    "softplus": "Softplus",
    "gelu": "GELU",
}
SHAPES = {"map": N_("Heat map"), "surface": N_("Surface")}


def draw(panel: Panel) -> None:
    """The sliders, the map, the code, an experiment."""
    lesson.look_at(
        _(
            "The weights rotate the decision boundary, the bias shifts it, and the activation function shapes the transition. Find weights for AND and for OR. For XOR there are none, since one straight line cannot separate it."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, concept.activate, concept.perceptron)
    lesson.experiment(
        "depth-and-width", _("Without a hidden layer, a network has only straight decision boundaries: compare.")
    )


def _panel(panel: Panel) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        activation = panel.selectbox(
            "activation", _("Activation function"), concept.ACTIVATIONS, format_func=lambda name: _(NAMES[name])
        )
        first = panel.slider("w1", _("Weight w₁"), -5.0, 5.0, 1.0, 0.1)
        second = panel.slider("w2", _("Weight w₂"), -5.0, 5.0, 1.0, 0.1)
        bias = panel.slider("b", _("Bias b"), -5.0, 5.0, -1.5, 0.1)
        values = concept.perceptron(((0, 0), (0, 1), (1, 0), (1, 1)), (first, second), bias, activation)
        sentence = _("Output at (0, 0), (0, 1), (1, 0), (1, 1): {values}.").format(
            values=", ".join(f"{value:.2f}" for value in values)
        )
        st.markdown(sentence)
        if gate := _gate(tuple(values.tolist())):
            st.success(_("This is the {gate} gate.").format(gate=gate), icon=":material/check:")
    with right:
        shape = panel.one_of("picture", _("Chart"), SHAPES, "map", titled=False)
        make = surface_chart if shape == "surface" else map_chart
        figure = make((first, second), bias, activation, session.dark(), _)
        live_chart(figure, key=panel.key(f"chart_{shape}"), height=460, description=sentence)


def _gate(values: tuple[float, ...]) -> str | None:
    gates: dict[tuple[float, ...], str] = {
        (0, 0, 0, 1): "AND",
        (0, 1, 1, 1): "OR",
        (1, 1, 1, 0): "NAND",
        (1, 0, 0, 0): "NOR",
    }
    return gates.get(values)
