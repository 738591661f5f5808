"""The blocks that train: a run, a sweep, a range test, with the settings that are free, and what came of the last one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from mnist_core import escape, estimate, settings, sweep_range
from mnist_core.config import RunConfig
from mnist_core.diagnostics import range_test
from mnist_core.errors import ConfigError
from mnist_core.lessons.schema import Lesson, RangeTestBlock, RunBlock, SweepBlock, Trained
from mnist_core.lessons_page import controls_panel
from mnist_core.lessons_page.here import Here
from mnist_core.panels import predictions, run_panel
from mnist_core.records import OwnImages, Prediction, Run, SweepRecord
from mnist_core.rounds import Free
from mnist_core.ui import data_note, frame, names, session
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

Draw = Callable[[Panel, str, Free], None]


@dataclass(frozen=True)
class Others:
    """What other pages draw of a sweep and of a range test, by its id, where these settings may be changed."""

    sweep: Draw
    range_test: Draw


def draw(here: Here, panel: Panel, block: Trained, others: Others) -> None:
    """The settings, the button, and what the last one looks like."""
    icon, title = _head(block)
    with st.container(border=True, key=panel.key("training")):
        config = here.config(block)
        st.markdown(f"{icon} **{title}**")
        st.caption(_settings_of(block, config))
        if isinstance(block, RunBlock) and block.own:
            _say_images(here.images_of(block))
        if block.watch:
            st.markdown(f":material/visibility: {block.watch}")
        chosen = controls_panel.draw(panel, config, block.free)
        newest = here.newest(block.name)
        _button(here, panel, block, config, chosen, newest)
        if newest is not None:
            _result(here, panel, block, newest, others)


def _head(block: Trained) -> tuple[str, str]:
    if isinstance(block, SweepBlock):
        n = len(block.rates)
        return ":material/stacks:", ngettext("Sweep over {n} learning rate", "Sweep over {n} learning rates", n).format(
            n=n
        )
    return (
        (":material/trending_up:", _("Range test"))
        if isinstance(block, RangeTestBlock)
        else (":material/model_training:", _("Training"))
    )


def _say_images(images: OwnImages | None) -> None:
    """Which images of the student's own the block trains on, or where he makes some."""
    if images is not None:
        st.caption(":material/photo_library: " + _("On your images: {title}").format(title=images.title.markdown))
        return
    text = _("You have no images of your own yet, so this trains on {data}. Add some on the Data page.")
    st.caption(":material/photo_library: " + text.format(data=escape.markdown(data_note.title(data_note.dataset()))))
    st.page_link("pages/data.py", label=_("Images of your own"), icon=":material/add_photo_alternate:")


def _settings_of(block: Trained, config: RunConfig) -> str:
    if isinstance(block, RangeTestBlock):
        return names.of_range_test(config)
    words = names.but_the_rate(config, block.free)
    if isinstance(block, SweepBlock):
        return f"{words} · {names.number(block.rates[0])} – {names.number(block.rates[-1])}"
    if "learning_rate" in block.free:
        return words
    rate = _("learning rate")
    return f"{words} · {rate} {names.number(config.learning_rate)}"


def _button(
    here: Here, panel: Panel, block: Trained, base: RunConfig, chosen: Mapping[str, Any], newest: Run | None
) -> None:
    problem = None
    try:
        config = planned(block, base.replace(**chosen))
        seconds = _seconds(block, config, here.speed)
    except ConfigError as error:
        config, seconds, problem = base, 0.0, frame.sentence(error)
    if here.prediction_of(block.name) is not None and here.predicted(block.name) is None and newest is None:
        problem = problem or _("Say above what you expect; then you can start.")
    labels = {SweepBlock: _("Run the sweep"), RangeTestBlock: _("Run the range test")}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            labels.get(type(block), _("Run")) if newest is None else _("Run again"),
            key=panel.key("run"),
            type="primary" if newest is None else "secondary",
            icon=":material/play_arrow:",
            on_click=_start,
            args=(here, block, config, secrets.token_hex(5)),
            disabled=problem is not None or (newest is not None and newest.active),
        )
        if problem is None:
            st.caption(_("about {time} here").format(time=names.duration(seconds)))
        else:
            st.caption(f":material/info: {problem}")
    if newest is not None:
        _say_what_was_trained(newest.config, config, chosen)


def _say_what_was_trained(shown: RunConfig, config: RunConfig, free: Iterable[str]) -> None:
    """Where controls were moved since: what they were for what is shown below."""
    moved = [name for name in free if getattr(shown, name) != getattr(config, name)]
    if moved:
        words = " · ".join(f"{names.setting(name)}: {names.value(getattr(shown, name))}" for name in moved)
        st.caption(":material/info: " + _("What is shown below was trained with: {settings}").format(settings=words))


def planned(block: Trained, config: RunConfig) -> RunConfig:
    """The settings of what is trained. Raises ConfigError."""
    return range_test.plan(config) if isinstance(block, RangeTestBlock) else config


@frame.callback
def _start(here: Here, block: Trained, config: RunConfig, new_id: str) -> None:
    """Queue it, once however often the press arrives."""
    store, student, place = session.store(), session.student(), here.place(block.name)
    frame.draw_anew()
    if isinstance(block, SweepBlock):
        sweep = SweepRecord(new_id, student, 0.0, config, block.rates, 1, block.preset, block.variant)
        store.sweeps.create(sweep, sweep_range.variants(config, block.rates), here.round_id, place)
        return
    # What was said above was said of the first run of the block.
    predicted: Prediction | None = here.predicted(block.name) if here.newest(block.name) is None else None
    store.runs.create(
        student,
        config,
        preset=block.preset,
        variant=block.variant,
        run_id=new_id,
        prediction=predicted if isinstance(predicted, str) and predicted in predictions.WORDS else None,
        round_id=here.round_id,
        place=place,
    )


def _result(here: Here, panel: Panel, block: Trained, newest: Run, others: Others) -> None:
    if isinstance(block, SweepBlock):
        frame.safely(others.sweep)(panel, str(newest.group), block.free)
    elif isinstance(block, RangeTestBlock):
        frame.safely(others.range_test)(panel, newest.id, block.free)
    elif isinstance(block, RunBlock):
        axes = {"view_x": block.across, "view_log_y": block.log_loss_axis}
        panel = replace(panel, initial={**panel.initial, **axes})
        is_asked = here.prediction_of(block.name) is not None
        frame.safely(run_panel.draw)(panel, newest.id, says_prediction=not is_asked, free=block.free)


# ---- how long it takes ---------------------------------------------------------------------------------------------


def _seconds(block: Trained, config: RunConfig, speed: estimate.Speed) -> float:
    runs = len(block.rates) if isinstance(block, SweepBlock) else 1
    return estimate.estimate_sweep(config, runs, speed, settings.worker_count())


def seconds_of(lesson: Lesson, speed: estimate.Speed, *, light: bool) -> float:
    """How long all that the lesson trains takes on a machine of this speed, in seconds, one after the other."""
    dataset = data_note.dataset()
    make = _planned_light if light else _planned
    blocks = [block for block in lesson.blocks if isinstance(block, Trained)]
    return sum(_seconds(block, make(block).replace(dataset=dataset), speed) for block in blocks)


def _planned(block: Trained) -> RunConfig:
    return planned(block, block.config)


def _planned_light(block: Trained) -> RunConfig:
    return planned(block, block.light)


def has_light(lesson: Lesson) -> bool:
    """Whether anything of it has other settings for a very small host."""
    return any(isinstance(block, Trained) and block.light != block.config for block in lesson.blocks)
