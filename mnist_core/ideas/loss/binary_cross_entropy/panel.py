"""Binary cross-entropy by slider: from sure and right to sure and wrong."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.loss.binary_cross_entropy import concept
from mnist_core.ideas.loss.binary_cross_entropy.figure import binary_chart
from mnist_core.messages import N_
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _


def draw(panel: Panel) -> None:
    """Binary cross-entropy from sure and right to sure and wrong."""
    lesson.look_at(
        _(
            "The loss is near 0 when the answer is confident and right, and grows without bound when it is confident and wrong. Move toward the wrong 0 or 1: the loss rises ever more steeply."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, concept.binary_cross_entropy)
    lesson.experiment(
        "overfit-and-stop",
        _(
            "The validation loss rises while accuracy stays the same: the network becomes more confident in its mistakes."
        ),
    )


def _panel(panel: Panel) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        target = panel.one_of("target", _("True answer"), {1: N_("yes"), 0: N_("no")}, 1)
        probability = panel.slider("probability", _("Probability of yes"), 0.001, 0.999, 0.9, 0.001, "%.3f")
        log = panel.toggle("log", _("Log axis"))
        loss = float(concept.binary_cross_entropy(probability, target))
        sentence = _("Probability of the true answer: {fraction:.3f}. Loss: **{loss:.3f}**.").format(
            fraction=probability if target else 1 - probability, loss=loss
        )
        st.markdown(sentence)
    with right:
        figure = binary_chart(probability, target, log, session.dark(), _)
        live_chart(figure, key=panel.key("chart_binary"), height=420, description=sentence)
