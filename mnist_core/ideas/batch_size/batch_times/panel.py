"""Seconds per epoch against the batch size, measured on this machine: one click, in the background."""

from __future__ import annotations

import secrets
from functools import partial

import streamlit as st

from mnist_core.analysis.batch_times.schema import Parameters, Result
from mnist_core.ideas.batch_size.batch_times import figure as charts
from mnist_core.ideas.batch_size.batch_times.figure import Times
from mnist_core.ideas.batch_size.updates_per_epoch import concept
from mnist_core.panels import analysis_panel
from mnist_core.panels.analysis_panel import Computed
from mnist_core.ui import data_note, lesson, names, session, texts, watch
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

IMAGES = 50_000
SIZES = (1, 10, 32, 100, 1_000, 10_000, IMAGES)
UNITS = (16, 32, 64, 128, 256, 512)


def draw(panel: Panel) -> None:
    """The choice of a network, the button, and what was measured last for it."""
    lesson.look_at(
        _(
            "An epoch takes as long as all its updates together. Watch where larger batches stop saving time: a small update is mostly overhead, a large one mostly multiplications, and their number per image stays the same."
        )
    )
    name = data_note.dataset()
    if not data_note.ready():
        return
    units, button = st.columns([2, 3], gap="large", vertical_alignment="bottom")
    with units:
        hidden = panel.select_slider("units", _("Units in the hidden layer"), UNITS, 128)
    parameters = Parameters(dataset=name, hidden_layers=(hidden,), train_size=IMAGES, batch_sizes=SIZES)
    analyses = session.store().analyses.newest(session.student(), parameters.kind)
    analysis = analysis_panel.find(parameters)
    with button, st.container(horizontal=True, vertical_alignment="center"):
        panel.button(
            "measure",
            _("Measure on this machine"),
            "timer",
            analysis_panel.begin,
            parameters,
            secrets.token_hex(5),
            primary=True,
            disabled=any(analysis.active for analysis in analyses),
        )
        st.caption(_("Takes about five seconds, in the background."), width="content")
    if analysis is None:
        st.info(
            _(
                "Press the button: real updates of this network are timed at seven batch sizes, each for less than half a second."
            )
        )
    else:
        analysis_panel.draw(panel, analysis.id, partial(_show, panel))
    lesson.code(panel, concept.updates_per_epoch, Times)
    lesson.experiment(
        "batch-size",
        _("A whole run with batch size 1,000: read its seconds per epoch below the curves, then try 1."),
        variant="1000",
    )


def _show(panel: Panel, computed: Computed[Parameters, Result]) -> None:
    times = Times.of(computed.parameters, computed.result)
    sentence = _sentence(times)
    st.markdown(sentence)
    dark = session.dark()
    key = (computed.id, dark, texts.language())
    left, right = st.columns([3, 2], gap="medium")
    with left:
        figure = watch.figure((*key, "epochs"), lambda: charts.epochs_chart(times, dark, _))
        live_chart(figure, key=panel.key("chart_epochs"), height=540, description=sentence, subject=computed.id)
    with right:
        figure = watch.figure((*key, "updates"), lambda: charts.updates_chart(times, dark, _))
        live_chart(figure, key=panel.key("chart_updates"), height=265, description=sentence, subject=computed.id)
        figure = watch.figure((*key, "update"), lambda: charts.update_chart(times, dark, _))
        live_chart(figure, key=panel.key("chart_update"), height=265, description=sentence, subject=computed.id)
    cores, updates = computed.result.cores, [f"{count:,}" for count in computed.result.updates]
    st.caption(
        ngettext(
            "Measured with {n} core, without evaluations, on {updates} updates. Time per epoch = updates per epoch × time per update. Other work on the machine makes it longer.",
            "Measured with {n} cores, without evaluations, on {updates} updates. Time per epoch = updates per epoch × time per update. Other work on the machine makes it longer.",
            cores,
        ).format(n=cores, updates=" · ".join(updates))
    )


def _sentence(times: Times) -> str:
    """The slowest and the fastest size, and how far apart they are."""
    epochs = times.epochs
    fastest = int(epochs.argmin())
    factor = float(epochs[0] / epochs[fastest])
    text = _(
        "On this machine an epoch of {images} images takes about **{slow}** at batch size {first} and **{fast}** at {best}, a factor of {factor}. Both are extrapolated from the timed updates."
    )
    return text.format(
        images=f"{times.images:,}",
        slow=names.duration(epochs[0]),
        first=f"{times.sizes[0]:,}",
        fast=names.duration(epochs[fastest]),
        best=f"{times.sizes[fastest]:,}",
        factor=f"{factor:,.0f}" if factor >= 10 else f"{factor:.1f}",
    )
