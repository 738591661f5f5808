"""Gradient noise by slider: mini-batches of real images around the gradient of all of them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from mnist_core import data
from mnist_core.data import datasets
from mnist_core.ideas.batch_size.gradient_noise import concept
from mnist_core.ideas.batch_size.gradient_noise import figure as charts
from mnist_core.ideas.batch_size.gradient_noise.concept import Directions, Noise
from mnist_core.image_sets import KnownName
from mnist_core.memo import MB, kept
from mnist_core.messages import number_text
from mnist_core.ui import data_note, frame, lesson, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

IMAGES, HIDDEN = 1_000, 32
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, IMAGES)
DRAWN = 400  # batches of each size
TRAINED = (0, 30, 300)  # steps before the gradients are looked at


def draw(panel: Panel) -> None:
    """The sliders, three charts, a sentence, the code, an experiment."""
    lesson.look_at(
        _(
            "Each thin line is the gradient of one mini-batch, the thick arrow the gradient of all images. With larger batches the lines gather around the arrow, but slowly: four times as many images halve the noise."
        )
    )
    name = data_note.dataset()
    if not data_note.ready():
        return
    frame.fragment(_panel)(panel, name)
    lesson.code(panel, concept.gram, Noise)
    lesson.experiment(
        "batch-size",
        _(
            "What gradient noise does to the curve of a run: the loss of batches of 10 images, compared with the evaluated loss."
        ),
        variant="10",
    )


def _panel(panel: Panel, name: KnownName) -> None:
    first, second, third = st.columns(3, gap="medium", vertical_alignment="bottom")
    with first:
        size = panel.select_slider("batch", _("Batch size"), SIZES, 10, format_func=names.number)
    with second:
        steps = panel.one_of("steps", _("The network"), {steps: _state(steps) for steps in TRAINED}, 0, wrap=True)
    with third:
        seed = int(panel.session.get("seed", 0))
        panel.button("next", _("Draw other batches"), "casino", _draw_again, panel)
    noise, first_batches = _noise(name, datasets.find(name), steps)
    directions = noise.batches(size, DRAWN, seed) if seed else first_batches[size]
    sentence = _sentence(size, directions)
    st.markdown(sentence)
    dark = session.dark()
    left, right = st.columns(2, gap="medium")
    with left:
        figure = charts.arrows_chart(directions, f"{steps}", dark, _)
        live_chart(figure, key=panel.key("chart_arrows"), height=600, description=sentence)
    with right:
        figure = charts.angles_chart(directions, dark, _)
        live_chart(figure, key=panel.key("chart_angles"), height=285, description=sentence)
        measured = [(batch_size, batches.spread) for batch_size, batches in first_batches.items()]
        figure = charts.law_chart(noise, measured, size, dark, _)
        live_chart(figure, key=panel.key("chart_law"), height=310, description=sentence)
    st.caption(
        _(
            "A network of {units} hidden units and {images} training images. The perpendicular axis shows the norm of all that is not along the full-batch gradient; up or down shows the side of the direction in which the gradients differ most."
        ).format(units=HIDDEN, images=f"{IMAGES:,}")
    )


def _state(steps: int) -> str:
    return _("after {n} steps").format(n=f"{steps:,}") if steps else _("untrained")


def _draw_again(panel: Panel) -> None:
    panel.session["seed"] = panel.session.get("seed", 0) + 1


@kept(16 * MB)
def _noise(name: KnownName, source: Path, steps: int) -> tuple[Noise, dict[int, Directions]]:
    """The table of gradients after so many steps, and the first batches drawn of each size; once a process."""
    dataset = data.load_dataset(name, source)
    x = data.preprocess(dataset.train_images[:IMAGES], "scaled").reshape(IMAGES, -1)
    labels = dataset.train_labels[:IMAGES].astype(int)
    layers = concept.train(concept.network(HIDDEN, seed=0), x, labels, steps, batch=100, rate=0.2)
    noise = Noise(concept.gram(layers, x, labels))
    return noise, {size: noise.batches(size, DRAWN) for size in SIZES}


def _sentence(size: int, directions: Directions) -> str:
    """What is seen, with its numbers."""
    if size == IMAGES:
        return _("**A batch of all images** has no noise: its gradient is the full-batch gradient.")
    angles = sorted(directions.angles)
    text = _(
        "**Batch size {size}.** Half of the batches point within **{angle}°** of the full-batch gradient. Their root mean square distance from it is **{spread} times** its norm. {away} of them point away from it."
    )
    away = sum(angle > 90 for angle in angles) / len(angles)
    return text.format(
        size=f"{size:,}",
        angle=f"{angles[len(angles) // 2]:.0f}",
        spread=number_text(directions.spread, 2),
        away=f"{away:.0%}",
    )
