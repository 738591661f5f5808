"""A sweep over learning rates as it trains: how far it is, its charts, what they say, and the prediction made of it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import streamlit as st

from mnist_core.diagnostics import zones
from mnist_core.errors import TransientStoreError
from mnist_core.figures import sweep_curves, sweep_zones
from mnist_core.figures.sweep import METRICS, PARTS, SweepView
from mnist_core.messages import number_text
from mnist_core.panels import draft, predictions, report_panel, run_panel, started, waiting
from mnist_core.panels.reports import sweep_report
from mnist_core.records import Curves, Run, SweepRecord
from mnist_core.rounds import Free, free_to_json
from mnist_core.sweep_page import rate_panel
from mnist_core.ui import frame, live_parts, names, seal, session, texts, watch
from mnist_core.ui.chart import Click
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext


def draw(panel: Panel, sweep_id: str, free: Free | None = None) -> None:
    """The sweep, moving while any of its runs does. `free`: as for `run_panel.draw`."""
    moving = any(view.run.active for view in watch.look_at_group(sweep_id))
    frame.fragment(_panel)(panel, sweep_id, moving, free)


def _panel(panel: Panel, sweep_id: str, moving: bool, free: Free | None) -> None:
    started.turn_the_page()
    views = watch.look_at_group(sweep_id)
    sweep = session.store().sweeps.get(sweep_id) if views else None
    if sweep is None:
        st.info(_("This sweep was not found. It may have been deleted."))
        return
    if any(view.run.active for view in views) != moving:
        st.rerun()
    ids = tuple(view.run.id for view in views)
    live_parts.link(views, partial(_signature, ids), key=panel.key("sweep_link"))
    with st.container(horizontal=True, vertical_alignment="center", key=panel.key("sweep_head")):
        st.markdown(f"**{names.but_the_rate(sweep.config)}**", width="content")
        if moving and sweep.owner == session.student():
            st.button(
                _("Stop all"),
                key=panel.key("stop_sweep"),
                icon=":material/stop:",
                on_click=run_panel.stop_all,
                args=([view.run for view in views],),
            )
        if not moving:
            report_panel.of_sweep(panel, sweep_id)
    if sweep.owner != session.student():
        st.caption(_(":material/visibility: Someone else's sweep: you can watch it and use its rates."))
    if moving:
        live_parts.progress(views, "sweep", partial(_progress, ids), key=panel.key("sweep_progress"))
    reading = _reading(views)
    _words(panel, sweep, views, reading, draft.free_after(views[0].run, "sweep") if free is None else free)
    view = _view(panel, sweep)
    _charts(panel, sweep, views, view)
    rate_panel.chosen_rate(panel, sweep, views, reading, view)
    rate_panel.table(panel, sweep, views, reading, view)


def show(panel: Panel, sweep_id: str) -> None:
    """Let the page show the sweep, with no rate chosen."""
    panel.session.update(shown_sweep=sweep_id, chosen_rate=None)


def _reading(views: list[watch.View]) -> zones.Reading:
    """Zones and sentences of these runs, read once for all who ask."""
    key = (*((view.run.id, view.run.version) for view in views), "reading")
    return watch.figure(key, partial(sweep_report.read, views))


def _signature(ids: Sequence[str]) -> Any:
    """What the table and the chosen rate show of runs that move, and charts and words do not."""
    points = _reading(_look(ids)).points
    return [live_parts.states(ids), [[point.rate, point.zone] for point in points]]


def _look(ids: Sequence[str]) -> list[watch.View]:
    return [watch.look(run_id) for run_id in ids]


def settle(sweep: SweepRecord, reading: zones.Reading) -> None:
    """Keep by how much the prediction missed, once an edge was found."""
    if sweep.off is None and sweep.predicted_edge is not None and reading.edge is not None:
        with suppress(TransientStoreError):  # the next time that it is drawn
            session.store().sweeps.settle(sweep.id, reading.edge.off(sweep.predicted_edge))


def _progress(ids: Sequence[str]) -> tuple[float, str]:
    """How far the sweep is, from 0 to 1, and in words."""
    runs = [view.run for view in _look(ids)]
    total = sum(run.config.total_steps for run in runs)
    steps_done = sum(run.config.total_steps if run.state == "finished" else run.progress.step for run in runs)
    fraction = steps_done / total
    if not any(run.started_at for run in runs):
        return 0.0, waiting.words(ids)
    ended = sum(run.state == "finished" for run in runs)
    text = ngettext("{done} of {all} run is done", "{done} of {all} runs are done", len(runs))
    parts = [text.format(done=ended, all=len(runs))]
    if waits := sum(run.state == "queued" for run in runs):
        parts.append(ngettext("{n} waiting", "{n} waiting", waits).format(n=waits))
    if (seconds_left := _seconds_left(str(runs[0].group), fraction)) is not None:
        parts.append(_("about {time} left").format(time=names.duration(seconds_left)))
    return min(1.0, fraction), " · ".join(parts)


def _seconds_left(sweep_id: str, fraction: float) -> float | None:
    """Until all is done, by how fast it has gone since this process first looked; None: too early to say.

    Timed here, and not from when the runs began: the machine's clock may have been set since.
    """
    first, since = watch.first_look(sweep_id, fraction)
    progress = fraction - first
    return None if progress < 0.03 else since * (1 - fraction) / progress


def _words(
    panel: Panel, sweep: SweepRecord, views: list[watch.View], reading: zones.Reading, free: Free | None
) -> None:
    """What the sweep says, and how good the prediction was."""
    with st.container(key=panel.key("sweep_words")):
        make = partial(_said, tuple(view.run.id for view in views), free)
        name = "sweep" if free is None else f"sweep {free_to_json(free)}"
        live_parts.said(views, name, make, key=panel.key("sweep_says"))
    if sweep.predicted_edge is None:
        return
    if not reading.done or reading.edge is None:
        text = _("You predicted that training breaks from {rate} on.").format(rate=number_text(sweep.predicted_edge))
        st.caption(f":material/psychology: {text}")
        return
    settle(sweep, reading)
    st.markdown(f":material/psychology: {zones.prediction_sentence(reading.edge, sweep.predicted_edge).text(_)}")
    if sweep.owner == session.student():
        predictions.draw_tally()


def _said(ids: Sequence[str], free: Free | None) -> live_parts.Sentence | None:
    text = " ".join(sentence.text(_) for sentence in _reading(_look(ids)).said(free))
    return live_parts.sentence(text, "success", icon="query_stats") if text else None


def _view(panel: Panel, sweep: SweepRecord) -> SweepView:
    with st.container(horizontal=True, vertical_alignment="center", key=panel.key("sweep_controls")):
        metric = panel.one_of("sweep_metric", _("Metric"), METRICS, "loss", titled=False)
        missing = {"test"} if seal.sealed() else set()
        missing |= set() if sweep.config.validation_size else {"validation"}
        parts = {part: title for part, title in PARTS.items() if part not in missing}
        part = panel.one_of("sweep_part", _("Show curves for"), parts, "train", titled=False)
        log_y = panel.toggle("sweep_log_y", _("Log loss axis"))
    chosen = panel.session.get("chosen_rate")
    return SweepView(metric, part, log_y, session.dark(), chosen if isinstance(chosen, int | float) else None)


def _charts(panel: Panel, sweep: SweepRecord, views: list[watch.View], view: SweepView) -> None:
    ids = tuple(run_view.run.id for run_view in views)
    # Side by side where each has room.
    st.html("<style>[class*=sweep_charts] [data-testid=stColumn] { min-width: min(100%, 24rem); }</style>")
    with st.container(key=panel.key("sweep_charts")):
        left, right = st.columns(2, gap="medium")
    with left:
        live_parts.chart_of(
            views,
            ("sweep curves", view),
            partial(_curves, sweep, ids, view),
            key=panel.key("chart_sweep"),
            height=460,
            subject=sweep.id,
            on_click=partial(_clicked, panel, sweep),
        )
    with right:
        live_parts.chart_of(
            views,
            ("sweep ends", view),
            partial(_ends, sweep, ids, view),
            key=panel.key("chart_rates"),
            height=460,
            narrow=(sweep_zones.WIDTH, 460),
            subject=sweep.id,
            on_click=partial(_clicked, panel, sweep),
        )


def _curves(sweep: SweepRecord, ids: Sequence[str], view: SweepView) -> live_parts.Picture:
    """The left chart: the curves of all runs."""
    views = _look(ids)
    make = partial(sweep_curves.curves_chart, sweep.id, _pairs(views), sweep.rates, view, _)
    return live_parts.Picture(watch.figure((*_key(views, view), "curves"), make), _("Curves of all runs, overlaid."))


def _ends(sweep: SweepRecord, ids: Sequence[str], view: SweepView) -> live_parts.Picture:
    """The right chart: where they ended, by their rates."""
    views = _look(ids)
    reading, key = _reading(views), _key(views, view)
    make = partial(sweep_zones.rates_chart, sweep.id, _pairs(views), reading, view, _, sweep.predicted_edge)
    wide = watch.figure((*key, "ends"), make)
    narrow = watch.figure((*key, "narrow ends"), partial(make, width=sweep_zones.NARROW))
    return live_parts.Picture(wide, sweep_zones.describe(reading, len(sweep.rates)).text(_), narrow)


def _pairs(views: list[watch.View]) -> list[tuple[Run, Curves]]:
    return [(view.run, view.curves) for view in views]


def _key(views: list[watch.View], view: SweepView) -> tuple[Hashable, ...]:
    return *((run_view.run.id, run_view.run.version) for run_view in views), view, texts.language()


def _clicked(panel: Panel, sweep: SweepRecord, click: Click) -> None:
    """A point of the right chart, or a curve of the left one: its rate is chosen."""
    place = click.point if click.trace in ("final", "best") else click.meta
    if isinstance(place, int) and 0 <= place < len(sweep.rates):
        panel.session["chosen_rate"] = sweep.rates[place]
