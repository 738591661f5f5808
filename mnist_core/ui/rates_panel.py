"""Many rates: one click trains the same network at many learning rates; drawn live, and read in a sentence.

The sweep is known by its id, which is in the address: whoever opens that sees it. The plan (range, how many, seeds)
is one dict in the session, as the draft of a run's settings is.
"""

from __future__ import annotations

import math
import secrets
import time
from functools import partial
from typing import Any, cast

import pandas as pd
import streamlit as st

from mnist_core import estimate, rates, settings
from mnist_core.config import RunConfig
from mnist_core.diagnostics import chance_loss, zones
from mnist_core.errors import ConfigError
from mnist_core.figures import rates as charts
from mnist_core.rates import Plan
from mnist_core.records import SweepRecord
from mnist_core.ui import controls, draft, frame, names, predictions, run_panel, session, texts, watch
from mnist_core.ui.chart import Click, live_chart
from mnist_core.ui.texts import _, ngettext

SHOWN = 6  # earlier sweeps before the rest is folded
STOPS = tuple(rate for rate in controls.RATES if rates.LEAST <= rate <= rates.GREATEST)


def draw() -> None:
    """The plan in the sidebar, the button, and the sweep that is shown."""
    if "shown_sweep" not in st.session_state:
        st.session_state["shown_sweep"] = st.query_params.get("sweep")
    with st.sidebar:
        plan = _controls()
    _launch(plan)
    if shown := st.session_state["shown_sweep"]:
        frame.safely(_sweep)(shown)
    else:
        st.info(_("Press the button: all runs start from the same weights and are drawn here together, live."))
    frame.safely(_earlier)()


# ---- the plan --------------------------------------------------------------------------------------------------


def _fields() -> dict[str, Any]:
    """The plan as it was typed. Its range follows the settings of the network until another one is chosen."""
    usual = rates.usual_range(draft.config())
    fields: dict[str, Any] = st.session_state.setdefault("rates_plan", {"count": 12, "seeds": 1, "usual": None})
    if fields["usual"] != usual:
        fields |= {"usual": usual, "lowest": names.number(usual[0]), "highest": names.number(usual[1])}
    if fields.get("epochs_of") != draft.fields()["epochs"]:
        fields["epochs"] = fields["epochs_of"] = draft.fields()["epochs"]
    return fields


def _plan() -> Plan:
    """Raises ConfigError with every problem of what was typed."""
    fields = _fields()
    return Plan.parse(fields["lowest"], fields["highest"], fields["count"], fields["seeds"])


def _config() -> RunConfig:
    """What all runs of the next sweep share."""
    return draft.config().replace(epochs=_fields()["epochs"])


def _bound(name: str) -> dict[str, Any]:
    """Key and callback of the widget that shows a field of the plan."""
    key = f"rates_{name}"
    st.session_state[key] = _fields()[name]

    def changed() -> None:
        _fields()[name] = st.session_state[key]

    return {"key": key, "on_change": changed}


def _controls() -> Plan | None:
    """None where a sentence says what is wrong with the plan."""
    try:
        plan: Plan | None = _plan()
        problem = None
    except ConfigError as error:
        plan, problem = None, error
    _range_slider(plan)
    low, high = st.columns(2)
    low.text_input(_("Lowest rate"), **_bound("lowest"))
    high.text_input(_("Highest rate"), **_bound("highest"))
    if problem is not None:
        frame.show_error(problem)
    st.slider(
        _("How many rates"),
        rates.FEWEST,
        rates.MOST,
        **_bound("count"),
        help=_("Evenly spaced on a log scale: each is the one before times the same factor."),
    )
    st.slider(
        _("Seeds"),
        1,
        rates.MOST_SEEDS,
        **_bound("seeds"),
        help=_("So many runs of each rate, from other first weights, on the same batches: what is luck?"),
    )
    stops = sorted({*controls.EPOCHS, _fields()["epochs"]})
    st.select_slider(
        _("Epochs"), stops, **_bound("epochs"), format_func=names.number, help=_("Of each run of the sweep.")
    )
    return plan


