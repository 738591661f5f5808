"""Give to the class: the teacher turns the settings of the Train page into a round."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, cast

import streamlit as st

from mnist_core.config import FIELDS, RANGES, SETTINGS, RunConfig, choices
from mnist_core.config_validation import Range
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.panels import controls, draft
from mnist_core.panels.round_panel import IdeaPlace
from mnist_core.rounds import (
    INSTRUCTION_LETTERS,
    LAYERS,
    MOST_RUNS,
    QUESTIONS_OF,
    TITLE_LETTERS,
    Plan,
    Question,
    RoundKind,
    RoundState,
)
from mnist_core.ui import frame, names, session
from mnist_core.ui.classwork import Taught
from mnist_core.ui.texts import _

KINDS: Mapping[RoundKind, str] = {
    "run": N_("A run with these settings"),
    "sweep": N_("A learning rate sweep with these settings"),
    "range-test": N_("A range test with these settings"),
    "idea": N_("An idea"),
}
QUESTIONS: Mapping[Question, str] = {
    "none": N_("no prediction"),
    "outcome": N_("whether training learns or breaks"),
    "accuracy": N_("the validation accuracy"),
    "edge": N_("the rate at which training breaks"),
}
# Where ranges of free settings begin and end; other numbers go over all that they may be.
STOPS: Mapping[str, Sequence[float]] = {
    "learning_rate": controls.RATES,
    "batch_size": controls.SIZES,
    "train_size": controls.TRAIN_SIZES,
    "validation_size": controls.VALIDATION_SIZES,
    "epochs": controls.EPOCHS,
    "weight_decay": controls.DECAYS,
}
UNITS = (1, 2, 4, 8, 16, 32, 50, 64, 100, 128, 256, 512, 1_024, 2_048)
NOT_FREE = ("sharpness", "batch_seed", "classes")  # no control of the Train page shows them
STEPS = 100  # of a range that has no stops of its own


def draw(mine: Taught, ideas: Mapping[str, IdeaPlace]) -> None:
    """All that a round is made of, folded."""
    label = _("Give to the class {name}").format(name=mine.in_class.name.markdown)
    with st.expander(label, icon=":material/school:", key=_key("form")):
        st.text_input(_("Title of the round"), key=_key("title"), max_chars=TITLE_LETTERS)
        st.text_area(
            _("What is to be done"),
            key=_key("instruction"),
            max_chars=INSTRUCTION_LETTERS,
            height=100,
            help=_("Lists, **bold** and *italic* are shown as such, everything else as it is typed."),
        )
        kind = _one_of(_("What is given"), KINDS, _key("kind"))
        if kind == "idea":
            titles = {name: _(place.title) for name, place in ideas.items()}
            st.selectbox(_("Idea"), list(titles), format_func=titles.__getitem__, key=_key("idea"))
        else:
            _rules(_free(draft.config(), kind), kind)
        _buttons(mine)


def _key(name: str) -> str:
    """Of a widget of the form: another one once a round was given, so that the form begins anew."""
    number = st.session_state.get("give_number", 0)
    return f"give_{name}_{number}" if number else f"give_{name}"


def _said(name: str) -> Any:
    """What a widget says, in the callback of a button."""
    return st.session_state.get(_key(name))


def _one_of(label: str, titles: Mapping[Any, str], key: str) -> Any:
    return st.selectbox(label, list(titles), format_func=lambda word: _(titles[word]), key=key)


def _free(config: RunConfig, kind: RoundKind) -> Sequence[str]:
    """Which settings students may change, and within what; returns their names."""
    options = [name for name in SETTINGS if name not in NOT_FREE and not (name == "learning_rate" and kind != "run")]
    chosen = st.multiselect(
        _("Students may change"),
        options,
        default=["learning_rate"] if kind == "run" else [],
        format_func=names.setting,
        placeholder=_("none"),
        key=_key(f"free_{kind}"),
        help=_("All other settings are locked: the store refuses every run that has others."),
    )
    for name in chosen:
        _range(name, getattr(config, name))
    return chosen


def _range(name: str, current: Any) -> None:
    title, key = names.setting(name), _key(f"range_{name}")
    if FIELDS[name] is bool:
        return
    if words := choices(name):
        st.multiselect(title, words, default=words, format_func=names.choice, placeholder=_("none"), key=key)
    elif name in LAYERS:
        how_many, of_each = names.of_layers(name)
        count = SETTINGS[name].layers
        assert count is not None
        fewest, most = int(count.minimum), int(count.maximum)
        st.slider(how_many, fewest, most, (fewest, most), key=_key(f"range_{name}_count"))
        units = _stops(UNITS, RANGES_OF_UNITS[name], list(current))
        st.select_slider(of_each, units, (units[0], units[-1]), key=key, format_func=names.number)
    else:
        stops = _stops(STOPS.get(name, _evenly(RANGES[name])), RANGES[name], [] if current is None else [current])
        st.select_slider(title, stops, (stops[0], stops[-1]), key=key, format_func=names.number)


RANGES_OF_UNITS: Mapping[str, Range] = {
    name: allowed for name in LAYERS if (allowed := SETTINGS[name].allowed) is not None
}


def _stops(stops: Sequence[float], allowed: Range, current: Sequence[float]) -> list[float]:
    within = {stop for stop in stops if allowed.minimum <= stop <= allowed.maximum}
    return sorted(within | set(current))


def _evenly(allowed: Range) -> list[float]:
    """Places from end to end, whole numbers where there are few."""
    width = allowed.maximum - allowed.minimum
    if width >= STEPS:
        return [allowed.minimum + round(width * place / STEPS) for place in range(STEPS + 1)]
    step = 1 if width > 1 else width / STEPS
    return [round(allowed.minimum + step * place, 6) for place in range(round(width / step) + 1)]


def _rules(free: Sequence[str], kind: RoundKind) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            _("Runs of each student"),
            0,
            MOST_RUNS,
            5,
            key=_key("runs"),
            width=200,
            help=_("At most; 0: any number. A sweep counts as one."),
        )
        with st.container(width=280):
            questions = {question: QUESTIONS[question] for question in QUESTIONS_OF[kind]}
            if len(questions) > 1:
                _one_of(_("Predict first"), questions, _key(f"question_{kind}"))
    with st.container(horizontal=True):
        st.toggle(
            _("The same seed for all"),
            True,
            key=_key("same_seed"),
            help=_("Else each student has a seed of his own: other initial weights, the same batches."),
        )
        sealed = st.toggle(
            _("Seal the test set"),
            True,
            key=_key("sealed"),
            help=_("Nobody in the class sees test figures until you open them for all, in the Classroom."),
        )
    if sealed and not draft.config().validation_size and "validation_size" not in free:
        st.caption(
            _(
                ":material/info: These settings have no validation images: while the test set is sealed, students see training accuracy alone."
            )
        )


def _buttons(mine: Taught) -> None:
    round_id = secrets.token_hex(5)
    with st.container(horizontal=True):
        states: tuple[tuple[RoundState, str, str], ...] = (
            ("open", _("Open it for the class"), "play_arrow"),
            ("draft", _("Keep it as a draft"), "draft"),
        )
        for state, label, icon in states:
            st.button(
                label,
                key=f"give_{state}",
                type="primary" if state == "open" else "secondary",
                icon=f":material/{icon}:",
                on_click=_give,
                args=(mine, round_id, state),
            )


@frame.callback
def _give(mine: Taught, round_id: str, state: RoundState) -> None:
    given = session.store().rounds.give(mine.in_class.id, mine.secret, _plan(), state=state, round_id=round_id)
    st.session_state["class_note"] = (
        _("The round **{title}** is open. Every student's Train page shows it.")
        if state == "open"
        else _("The draft **{title}** is kept. Open it in the Classroom.")
    ).format(title=given.plan.title.markdown)
    st.session_state["give_number"] = st.session_state.get("give_number", 0) + 1
    frame.draw_anew()


def _plan() -> Plan:
    """What the widgets say, in the callback of a button."""
    kind: RoundKind = _said("kind") or "run"
    title, instruction = (UserText(str(_said(name) or "")) for name in ("title", "instruction"))
    if kind == "idea":
        return Plan(title, instruction, kind, idea=str(_said("idea") or ""))
    config, preset = draft.config(), draft.preset()
    chosen = cast(Sequence[str], _said(f"free_{kind}") or ())
    return Plan(
        title,
        instruction,
        kind,
        config,
        {name: _allowed(name) for name in chosen},
        preset.name if preset else None,
        draft.variant(),
        runs_each=int(_said("runs") or 0) or None,
        question=_said(f"question_{kind}") or "none",
        same_seed=_said("same_seed") is not False,
        test_sealed=_said("sealed") is not False,
    )


def _allowed(name: str) -> tuple[Any, ...]:
    values = tuple(_said(f"range_{name}") or ())
    if name in LAYERS:
        return (*(_said(f"range_{name}_count") or ()), *values)
    return values
