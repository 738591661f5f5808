"""Training, validation and test set: what each is for, and what happens when test images leak."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from mnist_core import data
from mnist_core.config import DatasetName
from mnist_core.ideas.data.data_split import concept as leak
from mnist_core.ideas.data.data_split import figure as charts
from mnist_core.memo import MB, kept
from mnist_core.records import Split
from mnist_core.ui import data_note, frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

MEMORIES = (100, 300, 1_000, 3_000)  # images that the nearest-neighbor classifier has learned
QUERIES = 500  # test images, and as many that nobody has seen
MINIMUM = 1_000  # training images


def draw(panel: Panel, name: DatasetName | None = None) -> None:
    """The split, then the leak."""
    if (name := data_note.chosen(name)) is None:
        return
    lesson.look_at(
        _(
            "The network learns from training images, validation images choose the settings, and test images judge once, at the end. Move the split points: what one set gains, another loses, and a small set measures imprecisely."
        )
    )
    frame.fragment(_split)(panel, name)
    st.subheader(_("Data leakage"))
    lesson.look_at(
        _(
            "Here the simplest classifier, nearest neighbor, keeps images in memory and answers with the class of the closest one. Let test images leak into its memory: the measured accuracy climbs to 100%, while the accuracy on unseen images gains only as much as from any other new images."
        )
    )
    frame.fragment(_leak)(panel, name)
    lesson.code(panel, data.split, leak.leak, leak.margin)
    lesson.experiment(
        "overfit-and-stop",
        _(
            "Why validation images are kept apart: the training loss keeps falling while the validation loss rises again."
        ),
    )


def _split(panel: Panel, name: DatasetName) -> None:
    dataset = data.load_dataset(name)
    images, tested = len(dataset.train_labels), len(dataset.test_labels)
    first, last = panel.slider(
        "cut",
        _("Split the {all} training images: left for training, right for validation").format(all=f"{images:,}"),
        MINIMUM,
        images,
        (50_000, 50_000),
        1_000,
        "%,d",
    )
    validation, unused = images - last, last - first
    counts: dict[Split, int] = {"train": first, "validation": validation, "test": tested}
    sentence = _("{train} training, {validation} validation and {test} test images; {unused} unused.").format(
        train=f"{first:,}", validation=f"{validation:,}", test=f"{tested:,}", unused=f"{unused:,}"
    )
    live_chart(
        charts.split_chart(counts, unused, session.dark(), _),
        key=panel.key("chart_heaps"),
        height=190,
        description=sentence,
    )
    uses = (
        (
            _("Training"),
            _(
                "Their gradients change the weights. A network may memorize them, so being right on them proves nothing."
            ),
        ),
        (
            _("Validation"),
            _(
                "Never used for training. They decide the learning rate, the network size and when to stop; choosing often overfits them, too."
            )
            + " "
            + _margin(validation),
        ),
        (
            _("Test"),
            _("Used once, after everything is chosen: only then do they show how it does on new images.")
            + " "
            + _margin(tested),
        ),
    )
    for place, (title, text) in zip(st.columns(3, gap="medium"), uses, strict=True):
        with place:
            st.markdown(f"**{title}.** {text}")


def _margin(images: int) -> str:
    if not images:
        return _("Without validation images, only the test set is left to choose by.")
    return _("An accuracy of 95% on {images} images is uncertain by ±{margin}.").format(
        images=f"{images:,}", margin=f"{leak.margin(0.95, images):.2%}"
    )


def _leak(panel: Panel, name: DatasetName) -> None:
    by_memory = _leaks(name, data.load_dataset(name).source)
    left, right = st.columns([1, 2], gap="large")
    with left:
        percent = panel.slider("leak_share", _("Test images that leak into memory (%)"), 0, 100, 50, 100 // leak.STEPS)
        memory = panel.select_slider(
            "leak_memory", _("Training images in memory"), MEMORIES, 3_000, format_func=lambda n: f"{n:,}"
        )
        measured = by_memory[memory]
        place = percent * leak.STEPS // 100
        sentence = _(
            "With {percent}% of the test images in memory, the measured test accuracy is **{test}**. The accuracy on unseen images is **{unseen}**."
        ).format(percent=percent, test=f"{measured.test[place]:.1%}", unseen=f"{measured.unseen[place]:.1%}")
        st.markdown(sentence)
        st.caption(
            _("Measured on {asked} test images (±{test}) and {asked} unseen images (±{unseen}).").format(
                asked=QUERIES,
                test=f"{leak.margin(float(measured.test[place]), QUERIES):.1%}",
                unseen=f"{leak.margin(float(measured.unseen[place]), QUERIES):.1%}",
            )
        )
    with right:
        live_chart(
            charts.leak_chart(measured, place, session.dark(), _),
            key=panel.key("chart_leak"),
            height=400,
            description=sentence,
        )


@kept(16 * MB)
def _leaks(name: DatasetName, source: Path) -> dict[int, leak.Leak]:
    dataset = data.load_dataset(name, source)
    test, unseen = slice(0, QUERIES), slice(QUERIES, 2 * QUERIES)
    return leak.leak(
        (dataset.train_images[: MEMORIES[-1]], dataset.train_labels[: MEMORIES[-1]]),
        (dataset.test_images[test], dataset.test_labels[test]),
        (dataset.test_images[unseen], dataset.test_labels[unseen]),
        MEMORIES,
    )
