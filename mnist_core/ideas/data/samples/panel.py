"""Samples: training images class by class, at random or from the easiest to the hardest, by pixels or by a run of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.config import DatasetName
from mnist_core.figures.digits import image_sheet
from mnist_core.ideas.data import dataset_facts
from mnist_core.ideas.data.classes import concept as digits
from mnist_core.ideas.data.samples import ranking_panel
from mnist_core.image_sets import image_set, own_id
from mnist_core.messages import N_
from mnist_core.ui import data_note, frame, lesson, names
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

ORDERS = {
    "random": N_("random"),
    "hard": N_("by difficulty"),
    "run": N_("by difficulty for one of my runs"),
}
COLUMNS = 20
WIDTH = 60  # of an image on the page, where a row has fewer


def draw(panel: Panel, name: DatasetName | None = None) -> None:
    """The sheet, the code, an experiment."""
    if (name := data_note.chosen(name)) is None:
        return
    lesson.look_at(
        _(
            "Each row is one class. Sort the images by difficulty and move the slider: at its right end even you may be wrong."
        )
    )
    frame.fragment(_sheet)(panel, name)
    lesson.code(panel, digits.distances, digits.hardness, digits.by_hardness)
    if own_id(name) is None:
        lesson.experiment(
            "keras-first-look",
            _("After five epochs, a network with one hidden layer recognizes 98 of 100 such images."),
        )


def _sheet(panel: Panel, name: DatasetName) -> None:
    runs = ranking_panel.ranking(name)
    orders = {order: title for order, title in ORDERS.items() if runs or order != "run"}
    if panel.session.get("order") not in orders:
        panel.session.pop("order", None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order = panel.one_of("order", _("Order"), orders, "random", wrap=True)
        if order == "hard":
            hard = panel.slider(
                "hard", _("Difficulty: 0 is the easiest image of each class, 100 the hardest"), 0, 100, 100, width=420
            )
        elif order == "random":
            panel.button("shuffle", _("Show other images"), "shuffle", _shuffle, panel)
    if order == "run":
        ranking_panel.draw(panel, runs)
        return
    dataset = data.load_dataset(name)
    columns = min(COLUMNS, dataset_facts.fewest(dataset))
    if order == "hard":
        facts = dataset_facts.facts(dataset)
        indices = digits.by_hardness(facts.hardness, dataset.train_labels, hard / 100, columns)
        sentence = _how_hard(facts, indices)
        if not runs:
            sentence += " " + _("One of your own runs can rank them, too: train a network, then come back.")
    else:
        indices = data.samples(dataset, per_class=columns, seed=panel.session.get("seed", 0))
        sentence = _("{shown} of {all} training images, each 28×28 pixels.").format(
            shown=len(indices), all=f"{len(dataset.train_labels):,}"
        )
    width: Any = "stretch" if columns == COLUMNS else WIDTH * columns
    st.image(image_sheet(dataset.train_images[indices], columns, scale=2), width=width)
    st.caption(sentence + _rows(name))


def _how_hard(facts: dataset_facts.Facts, indices: NDArray[np.int64]) -> str:
    return _(
        "An image is hard if, pixel by pixel, it is closer to the mean image of another class than to that of its own. By this rule, {mistaken} of the images shown would be taken for another class, and {all} of all training images."
    ).format(mistaken=f"{(facts.hardness[indices] > 0).mean():.0%}", all=f"{1 - facts.nearest_right:.1%}")


def _rows(name: DatasetName) -> str:
    """What the rows are, where the images themselves do not say it as digits do."""
    if image_set(name).has_digits:
        return ""
    return " " + _("From top to bottom: {classes}.").format(classes=", ".join(c.markdown for c in names.classes(name)))


def _shuffle(panel: Panel) -> None:
    panel.session["seed"] = panel.session.get("seed", 0) + 1
