"""Updates per epoch by slider: an epoch cut into batches."""

from __future__ import annotations

from typing import Any

import streamlit as st

from mnist_core.config import RunConfig, parse_field
from mnist_core.errors import ConfigError
from mnist_core.ideas.batch_size.updates_per_epoch import concept
from mnist_core.ideas.batch_size.updates_per_epoch import figure as charts
from mnist_core.panels import controls
from mnist_core.ui import frame, lesson, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.choice import typed
from mnist_core.ui.texts import _, ngettext

START = {"train_size": 60_000, "batch_size": 128, "epochs": 5}


def draw() -> None:
    """The sliders, the picture, the curve, the code, an experiment."""
    lesson.look_at(
        _(
            "Each batch gives one update of the weights, so an epoch has as many updates as there are batches. Halve the "
            "batch size and watch their number double."
        )
    )
    frame.fragment(_panel)()
    lesson.code(concept.updates_per_epoch, concept.last_batch, concept.updates)
    lesson.experiment(
        "batch-size",
        _("Two epochs in 100,000 updates or in two: the same network with batch sizes from 1 to all images."),
    )


def _fields() -> dict[str, int]:
    fields: dict[str, int] = st.session_state.setdefault("updates_fields", dict(START))
    return fields


def _stops(name: str, label: str, stops: tuple[int, ...], *, most: int, help_text: str) -> int:
    """A slider over `stops` up to `most`, and over the value that the field has."""
    fields, key = _fields(), f"updates_{name}"
    fields[name] = min(fields[name], most)
    options = sorted({stop for stop in stops if stop <= most} | {fields[name], most})
    st.session_state[key] = fields[name]

    def changed() -> None:
        fields[name] = st.session_state[key]
        st.session_state.pop("updates_problem", None)

    st.select_slider(label, options, key=key, format_func=names.number, on_change=changed, help=help_text)
    return fields[name]


def _panel() -> None:
    first, second, third, fourth = st.columns([3, 3, 2, 2], gap="medium")
    with first:
        images = _stops(
            "train_size",
            _("Training images"),
            controls.TRAIN_SIZES,
            most=controls.TRAIN_SIZES[-1],
            help_text=_("An epoch sees each of them once."),
        )
    with second:
        batch = _stops(
            "batch_size",
            _("Batch size"),
            controls.SIZES,
            most=images,
            help_text=_("Images per update. The gradient is their mean."),
        )
    with third:
        epochs = _stops(
            "epochs",
            _("Epochs"),
            controls.EPOCHS,
            most=controls.EPOCHS[-1],
            help_text=_("How often the network sees every training image."),
        )
    with fourth:
        _exact(images)
    if problem := st.session_state.get("updates_problem"):
        frame.show_error(problem)
    said = _said(images, batch, epochs)
    st.markdown(said)
    dark = session.dark()
    left, right = st.columns([3, 2], gap="medium")
    with left:
        live_chart(charts.epoch_chart(images, batch, dark, _), key="chart_epoch", height=430, description=said)
    with right:
        live_chart(charts.sizes_chart(images, batch, dark, _), key="chart_updates", height=430, description=said)


def _exact(images: int) -> None:
    """Any batch size, typed; a sentence where it cannot be."""

    def changed() -> None:
        text = typed(st.session_state["updates_exact"]).strip()
        st.session_state.pop("updates_problem", None)
        if not text:
            return
        try:
            wanted: Any = parse_field("batch_size", text)
            checked = RunConfig(train_size=images, validation_size=0, batch_size=wanted)
        except ConfigError as error:
            st.session_state["updates_problem"] = error
        else:
            _fields()["batch_size"] = checked.batch_size

    st.text_input(
        _("Exact batch size"),
        key="updates_exact",
        placeholder=names.number(_fields()["batch_size"]),
        on_change=changed,
        help=_("Any whole number from 1 to the number of training images."),
    )


def _said(images: int, batch: int, epochs: int) -> str:
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
