"""Over time: a run's snapshots one after another: what it confused, its first weights, its answer to the drawn digit."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core import data, forward, weights
from mnist_core.data import drawing
from mnist_core.diagnostics import mistakes
from mnist_core.errors import CheckpointError
from mnist_core.figures import answers
from mnist_core.figures import mistakes as charts
from mnist_core.figures.digits import image_sheet, signed_sheet
from mnist_core.records import Run, Study
from mnist_core.ui import frame, session, study_panel
from mnist_core.ui.chart import Click, live_chart
from mnist_core.ui.pad import drawn
from mnist_core.ui.texts import _

PLAY_SECONDS = 0.7  # a picture
UNITS = 20  # whose weights are shown
CELL_IMAGES = 24  # of a cell of the matrix


def draw(run: Run, _runs: list[Run]) -> None:
    """The scrubber over what was computed in the background."""
    study = study_panel.wanted("course", {"run": run.id})
    if study.state == "finished" and "part" not in study.values:  # of an earlier version of the program
        study = study_panel.start("course", {"run": run.id})
    if study.state == "finished" and study.values.get("reached") != run.checkpoint_step and not run.active:
        study = study_panel.start("course", {"run": run.id})
    study_panel.draw(study.id, lambda found: _course(run, found))


def _course(run: Run, study: Study) -> None:
    if len(study.values["steps"]) < 2:
        st.info(
            _("Of this run only one snapshot was kept: it is too large, or has just begun. Choose a smaller network.")
        )
        return
    playing = bool(st.session_state.get("course_playing"))
    frame.fragment(_scrub, every=PLAY_SECONDS if playing else None)(run, study, playing)


def _scrub(run: Run, study: Study, was_playing: bool) -> None:
    steps = study.values["steps"]
    last = len(steps) - 1
    place = min(int(st.session_state.get("course_at", last)), last)
    if was_playing and st.session_state.get("course_playing"):
        place = min(place + 1, last)
        if place == last:
            st.session_state["course_playing"] = False
    st.session_state["course_at"] = place
    slider, button = st.columns([5, 1], gap="medium", vertical_alignment="bottom")
    with slider:
        place = st.slider(_("Snapshot"), 0, last, key="course_at")
    with button:
        playing = bool(st.session_state.get("course_playing"))
        st.button(
            _("Pause") if playing else _("Play"),
            key="course_play",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=_toggle,
        )
    if playing != was_playing:
        st.rerun()
    _picture(run, study, place)
    if (chosen := st.session_state.get("course_cell")) is not None:
        _cell(run, chosen, int(steps[place]), study, study.arrays["answers"][place])


def _images(run: Run, study: Study) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images and labels that the snapshots were asked about."""
    parts = data.split(data.load_dataset(run.config.dataset), run.config)
    part = parts.train if study.values["part"] == "train" else parts.validation
    count = study.values["images"]
    return part.images[:count], part.labels[:count]


def _cell(run: Run, place: tuple[int, int], step: int, study: Study, given: NDArray[np.uint8]) -> None:
    """The images of a cell, as the snapshot answers them."""
    true, answer = place
    images, labels = _images(run, study)
    rows = np.flatnonzero((labels == true) & (given == answer))
    with st.container(horizontal=True, vertical_alignment="center"):
        title = _("True digit {true}, answered {answer}: {count}")
        st.markdown(f"**{title.format(true=true, answer=answer, count=f'{len(rows):,}')}**")
        st.button(_("Close"), key="course_close", icon=":material/close:", on_click=_forget_cell)
    if not len(rows):
        st.info(_("There is no such image."))
        return
    shown = rows[:CELL_IMAGES]
    shares = forward.probabilities(run.config, weights.at(run.id, step).weights, images[shown])
    marks = [f"{one.argmax()} · {100 * one.max():.0f}" for one in shares]
    st.image(image_sheet(images[shown], columns=12, scale=3, labels=marks), width="stretch")
    text = _("Beneath each image the network's answer and how sure it is in percent; {shown} of {count}.")
    st.caption(text.format(shown=len(shown), count=f"{len(rows):,}"))


def _choose_cell(click: Click) -> None:
    st.session_state["course_cell"] = divmod(click.point, 10)


def _forget_cell() -> None:
    st.session_state.pop("course_cell", None)


def _toggle() -> None:
    playing = not st.session_state.get("course_playing")
    st.session_state["course_playing"] = playing
    if playing:
        st.session_state["course_at"] = 0


def _picture(run: Run, study: Study, place: int) -> None:
    step, given = int(study.values["steps"][place]), study.arrays["answers"][place]
    _shown, labels = _images(run, study)
    counts = mistakes.confusion(labels, np.eye(10, dtype=np.float32)[given])
    said = charts.describe(counts).text(_)
    st.markdown(f"**{_('After step {step}').format(step=f'{step:,}')}.** {said}")
    left, right = st.columns(2, gap="large")
    dark = session.dark()
    with left:
        figure = charts.matrix(counts, False, dark, _)
        live_chart(figure, key="chart_course", height=470, description=said, subject=study.id, on_click=_choose_cell)
        st.caption(_("Click a cell to see its images."))
    with right:
        try:
            snapshot = weights.at(run.id, step)
        except CheckpointError:
            st.info(_("The weights of this snapshot are no longer here."))
            return
        first = snapshot.weights["0.weight"]
        values = (first[:, 0] if run.config.model == "cnn" else first.reshape(-1, 28, 28))[:UNITS]
        st.image(signed_sheet(values, 10, scale=max(2, 84 // values.shape[-1]), dark=dark), width="stretch")
        st.caption(_("The first units' weights: orange raises the unit, blue lowers it."))
        image = drawing.like_mnist(drawing.paint(drawn()))
        if not image.any():
            st.caption(_("Draw a digit in the first view, and see here how the answer to it grew."))
            return
        shares = forward.probabilities(run.config, snapshot.weights, image[None])[0]
        text = answers.describe(shares).text(_)
        st.markdown(_("Your drawing:") + " " + text)
        live_chart(
            answers.bars(shares, dark, _), key="chart_course_answer", height=240, description=text, subject=run.id
        )
