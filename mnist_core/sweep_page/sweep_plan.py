"""The plan of a sweep over learning rates: range, how many, seeds; and the button that starts it.

The plan is one dict in the session, as the draft of a run's settings is.
"""

from __future__ import annotations

import math
import secrets
from functools import partial
from typing import Any

import streamlit as st

from mnist_core import estimate, sweep_range
from mnist_core.config import RANGES, RunConfig
from mnist_core.errors import ConfigError
from mnist_core.messages import number_text
from mnist_core.panels import draft, predictions, round_panel, waiting
from mnist_core.panels.controls import EPOCHS, RATES
from mnist_core.records import SweepRecord
from mnist_core.rounds import Assignment, predicted_edge
from mnist_core.sweep_page import sweep_panel
from mnist_core.sweep_range import Plan
from mnist_core.ui import address, address_text, frame, names, session
from mnist_core.ui.choice import typed
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

FIRST = {"count": 12, "seeds": 1}
COUNTS = {
    "count": (sweep_range.FEWEST, sweep_range.MOST),
    "seeds": (1, sweep_range.MOST_SEEDS),
    "epochs": (int(RANGES["epochs"].minimum), int(RANGES["epochs"].maximum)),
}
ENDS = ("lowest", "highest")
LETTERS = 20  # of a rate in the address
STOPS = tuple(rate for rate in RATES if sweep_range.MINIMUM <= rate <= sweep_range.MAXIMUM)


def controls() -> Plan | None:
    """The plan's widgets, and the plan; None where a sentence says what is wrong with it."""
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
        _("Number of rates"),
        sweep_range.FEWEST,
        sweep_range.MOST,
        **_bound("count"),
        help=_("Evenly spaced on a log scale: each rate is the previous one times the same factor."),
    )
    st.slider(
        _("Seeds"),
        1,
        sweep_range.MOST_SEEDS,
        **_bound("seeds"),
        help=_("Runs at each rate. Their weight initialization differs, their batches are the same: how much is luck?"),
    )
    if draft.given_here("sweep") is None:
        _epochs()
    _say()
    return plan


def _epochs() -> None:
    stops = sorted({*EPOCHS, _fields()["epochs"]})
    st.select_slider(
        _("Epochs"), stops, **_bound("epochs"), format_func=names.number, help=_("For each run of the sweep.")
    )


def launch(panel: Panel, plan: Plan | None) -> None:
    """What a press will do, how long it will take, and the button, drawn with the id of the sweep that it makes."""
    config = _config()
    speed = estimate.Speed.from_dict(session.store().facts.get("speed"))
    own, predicting = draft.given_here("sweep"), None
    problem = round_panel.why_not(own)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key=panel.key("rates_launch")):
        runs = plan.runs if plan else 0
        st.button(
            ngettext("Train {n} run", "Train {n} runs", runs).format(n=runs) if plan else _("Train"),
            key=panel.key("sweep"),
            type="primary",
            icon=":material/stacks:",
            on_click=_start,
            args=(panel, secrets.token_hex(5)),
            disabled=plan is None or problem is not None,
            help=problem,
            width=190,
        )
        expected = waiting.expected((config, runs)) if plan else None
        seconds = expected.alone if expected else math.nan
        if expected is not None:
            waiting.expected_time(expected)
        if (own is None or own.round.plan.question == "none") and predictions.toggle():
            predicting = plan
    if plan is None:
        return
    if predicting is not None:
        _ask_edge(predicting)
    st.caption(_("Rates: {rates}").format(rates=", ".join(number_text(rate) for rate in plan.rates)))
    stacked = estimate.trains_stacked(config, speed)
    warning = sweep_range.announcement(config, runs, seconds, stacked, names.duration(seconds))
    if warning is not None:
        st.warning(warning.text(_), icon=":material/hourglass_top:")


