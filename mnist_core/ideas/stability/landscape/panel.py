"""The landscape: the loss around one of the student's runs, on the plane of its path or on a random one."""

from __future__ import annotations

import secrets
from functools import partial

import streamlit as st

from mnist_core.analysis import registry
from mnist_core.analysis.landscape.schema import Parameters, PlaneKind, Result
from mnist_core.ideas.stability.landscape import figure as charts
from mnist_core.messages import N_
from mnist_core.panels import analysis_panel
from mnist_core.panels.analysis_panel import Computed
from mnist_core.records import Run
from mnist_core.ui import names, session, texts, watch
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

PLANES: dict[PlaneKind, str] = {"path": N_("the run's trajectory"), "random": N_("random directions")}


def draw(panel: Panel) -> None:
    """The choice of a run and of a plane, the button, and the landscape that was computed last for them."""
    runs = watch.my_runs_with_weights()
    st.markdown(
        _(
            "The loss is a landscape over all weights, of which only two directions can be shown at a time. The plane of a run's trajectory shows the way down; random directions show how narrow the minimum is where it ended."
        )
    )
    if not runs:
        st.info(_("You have no run with saved weights yet. Train a network first, then come back."))
        st.page_link("pages/train.py", label=_("Train a network"), icon=":material/play_circle:")
        return
    run, plane = _choice(panel, {run.id: run for run in runs})
    parameters = Parameters(run=run.id, plane=plane)
    analysis = analysis_panel.find(parameters)
    with st.container(horizontal=True, vertical_alignment="center"):
        panel.button(
            "compute",
            _("Compute the landscape"),
            "landscape",
            analysis_panel.begin,
            parameters,
            secrets.token_hex(5),
            primary=True,
            disabled=analysis is not None and analysis.active,
        )
        finished = analysis is not None and analysis.state == "finished"
        if analysis is not None and finished and not registry.is_current(analysis, run.checkpoint_step):
            st.caption(_("The run has trained further since then. Compute again for its current state."))
    if analysis is not None:
        analysis_panel.draw(panel, analysis.id, partial(_show, panel, plane))


def _choice(panel: Panel, runs: dict[str, Run]) -> tuple[Run, PlaneKind]:
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with left:
        run_id = panel.selectbox("run", _("Run"), list(runs), format_func=lambda run_id: names.option(runs[run_id]))
    with right:
        plane = panel.one_of("plane", _("Plane"), PLANES, "path")
    return runs[run_id], plane


def _show(panel: Panel, requested: str, computed: Computed[Parameters, Result]) -> None:
    plane = charts.Plane.of(computed.result)
    if requested == "path" and plane.explained is None:
        st.info(
            _(
                "No trajectory was saved for this run: it is too large, was too short, or was trained by an earlier version. Random directions around its last weights are shown instead."
            )
        )
    step, reached = computed.result.step, computed.result.reached
    if reached is not None and step < reached:
        text = _("After step {step} the weights of this run are no longer finite: the landscape ends there.")
        st.info(text.format(step=f"{step:,}"))
    st.markdown(_sentence(plane))
    dark = session.dark()
    key = (computed.id, dark, texts.language())
    description = charts.describe(plane).text(_)
    left, right = st.columns(2, gap="medium")
    for column, name, make in ((left, "contours", charts.contours), (right, "surface", charts.surface)):
        with column:
            figure = watch.figure((*key, name), partial(make, computed.id, plane, dark, _))
            live_chart(figure, key=panel.key(f"chart_{name}"), height=480, description=description, subject=computed.id)


def _sentence(plane: charts.Plane) -> str:
    """How to read it, and what it was measured on."""
    parts = []
    if plane.explained is not None:
        fraction = sum(plane.explained)
        text = _(
            "The plane contains the end of the trajectory and the two directions in which it moves most: {fraction} of the squared distances from the end lie in it. Where the trajectory seems to climb across contours, it lies outside the plane."
        )
        parts.append(text.format(fraction=f"{fraction:.0%}"))
    else:
        parts.append(
            _(
                "One unit along a direction changes the weights of each unit or filter by as much as their own norm; biases stay. The sharper the minimum, the smaller the steps must be to stay in it."
            )
        )
    parts.append(
        _(
            "{points} × {points} points, {images} training images each; colors and heights show the logarithm of the loss."
        ).format(points=len(plane.xs), images=f"{plane.images:,}")
    )
    if plane.broken:
        text = ngettext(
            "At {n} point the loss is not finite; it is drawn at the maximum of the finite losses.",
            "At {n} points the loss is not finite; they are drawn at the maximum of the finite losses.",
            plane.broken,
        )
        parts.append(text.format(n=f"{plane.broken:,}"))
    return " ".join(parts)