def _range_slider(plan: Plan | None) -> None:
    """Two handles; where the typed range is none, they stay at the last that was one."""
    fields = _fields()
    if plan is not None and fields.get("range") != (plan.lowest, plan.highest):
        # Typed, or of another experiment: a slider that did not move itself begins anew.
        fields |= {"range": (plan.lowest, plan.highest), "slider": fields.get("slider", 0) + 1}
    lowest, highest = fields.setdefault("range", fields["usual"])
    key = f"rates_range_{fields.setdefault('slider', 0)}"

    def changed() -> None:
        low, high = st.session_state[key]
        _fields().update(range=(low, high), lowest=names.number(low), highest=names.number(high))

    st.select_slider(
        _("Range of learning rates"),
        sorted({*STOPS, lowest, highest}),
        (lowest, highest),
        key=key,
        format_func=names.number,
        on_change=changed,
        help=_("Log scale: each stop is a factor. Type exact ends below."),
    )


def _launch(plan: Plan | None) -> None:
    """What a press will do, how long it will take, and the button, drawn with the id of the sweep that it makes."""
    config = _config()
    speed = estimate.Speed.from_dict(session.store().fact("speed"))
    predicting = None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="rates_launch"):
        runs = plan.runs if plan else 0
        st.button(
            ngettext("Train {n} run", "Train {n} runs", runs).format(n=runs) if plan else _("Train"),
            key="sweep",
            type="primary",
            icon=":material/stacks:",
            on_click=_start,
            args=(secrets.token_hex(5),),
            disabled=plan is None,
            width=190,
        )
        seconds = estimate.estimate_sweep(config, runs, speed, settings.worker_count()) if plan else math.nan
        if plan is not None:
            st.metric(_("Expected time"), names.duration(seconds), width="content")
        if predictions.wanted():
            predicting = plan
    if plan is None:
        return
    if predicting is not None:
        _ask_edge(predicting)
    st.caption(_("Rates: {rates}").format(rates=", ".join(f"{rate:g}" for rate in plan.rates)))
    together = estimate.trains_stacked(config)
    said = rates.announcement(config, runs, seconds, together, names.duration(seconds))
    if said is not None:
        st.warning(said.text(_), icon=":material/hourglass_top:")


