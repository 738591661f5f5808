"""Projection: a sample of the images on a map of two principal components; one of them drawn from a few numbers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.config import DatasetName
from mnist_core.escape import UserText
from mnist_core.figures.digits import image_sheet
from mnist_core.ideas.data.projection import concept as projection
from mnist_core.ideas.data.projection.figure import map_chart
from mnist_core.memo import MB, kept
from mnist_core.ui import data_note, frame, lesson, names, session
from mnist_core.ui.chart import Click, live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

LEARNED = 5_000  # images whose components are taken
SHOWN = (100, 300, 600, 1_000)  # images on the map
COMPONENTS = 300  # that are computed
NUMBERS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 300)  # from which an image is drawn again


def draw(panel: Panel, name: DatasetName | None = None) -> None:
    """The map, the drawn image, the code, an experiment."""
    if (name := data_note.chosen(name)) is None:
        return
    lesson.look_at(
        _(
            "Each symbol is an image, placed by two numbers (its principal components) instead of 784: similar images lie close together. See which classes stay apart and which mix, such as 4 and 9 of the digits. Click a symbol to see its image."
        )
    )
    frame.fragment(_panel)(panel, name)
    lesson.code(panel, projection.components, projection.Components)
    lesson.experiment(
        "keras-first-look",
        _(
            "A network without hidden layers separates the classes by straight boundaries, using all 784 numbers. Compare its mistakes with the classes that mix here."
        ),
        hidden_layers="none",
    )


def _panel(panel: Panel, name: DatasetName) -> None:
    components, all_places = _map(name, data.load_dataset(name).source)
    dataset = data.load_dataset(name)  # not before: the map opens it, too, and two of them take twice the memory
    left, right = st.columns([2.2, 1], gap="large")
    with right:
        classes = names.classes(name)
        every = range(len(classes))
        chosen = panel.several_of(
            "digits", _("Classes"), every, every, wrap=True, format_func=names.class_title(classes)
        )
        first = panel.slider("first", _("Horizontal component"), 1, 10, 1) - 1
        second = panel.slider("second", _("Vertical component"), 1, 10, 2) - 1
        count = panel.select_slider("count", _("Images"), SHOWN, 300)
        images, labels = dataset.train_images[:count], dataset.train_labels[:count]
        places = all_places[:count]
        row = _chosen_row(panel, labels)
        _reconstruction(panel, components, images[row], places[row], classes[labels[row]])
    with left:
        explained = float(components.shares[first] + (components.shares[second] if second != first else 0))
        sentence = _("These components explain {fraction} of the variance.").format(fraction=f"{explained:.1%}")
        chosen_labels = sorted(chosen) or list(every)
        figure = map_chart(
            places,
            labels,
            chosen_labels,
            (first, second),
            components.shares,
            row if labels[row] in chosen_labels else None,
            session.dark(),
            _,
            classes,
        )
        on_click = partial(_choose, panel, labels)
        live_chart(figure, key=panel.key("chart_map"), height=640, description=sentence, on_click=on_click)
        st.caption(sentence)


def _chosen_row(panel: Panel, labels: NDArray[np.uint8]) -> int:
    row = int(panel.session.get("row", 0))
    return row if row < len(labels) else 0


def _choose(panel: Panel, labels: NDArray[np.uint8], click: Click) -> None:
    if not (isinstance(click.meta, int) and click.trace == f"class-{click.meta}"):
        return
    rows = np.flatnonzero(labels == click.meta)
    if 0 <= click.point < len(rows):
        panel.session["row"] = int(rows[click.point])


def _reconstruction(
    panel: Panel,
    components: projection.Components,
    image: NDArray[np.uint8],
    place: NDArray[np.float32],
    label: UserText,
) -> None:
    count = panel.select_slider("numbers", _("Components used for the reconstruction"), NUMBERS, 20)
    reconstruction = components.reconstruct(place[None], count)[0]
    ink = (np.clip(reconstruction, 0, 1) * 255).round().astype(np.uint8)
    st.image(image_sheet(np.stack([image, ink]), columns=2, scale=5), width=300)
    error = float(np.sqrt(np.mean((reconstruction - image / 255) ** 2)))
    st.caption(
        ngettext(
            "Left: the image ({label}). Right: its reconstruction from {count} component instead of 784 numbers; root mean square error: {off} of full ink. The component explains {fraction} of the variance.",
            "Left: the image ({label}). Right: its reconstruction from {count} components instead of 784 numbers; root mean square error: {off} of full ink. The components explain {fraction} of the variance.",
            count,
        ).format(
            label=label.markdown,
            count=count,
            off=f"{error:.1%}",
            fraction=f"{float(components.shares[:count].sum()):.1%}",
        )
    )


@kept(64 * MB)
def _map(name: DatasetName, source: Path) -> tuple[projection.Components, NDArray[np.float32]]:
    """The components, and the numbers of all images that may be shown."""
    dataset = data.load_dataset(name, source)
    components = projection.components(np.asarray(dataset.train_images[:LEARNED]), COMPONENTS)
    return components, components.places(np.asarray(dataset.train_images[: SHOWN[-1]]))