def _ask_edge(plan: Plan) -> None:
    options = sorted({rate for rate in STOPS if plan.lowest < rate < plan.highest} | set(plan.rates))
    if _fields().get("edge") not in options:
        _fields()["edge"] = options[len(options) // 2]
    predictions.edge_slider(options, **_bound("edge"))


@frame.callback
def _start(panel: Panel, sweep_id: str) -> None:
    """Queue the sweep and show it, once however often the press arrives."""
    plan, config = _plan(), _config()
    preset = draft.preset()
    own = draft.given_here("sweep")
    record = SweepRecord(
        id=sweep_id,
        owner=session.student(),
        created_at=0.0,  # the store knows when
        config=config,
        rates=plan.rates,
        seeds=plan.seeds,
        preset=preset.name if preset else None,
        variant=draft.variant(),
        predicted_edge=_predicted_edge(own),
    )
    session.store().sweeps.create(record, plan.configs(config), None if own is None else own.round.id)
    sweep_panel.show(panel, sweep_id)


def _predicted_edge(own: Assignment | None) -> float | None:
    """What the student expects of the sweep: what the round has asked, or the page."""
    if own is not None and own.round.plan.question != "none":
        return predicted_edge(own.prediction)
    return _fields().get("edge") if st.session_state.get("predict_first") else None


def _fields() -> dict[str, Any]:
    """The plan as it was typed. Its range follows the settings of the network until another one is chosen."""
    usual = sweep_range.usual_range(draft.config())
    epochs = draft.fields()["epochs"]
    is_new = "rates_plan" not in st.session_state
    fields: dict[str, Any] = st.session_state.setdefault("rates_plan", {**FIRST, "usual": None})
    if fields["usual"] != usual:
        fields |= {"usual": usual, "lowest": names.number(usual[0]), "highest": names.number(usual[1])}
    if fields.get("epochs_of") != epochs:
        fields["epochs"] = fields["epochs_of"] = epochs
    if is_new:
        fields |= _from_address()
    return fields


def leave_to_sweeps() -> None:
    """What the address says of a plan is for the page's other view."""
    address.say(**dict.fromkeys(f"sweep_{name}" for name in (*COUNTS, *ENDS)))


def _from_address() -> dict[str, Any]:
    """What the address says of a plan; a range that is none is told as one that was typed."""
    told: dict[str, Any] = {}
    for name, (least, most) in COUNTS.items():
        told[name] = address.asked(f"sweep_{name}", partial(address_text.number, like=1, least=least, most=most))
    for name in ENDS:
        told[name] = address.asked(f"sweep_{name}", lambda text: text if 0 < len(text) <= LETTERS else None)
    return {name: value for name, value in told.items() if value is not None}


def _say() -> None:
    """Let the address say what of the plan is not as it begins."""
    fields = _fields()
    low, high = fields["usual"]
    first = {**FIRST, "epochs": fields["epochs_of"], "lowest": names.number(low), "highest": names.number(high)}
    told = {name: str(fields[name])[:LETTERS] if fields[name] != first[name] else None for name in first}
    address.say(**{f"sweep_{name}": text for name, text in told.items()})


def _plan() -> Plan:
    """Raises ConfigError with every problem of what was typed."""
    fields = _fields()
    return Plan.parse(fields["lowest"], fields["highest"], fields["count"], fields["seeds"])


def _config() -> RunConfig:
    """What all runs of the next sweep share."""
    config = draft.config()
    return config if draft.given_here("sweep") else config.replace(epochs=_fields()["epochs"])


def _bound(name: str) -> dict[str, Any]:
    """Key and callback of the widget that shows a field of the plan."""
    key = f"rates_{name}"
    st.session_state[key] = _fields()[name]

    def changed() -> None:
        value = st.session_state[key]
        _fields()[name] = typed(value) if name in ("lowest", "highest") else value

    return {"key": key, "on_change": changed}


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
        help=_("Log scale: each stop multiplies the rate. Type exact limits below."),
    )
