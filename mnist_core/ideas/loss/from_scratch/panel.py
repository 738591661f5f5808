"""A network from scratch: a hundred lines of NumPy train beside MNIST Lab, from the same weights on the same batches."""

from __future__ import annotations

import secrets
from functools import partial

import numpy as np
import streamlit as st

from mnist_core.analysis.scratch_comparison.schema import Parameters, Result
from mnist_core.ideas.loss.from_scratch import concept as scratch
from mnist_core.ideas.loss.from_scratch.figure import comparison_chart
from mnist_core.messages import N_
from mnist_core.panels import analysis_panel
from mnist_core.panels.analysis_panel import Computed
from mnist_core.ui import data_note, frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

RATES = (0.1, 0.5, 1.2, 1.5)
ITERATIONS = tuple(range(100, 1_001, 100))
SAME = 1e-4  # curves that never differ by more than this are one
CHANCE = 2.3  # a loss below it has learned something

SENTENCES = {
    "same": N_(
        "The curves coincide. They differ only in the last digits of float32, since the two programs add in a different order."
    ),
    "apart": N_(
        "The curves coincide at first. Then updates overshoot, each one enlarges the differences in the last digits, and the curves part. Neither is wrong: near the stability edge, the order of additions decides the outcome."
    ),
    "collapsed": N_(
        "Both collapse in the same way: the hidden units are dead, and the loss ends at that of a uniform guess, ln 10 = 2.303."
    ),
}


def draw(panel: Panel) -> None:
    """The rate and the number of updates, the button, both curves, the code, an experiment."""
    lesson.look_at(
        _(
            "A hundred lines of NumPy, shown below, train alongside MNIST Lab, from the same weights on the same batches. See the two curves coincide at a learning rate of 0.5, and differences in the last digits grow at 1.2."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, scratch.Affine, scratch.ReLU, scratch.SoftmaxWithLoss, scratch.TwoLayerNet, scratch.train)
    lesson.experiment(
        "two-layer-net", _("The same network on the Train page, for 10,000 updates instead of a few hundred.")
    )


def _panel(panel: Panel) -> None:
    left, middle, right = st.columns([2, 2, 1], gap="large", vertical_alignment="bottom")
    with left:
        rate = panel.one_of("rate", _("Learning rate"), {rate: str(rate) for rate in RATES}, 0.5)
    with middle:
        iterations = panel.select_slider("iterations", _("Updates"), ITERATIONS, 300)
    parameters = Parameters(dataset=data_note.dataset(), learning_rate=rate, iterations=iterations)
    analysis = analysis_panel.find(parameters)
    with right:
        panel.button(
            "train",
            _("Train both"),
            "play_arrow",
            analysis_panel.begin,
            parameters,
            secrets.token_hex(5),
            primary=True,
            disabled=analysis is not None and analysis.active,
        )
    if analysis is None:
        st.info(_("Press **Train both**: a network of 784, 50 and 10 units is trained twice, in about a second."))
    else:
        analysis_panel.draw(panel, analysis.id, partial(_show, panel))


def _show(panel: Panel, computed: Computed[Parameters, Result]) -> None:
    scratch_losses, engine_losses = computed.result.scratch, computed.result.engine
    sentence = _sentence(scratch_losses, engine_losses)
    st.markdown(sentence)
    live_chart(
        comparison_chart(scratch_losses, engine_losses, session.dark(), _),
        key=panel.key("chart_beside"),
        height=520,
        description=sentence.replace("**", ""),
        subject=computed.id,
    )
    text = _(
        "One update took {scratch} ms from scratch and {engine} ms in MNIST Lab, measured alternately on this machine."
    )
    milliseconds = [f"{1000 * seconds / len(scratch_losses):.2f}" for seconds in computed.result.seconds]
    st.caption(text.format(scratch=milliseconds[0], engine=milliseconds[1]))


def _sentence(scratch_losses: np.ndarray, engine_losses: np.ndarray) -> str:
    difference = np.abs(scratch_losses - engine_losses)
    figures = _(
        "Loss after {n} updates: from scratch **{ours}**, MNIST Lab **{engine}**. Maximum difference: **{most}**, at update {where}."
    ).format(
        n=f"{len(scratch_losses):,}",
        ours=f"{scratch_losses[-1]:.6f}",
        engine=f"{engine_losses[-1]:.6f}",
        most=f"{difference.max():.1e}",
        where=int(difference.argmax()) + 1,
    )
    last = min(float(losses[-20:].mean()) for losses in (scratch_losses, engine_losses))
    kind = "collapsed" if last > CHANCE else "same" if difference.max() < SAME else "apart"
    return f"{figures} {_(SENTENCES[kind])}"
