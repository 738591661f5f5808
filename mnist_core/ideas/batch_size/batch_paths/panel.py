"""Full batch, mini-batch and single examples on one contour, by slider, step by step or played."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.batch_size.batch_paths import concept
from mnist_core.ideas.batch_size.batch_paths import figure as charts
from mnist_core.ideas.batch_size.batch_paths.figure import Trajectory
from mnist_core.memo import MB, kept
from mnist_core.messages import N_, measured_text, number_text
from mnist_core.ui import lesson, names, playing, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

POINTS = 32
EQUAL = {"steps": N_("steps"), "points": N_("points seen")}
MOST = {"steps": 60, "points": 20}  # steps, epochs
PLAY_SECONDS = 0.35
RATES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 1.0)


def draw(panel: Panel) -> None:
    """The sliders, the contour, the losses, the code, an experiment."""
    lesson.look_at(
        _(
            "All three descend the same bowl: the full batch smoothly, single examples erratically, a mini-batch in between. Compare them after the same number of steps, then after the same number of points seen. Raise the learning rate: gradient noise that does not fade keeps them away from the minimum."
        )
    )
    playing.draw(panel, _panel, PLAY_SECONDS)
    lesson.code(panel, concept.loss, concept.gradient, concept.descend)
    lesson.experiment(
        "batch-size",
        _("A network with batches of one image: the batch loss jumps about, and still the network learns."),
        variant="1",
    )


@kept(16 * MB)
def _points() -> concept.Points:
    return concept.sample_points(POINTS)


def _panel(panel: Panel, plays: bool) -> None:
    first, second, third = st.columns(3, gap="medium")
    with first:
        equal = panel.one_of("equal", _("Same for all three"), EQUAL, "steps")
    if plays:
        playing.go_on(panel, equal, MOST[equal])
    with second:
        batch = panel.select_slider("batch", _("Mini-batch"), (2, 4, 8, 16, 24), 8)
    with third:
        rate = panel.select_slider("rate", _("Learning rate"), RATES, 0.2)
    amount = _amount(panel, equal, plays)
    titles = (_("full batch ({n})"), _("mini-batch ({n})"), _("single example ({n})"))
    trajectories = []
    for name, size in zip(titles, (POINTS, batch, 1), strict=True):
        per_epoch = -(-POINTS // size)
        steps = amount if equal == "steps" else amount * per_epoch
        trajectories.append(Trajectory(name.format(n=size), concept.descend(_points(), size, rate, steps), per_epoch))
    sentence = _sentence(trajectories, rate)
    st.markdown(sentence)
    dark, epochs = session.dark(), equal == "points"
    left, right = st.columns([3, 2], gap="medium")
    with left:
        figure = charts.contour_chart(_points(), trajectories, dark, _)
        live_chart(figure, key=panel.key("chart_paths"), height=480, description=sentence, linked=panel.key("linked"))
    with right:
        figure = charts.loss_chart(_points(), trajectories, epochs, dark, _)
        live_chart(figure, key=panel.key("chart_loss"), height=480, description=sentence, linked=panel.key("linked"))


def _amount(panel: Panel, equal: str, plays: bool) -> int:
    """Steps, or epochs, that each goes; one slider for each, since they count other things."""
    slider, buttons = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with slider:
        label = _("Steps") if equal == "steps" else _("Epochs")
        amount = panel.slider(equal, label, 0, MOST[equal], 30 if equal == "steps" else 4)
    with buttons, st.container(horizontal=True):
        playing.one_step(panel, equal, MOST[equal])
        playing.play_or_pause(panel, plays, equal)
    return amount


def _sentence(trajectories: list[Trajectory], rate: float) -> str:
    """The losses at the ends, with the least there is; and whether the rate is beyond the edge."""
    points = _points()
    parts = []
    for trajectory in trajectories:
        steps = len(trajectory.places) - 1
        value = float(concept.loss(points, *trajectory.places[-1]))
        epochs = steps / trajectory.per_epoch
        text = _("{name}: loss **{loss}** (steps: {steps}, epochs: {epochs})")
        parts.append(
            text.format(name=trajectory.name, loss=measured_text(value), steps=steps, epochs=number_text(epochs, 3))
        )
    sentence = names.headline("; ".join(parts)) + "."
    minimum = float(concept.loss(points, *concept.lowest(points)))
    sentence += " " + _("The minimum is {loss}.").format(loss=f"{minimum:.3f}")
    if rate > concept.edge(points):
        sentence += " " + _("This learning rate is beyond the stability edge of the bowl, {edge}.").format(
            edge=f"{concept.edge(points):.2f}"
        )
    return sentence
