"""Pixel values: one image pixel by pixel, in the four scales, and flattened into a vector."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.config import DatasetName, Preprocessing, choices
from mnist_core.data import preprocessing
from mnist_core.ideas.data.pixel_values.figure import numbers_chart
from mnist_core.image_sets import own_id
from mnist_core.messages import N_, number_text
from mnist_core.ui import data_note, frame, lesson, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.flatten import flatten
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

PART = 10  # pixels along a side of a part, whose numbers can be read at once
MOST = 500  # images to choose from
TWO_BY_TWO = np.array([[0, 64], [191, 255]], np.uint8)


def draw(panel: Panel, name: DatasetName | None = None) -> None:
    """The numbers, then the vector."""
    if (name := data_note.chosen(name)) is None:
        return
    lesson.look_at(
        _(
            "To a computer, an image is only this table of 784 numbers. Change the pixel scaling: the image looks the same, but the network gets other numbers."
        )
    )
    frame.fragment(_numbers)(panel, name)
    st.subheader(_("From an image to a vector"))
    lesson.look_at(
        _(
            "Press **Play**: the rows are joined end to end, and 28 × 28 pixels become 784 inputs. After that, no input knows which others were its neighbors: a network of dense layers would learn just as well from shuffled pixels."
        )
    )
    frame.fragment(_vector)(panel, name)
    lesson.code(panel, preprocessing.affine, preprocessing.preprocess)
    if own_id(name) is None:
        lesson.experiment(
            "preprocessing",
            _("The same network with raw, scaled, zero-centered and standardized pixels: which learns best?"),
        )


def _image(panel: Panel, dataset: data.Dataset) -> NDArray[np.uint8]:
    number = min(int(panel.session.get("image", 1)), len(dataset.train_images))  # another set may have had more
    return np.asarray(dataset.train_images[number - 1])


def _numbers(panel: Panel, name: DatasetName) -> None:
    dataset = data.load_dataset(name)
    left, right = st.columns([1, 1.8], gap="large")
    with left:
        number = panel.slider("image", _("Image"), 1, min(MOST, len(dataset.train_images)), 1)
        image = _image(panel, dataset)
        scale = _scale(panel)
        part = panel.one_of("shown", _("Show"), {"part": N_("a part"), "whole": N_("the whole image")}, "part")
        rows = columns = range(28)
        if part == "whole":
            st.caption(_("Point at a pixel to read its number; on a phone, tap it."))
        else:
            top = panel.slider("row", _("From row"), 0, 28 - PART, 9)
            start = panel.slider("column", _("From column"), 0, 28 - PART, 9)
            rows, columns = range(top, top + PART), range(start, start + PART)
        values = data.preprocess(image, scale)
        label = names.classes(name)[dataset.train_labels[number - 1]]
        sentence = _(
            "Image {number} (**{label}**), {scale}: from {minimum} to {maximum}, mean {mean}, standard deviation {deviation}."
        ).format(
            number=number,
            label=label.markdown,
            scale=names.choice(scale),
            minimum=number_text(values.min(), 4),
            maximum=number_text(values.max(), 4),
            mean=f"{values.mean():.3f}",
            deviation=f"{values.std():.3f}",
        )
        st.markdown(sentence)
        st.caption(_formula(scale))
    with right:
        ends = tuple(float(end) for end in data.preprocess(np.array([0, 255], np.uint8), scale))
        figure = numbers_chart(values, (ends[0], ends[1]), rows, columns, session.dark(), _)
        live_chart(figure, key=panel.key("chart_numbers"), height=620, description=sentence)


def _scale(panel: Panel) -> Preprocessing:
    options: tuple[Preprocessing, ...] = choices("preprocessing")  # type: ignore[assignment]
    return panel.one_of(
        "scale", _("Pixel scaling"), {scale: names.CHOICES[scale] for scale in options}, "raw", wrap=True
    )


def _formula(scale: Preprocessing) -> str:
    texts = {
        "raw": _("0 is paper, 255 is ink: one byte per pixel, as in the file."),
        "scaled": _("pixel / 255"),
        "centered": _("pixel / 255 − {mean}, the mean of all training pixels of MNIST"),
        "standardized": _(
            "(pixel / 255 − {mean}) / {deviation}: mean and standard deviation of all training pixels of MNIST"
        ),
    }
    return texts[scale].format(mean=data.MEAN, deviation=data.STD)


def _vector(panel: Panel, name: DatasetName) -> None:
    dataset = data.load_dataset(name)
    size = panel.one_of("flatten_side", _("Image"), {side: f"{side}×{side}" for side in (2, 28)}, 28, titled=False)
    image = TWO_BY_TWO if size == 2 else _image(panel, dataset)
    flatten(image, key=panel.key(f"flatten_{len(image)}"))
    st.caption(
        _("The pixel in row r and column c, both counted from 0, is number {side} · r + c.").format(side=len(image))
    )
