"""The range test: one short run whose rate rises at every step, and the rates that its loss suggests."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

import streamlit as st

from mnist_core import schedule
from mnist_core.config import RunConfig
from mnist_core.diagnostics import chance_accuracy, chance_loss, range_test
from mnist_core.diagnostics.range_test import Suggestion
from mnist_core.figures import range_test as charts
from mnist_core.messages import number_text
from mnist_core.panels import draft, export_panel, round_panel, started, waiting
from mnist_core.rounds import Free
from mnist_core.schedule import RISE
from mnist_core.ui import frame, live_parts, names, session, texts, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _


def draw(panel: Panel) -> None:
    """The button, and the test that is shown."""
    run_id = panel.follow("shown_test", "test")
    highest = range_test.highest(draft.config())
    st.markdown(
        _(
            "A short run from newly initialized weights. The rate grows a little at every step, from {lowest} up to {highest}. Where accuracy rises, the rate is useful; where it has lost half of its rise again or the loss explodes, training breaks."
        ).format(lowest=number_text(highest / schedule.RISE), highest=number_text(highest))
    )
    problem = round_panel.why_not(draft.given_here("range-test"))
    st.button(
        _("Run the range test"),
        key=panel.key("range_test"),
        type="primary",
        icon=":material/trending_up:",
        on_click=_start,
        args=(panel, secrets.token_hex(5)),
        disabled=problem is not None,
        help=problem,
    )
    if run_id:
        frame.safely(show)(panel, run_id)


@frame.callback
def _start(panel: Panel, run_id: str) -> None:
    config = range_test.plan(draft.config())
    preset, own = draft.preset(), draft.given_here("range-test")
    session.store().runs.create(
        session.student(),
        config,
        preset=preset.name if preset else None,
        variant=draft.variant(),
        run_id=run_id,
        round_id=None if own is None else own.round.id,
    )
    panel.session["shown_test"] = run_id


def show(panel: Panel, run_id: str, free: Free | None = None) -> None:
    """One test, moving while it does. `free`: as for `run_panel.draw`."""
    moving = watch.look(run_id).run.active
    frame.fragment(_panel)(panel, run_id, moving, free)


def _panel(panel: Panel, run_id: str, moving: bool, free: Free | None) -> None:
    started.turn_the_page()
    view = watch.look(run_id)
    run = view.run
    if run.active != moving:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key=panel.key("range_head")):
        st.markdown(
            f"**{names.run_title(run).markdown}**" + (f" {names.badge(run)}" if run.active else ""), width="content"
        )
        if not run.active:
            export_panel.draw(panel, run)
    live_parts.link([view], partial(_signature, run_id), key=panel.key("range_link"))
    reading = _reading(view)
    if run.active:
        live_parts.progress([view], "range", partial(_progress, run_id), key=panel.key("range_progress"))
    elif len(view.curves.steps):
        free = draft.free_after(run, "range-test") if free is None else free
        st.markdown(f":material/lightbulb: {reading.said(free).text(_)}")
    dark = session.dark()
    make = partial(_picture, run_id, dark)
    live_parts.chart_of([view], ("range", dark), make, key=panel.key("chart_range"), height=560, subject=run.id)
    if not run.active:
        for column, suggestion in zip(st.columns(3, gap="medium"), reading.suggestions, strict=False):
            with column, st.container(border=True, height="stretch"):
                _suggestion(panel, suggestion, run.config)


def _signature(run_id: str) -> Any:
    """What the title says of a run that moves."""
    run = watch.look(run_id).run
    return [run.state, run.outcome, names.run_title(run).plain]


def _reading(view: watch.View) -> range_test.Reading:
    key = (view.run.id, view.run.version, "reading")
    return watch.figure(key, lambda: range_test.read(view.curves.steps, view.run.config))


def _progress(run_id: str) -> tuple[float, str]:
    run = watch.look(run_id).run
    text = _("step {step} of {steps}")
    text = text.format(step=f"{run.progress.step:,}", steps=f"{run.progress.total_steps:,}")
    fraction = run.progress.step / max(1, run.progress.total_steps)
    return fraction, waiting.words([run.id]) if run.state == "queued" else text


def _picture(run_id: str, dark: bool) -> live_parts.Picture:
    view = watch.look(run_id)
    reading, highest = _reading(view), view.run.config.learning_rate
    chance, guess = chance_loss(view.run.config), chance_accuracy(view.run.config)
    key = (run_id, view.run.version, "range", dark, texts.language())
    figure = watch.figure(
        key, lambda: charts.chart(run_id, reading, highest / RISE, highest, chance, dark, _, guess=guess)
    )
    return live_parts.Picture(figure, charts.describe(reading).text(_))


def _suggestion(panel: Panel, suggestion: Suggestion, config: RunConfig) -> None:
    st.markdown(f"**{number_text(suggestion.rate, 2)}** · {_(charts.NAMES[suggestion.kind])}")
    st.caption(suggestion.reason.text(_))
    st.button(
        _("Use this rate"),
        key=panel.key(f"use_{suggestion.kind}"),
        icon=":material/tune:",
        on_click=_use,
        args=(float(f"{suggestion.rate:.2g}"),),
    )


def _use(rate: float) -> None:
    draft.put("learning_rate", rate)
    started.go_to_train()
