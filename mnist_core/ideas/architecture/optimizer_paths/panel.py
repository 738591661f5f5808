"""All optimizers on one toy valley: rates, momentum and steps by slider, or played."""

from __future__ import annotations

import numpy as np
import streamlit as st

from mnist_core.ideas.architecture.optimizer_paths import concept as optimizers
from mnist_core.ideas.architecture.optimizer_paths import figure as charts
from mnist_core.ideas.architecture.optimizer_paths import surfaces_concept as valleys
from mnist_core.messages import N_
from mnist_core.ui import lesson, names, playing, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.choice import one_of
from mnist_core.ui.texts import _

MOST_STEPS = 200
STEPS = "valley_steps"  # key of the slider
PLAY_SECONDS = 0.3
PLAYED = 2  # steps at a time
ARRIVED = 0.01  # above the lowest loss
TITLES = {"long": N_("Long valley"), "bent": N_("Bent valley"), "saddle": N_("Saddle")}
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.18, 0.2, 0.25, 0.3, 0.5, 0.8, 1.0, 2.0)
GRADIENT = ("sgd", "momentum", "nesterov")  # whose step is as long as the gradient; the others divide by its size
SHOWN = ("sgd", "momentum", "adagrad", "rmsprop", "adam")


def draw() -> None:
    """The sliders, the paths, the losses, the code, an experiment."""
    lesson.look_at(
        _(
            "All start at the same place of the same landscape. In the long valley SGD swings across the steep "
            "walls and creeps along the floor; momentum and a rate for each weight are two ways out of that."
        )
    )
    playing.draw("valley", _panel, PLAY_SECONDS)
    lesson.code(optimizers.Settings, *optimizers.RULES.values(), optimizers.descend)
    lesson.experiment("optimizer-race", _("The same race in a network of 79,510 weights, on the same batches."))


def _panel(plays: bool) -> None:
    if plays:
        playing.go_on("valley", STEPS, MOST_STEPS, PLAYED)
    with st.container(horizontal=True, gap="large"):
        valley = _valley()
        shown = _shown()
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        walks, steps = _walks(valley, shown, plays)
    said = _said(valley, walks)
    with right:
        dark, kind = session.dark(), str(st.session_state["valley_kind"])
        live_chart(
            charts.paths_chart(valley, walks, kind, dark, _),
            key="chart_valley",
            height=430,
            description=said,
            subject=kind,
            linked="valley",
        )
        live_chart(
            charts.losses_chart(valley, walks, steps, dark, _),
            key="chart_valley_losses",
            height=290,
            description=said,
            linked="valley",
        )
    st.markdown(said)


def _valley() -> valleys.Valley:
    return valleys.VALLEYS[one_of(_("The loss"), TITLES, "long", "valley_kind")]


def _shown() -> list[str]:
    return st.pills(
        _("Optimizers"),
        list(optimizers.RULES),
        selection_mode="multi",
        default=SHOWN,
        key="valley_shown",
        format_func=names.choice,
    )


def _walks(valley: valleys.Valley, shown: list[str], plays: bool) -> tuple[dict[str, tuple[int, valleys.Floats]], int]:
    """Name → (number of the optimizer, its walk), and how many steps were asked for."""
    gradient_rate = st.select_slider(
        _("Rate of SGD, momentum, Nesterov"), RATES, 0.15, key="valley_rate", format_func=names.number
    )
    adaptive_rate = st.select_slider(
        _("Rate of Adagrad, RMSprop, Adam, AdamW"), RATES, 0.2, key="valley_adaptive_rate", format_func=names.number
    )
    momentum = st.slider(
        _("Momentum"), 0.0, 0.99, 0.9, 0.01, key="valley_momentum", help=_("Of momentum and Nesterov.")
    )
    decay = st.slider(
        _("Weight decay"), 0.0, 1.0, 0.1, 0.05, key="valley_decay", help=_("Of AdamW: without it, it is Adam.")
    )
    steps = _steps(plays)
    walks = {}
    for place, (name, rule) in enumerate(optimizers.RULES.items()):
        if name in shown:
            rate = gradient_rate if name in GRADIENT else adaptive_rate
            use = optimizers.Settings(rate, momentum, decay=decay)
            walks[names.choice(name)] = (place, optimizers.descend(rule, valley.gradient, valley.start, steps, use))
    return walks, steps


def _steps(plays: bool) -> int:
    steps = st.slider(_("Steps"), 0, MOST_STEPS, 60, key=STEPS)
    playing.play_or_pause("valley", plays, STEPS)
    return steps


def _said(valley: valleys.Valley, walks: dict[str, tuple[int, valleys.Floats]]) -> str:
    """Where each of them is, in words."""
    return " · ".join(f"{name}: {_where(valley, walked)}" for name, (_place, walked) in walks.items()) or _(
        "Choose an optimizer."
    )


def _where(valley: valleys.Valley, walked: valleys.Floats) -> str:
    if not np.abs(walked[-1]).max() <= optimizers.FAR:
        return _("out of sight after {n} steps").format(n=len(walked) - 1)
    heights = valley.loss(walked) - valley.minimum
    above = np.flatnonzero(heights > ARRIVED)
    if not len(above) or above[-1] < len(walked) - 1:
        return _("arrived after {n} steps").format(n=int(above[-1]) + 1 if len(above) else 0)
    return _("loss {loss}").format(loss=f"{heights[-1]:.3g}")
