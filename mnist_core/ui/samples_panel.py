"""Samples: training images digit by digit, at random or from the easiest to the hardest."""

from __future__ import annotations

import numpy as np
import streamlit as st

from mnist_core import data
from mnist_core.concepts import digits
from mnist_core.config import DatasetName
from mnist_core.figures.digits import image_sheet
from mnist_core.messages import N_
from mnist_core.ui import facts, frame, lesson
from mnist_core.ui.texts import _

ORDERS = {"random": N_("at random"), "hard": N_("by how hard they are")}
COLUMNS = 20


def draw(name: DatasetName) -> None:
    """The sheet, the code, an experiment."""
    lesson.look_at(
        _(
            "Each row is one digit, as many hands wrote it. Sort the images by how hard they are and move the slider: "
            "at its right end even you may err."
        )
    )
    frame.fragment(_sheet)(name)
    lesson.code(digits.distances, digits.hardness, digits.by_hardness)
    lesson.experiment(
        "keras-first-look", _("A network with one hidden layer tells 98 of 100 such images, after five epochs.")
    )


def _sheet(name: DatasetName) -> None:
    dataset = data.load_dataset(name)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        known = {name: _(title) for name, title in ORDERS.items()}
        order = st.segmented_control(
            _("Order"), list(ORDERS), default="random", required=True, key="sample_order", format_func=known.__getitem__
        )
        if order == "hard":
            hard = st.slider(
                _("How hard: 0 the easiest, 100 the hardest of each digit"), 0, 100, 100, key="sample_hard", width=420
            )
        else:
            st.button(_("Show others"), key="shuffle", icon=":material/shuffle:", on_click=_shuffle)
    if order == "hard":
        found = facts.facts(dataset)
        indices = digits.by_hardness(found.hardness, dataset.train_labels, hard / 100, COLUMNS)
        mistaken = float((found.hardness[indices] > 0).mean())
        said = _(
            "Hard is an image that lies nearer to the mean image of another digit than to that of its own, pixel by "
            "pixel. Of the images shown, {mistaken} would be taken for another digit by that; of all training images {all}."
        ).format(mistaken=f"{mistaken:.0%}", all=f"{1 - found.nearest_right:.1%}")
    else:
        indices = data.samples(dataset, per_digit=COLUMNS, seed=st.session_state.get("sample_seed", 0))
        said = _("{shown} of 60,000 training images, each 28×28 pixels.").format(shown=len(indices))
    st.image(_picture(dataset, indices), width="stretch")
    st.caption(said)


def _picture(dataset: data.Dataset, indices: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> bytes:
    return image_sheet(dataset.train_images[indices], columns=COLUMNS, scale=2)


def _shuffle() -> None:
    st.session_state["sample_seed"] = st.session_state.get("sample_seed", 0) + 1
