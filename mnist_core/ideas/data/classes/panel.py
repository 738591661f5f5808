"""Classes: how many images each digit has in the three parts; what they have in common, and how they spread."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.config import DatasetName, RunConfig
from mnist_core.figures.digits import image_sheet, signed_sheet
from mnist_core.ideas.data import dataset_facts
from mnist_core.ideas.data.classes import concept as digits
from mnist_core.ideas.data.classes.figure import balance_chart
from mnist_core.records import Split
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.texts import _

SIZES = (50, 100, 300, 1_000, 3_000, 10_000, 30_000, 50_000)
AVERAGED = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
ALL = 0  # every training image


def draw(name: DatasetName) -> None:
    """Balance, then mean and spread."""
    lesson.look_at(
        _(
            "Are all digits equally frequent? If one made up half of the images, a network could answer it blindly and be "
            "right half of the time: look how small parts go out of balance."
        )
    )
    frame.fragment(_balance)(name)
    st.subheader(_("The mean image and the spread of each digit"))
    lesson.look_at(
        _(
            "Raise the number of averaged images: the mean grows soft where hands differ. The spread below it is dark "
            "exactly there, and pale where all agree."
        )
    )
    frame.fragment(_means)(name)
    lesson.code(digits.statistics)
    lesson.experiment(
        "keras-first-look",
        _(
            "A network without hidden layers learns ten images of its own, one for each digit: compare it with the means."
        ),
        hidden_layers="none",
    )


def _balance(name: DatasetName) -> None:
    dataset = data.load_dataset(name)
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        size = st.select_slider(_("Training images"), SIZES, 50_000, key="balance_size", format_func=lambda n: f"{n:,}")
        shares = st.toggle(_("Shares instead of counts"), value=True, key="balance_shares")
        counts = _counts(dataset, size)
        train, test = counts["train"], counts["test"]
        most, minimum = int(train.argmax()), int(train.argmin())
        said = _(
            "Of {size} training images the most frequent digit is **{most}** with {most_share}, the rarest **{minimum}** "
            "with {least_share}. Always answering {most} would be right for {blind} of the test images."
        ).format(
            size=f"{size:,}",
            most=most,
            most_share=f"{train[most] / size:.1%}",
            minimum=minimum,
            least_share=f"{train[minimum] / size:.1%}",
            blind=f"{test[most] / test.sum():.1%}",
        )
        st.markdown(said)
    with right:
        live_chart(balance_chart(counts, shares, session.dark(), _), key="chart_balance", height=360, description=said)


def _counts(dataset: data.Dataset, size: int) -> Mapping[Split, NDArray[np.int64]]:
    parts = data.split(dataset, RunConfig(dataset=dataset.name, train_size=size, batch_size=1))
    return {
        "train": np.bincount(parts.train.labels, minlength=10),
        "validation": np.bincount(parts.validation.labels, minlength=10),
        "test": np.bincount(parts.test.labels, minlength=10),
    }


def _means(name: DatasetName) -> None:
    dataset = data.load_dataset(name)
    count = st.select_slider(
        _("Averaged images of each digit"),
        (*AVERAGED, ALL),
        ALL,
        key="mean_count",
        format_func=lambda n: f"{n:,}" if n else _("all"),
    )
    if count == ALL:
        found = dataset_facts.facts(dataset).statistics
        mean, spread = found.mean, found.spread
    else:
        mean, spread = digits.mean_of(dataset.train_images, dataset.train_labels, count)
    sheet = np.concatenate([mean, spread * (255 / max(1.0, float(spread.max())))])
    st.image(image_sheet(sheet.round().astype(np.uint8), columns=10, scale=4), width="stretch")
    st.caption(_("Above the mean image of each digit, below the standard deviation of each pixel, the largest black."))
    _difference(mean)


def _difference(mean: NDArray[np.float32]) -> None:
    left, right = st.columns([1, 1.2], gap="large", vertical_alignment="center")
    with left:
        one = st.segmented_control(_("This digit"), range(10), default=4, required=True, key="mean_one", wrap=True)
        other = st.segmented_control(
            _("without this one"), range(10), default=9, required=True, key="mean_other", wrap=True
        )
        a, b = 4 if one is None else one, 9 if other is None else other
        apart = float(np.linalg.norm(mean[a] - mean[b]))
        st.markdown(
            _(
                "Orange is ink that a mean {one} has more of, blue ink that a mean {other} has more of. The two mean images "
                "are {apart} apart."
            ).format(one=a, other=b, apart=f"{apart:,.0f}")
        )
    with right:
        st.image(signed_sheet((mean[a] - mean[b])[None], 1, 10, session.dark()), width=280)
