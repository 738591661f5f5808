"""Draw: a digit of one's own, and what one's networks answer while it is drawn.

The forward pass is NumPy's, in the page's process (`forward`): it takes milliseconds, where a worker would first have to
be free.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core import data, escape
from mnist_core.data import drawing
from mnist_core.errors import CheckpointError
from mnist_core.figures.digits import image_sheet
from mnist_core.inspect_page import answers_figure, photo_panel
from mnist_core.messages import N_
from mnist_core.networks import forward, weights
from mnist_core.panels import image_split, last_weights
from mnist_core.records import Run
from mnist_core.ui import frame, live_parts, names, session, watch
from mnist_core.ui.chart import live_chart
from mnist_core.ui.pad import pad
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

SOURCES = {"draw": N_("Draw"), "picture": N_("Photo")}
SAMPLES = {"validation": N_("Validation image"), "train": N_("Training image")}
HINTS = {
    "draw": N_("Draw a digit, large or small, anywhere: the network answers while you draw."),
    "picture": N_("Choose a photo of one digit: the networks answer at once."),
}
OTHER_HINTS = {  # where the classes are no digits
    "draw": N_("Draw something of one of the classes, large or small, anywhere: the network answers while you draw."),
    "picture": N_("Choose a photo of one thing: the networks answer at once."),
}
SHOWN = 12  # runs side by side
LIVE_SECONDS = 1.0  # between looks at weights that are being trained, at least
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Answer:
    """What one run gives an image: the probability of each class, or the sentence that says why there are none."""

    run: Run
    step: int
    shares: NDArray[np.float64]
    broken: bool  # it answers with no numbers


def draw(panel: Panel, run: Run, runs: list[Run]) -> None:
    """The pad and the answers; they follow each other without the rest of the page."""
    classes = names.classes(run.config)
    alike = [other for other in runs if names.classes(other.config) == classes]
    compared = alike[:SHOWN]
    moving = list(dict.fromkeys(any_run.id for any_run in (run, *compared) if any_run.active))
    frame.fragment(_panel)(panel, run, compared, len(alike), moving)


def _panel(panel: Panel, run: Run, runs: list[Run], count: int, moving: list[str]) -> None:
    if moving:
        views = [watch.look(run_id) for run_id in moving]
        if not any(view.run.active for view in views):
            st.rerun()  # nobody trains any more
        live_parts.link(views, partial(_saved, moving), key=panel.key("draw_link"), pause=LIVE_SECONDS)
    source = choose_source(panel, run)
    left, middle, right = st.columns([1.15, 0.9, 2.2], gap="medium")
    with left:
        image = choose_image(panel, run, source)
    if image is None or not image.any():
        with right:
            st.info(hint(panel, run, source))
        return
    with middle:
        with st.container(border=True, width="content", key=panel.key("network_input")):
            st.image(image_sheet(image[None], columns=1, scale=8), width=240)
        st.caption(_("What the network sees: 28×28 pixels."))
    answers = {
        shown.id: answer(shown, image) for shown in {run.id: run, **{other.id: other for other in runs}}.values()
    }
    with right:
        _answer(panel, run, image, answers[run.id])
    all_answers = [own for other in runs if (own := answers[other.id]) is not None]
    _all_answers(panel, all_answers, count, _place(panel, run) if source == "sample" else None)


def _saved(run_ids: list[str]) -> Any:
    """Up to which steps these runs' weights can be read."""
    return [[run.state, run.checkpoint_step] for run in (watch.look(run_id).run for run_id in run_ids)]


def hint(panel: Panel, run: Run, source: str) -> str:
    """What to do while there is no image yet."""
    hints = HINTS if run.config.image_set.has_digits else OTHER_HINTS
    question = photo_panel.question(panel) if source == "picture" else None
    return question or _(hints.get(source, hints["draw"]))


def choose_source(panel: Panel, run: Run) -> str:
    """Where the image comes from: draw, picture or sample, which is one that the run is looked into with."""
    sources = SOURCES | {"sample": SAMPLES[data.analysis_split(run.config)]}
    return panel.one_of("image_source", _("Image source"), sources, "draw", titled=False)


def choose_image(panel: Panel, run: Run, source: str) -> Image | None:
    """The image as the network sees it (28×28, uint8), with the controls of its source; None where there is none yet."""
    if source == "sample":
        return _sample(panel, run)
    if source == "picture":
        chosen = photo_panel.choose(panel, run.config.image_set.has_digits)
        if chosen is None:
            return None
        reading, candidate = chosen
        return drawing.like_mnist(candidate.ink) if _centered(panel) else drawing.as_drawn(reading.whole(candidate))
    ink = drawing.paint(pad(panel.key("pad")))
    return drawing.like_mnist(ink) if _centered(panel) else drawing.as_drawn(ink)


