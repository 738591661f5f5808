"""Accuracy after equal epochs and after equal updates: the same network at batch sizes from 1 to all, one click, live.

The runs are known by their group, which is in the address: whoever opens that sees them.
"""

from __future__ import annotations

import secrets
from functools import partial

import streamlit as st

from mnist_core.config import RunConfig
from mnist_core.ideas.batch_size.batch_race import figure as charts
from mnist_core.ideas.batch_size.batch_race.figure import Equal, Point
from mnist_core.ideas.batch_size.updates_per_epoch import concept
from mnist_core.messages import accuracy_text
from mnist_core.panels import controls, group_panel, undrawn, waiting
from mnist_core.presets import PRESETS
from mnist_core.schedule import FIRST, evaluated_images
from mnist_core.ui import data_note, frame, lesson, live_parts, names, session, texts, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

PRESET = "batch-size"
TRAIN_SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
EPOCHS = (1, 2, 3, 5, 8, 10, 15, 20)
LONG = 120  # seconds


def draw(panel: Panel) -> None:
    """The choice, the button with the time that it will take, and the group that is shown."""
    lesson.look_at(
        _(
            "After the same number of epochs, all have seen the same images, and small batches lead: they made more updates. After the same number of updates, larger batches do better up to a point: each update averages over more images, which beyond a few dozen changes little."
        )
    )
    group = panel.follow("group", "group")
    configs = _choice(panel)
    _launch(panel, configs)
    if group:
        frame.safely(_group)(panel, group)
    else:
        st.info(_("Press the button: one run for each batch size, all from the same weights, is drawn here live."))
    lesson.code(panel, concept.updates_per_epoch, charts.points)
    lesson.experiment(
        PRESET,
        _("The same on all 50,000 images. Change the learning rate there: large batches tolerate a higher one."),
    )


def _choice(panel: Panel) -> list[RunConfig]:
    """One configuration for each batch size."""
    first, second, third = st.columns(3, gap="medium")
    with first:
        images = panel.select_slider("images", _("Training images"), TRAIN_SIZES, 10_000, format_func=names.number)
    with second:
        epochs = panel.select_slider("epochs", _("Epochs"), EPOCHS, 5)
    with third:
        rates = tuple(rate for rate in controls.RATES if 0.001 <= rate <= 1)
        rate = panel.select_slider("rate", _("Learning rate"), rates, 0.02, format_func=names.number)
    preset = PRESETS[PRESET]
    sizes = sorted({min(int(change["batch_size"]), images) for change in preset.variants.values()})
    shared = preset.config.replace(
        dataset=data_note.dataset(), train_size=images, epochs=epochs, learning_rate=rate, batch_size=1
    )
    return [shared.replace(batch_size=size) for size in sizes]


def _launch(panel: Panel, configs: list[RunConfig]) -> None:
    """The button, drawn with the group that it makes; and how long all runs will take."""
    expected = waiting.expected(*((config, 1) for config in configs))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        panel.button(
            "start",
            _("Train at {n} batch sizes").format(n=len(configs)),
            "stacks",
            _start,
            panel,
            configs,
            secrets.token_hex(5),
            primary=True,
        )
        waiting.expected_time(expected)
    if expected.alone > LONG:
        text = _("This takes about {time}, most of it for batch size 1. Fewer images or epochs make it shorter.")
        st.warning(text.format(time=names.duration(expected.alone)), icon=":material/hourglass_top:")


@frame.callback
def _start(panel: Panel, configs: list[RunConfig], group: str) -> None:
    """Queue them all, once however often the press arrives, and show them."""
    variants = tuple(str(config.batch_size) for config in configs)
    session.store().runs.create_group(session.student(), configs, group, preset=PRESET, variants=variants)
    panel.session["group"] = group


def _group(panel: Panel, group: str) -> None:
    views = watch.look_at_group(group)
    if views:
        moving = any(view.run.active for view in views)
        frame.fragment(_panel)(panel, group, moving)
    group_panel.draw(panel, group)


def _panel(panel: Panel, group: str, moving: bool) -> None:
    """Both charts, as far as the runs have come."""
    views = watch.look_at_group(group)
    if any(view.run.active for view in views) != moving:
        st.rerun()
    ids = tuple(view.run.id for view in views)
    live_parts.link(views, partial(live_parts.states, ids), key=panel.key("race_link"))
    images = min(evaluated_images(view.run.config) for view in views)
    for column, equal in zip(st.columns(2, gap="medium"), charts.EQUALS, strict=True):
        with column:
            place = _place(panel, equal, [view.run.config for view in views])
            name = (equal, place, session.dark())
            make = partial(_picture, group, ids, *name)
            live_parts.chart_of(views, name, make, key=panel.key(f"chart_{equal}"), height=430, subject=group)
    undrawn.say(undrawn.rate_changed([view.run for view in views]))
    if images < min(view.run.config.validation_size for view in views):
        text = _(
            "Measured on at least {n} validation images, the same ones throughout a run; the table below uses all of them."
        )
        st.caption(text.format(n=f"{images:,}"))


def _picture(group: str, ids: tuple[str, ...], equal: Equal, place: float, dark: bool) -> live_parts.Picture:
    views = [watch.look(run_id) for run_id in ids]
    points = charts.points([(view.run, view.curves) for view in views], equal, place)
    key = (group, tuple(view.run.version for view in views), equal, place, dark, texts.language())
    figure = watch.figure(key, partial(charts.chart, points, equal, place, group, dark, _))
    return live_parts.Picture(figure, _describe(points))


def _place(panel: Panel, equal: Equal, configs: list[RunConfig]) -> float:
    """How far, by slider: epochs up to the end; updates at which runs of every kind are evaluated."""
    if equal == "epochs":
        most = max(config.epochs for config in configs)
        if most == 1:
            return 1
        return panel.select_slider(f"at_epochs_{most}", _("Compare after this many epochs"), range(1, most + 1), most)
    # The last of four at the most: a full batch has no more than some updates.
    totals = sorted((config.total_steps for config in configs), reverse=True)
    stops = [step for step in FIRST if 0 < step <= totals[0]]
    default = max((step for step in stops if step <= totals[min(3, len(totals) - 1)] * charts.APART), default=stops[0])
    if len(stops) == 1:
        return stops[0]
    name = f"at_updates_{len(stops)}_{default}"
    return panel.select_slider(name, _("Compare after this many updates"), stops, default, format_func=names.number)


def _describe(points: list[Point]) -> str:
    """The chart in words."""
    reached = [f"{point.batch:,}: {accuracy_text(point.accuracy)}" for point in points if point.reached]
    return _("Validation accuracy by batch size: {values}.").format(values=", ".join(reached) or "–")
