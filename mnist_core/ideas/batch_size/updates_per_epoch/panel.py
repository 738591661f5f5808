"""Updates per epoch by slider: an epoch cut into batches."""

from __future__ import annotations

import streamlit as st

from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError
from mnist_core.ideas.batch_size.updates_per_epoch import concept
from mnist_core.ideas.batch_size.updates_per_epoch import figure as charts
from mnist_core.panels import typed_setting
from mnist_core.panels.controls import EPOCHS, SIZES, TRAIN_SIZES
from mnist_core.ui import frame, lesson, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

# Field → what it shows at first, and the greatest that it can.
FIELDS = {"train_size": (60_000, TRAIN_SIZES[-1]), "batch_size": (128, TRAIN_SIZES[-1]), "epochs": (5, EPOCHS[-1])}


def draw(panel: Panel) -> None:
    """The sliders, the picture, the curve, the code, an experiment."""
    lesson.look_at(
        _(
            "Each batch gives one update of the weights, so an epoch has as many updates as batches. Halve the batch size and watch the number of updates double."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, concept.updates_per_epoch, concept.last_batch, concept.updates)
    lesson.experiment(
        "batch-size",
        _("Two epochs in 100,000 updates or in two: the same network with batch sizes from 1 to all images."),
    )


def _fields(panel: Panel) -> dict[str, int]:
    if "fields" not in panel.session:
        panel.session["fields"] = {
            name: panel.number(name, default, 1, most) for name, (default, most) in FIELDS.items()
        }
    fields: dict[str, int] = panel.session["fields"]
    return fields


def _stops(panel: Panel, name: str, label: str, stops: tuple[int, ...], *, most: int, help_text: str) -> int:
    """A slider over `stops` up to `most`, and over the value that the field has."""
    fields = _fields(panel)
    fields[name] = min(fields[name], most)
    options = sorted({stop for stop in stops if stop <= most} | {fields[name], most})
    panel.session[name] = fields[name]

    def changed() -> None:
        fields[name] = panel.session[name]
        typed_setting.forget(panel.key("exact"))

    st.select_slider(label, options, key=panel.key(name), format_func=names.number, on_change=changed, help=help_text)
    default, greatest = FIELDS[name]
    return panel.keep(name, fields[name], panel.initial_number(name, default, 1, greatest))


def _panel(panel: Panel) -> None:
    first, second, third, fourth = st.columns([3, 3, 2, 2], gap="medium")
    with first:
        images = _stops(
            panel,
            "train_size",
            _("Training images"),
            TRAIN_SIZES,
            most=TRAIN_SIZES[-1],
            help_text=_("Each image is seen once per epoch."),
        )
    with second:
        batch = _stops(
            panel,
            "batch_size",
            _("Batch size"),
            SIZES,
            most=images,
            help_text=_("Number of images per update. The gradient is averaged over them."),
        )
    with third:
        epochs = _stops(
            panel,
            "epochs",
            _("Epochs"),
            EPOCHS,
            most=EPOCHS[-1],
            help_text=_("How many times the network sees each training image."),
        )
    with fourth:
        problem = _exact(panel, images)
    if problem:
        frame.show_error(problem)
    sentence = _sentence(images, batch, epochs)
    st.markdown(sentence)
    dark = session.dark()
    left, right = st.columns([3, 2], gap="medium")
    with left:
        live_chart(
            charts.epoch_chart(images, batch, dark, _), key=panel.key("chart_epoch"), height=430, description=sentence
        )
    with right:
        live_chart(
            charts.sizes_chart(images, batch, dark, _), key=panel.key("chart_updates"), height=430, description=sentence
        )


def _exact(panel: Panel, images: int) -> ConfigError | None:
    """Any batch size, typed; returns what is wrong with it."""

    def take(value: int) -> None:
        config = RunConfig(train_size=images, validation_size=0, batch_size=value)
        _fields(panel)["batch_size"] = config.batch_size

    return typed_setting.field(
        panel.key("exact"),
        _("Exact batch size"),
        "batch_size",
        _fields(panel)["batch_size"],
        take,
        _("Any whole number from 1 to the number of training images."),
    )


def _sentence(images: int, batch: int, epochs: int) -> str:
    """The arithmetic, with its numbers."""
    count, last = concept.updates_per_epoch(images, batch), concept.last_batch(images, batch)
    per_epoch = ngettext("**{n} update per epoch**", "**{n} updates per epoch**", count).format(n=f"{count:,}")
    values = {"images": f"{images:,}", "batch": f"{batch:,}", "per_epoch": per_epoch}
    if last == batch:
        sum_ = _("{images} images / {batch} = {per_epoch}, all batches of the same size.").format(**values)
    else:
        sum_ = ngettext(
            "{images} images / {batch} = {quotient}, rounded up: {per_epoch}. The last batch has only {last} image.",
            "{images} images / {batch} = {quotient}, rounded up: {per_epoch}. The last batch has only {last} images.",
            last,
        ).format(quotient=f"{images / batch:,.6g}", last=f"{last:,}", **values)
    total = concept.updates(images, batch, epochs)
    in_all = _("In {epochs}: **{updates}**.").format(
        epochs=ngettext("{n} epoch", "{n} epochs", epochs).format(n=f"{epochs:,}"),
        updates=ngettext("{n} update", "{n} updates", total).format(n=f"{total:,}"),
    )
    return f"{sum_} {in_all}"
