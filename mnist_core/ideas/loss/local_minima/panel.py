"""Two minima by slider: gradient descent that may end in the wrong one."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.loss.local_minima import concept
from mnist_core.ideas.loss.local_minima.figure import trajectory_chart
from mnist_core.messages import minus
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext


def draw(panel: Panel) -> None:
    """The sliders, the trajectory, the code, an experiment."""
    lesson.look_at(
        _(
            "Gradient descent goes down the slope on which it starts. Move the start across the hill, then raise the learning rate: large steps jump out of the shallow local minimum, and larger ones out of both minima."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, concept.slope, concept.descend)
    lesson.experiment("optimizer-race", _("Five optimizers train the same network from the same weights."))


def _panel(panel: Panel) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        start = panel.slider("start", _("Start"), -2.5, 2.5, 2.0, 0.1)
        rate = panel.slider("rate", _("Learning rate"), 0.01, 1.0, 0.1, 0.01)
        steps = panel.slider("steps", _("Steps"), 0, 60, 30)
        trajectory = concept.descend(start, rate, steps)
        x = float(trajectory[-1])
        made = len(trajectory) - 1
        sentence = _sentences(made)[concept.end(trajectory)].format(steps=made, x=x, loss=float(concept.height(x)))
        st.markdown(sentence := minus(sentence))
    with right:
        figure = trajectory_chart(trajectory, session.dark(), _)
        live_chart(figure, key=panel.key("chart_hills"), height=420, description=sentence)


def _sentences(steps: int) -> dict[str, str]:
    """Where it has come to after so many steps, for each end that there is."""
    return {
        "global": ngettext(
            "After {steps} step it is in the global minimum: weight {x:.3f}, loss {loss:.3f}.",
            "After {steps} steps it is in the global minimum: weight {x:.3f}, loss {loss:.3f}.",
            steps,
        ),
        "local": ngettext(
            "After {steps} step it is in the local minimum: weight {x:.3f}, loss {loss:.3f}. It knows only the gradient at its own place, not the deeper minimum.",
            "After {steps} steps it is in the local minimum: weight {x:.3f}, loss {loss:.3f}. It knows only the gradient at its own place, not the deeper minimum.",
            steps,
        ),
        "not converged": ngettext(
            "After {steps} step it has not converged yet: weight {x:.3f}, loss {loss:.3f}.",
            "After {steps} steps it has not converged yet: weight {x:.3f}, loss {loss:.3f}.",
            steps,
        ),
        "diverged": ngettext(
            "The steps grew larger than the valleys: after {steps} step it has diverged.",
            "The steps grew larger than the valleys: after {steps} steps it has diverged.",
            steps,
        ),
    }
