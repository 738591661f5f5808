"""Mistakes: which images a run answers wrong, how sure it is of them, and where another run knows better."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.analysis.answers.schema import Parameters, Result
from mnist_core.diagnostics import mistakes
from mnist_core.figures.class_names import SHORT, Classes
from mnist_core.figures.digits import labeled_sheet
from mnist_core.inspect_page import answers_figure
from mnist_core.inspect_page import mistakes_figure as charts
from mnist_core.inspect_page.answers_figure import Whose
from mnist_core.messages import N_
from mnist_core.panels import analysis_panel, image_split, last_weights
from mnist_core.panels.analysis_panel import Computed
from mnist_core.records import Run
from mnist_core.ui import address, frame, live_parts, names, seal, session, texts, watch
from mnist_core.ui.chart import Click, live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

VIEWS = {"matrix": N_("Confusion matrix"), "sure": N_("Calibration"), "beside": N_("Compare with another run")}
_BELOW: Mapping[Whose, str] = {
    "network": N_(
        "Below each image: the network's answer and its confidence in percent, highest first; {shown} of {count}."
    ),
    "this": N_("Below each image: this run's answer and its confidence in percent, highest first; {shown} of {count}."),
    "other": N_(
        "Below each image: the other run's answer and its confidence in percent, highest first; {shown} of {count}."
    ),
}
MOST, COLUMNS = 24, 8  # images on a sheet
Shares = NDArray[np.float32]
Cell = tuple[int, int]  # true class, answer
CELLS = {
    f"{true}-{answer}": (true, answer) for true in range(10) for answer in range(10)
}  # by their names in the address


def draw(panel: Panel, run: Run, runs: list[Run]) -> None:
    """The choice of images and of a view; what the run answers is computed once, in the background."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = panel.one_of("mistakes_view", _("What to show"), VIEWS, "matrix", titled=False, wrap=True)
        part = image_split.choose(panel, run, "mistakes_part")
    if part is None:
        st.info(
            _("This run has no validation images, and the test set is sealed. Open it, or choose another run.")
            if seal.sealed()
            else _("This run has no validation images. Choose another run.")
        )
        return
    if last_weights.find(run) is None:
        return
    analysis = analysis_panel.of_run(panel, Parameters(run=run.id, split=part), run)
    analysis_panel.draw(panel, analysis.id, partial(_show, panel, view, part, run, runs))


def _show(
    panel: Panel, view: str, part: image_split.Part, run: Run, runs: list[Run], computed: Computed[Parameters, Result]
) -> None:
    part_images = image_split.images(run, part)
    images, labels = part_images.images, part_images.labels
    shares = _shares(computed.result)
    if view == "matrix":
        _matrix(panel, computed.id, run, images, labels, shares)
    elif view == "sure":
        _calibration(panel, computed.id, part, run, labels, shares)
    else:
        _comparison(panel, part, run, runs, images, labels, shares)


def _shares(result: Result) -> Shares:
    return np.asarray(result.probabilities, np.float32)


# ---- confusions ------------------------------------------------------------------------------------------------


def _matrix(
    panel: Panel, analysis_id: str, run: Run, images: NDArray[np.uint8], labels: NDArray[np.uint8], shares: Shares
) -> None:
    counts, classes = mistakes.confusion(labels, shares), names.classes(run.config)
    sentence = charts.describe(counts, classes).text(_)
    st.markdown(escape.markdown(sentence) + " " + _("Click a cell to see its images."))
    left, right = st.columns([1, 1], gap="large")
    with left:
        rates = panel.toggle("mistakes_rates", _("Percentage of each class instead of counts"))
        dark = session.dark()
        figure = watch.figure(
            (analysis_id, "matrix", rates, dark, texts.language()),
            lambda: charts.matrix(counts, rates, dark, _, classes),
        )
        live_chart(
            figure,
            key=panel.key("chart_confusion"),
            height=520,
            description=sentence,
            subject=analysis_id,
            on_click=partial(_choose_cell, panel, len(classes)),
        )
    with right:
        _images_of_cell(panel, classes, images, labels, shares)


