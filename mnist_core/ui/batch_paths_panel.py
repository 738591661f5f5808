"""Full batch, mini-batch and single examples on one contour, by slider, step by step or played."""

from __future__ import annotations

from functools import lru_cache

import streamlit as st

from mnist_core.concepts import batch_paths as concept
from mnist_core.figures import batch_paths as charts
from mnist_core.figures.batch_paths import Walk
from mnist_core.ui import frame, lesson, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.texts import _

POINTS = 32
MOST = {"steps": 60, "points": 20}  # steps, epochs
PLAY_SECONDS = 0.35
RATES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 1.0)


def draw() -> None:
    """The sliders, the contour, the losses, the code, an experiment."""
    lesson.look_at(
        _(
            "All three go down the same bowl: the full batch straight, single examples by fits and starts, a mini-batch "
            "in between. Compare them after as many steps, then after as many points seen, and raise the rate: noise that "
            "does not fade keeps them from the lowest place."
        )
    )
    playing = bool(st.session_state.get("paths_playing"))
    frame.fragment(_panel, every=PLAY_SECONDS if playing else None)(playing)
    lesson.code(concept.loss, concept.gradient, concept.descend)
    lesson.experiment(
        "batch-size",
        _("In a network with batches of one image: the loss of the batches jumps about, and still it learns."),
        variant="1",
    )


@lru_cache(maxsize=1)
def _points() -> concept.Points:
    return concept.made(POINTS)


def _panel(playing: bool) -> None:
    first, second, third = st.columns(3, gap="medium")
    with first:
        equal = st.segmented_control(
            _("Equal for all three"),
            ("steps", "points"),
            default="steps",
            required=True,
            key="paths_equal",
            format_func=lambda word: _("steps") if word == "steps" else _("points seen"),
        )
    if playing:
        _play_on(equal or "steps")
    with second:
        batch = st.select_slider(_("Mini-batch"), (2, 4, 8, 16, 24), 8, key="paths_batch")
    with third:
        rate = st.select_slider(_("Learning rate"), RATES, 0.2, key="paths_rate")
    amount = _amount(equal or "steps", playing)
    titles = (_("full batch ({n})"), _("mini-batch ({n})"), _("single example ({n})"))
    walks = []
    for name, size in zip(titles, (POINTS, batch, 1), strict=True):
        per_epoch = -(-POINTS // size)
        steps = amount if equal == "steps" else amount * per_epoch
        walks.append(Walk(name.format(n=size), concept.descend(_points(), size, rate, steps), per_epoch))
    said = _said(walks, rate)
    st.markdown(said)
    dark, epochs = session.dark(), equal == "points"
    left, right = st.columns([3, 2], gap="medium")
    with left:
        figure = charts.contour_chart(_points(), walks, dark, _)
        live_chart(figure, key="chart_paths", height=480, description=said, linked="paths")
    with right:
        figure = charts.loss_chart(_points(), walks, epochs, dark, _)
        live_chart(figure, key="chart_paths_loss", height=480, description=said, linked="paths")


def _amount(equal: str, playing: bool) -> int:
    """Steps, or epochs, that each goes; one slider for each, since they count other things."""
    slider, buttons = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with slider:
        label = _("Steps") if equal == "steps" else _("Epochs")
        amount = st.slider(label, 0, MOST[equal], 30 if equal == "steps" else 4, key=f"paths_{equal}")
    with buttons, st.container(horizontal=True):
        st.button(_("One step"), key="paths_one", icon=":material/skip_next:", on_click=_one_more, args=(equal,))
        st.button(
            _("Pause") if playing else _("Play"),
            key="paths_play",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=_toggle,
            args=(equal,),
        )
    if playing != bool(st.session_state.get("paths_playing")):
        st.rerun()  # begin or end playing
    return amount


def _one_more(equal: str) -> None:
    key = f"paths_{equal}"
    st.session_state[key] = min(MOST[equal], st.session_state[key] + 1)


def _toggle(equal: str) -> None:
    playing = not st.session_state.get("paths_playing")
    st.session_state["paths_playing"] = playing
    if playing:
        st.session_state[f"paths_{equal}"] = 0


def _play_on(equal: str) -> None:
    """The next step, or epoch; the end of the slider ends it."""
    key = f"paths_{equal}"
    if st.session_state.get(key, 0) >= MOST[equal]:
        st.session_state["paths_playing"] = False
    else:
        st.session_state[key] = st.session_state.get(key, 0) + 1


def _said(walks: list[Walk], rate: float) -> str:
    """The losses at the ends, with the least there is; and whether the rate is beyond the edge."""
    points = _points()
    parts = []
    for walk in walks:
        steps = len(walk.places) - 1
        value = float(concept.loss(points, *walk.places[-1]))
        shown = f"{value:.3f}" if value < 1e3 else f"{value:.1e}"
        epochs = steps / walk.per_epoch
        text = _("{name}: loss **{loss}** (steps: {steps}, epochs: {epochs})")
        parts.append(text.format(name=walk.name, loss=shown, steps=steps, epochs=f"{epochs:.3g}"))
    said = names.headline("; ".join(parts)) + "."
    least = float(concept.loss(points, *concept.lowest(points)))
    said += " " + _("The least possible is {loss}.").format(loss=f"{least:.3f}")
    if rate > concept.edge(points):
        said += " " + _("This rate is beyond the edge of the bowl, {edge}.").format(edge=f"{concept.edge(points):.2f}")
    return said
