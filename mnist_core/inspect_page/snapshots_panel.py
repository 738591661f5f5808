"""Through training: a run's snapshots one after another: what it confused, its first weights, its answer to the drawn digit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.analysis.snapshot_answers.schema import Parameters, Result
from mnist_core.data import drawing
from mnist_core.diagnostics import mistakes
from mnist_core.errors import CheckpointError
from mnist_core.figures.digits import labeled_sheet, signed_sheet
from mnist_core.inspect_page import answers_figure
from mnist_core.inspect_page import mistakes_figure as charts
from mnist_core.networks import forward, weights
from mnist_core.panels import analysis_panel, image_split, last_weights
from mnist_core.panels.analysis_panel import Computed
from mnist_core.records import Run
from mnist_core.ui import frame, names, session, texts, watch
from mnist_core.ui.chart import Click, Frame, live_chart
from mnist_core.ui.frame_player import control, pictures, words
from mnist_core.ui.pad import last_drawing
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

UNITS, FILTERS = 20, 16  # whose weights are shown, in two rows
SHADES = 15  # of each color of a weight: half the bytes of 127, and the eye sees no difference
CELL_IMAGES = 24  # of a cell of the matrix
Answers = Computed[Parameters, Result]


def draw(panel: Panel, run: Run, _runs: list[Run]) -> None:
    """The scrubber over what was computed in the background."""
    if last_weights.find(run) is None:
        return
    analysis = analysis_panel.of_run(panel, Parameters(run=run.id), run)
    analysis_panel.draw(panel, analysis.id, lambda computed: _through_training(panel, run, computed))


def _through_training(panel: Panel, run: Run, computed: Answers) -> None:
    computed = _still_here(run, computed)
    if len(computed.result.steps) < 2:
        st.info(
            _(
                "This run has only one snapshot: its network is too large, or training has just begun. Wait a little, or choose a run with a smaller network."
            )
        )
        return
    frame.fragment(_frames)(panel, run, computed)


def _still_here(run: Run, computed: Answers) -> Answers:
    """Without the last weights of then where the run has trained on: those of now have taken their place. Its snapshots stay."""
    result = computed.result
    if not result.steps or (run.checkpoint_step or 0) <= result.steps[-1] or _has_weights(run, result.steps[-1]):
        return computed
    return replace(computed, result=replace(result, steps=result.steps[:-1], answers=result.answers[:-1]))


def _has_weights(run: Run, step: int) -> bool:
    return next(_snapshots(run, [step])) is not None


def _frames(panel: Panel, run: Run, computed: Answers) -> None:
    """The control above, the parts that it moves beneath, and the images of a chosen cell as the snapshot shown answers them."""
    steps, player = computed.result.steps, panel.key(f"course-{computed.id}")
    chosen = panel.session.get("course_cell")
    if chosen is not None and max(chosen) >= len(names.classes(run.config)):
        chosen = None  # of a run with more classes
    place = _place(panel, computed)
    labels = [_("After step {step}").format(step=f"{step:,}") for step in steps]
    dark = session.dark()
    look = (computed.id, len(steps), dark, texts.language())
    matrices = watch.figure(("course matrices", *look), lambda: _matrices(run, computed, dark))
    sentences = [matrix.description for matrix in matrices]
    control(
        player,
        labels,
        sentences,
        key=panel.key("course_control"),
        name=_("Snapshot"),
        frame=place if chosen else None,
        on_rest=lambda to: _remember_place(panel, computed, to),
    )
    left, right = st.columns(2, gap="large")
    with left:
        counted = image_split.counted(computed.result.split, computed.result.images)
        st.markdown(_("Answers to {images}.").format(images=counted))
        live_chart(
            charts.matrix(_counts(run, computed, -1), False, dark, _, names.classes(run.config)),
            key=panel.key("chart_course"),
            height=470,
            description=sentences[-1],
            subject=computed.id,
            player=player,
            frames=matrices,
            on_click=lambda click: _choose_cell(panel, len(names.classes(run.config)), computed, click),
        )
        st.caption(_("Click a cell to see its images."))
    with right:
        sheets = watch.figure(("course weights", *look), lambda: _sheets(run, steps, dark))
        title = _("Weights of the first units: orange raises the unit's value, blue lowers it.")
        if run.config.model == "cnn":
            title = _("Weights of the first filters: orange raises the filter's value, blue lowers it.")
        missing = _("The weights of this snapshot are no longer available.")
        pictures(player, sheets, key=panel.key("course_weights"), description=title, missing=missing)
        st.caption(title)
        _answers(panel, run, computed, player)
    if chosen is not None:
        _cell(panel, run, chosen, int(steps[place]), computed, computed.result.answers[place])


def _place(panel: Panel, computed: Answers) -> int:
    """Number of the snapshot that the browser last reported; the last where it reported none of this analysis."""
    of, place = panel.session.get("course_at", ("", 0))
    last = len(computed.result.steps) - 1
    return min(place, last) if of == computed.id else last


def _remember_place(panel: Panel, computed: Answers, place: int) -> None:
    panel.session["course_at"] = (computed.id, place)


def _choose_cell(panel: Panel, classes: int, computed: Answers, click: Click) -> None:
    if 0 <= click.point < classes**2 and 0 <= click.frame < len(
        computed.result.steps
    ):  # the browser says what it likes
        panel.session["course_cell"] = divmod(click.point, classes)
        _remember_place(panel, computed, click.frame)


def _forget_cell(panel: Panel) -> None:
    panel.session.pop("course_cell", None)


def _counts(run: Run, computed: Answers, place: int) -> NDArray[np.int64]:
    """The confusion matrix of a snapshot."""
    labels = _images(run, computed)[1]
    return mistakes.confusion(
        labels, np.eye(len(names.classes(run.config)), dtype=np.float32)[computed.result.answers[place]]
    )


def _matrices(run: Run, computed: Answers, dark: bool) -> list[Frame]:
    counts = [_counts(run, computed, place) for place in range(len(computed.result.steps))]
    classes = names.classes(run.config)
    return [
        Frame(charts.matrix(matrix, False, dark, _, classes)["data"], charts.describe(matrix, classes).text(_))
        for matrix in counts
    ]


def _snapshots(run: Run, steps: Sequence[int]) -> Iterator[weights.Snapshot | None]:
    """The weights after each of the steps; None where they are no longer here."""
    for step in steps:
        try:
            yield weights.at(run.id, int(step))
        except CheckpointError:
            yield None


def _sheets(run: Run, steps: Sequence[int], dark: bool) -> list[bytes | None]:
    return [None if snapshot is None else _sheet(run, snapshot, dark) for snapshot in _snapshots(run, steps)]


def _sheet(run: Run, snapshot: weights.Snapshot, dark: bool) -> bytes:
    """The weights of the first units, an image each; a pixel a weight, since the browser enlarges it."""
    first = snapshot.weights["0.weight"]
    filters = run.config.model == "cnn"
    values = first[:FILTERS, 0] if filters else first[:UNITS].reshape(-1, 28, 28)
    return signed_sheet(values, FILTERS // 2 if filters else UNITS // 2, scale=1, dark=dark, shades=SHADES)


def _answers(panel: Panel, run: Run, computed: Answers, player: str) -> None:
    """What each snapshot answers to the drawn digit."""
    image = drawing.like_mnist(drawing.paint(last_drawing()))
    if not image.any():
        text = _(
            "Draw something under **Draw** on the **Inspect** page to see here how the answer to it changed during training."
        )
        st.caption(text)
        return
    steps = computed.result.steps
    shares = watch.figure(
        ("course answers", computed.id, len(steps), image.tobytes()), lambda: _shares(run, steps, image)
    )
    classes = names.classes(run.config)
    texts = ["" if row is None else answers_figure.describe(row, classes).text(_) for row in shares]
    words(player, [text and _("Your drawing:") + " " + text for text in texts], key=panel.key("course_answer"))
    empty = np.zeros(len(classes))
    figures = [answers_figure.bars(empty if row is None else row, session.dark(), _, classes) for row in shares]
    live_chart(
        figures[-1],
        key=panel.key("chart_course_answer"),
        height=240,
        description=texts[-1],
        subject=run.id,
        player=player,
        frames=[Frame(figure["data"], text) for figure, text in zip(figures, texts, strict=True)],
    )


def _shares(run: Run, steps: Sequence[int], image: NDArray[np.uint8]) -> list[NDArray[np.float64] | None]:
    return [
        None if snapshot is None else forward.probabilities(run.config, snapshot.weights, image[None])[0]
        for snapshot in _snapshots(run, steps)
    ]


def _images(run: Run, computed: Answers) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images and labels that the snapshots were asked about."""
    part = image_split.images(run, computed.result.split)
    count = computed.result.images
    return part.images[:count], part.labels[:count]