def _images_of_cell(
    panel: Panel, classes: Classes, images: NDArray[np.uint8], labels: NDArray[np.uint8], shares: Shares
) -> None:
    """Those of the chosen cell; without one the most confident mistakes."""
    chosen = _chosen_cell(panel)
    if chosen is None or max(chosen) >= len(classes):
        rows = mistakes.wrong(labels, shares)
        title = _("Most confident mistakes")
    else:
        rows = mistakes.cell(labels, shares, *chosen)
        title = _("True class {true}, answered {answer}: {count}").format(
            true=classes[chosen[0]].markdown, answer=classes[chosen[1]].markdown, count=f"{len(rows):,}"
        )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{title}**")
        if chosen is not None:
            st.button(
                _("Most confident mistakes"),
                key=panel.key("mistakes_all"),
                icon=":material/close:",
                on_click=_forget_cell,
                args=(panel,),
            )
    sheet(panel, classes, images, labels, shares, rows)


def _chosen_cell(panel: Panel) -> Cell | None:
    """The cell whose images are shown, which the address names; None: none."""
    parameter = panel.address("cell")
    if address.followed() or "mistakes_cell" not in panel.session:
        panel.session["mistakes_cell"] = address.asked(parameter, CELLS.get)
    chosen: Cell | None = panel.session["mistakes_cell"]
    address.say(**{parameter: None if chosen is None else f"{chosen[0]}-{chosen[1]}"})
    address.end_of_fragment()
    return chosen


def _choose_cell(panel: Panel, classes: int, click: Click) -> None:
    if 0 <= click.point < classes**2:  # the browser says what it likes
        panel.session["mistakes_cell"] = divmod(click.point, classes)


def _forget_cell(panel: Panel) -> None:
    panel.session["mistakes_cell"] = None


def sheet(
    panel: Panel,
    classes: Classes,
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    shares: Shares,
    rows: NDArray[np.int64],
    key: str = "one",
    whose: Whose = "network",
) -> None:
    """The images, what they were answered with, and all probabilities of a chosen one."""
    if not len(rows):
        st.info(_("There are no such images."))
        return
    shown_rows = rows[:MOST]
    marks = [f"{classes[shares[row].argmax()].plain} · {100 * shares[row].max():.0f}" for row in shown_rows]
    # Words want wider images above them than digits.
    columns = COLUMNS if all(len(name.plain) <= SHORT for name in classes) else COLUMNS // 2
    st.image(labeled_sheet(images[shown_rows], columns=columns, scale=3, labels=marks), width="stretch")
    st.caption(_(_BELOW[whose]).format(shown=len(shown_rows), count=f"{len(rows):,}"))
    number = 1
    if len(shown_rows) > 1:
        number = int(panel.number_input(f"mistakes_{key}", _("Image to show"), 1, len(shown_rows), 1))
    row = int(shown_rows[number - 1])
    probabilities = shares[row].astype(np.float64)
    description = answers_figure.describe(probabilities, classes, whose).text(_)
    label = _("Its label: **{label}**").format(label=classes[labels[row]].markdown)
    st.markdown(f"{label} · {escape.markdown(description)}")
    live_chart(
        answers_figure.bars(probabilities, session.dark(), _, classes),
        key=panel.key(f"chart_mistake_{key}"),
        height=240,
        description=description,
        subject=str(row),
    )


# ---- calibration -----------------------------------------------------------------------------------------------