def _ask_edge(plan: Plan) -> None:
    options = sorted({rate for rate in STOPS if plan.lowest < rate < plan.highest} | set(plan.rates))
    if _fields().get("edge") not in options:
        _fields()["edge"] = options[len(options) // 2]
    st.select_slider(
        _("I expect the edge, from which on training breaks, at a rate of …"),
        options,
        **_bound("edge"),
        format_func=names.number,
        width=640,
    )


@frame.callback
def _start(sweep_id: str) -> None:
    """Queue the sweep and show it, once however often the press arrives."""
    plan, config = _plan(), _config()
    chosen = draft.preset()
    predicted = _fields()["edge"] if st.session_state.get("predict_first") else None
    student = session.student()
    session.store().create_runs(
        student,
        plan.configs(config),
        sweep_id,
        preset=chosen.name if chosen else None,
        variants=(draft.variant(),),
        sweep=SweepRecord(sweep_id, student, time.time(), config, plan.rates, plan.seeds, predicted_edge=predicted),
    )
    _show(sweep_id)


def _show(sweep_id: str) -> None:
    st.session_state.update(shown_sweep=sweep_id, chosen_rate=None)


# ---- the sweep -------------------------------------------------------------------------------------------------


def _sweep(sweep_id: str) -> None:
    moving = any(view.run.active for view in watch.look_at_group(sweep_id))
    frame.fragment(_panel, every=run_panel.interval() * 1.5 if moving else None)(sweep_id, moving)


def _panel(sweep_id: str, moving: bool) -> None:
    if st.session_state.pop("go_to_train", False):  # a callback cannot turn the page itself
        st.switch_page("pages/train.py")
    views = watch.look_at_group(sweep_id)
    sweep = session.store().sweep(sweep_id) if views else None
    if sweep is None:
        st.info(_("There is no such sweep here."))
        return
    if any(view.run.active for view in views) != moving:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_head"):
        st.markdown(f"**{names.but_the_rate(sweep.config)}**", width="content")
        if moving and sweep.owner == session.student():
            st.button(_("Stop all"), key="stop_sweep", icon=":material/stop:", on_click=_stop_all, args=(views,))
    if sweep.owner != session.student():
        st.caption(_(":material/visibility: Somebody else's sweep: you can watch it and take its rates."))
    if moving:
        _progress(sweep, views)
    versions = tuple(view.run.version for view in views)
    reading = watch.figure((sweep_id, versions, "reading"), partial(_read, views))
    _words(sweep, reading)
    view = _view()
    _charts(sweep, views, versions, reading, view)
    _chosen(sweep, views, reading, view)
    _table(sweep, views, reading, view)


def _read(views: list[watch.View]) -> zones.Reading:
    trials = [zones.trial(view.run, view.curves) for view in views]
    return zones.read(trials, chance_loss(views[0].run.config.loss))


@frame.callback
def _stop_all(views: list[watch.View]) -> None:
    for view in views:
        if view.run.state != "finished":
            run_panel.ask(view.run, "stop")


def _progress(sweep: SweepRecord, views: list[watch.View]) -> None:
    runs = [view.run for view in views]
    total = sum(run.config.total_steps for run in runs)
    done = sum(run.config.total_steps if run.state == "finished" else run.progress.step for run in runs)
    share = done / total
    begun = [run.started_at for run in runs if run.started_at is not None]
    if not begun:
        st.progress(0.0, text=_waiting(sweep))
        return
    ended = sum(run.state == "finished" for run in runs)
    text = ngettext("{done} of {all} run is done", "{done} of {all} runs are done", len(runs))
    parts = [text.format(done=ended, all=len(runs))]
    waiting = sum(run.state == "queued" for run in runs)
    if waiting:
        parts.append(ngettext("{n} waits", "{n} wait", waiting).format(n=waiting))
    if share > 0.03:
        left = (time.time() - min(begun)) * (1 - share) / share
        parts.append(_("about {time} left").format(time=names.duration(left)))
    st.progress(min(1.0, share), text=" · ".join(parts))


def _waiting(sweep: SweepRecord) -> str:
    """Its place in the queue, and when it will begin."""
    ahead = session.store().ahead_of(sweep.id)
    if not ahead:
        return _("Starting …")
    speed = estimate.Speed.from_dict(session.store().fact("speed"))
    seconds = sum(
        estimate.estimate_seconds(run.config, speed) * (1 - run.progress.step / max(1, run.progress.total_steps))
        for run in ahead
    )
    text = ngettext(
        "Waiting: {n} run is before this sweep, about {time}.",
        "Waiting: {n} runs are before this sweep, about {time}.",
        len(ahead),
    )
    return text.format(n=len(ahead), time=names.duration(seconds / settings.worker_count()))


def _words(sweep: SweepRecord, reading: zones.Reading) -> None:
    """What the sweep says, and how good the prediction was."""
    if said := " ".join(sentence.text(_) for sentence in reading.sentences):
        with st.container(key="sweep_words"):
            st.success(said, icon=":material/query_stats:")
    if sweep.predicted_edge is None:
        return
    if not reading.done or reading.edge is None:
        text = _("You predicted the edge at {rate}.").format(rate=f"{sweep.predicted_edge:g}")
        st.caption(f":material/psychology: {text}")
        return
    _settle(sweep, reading)
    st.markdown(f":material/psychology: {zones.told_off(reading.edge, sweep.predicted_edge).text(_)}")
    if sweep.owner == session.student():
        predictions.draw_tally()


def _settle(sweep: SweepRecord, reading: zones.Reading) -> None:
    if sweep.off is None and sweep.predicted_edge is not None and reading.edge is not None:
        session.store().settle_sweep(sweep.id, reading.edge.off(sweep.predicted_edge))


def _view() -> charts.SweepView:
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_controls"):
        metric = st.segmented_control(
            _("Figure"),
            list(charts.METRICS),
            default="loss",
            required=True,
            key="sweep_metric",
            format_func=lambda word: _(charts.METRICS[word]),
            label_visibility="collapsed",
        )
        part = st.segmented_control(
            _("Curves of"),
            list(charts.PARTS),
            default="train",
            required=True,
            key="sweep_part",
            format_func=lambda word: _(charts.PARTS[word]),
            label_visibility="collapsed",
        )
        log_y = st.toggle(_("Log loss axis"), key="sweep_log_y")
    chosen = st.session_state.get("chosen_rate")
    return charts.SweepView(cast(Any, metric), cast(Any, part), log_y, session.dark(), chosen)


def _charts(
    sweep: SweepRecord,
    views: list[watch.View],
    versions: tuple[int, ...],
    reading: zones.Reading,
    view: charts.SweepView,
) -> None:
    runs = [(one.run, one.curves) for one in views]
    key = (sweep.id, versions, view, texts.language())
    left, right = st.columns(2, gap="medium")
    with left:
        make = partial(charts.curves_chart, sweep.id, runs, sweep.rates, view, _)
        live_chart(
            watch.figure((*key, "curves"), make),
            key="chart_sweep",
            height=460,
            description=_("Curves of all runs, overlaid."),
            subject=sweep.id,
            on_click=partial(_clicked, sweep),
        )
    with right:
        ends = partial(charts.rates_chart, sweep.id, runs, reading, view, _, sweep.predicted_edge)
        live_chart(
            watch.figure((*key, "ends"), ends),
            key="chart_rates",
            height=460,
            description=charts.describe(reading, len(sweep.rates)).text(_),
            subject=sweep.id,
            on_click=partial(_clicked, sweep),
        )


def _clicked(sweep: SweepRecord, click: Click) -> None:
    """A point of the right chart, or a curve of the left one: its rate is chosen."""
    place = click.point if click.trace in ("final", "best") else click.meta
    if isinstance(place, int) and 0 <= place < len(sweep.rates):
        st.session_state["chosen_rate"] = sweep.rates[place]


# ---- one rate --------------------------------------------------------------------------------------------------


def _chosen(sweep: SweepRecord, views: list[watch.View], reading: zones.Reading, view: charts.SweepView) -> None:
    """The rate that was clicked, or chosen here: what came of it, and where to go from it."""
    st.session_state["sweep_rate"] = view.chosen if view.chosen in sweep.rates else None

    def changed() -> None:
        st.session_state["chosen_rate"] = st.session_state["sweep_rate"]

    with st.container(horizontal=True, vertical_alignment="bottom", key="chosen"):
        st.selectbox(
            _("Click a point, or choose a rate"),
            sweep.rates,
            key="sweep_rate",
            index=None,
            placeholder=_("no rate chosen"),
            format_func=names.number,
            on_change=changed,
            width=230,
        )
        of_rate = [one for one in views if one.run.config.learning_rate == view.chosen]
        if not of_rate:
            return
        first = of_rate[0].run.config
        st.button(
            _("Set this rate on the Train page"),
            key="set_rate",
            icon=":material/tune:",
            type="primary",
            on_click=_set_rate,
            args=(sweep, first),
        )
        for one in of_rate:
            label = _("Open the run") if len(of_rate) == 1 else _("Open seed {n}").format(n=one.run.config.seed)
            key = f"open_seed_{one.run.config.seed}"
            st.button(label, key=key, icon=":material/show_chart:", on_click=_open_run, args=(one.run.id,))
    st.markdown(_told(of_rate, reading, view))


def _set_rate(sweep: SweepRecord, config: RunConfig) -> None:
    """The rate into the draft; where the draft is of another network, all settings of the sweep."""
    others = draft.config().differences(sweep.config)
    if set(others) <= {"learning_rate", "epochs"}:
        draft.put("learning_rate", config.learning_rate)
    else:
        draft.load(config)
    st.session_state["go_to_train"] = True


def _open_run(run_id: str) -> None:
    st.session_state.update(shown_run=run_id, shown_group=None, go_to_train=True)


def _told(of_rate: list[watch.View], reading: zones.Reading, view: charts.SweepView) -> str:
    """A rate in a line: zone, outcomes, figures of each seed."""
    rate = of_rate[0].run.config.learning_rate
    zone = next((point.zone for point in reading.points if point.rate == rate), None)
    parts = [_("Rate **{rate}**").format(rate=names.number(rate))]
    if zone is not None:
        parts.append(_(charts.ZONE_NAMES[zone]))
    for one in of_rate:
        loss = zones.last(one.run, one.curves, view.split, "loss")
        accuracy = zones.last(one.run, one.curves, view.split, "accuracy")
        figures = _("loss {loss}, accuracy {accuracy}").format(loss=f"{loss:.4g}", accuracy=f"{accuracy:.2%}")
        parts.append(f"{names.badge(one.run)} {figures}")
    return " · ".join(parts)


def _table(sweep: SweepRecord, views: list[watch.View], reading: zones.Reading, view: charts.SweepView) -> None:
    """All runs in figures; a row can be chosen, too."""
    split = view.split
    point_zones = {point.rate: point.zone for point in reading.points}
    shown = sorted(views, key=lambda one: (one.run.config.learning_rate, one.run.config.seed))

    def row(one: watch.View) -> dict[str, Any]:
        run, zone = one.run, point_zones.get(one.run.config.learning_rate)
        told = {_("Rate"): names.number(run.config.learning_rate)}
        if sweep.seeds > 1:
            told[_("Seed")] = str(run.config.seed)
        return told | {
            _("Outcome"): _(names.STATES[names.state(run)]),
            _("Zone"): _(charts.ZONE_NAMES[zone]) if zone else "",
            _("Loss at the end"): _shown(zones.last(run, one.curves, split, "loss"), ".4g"),
            _("Best loss"): _shown(zones.best(run, one.curves, split, "loss"), ".4g"),
            _("Accuracy at the end"): _shown(zones.last(run, one.curves, split, "accuracy"), ".2%"),
            _("Best accuracy"): _shown(zones.best(run, one.curves, split, "accuracy"), ".2%"),
        }

    def chosen() -> None:
        rows = st.session_state["sweep_table"]["selection"]["rows"]
        if rows and rows[0] < len(shown):
            st.session_state["chosen_rate"] = shown[rows[0]].run.config.learning_rate

    st.dataframe(
        pd.DataFrame([row(one) for one in shown]),
        hide_index=True,
        width="stretch",
        key="sweep_table",
        on_select=chosen,
        selection_mode="single-row",
    )


def _shown(value: float, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)


# ---- earlier sweeps --------------------------------------------------------------------------------------------


def _earlier() -> None:
    """This student's sweeps, to be opened again."""
    sweeps = session.store().list_sweeps(session.student())
    if not sweeps:
        return
    for sweep in sweeps[:SHOWN]:
        if sweep.predicted_edge is not None and sweep.off is None and sweep.id != st.session_state["shown_sweep"]:
            _settle_unseen(sweep)
    st.subheader(_("My sweeps"))
    for sweep in sweeps[:SHOWN]:
        _line(sweep)
    if len(sweeps) > SHOWN:
        more = len(sweeps) - SHOWN
        with st.expander(ngettext("{n} earlier sweep", "{n} earlier sweeps", more).format(n=more)):
            for sweep in sweeps[SHOWN:]:
                _line(sweep)


def _settle_unseen(sweep: SweepRecord) -> None:
    """A prediction whose sweep ended while nobody looked."""
    views = watch.look_at_group(sweep.id)
    if views and not any(view.run.active for view in views):
        _settle(sweep, _read(views))


def _line(sweep: SweepRecord) -> None:
    title, when, action = st.columns([8, 3, 2], vertical_alignment="center")
    current = st.session_state["shown_sweep"] == sweep.id
    text = _("{n} rates from {low} to {high} · {settings}").format(
        n=len(sweep.rates),
        low=names.number(sweep.rates[0]),
        high=names.number(sweep.rates[-1]),
        settings=names.but_the_rate(sweep.config),
    )
    title.markdown(f"**{text}**" if current else text)
    when.caption(time.strftime("%Y-%m-%d %H:%M", time.localtime(sweep.created_at)))
    action.button(
        _("Open"), key=f"open_{sweep.id}", type="tertiary", disabled=current, on_click=_show, args=(sweep.id,)
    )
