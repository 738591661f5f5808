"""All optimizers on one toy valley: rates, momentum and steps by slider, or played."""

from __future__ import annotations

import numpy as np
import streamlit as st

from mnist_core.ideas.architecture.optimizer_paths import concept as optimizers
from mnist_core.ideas.architecture.optimizer_paths import figure as charts
from mnist_core.ideas.architecture.optimizer_paths import surfaces_concept as valleys
from mnist_core.messages import N_, number_text
from mnist_core.ui import lesson, names, playing, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

MOST_STEPS = 200
PLAY_SECONDS = 0.3
PLAYED = 2  # steps at a time
ARRIVED = 0.01  # above the lowest loss
TITLES = {"long": N_("Long valley"), "bent": N_("Curved valley"), "saddle": N_("Saddle point")}
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.18, 0.2, 0.25, 0.3, 0.5, 0.8, 1.0, 2.0)
GRADIENT = ("sgd", "momentum", "nesterov")  # whose step is as long as the gradient; the others divide by its size
SHOWN = ("sgd", "momentum", "adagrad", "rmsprop", "adam")


def draw(panel: Panel) -> None:
    """The sliders, the paths, the losses, the code, an experiment."""
    lesson.look_at(
        _(
            "All start at the same point of the same loss landscape. In the long valley, SGD zigzags between the steep walls and creeps along the floor. Momentum and a learning rate for each weight are two remedies."
        )
    )
    playing.draw(panel, _panel, PLAY_SECONDS)
    lesson.code(panel, optimizers.Settings, *optimizers.RULES.values(), optimizers.descend)
    lesson.experiment(
        "optimizer-race", _("The same comparison in a network of 79,510 parameters, on the same batches.")
    )


def _panel(panel: Panel, plays: bool) -> None:
    if plays:
        playing.go_on(panel, "steps", MOST_STEPS, PLAYED)
    with st.container(horizontal=True, gap="large"):
        valley = _valley(panel)
        chosen = _optimizers(panel)
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        trajectories, steps = _trajectories(panel, valley, chosen, plays)
    sentence = _sentence(valley, trajectories)
    with right:
        dark, kind = session.dark(), str(panel.session["kind"])
        live_chart(
            charts.paths_chart(valley, trajectories, kind, dark, _),
            key=panel.key("chart_paths"),
            height=430,
            description=sentence,
            subject=kind,
            linked=panel.key("linked"),
        )
        live_chart(
            charts.losses_chart(valley, trajectories, steps, dark, _),
            key=panel.key("chart_losses"),
            height=290,
            description=sentence,
            linked=panel.key("linked"),
        )
    st.markdown(sentence)


def _valley(panel: Panel) -> valleys.Valley:
    return valleys.VALLEYS[panel.one_of("kind", _("The loss"), TITLES, "long")]


def _optimizers(panel: Panel) -> list[str]:
    return panel.pills("shown", _("Optimizers"), list(optimizers.RULES), SHOWN, format_func=names.choice)


def _trajectories(
    panel: Panel, valley: valleys.Valley, chosen: list[str], plays: bool
) -> tuple[dict[str, tuple[int, valleys.Floats]], int]:
    """Name → (number of the optimizer, its trajectory), and how many steps were asked for."""
    gradient_rate = panel.select_slider(
        "rate", _("Learning rate of SGD, momentum, Nesterov"), RATES, 0.15, format_func=names.number
    )
    adaptive_rate = panel.select_slider(
        "adaptive_rate", _("Learning rate of Adagrad, RMSprop, Adam, AdamW"), RATES, 0.2, format_func=names.number
    )
    momentum = panel.slider("momentum", _("Momentum"), 0.0, 0.99, 0.9, 0.01, help=_("Used by momentum and Nesterov."))
    decay = panel.slider(
        "decay", _("Weight decay"), 0.0, 1.0, 0.1, 0.05, help=_("Used by AdamW. At 0 it is the same as Adam.")
    )
    steps = _steps(panel, plays)
    trajectories = {}
    for place, (name, rule) in enumerate(optimizers.RULES.items()):
        if name in chosen:
            rate = gradient_rate if name in GRADIENT else adaptive_rate
            settings = optimizers.Settings(rate, momentum, decay=decay)
            trajectory = optimizers.descend(rule, valley.gradient, valley.start, steps, settings)
            trajectories[names.choice(name)] = (place, trajectory)
    return trajectories, steps


def _steps(panel: Panel, plays: bool) -> int:
    steps = panel.slider("steps", _("Steps"), 0, MOST_STEPS, 60)
    playing.play_or_pause(panel, plays, "steps")
    return steps


def _sentence(valley: valleys.Valley, trajectories: dict[str, tuple[int, valleys.Floats]]) -> str:
    """Where each of them is, in words."""
    endings = [f"{name}: {_ending(valley, trajectory)}" for name, (_place, trajectory) in trajectories.items()]
    return " · ".join(endings) or _("Choose an optimizer.")


def _ending(valley: valleys.Valley, trajectory: valleys.Floats) -> str:
    if not np.abs(trajectory[-1]).max() <= optimizers.FAR:
        n = len(trajectory) - 1
        return ngettext("diverged after {n} step", "diverged after {n} steps", n).format(n=n)
    heights = valley.loss(trajectory) - valley.minimum
    above = np.flatnonzero(heights > ARRIVED)
    if not len(above) or above[-1] < len(trajectory) - 1:
        n = int(above[-1]) + 1 if len(above) else 0
        return ngettext("converged after {n} step", "converged after {n} steps", n).format(n=n)
    return _("loss {loss}").format(loss=number_text(heights[-1], 3))
