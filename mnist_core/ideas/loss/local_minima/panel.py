"""Two valleys by slider: gradient descent that may end in the wrong one."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.loss.local_minima import concept as hills
from mnist_core.ideas.loss.local_minima.figure import hills_chart
from mnist_core.messages import N_
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

SAID = {
    "deep": N_("After {steps} steps it lies in the deep valley: weight {x:.3f}, loss {loss:.3f}."),
    "shallow": N_(
        "After {steps} steps it lies in the shallow valley: weight {x:.3f}, loss {loss:.3f}. It sees only the slope "
        "under its feet, and knows nothing of the deeper one."
    ),
    "under way": N_("After {steps} steps it is still on its way: weight {x:.3f}, loss {loss:.3f}."),
    "away": N_("The steps outgrew the valleys: after {steps} steps it is out of sight."),
}


def draw(panel: Panel) -> None:
    """The sliders, the walk, the code, an experiment."""
    lesson.look_at(
        _(
            "Gradient descent goes down the slope on which it starts. Move the start across the hill, then raise the "
            "rate: large steps leap out of the shallow valley, and larger ones out of both."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, hills.slope, hills.descend)
    lesson.experiment("optimizer-race", _("Five optimizers go down the same landscape from the same start."))


def _panel(panel: Panel) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        start = panel.slider("start", _("Start"), -2.5, 2.5, 2.0, 0.1)
        rate = panel.slider("rate", _("Learning rate"), 0.01, 1.0, 0.1, 0.01)
        steps = panel.slider("steps", _("Steps"), 0, 60, 30)
        walked = hills.descend(start, rate, steps)
        x = float(walked[-1])
        said = _(SAID[hills.end(walked)]).format(steps=len(walked) - 1, x=x, loss=float(hills.height(x)))
        st.markdown(said)
    with right:
        live_chart(hills_chart(walked, session.dark(), _), key=panel.key("chart_hills"), height=420, description=said)