def _cell(
    panel: Panel, run: Run, place: tuple[int, int], step: int, computed: Answers, answers: NDArray[np.uint8]
) -> None:
    """The images of a cell, as the snapshot answers them."""
    (true, answer), classes = place, names.classes(run.config)
    images, labels = _images(run, computed)
    rows = np.flatnonzero((labels == true) & (answers == answer))
    with st.container(horizontal=True, vertical_alignment="center"):
        after = _("After step {step}").format(step=f"{step:,}")
        title = _("True class {true}, answered {answer}: {count}").format(
            true=classes[true].markdown, answer=classes[answer].markdown, count=f"{len(rows):,}"
        )
        st.markdown(f"**{title}** · {after}")
        st.button(
            _("Close"), key=panel.key("course_close"), icon=":material/close:", on_click=_forget_cell, args=(panel,)
        )
    if not len(rows):
        st.info(_("There are no such images."))
        return
    shown_rows = rows[:CELL_IMAGES]
    shares = forward.probabilities(run.config, weights.at(run.id, step).weights, images[shown_rows])
    marks = [f"{classes[row.argmax()].plain} · {100 * row.max():.0f}" for row in shares]
    st.image(labeled_sheet(images[shown_rows], columns=12, scale=4, labels=marks, letters=7), width=1000)
    text = _("Below each image: the network's answer and its confidence in percent; {shown} of {count}.")
    st.caption(text.format(shown=len(shown_rows), count=f"{len(rows):,}"))