def _centered(panel: Panel) -> bool:
    return panel.toggle(
        "centered",
        _("Center like MNIST"),
        value=True,
        help=_(
            "MNIST's digits were scaled to fit into 20×20 pixels and centered by their center of mass. A network that was trained on them has never seen other positions or sizes: switch this off and draw in a corner."
        ),
    )


def _sample(panel: Panel, run: Run) -> Image:
    part = data.analysis_split(run.config)
    count = len(image_split.images(run, part))
    if panel.session.get("sample_number", 0) >= count:
        panel.session["sample_number"] = count - 1
    panel.number_input("sample_number", _("Image number"), 0, count - 1, 0)
    place = _place(panel, run)
    dataset = data.load_dataset(run.config.dataset)
    label = names.classes(run.config)[dataset.train_labels[place.index]]
    st.markdown(_("Its label: **{label}**").format(label=label.markdown))
    if part == "train":
        st.caption(_("This run has no validation images: it was trained on this one, and may have memorized it."))
    return np.asarray(dataset.train_images[place.index])


@dataclass(frozen=True)
class Place:
    """Where an image lies in the training files (0-based) of a data set."""

    dataset: str
    index: int

    def trained(self, run: Run) -> bool:
        """Whether the run was trained on it."""
        return run.config.dataset == self.dataset and self.index < run.config.train_size


def _place(panel: Panel, run: Run) -> Place:
    """Of the image that is chosen by number."""
    start = run.config.image_set.train - run.config.validation_size if run.config.validation_size else 0
    return Place(run.config.dataset, start + int(panel.session.get("sample_number", 0)))


def _answer(panel: Panel, run: Run, image: Image, own_answer: Answer | None) -> None:
    dark = session.dark()
    if own_answer is None:
        st.info(_("No weights have been saved for this run yet. Results appear here as soon as there are some."))
        return
    if own_answer.broken:
        text = _("After step {step} the output of this run is NaN: its weights have diverged.")
        st.warning(text.format(step=f"{own_answer.step:,}"), icon=":material/trending_up:")
        own_answer = _before(run, image)
    if own_answer is not None:
        classes = names.classes(run.config)
        sentence = answers_figure.describe(own_answer.shares, classes).text(_)
        st.markdown(f"**{escape.markdown(sentence)}**")
        live_chart(
            answers_figure.bars(own_answer.shares, dark, _, classes),
            key=panel.key("chart_answer"),
            height=270,
            description=sentence,
            subject="answer",
        )


def _before(run: Run, image: Image) -> Answer | None:
    """What the run answered when it did so with numbers for the last time."""
    try:
        snapshot = last_weights.last_sound(run)
    except CheckpointError:
        return None
    st.markdown(_("Its last output that was not NaN, after step {step}:").format(step=f"{snapshot.step:,}"))
    return _answer_of(run, snapshot, image)


def _all_answers(panel: Panel, answers: list[Answer], count: int, place: Place | None) -> None:
    """Runs beneath each other, the whole width wide, of so many; those say so that were trained on the image, which lies at `place`."""
    if len(answers) < 2:
        st.caption(_("Train more networks, including one that diverges, and compare their answers here."))
        return
    text = (
        _("{shown} of my {count} runs with these classes, the newest first: probability of each class in percent")
        if len(answers) < count
        else _("All my runs with these classes: probability of each in percent")
    )
    st.markdown(text.format(shown=len(answers), count=f"{count:,}"))
    titles = [_row(number, run_answer, place) for number, run_answer in enumerate(answers, 1)]
    shares = np.array([run_answer.shares for run_answer in answers])
    classes = names.classes(answers[0].run.config)
    figure = answers_figure.side_by_side(titles, shares, session.dark(), _, classes)
    sentences = [answers_figure.describe(row, classes).text(_) for row in shares]
    description = " ".join(f"{title}: {sentence}" for title, sentence in zip(titles, sentences, strict=True))
    height = answers_figure.height(titles)
    live_chart(figure, key=panel.key("chart_side_by_side"), height=height, description=description, subject="all")


def _row(number: int, answer: Answer, place: Place | None) -> str:
    title = f"{number}. {names.run_title(answer.run).plain} · {_(names.STATES[names.state(answer.run)])}"
    return (
        _("{run} · trained on this image").format(run=title)
        if place is not None and place.trained(answer.run)
        else title
    )


def answer(run: Run, image: Image) -> Answer | None:
    """What the run gives the image (28×28) with its last weights; None where it has left none yet."""
    try:
        snapshot = weights.latest(run.id)
    except CheckpointError:
        return None
    return _answer_of(run, snapshot, image)


def _answer_of(run: Run, snapshot: weights.Snapshot, image: Image) -> Answer:
    shares = forward.probabilities(run.config, snapshot.weights, image[None])[0]
    return Answer(run, snapshot.step, shares, not np.isfinite(shares).all())
