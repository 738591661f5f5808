"""Samples in the order of one's own run: from the images it is surest of to those whose class it gives the least probability.

What the run answers is the analysis that Inspect's mistakes use as well. It is asked about images that it was not trained on.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.analysis.answers.schema import Parameters, Result
from mnist_core.config import DatasetName
from mnist_core.figures.digits import labeled_sheet
from mnist_core.ideas.data.classes import concept as digits
from mnist_core.messages import number_text
from mnist_core.panels import analysis_panel, image_split, last_weights
from mnist_core.panels.analysis_panel import Computed
from mnist_core.records import Run
from mnist_core.ui import names, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

COLUMNS = 20


def ranking(name: DatasetName) -> list[Run]:
    """The student's runs that can rank images of this data set, newest first: over, with weights, and with images to ask about."""
    return [
        run
        for run in watch.my_runs_to_choose()
        if run.state == "finished"
        and run.checkpoint_step is not None
        and run.config.dataset == name
        and image_split.parts(run)
    ]


def draw(panel: Panel, runs: list[Run]) -> None:
    """The choice of a run and of images, and the sheet as soon as the run's answers are there."""
    by_id = {run.id: run for run in runs}
    if panel.session.get("rank_run") not in by_id:
        panel.session.pop("rank_run", None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        run_id = panel.selectbox(
            "rank_run",
            _("Run"),
            list(by_id),
            format_func=lambda run_id: names.option(by_id[run_id]),
            width=560,
        )
        run = by_id[run_id]
        part = image_split.choose(panel, run, "rank_part")
    if part is None or last_weights.find(run) is None:
        return
    analysis = analysis_panel.of_run(panel, Parameters(run=run.id, split=part), run)
    analysis_panel.draw(panel, analysis.id, partial(_sheet, panel, run, part))


def _sheet(panel: Panel, run: Run, part: image_split.Part, computed: Computed[Parameters, Result]) -> None:
    part_images = image_split.images(run, part)
    shares = np.asarray(computed.result.probabilities, np.float32)
    right, answers = shares[np.arange(len(shares)), part_images.labels], shares.argmax(1)
    hard = panel.slider(
        "rank_hard", _("Difficulty: 0 is the easiest image of each class, 100 the hardest"), 0, 100, 100, width=420
    )
    columns = min(COLUMNS, int(np.bincount(part_images.labels, minlength=shares.shape[1]).min()) or COLUMNS)
    indices = digits.by_hardness(-right, part_images.labels, hard / 100, columns)
    classes = names.classes(run.config)
    labels = [f"{classes[answers[index]].plain} · {100 * right[index]:.0f}" for index in indices]
    st.image(labeled_sheet(part_images.images[indices], columns=columns, scale=2, labels=labels), width="stretch")
    st.caption(_sentence(part, answers != part_images.labels, right, indices))


def _sentence(
    part: image_split.Part, wrong: NDArray[np.bool_], right: NDArray[np.float32], indices: NDArray[np.int64]
) -> str:
    kinds: dict[image_split.Part, str] = {
        "validation": _("The run is wrong on {shown} of the images shown, and on {all} of all {n} validation images."),
        "test": _("The run is wrong on {shown} of the images shown, and on {all} of all {n} test images."),
    }
    mistakes = kinds[part].format(shown=f"{wrong[indices].mean():.0%}", n=f"{len(wrong):,}", all=f"{wrong.mean():.1%}")
    meaning = _(
        "An image is hard if this run gives its true class a low probability, and so has a high loss. The run was not trained on any of these images. Below each: the run's answer and the probability of the true class in percent, here from {minimum}% to {maximum}%."
    )
    probabilities = 100 * right[indices]
    return (
        meaning.format(minimum=number_text(probabilities.min(), 2), maximum=number_text(probabilities.max(), 3))
        + " "
        + mistakes
    )