def _calibration(
    panel: Panel, analysis_id: str, part: image_split.Part, run: Run, labels: NDArray[np.uint8], shares: Shares
) -> None:
    dark, classes = session.dark(), names.classes(run.config)
    reliability = mistakes.reliability(labels, shares)
    accuracies = mistakes.per_class(mistakes.confusion(labels, shares))
    sentence = charts.describe_reliability(reliability).text(_)
    st.markdown(
        sentence + " " + _("On the dotted line, confidence matches accuracy; below it, the network is overconfident.")
    )
    left, right = st.columns(2, gap="large")
    with left:
        live_chart(
            charts.reliability_chart(reliability, part, dark, _),
            key=panel.key("chart_reliability"),
            height=440,
            description=sentence,
            subject=analysis_id,
        )
    with right:
        worst = int(np.nanargmin(accuracies))
        text = _("The hardest class: {label}, with an accuracy of {fraction}.").format(
            label=classes[worst].plain, fraction=f"{accuracies[worst]:.1%}"
        )
        live_chart(
            charts.by_class(accuracies, part, dark, _, classes),
            key=panel.key("chart_by_class"),
            height=400,
            description=text,
            subject=analysis_id,
        )
        st.caption(escape.markdown(text))


# ---- compare with another run ----------------------------------------------------------------------------------


def _comparison(
    panel: Panel,
    part: image_split.Part,
    run: Run,
    runs: list[Run],
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    shares: Shares,
) -> None:
    comparable = [other for other in runs if other.id != run.id and _same_images(other, run, part)]
    others = {other.id: other for other in comparable}
    if not others:
        st.info(_("Train another network on the same data to see here which images only one of the two gets right."))
        return
    if panel.session.get("mistakes_other") not in others:
        panel.session.pop("mistakes_other", None)
    run_id = panel.selectbox(
        "mistakes_other",
        _("The other run"),
        list(others),
        format_func=lambda run_id: names.option(others[run_id]),
    )
    other = others[run_id]
    analysis = watch.analysis(
        analysis_panel.of_run(panel, Parameters(run=other.id, split=part), other, "again_other").id
    )
    if analysis is None or analysis.state != "finished":
        if analysis is not None and analysis.state == "failed":
            if analysis.message is not None:
                st.warning(escape.markdown(analysis.message.text(_)), icon=":material/error:")
        else:
            frame.fragment(_wait)(panel, analysis.id if analysis is not None else "")
        return
    _differences(
        panel, names.classes(run.config), images, labels, shares, _shares(analysis_panel.computed(analysis).result)
    )


def _wait(panel: Panel, analysis_id: str) -> None:
    analysis = watch.analysis(analysis_id)
    if analysis is None or not analysis.active:
        st.rerun()
    live_parts.link([analysis], partial(analysis_panel.state_of, analysis_id), key=panel.key("other_link"))
    make = partial(analysis_panel.progress_of, analysis_id)
    live_parts.progress([analysis], "other", make, key=panel.key("other_progress"))


def _same_images(run: Run, other: Run, part: image_split.Part) -> bool:
    a, b = run.config, other.config
    return a.dataset == b.dataset and (part == "test" or a.validation_size == b.validation_size)


def _differences(
    panel: Panel,
    classes: Classes,
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    first: Shares,
    second: Shares,
) -> None:
    first_only, second_only = mistakes.only_first(labels, first, second), mistakes.only_first(labels, second, first)
    both_wrong = int(((first.argmax(1) != labels) & (second.argmax(1) != labels)).sum())
    text = _(
        "Of {images} images, only this run gets {here} right, only the other gets {there} right, and both get {both} wrong."
    )
    counts = {"images": len(labels), "here": len(first_only), "there": len(second_only), "both": both_wrong}
    st.markdown(text.format(**{name: f"{count:,}" for name, count in counts.items()}))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**" + _("This run is right, the other wrong") + "**")
        sheet(panel, classes, images, labels, second, first_only, "here", "other")
    with right:
        st.markdown("**" + _("The other is right, this run wrong") + "**")
        sheet(panel, classes, images, labels, first, second_only, "there", "this")
