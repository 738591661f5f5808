"""Classes: how many images each class has in the three parts; what they have in common, and how they spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.config import DatasetName, RunConfig
from mnist_core.figures.class_names import DIGITS, Classes
from mnist_core.figures.digits import image_sheet, signed_sheet
from mnist_core.ideas.data import dataset_facts
from mnist_core.ideas.data.classes import concept as digits
from mnist_core.ideas.data.classes.figure import balance_chart
from mnist_core.image_sets import own_id
from mnist_core.records import Split
from mnist_core.ui import data_note, frame, lesson, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

SIZES = (50, 100, 300, 1_000, 3_000, 10_000, 30_000, 50_000)
AVERAGED = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
ALL = 0  # every training image
WIDTH = 100  # of an image on the page, where there are fewer classes than ten


def draw(panel: Panel, name: DatasetName | None = None) -> None:
    """Balance, then mean and spread."""
    if (name := data_note.chosen(name)) is None:
        return
    lesson.look_at(
        _(
            "Are all classes equally frequent? If one made up half of the images, a network could always answer that class and be right half of the time. Watch how small sets get out of balance."
        )
    )
    frame.fragment(_balance)(panel, name)
    st.subheader(_("The mean image and the standard deviation of each class"))
    lesson.look_at(
        _(
            "Raise the number of averaged images: the mean blurs where the images differ. The standard deviation below it is dark exactly there, and pale where all agree."
        )
    )
    frame.fragment(_means)(panel, name)
    lesson.code(panel, digits.statistics)
    if own_id(name) is None:
        lesson.experiment(
            "keras-first-look",
            _("A network without hidden layers learns one weight image for each class: compare them with the means."),
            hidden_layers="none",
        )


def _balance(panel: Panel, name: DatasetName) -> None:
    dataset = data.load_dataset(name)
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        sizes = _sizes(dataset)
        size = panel.select_slider("size", _("Training images"), sizes, sizes[-1], format_func=lambda n: f"{n:,}")
        shares = panel.toggle("shares", _("Fractions instead of counts"), value=True)
        counts = _counts(dataset, size)
        train, test = counts["train"], counts["test"]
        most, minimum, classes = int(train.argmax()), int(train.argmin()), names.classes(name)
        sentence = _(
            "Of {size} training images, the most frequent class is **{most}** ({most_share}), the rarest **{minimum}** ({least_share}). Always answering {most} would be right for {blind} of the test images."
        ).format(
            size=f"{size:,}",
            most=classes[most].markdown,
            most_share=f"{train[most] / size:.1%}",
            minimum=classes[minimum].markdown,
            least_share=f"{train[minimum] / size:.1%}",
            blind=f"{test[most] / test.sum():.1%}",
        )
        st.markdown(sentence)
    with right:
        live_chart(
            balance_chart(counts, shares, session.dark(), _, classes),
            key=panel.key("chart_balance"),
            height=360,
            description=sentence,
        )


def _sizes(dataset: data.Dataset) -> tuple[int, ...]:
    """How many training images may be looked at; of one's own images at most those that are not for validation."""
    if own_id(dataset.name) is None:
        return SIZES
    most = len(dataset.train_labels) - _validation(dataset)
    return tuple(sorted({max(1, most // 4), max(1, most // 2), most}))


def _validation(dataset: data.Dataset) -> int:
    """Validation images: of one's own a fifth, as the Train page begins with."""
    return 10_000 if own_id(dataset.name) is None else max(1, round(len(dataset.train_labels) / 5))


def _counts(dataset: data.Dataset, size: int) -> Mapping[Split, NDArray[np.int64]]:
    config = RunConfig(
        dataset=dataset.name,
        classes=dataset.classes,
        train_size=size,
        validation_size=_validation(dataset),
        batch_size=1,
    )
    parts = data.split(dataset, config)
    return {
        "train": np.bincount(parts.train.labels, minlength=dataset.classes),
        "validation": np.bincount(parts.validation.labels, minlength=dataset.classes),
        "test": np.bincount(parts.test.labels, minlength=dataset.classes),
    }


def _means(panel: Panel, name: DatasetName) -> None:
    dataset = data.load_dataset(name)
    count = panel.select_slider(
        "mean_count",
        _("Images averaged per class"),
        (*(number for number in AVERAGED if number < dataset_facts.fewest(dataset)), ALL),
        ALL,
        format_func=lambda n: f"{n:,}" if n else _("all"),
    )
    if count == ALL:
        statistics = dataset_facts.facts(dataset).statistics
        mean, spread = statistics.mean, statistics.spread
    else:
        mean, spread = digits.mean_of(dataset.train_images, dataset.train_labels, count, dataset.classes)
    sheet = np.concatenate([mean, spread * (255 / max(1.0, float(spread.max())))])
    width: Any = "stretch" if dataset.classes == len(DIGITS) else WIDTH * dataset.classes
    st.image(image_sheet(sheet.round().astype(np.uint8), columns=dataset.classes, scale=4), width=width)
    st.caption(
        _("Top: the mean image of each class. Bottom: the standard deviation of each pixel; black is the largest.")
    )
    _difference(panel, mean, names.classes(name))


def _difference(panel: Panel, mean: NDArray[np.float32], classes: Classes) -> None:
    left, right = st.columns([1, 1.2], gap="large", vertical_alignment="center")
    with left:
        titles, last = {label: title.markdown for label, title in enumerate(classes)}, len(classes) - 1
        first = panel.one_of("one", _("This class"), titles, min(4, last - 1), wrap=True)
        second = panel.one_of("other", _("minus this class"), titles, last, wrap=True)
        distance = float(np.linalg.norm(mean[first] - mean[second]))
        st.markdown(
            _(
                "Orange: more ink in the mean {one}. Blue: more ink in the mean {other}. Distance between the two mean images: {apart}."
            ).format(one=classes[first].markdown, other=classes[second].markdown, apart=f"{distance:,.0f}")
        )
    with right:
        st.image(signed_sheet((mean[first] - mean[second])[None], 1, 10, session.dark()), width=280)
