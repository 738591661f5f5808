"""The settings on the Train page: what the student has chosen so far, kept across pages and in the address.

One dict of RunConfig's fields in the session is the only truth. A widget shows one field of it under the key
`c_<field>`; widgets that are not drawn lose their state in Streamlit, the dict does not.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import streamlit as st

from mnist_core import old_names, presets
from mnist_core.config import FIELDS, RunConfig, unknown_field
from mnist_core.errors import ConfigError, Problem
from mnist_core.image_sets import DatasetName, image_set, own_id
from mnist_core.panels import typed_setting
from mnist_core.presets import PRESETS, Preset
from mnist_core.records import Run
from mnist_core.rounds import Assignment, Free, RoundKind, nearest
from mnist_core.ui import address, classwork, data_note, frame, own_images
from mnist_core.ui.texts import _

DEFAULT_PRESET = "keras-first-look"
MISSPELLED = 0.85  # how close a word of an address is to the name of a setting that was meant
LETTERS = 60  # of an experiment's name that a sentence repeats
_KEY = "c_"
EXACT_RATE = f"{_KEY}exact_rate"  # key of the field for a rate between the stops


def fields() -> dict[str, Any]:
    """The draft itself, to be read and written in place."""
    if "draft" not in st.session_state:
        _from_address()
    draft: dict[str, Any] = st.session_state["draft"]
    return draft


def config() -> RunConfig:
    """The draft as a configuration. Raises ConfigError (controls keep it from happening)."""
    return RunConfig.from_dict(fields())


def key(name: str) -> str:
    """Key of the widget for field `name`; what the draft holds is put into it before it is drawn."""
    if _KEY + name not in st.session_state:
        st.session_state[_KEY + name] = fields()[name]
    return _KEY + name


def put(name: str, value: Any) -> None:
    """Set a field from outside its widget; only before the widget is drawn or in a callback."""
    fields()[name] = value
    st.session_state.pop(_KEY + name, None)


def preset() -> Preset | None:
    """The experiment that the draft started from."""
    return PRESETS.get(st.session_state.get("preset", ""))


def variant() -> str | None:
    """The variant of the experiment that the controls show."""
    experiment = preset()
    if experiment is None or not experiment.variants:
        return None
    label = st.session_state.get("variant")
    return label if label in experiment.variants else next(iter(experiment.variants))


def start_from(name: str, label: str | None = None) -> None:
    """Take all settings from an experiment (and one of its variants), on the data that is here."""
    experiment = PRESETS.get(name)
    if experiment is None:
        return  # the browser says what it likes
    st.session_state["preset"] = name
    st.session_state["variant"] = label or next(iter(experiment.variants), None)
    load(base(), keep_preset=True)


def base() -> RunConfig:
    """The configuration that the draft started from, on the data that is here."""
    experiment = preset()
    if experiment is None:
        return RunConfig(dataset=data_note.dataset())
    changes = experiment.variants.get(variant() or "", {})
    return experiment.config.replace(dataset=data_note.dataset(), **changes)


def is_changed() -> bool:
    """Whether any setting but the data is another one than the draft started from; settings may be none that can be together."""
    start = base()
    return any(fields()[name] != getattr(start, name) for name in FIELDS if name != "dataset")


def load(new: RunConfig, *, keep_preset: bool = False) -> None:
    """Show the settings of `new`."""
    if not keep_preset:
        st.session_state["preset"] = ""
    st.session_state["draft"] = dict(zip(FIELDS, (getattr(new, name) for name in FIELDS), strict=True))
    for name in [*FIELDS, "depth"]:
        st.session_state.pop(_KEY + name, None)
    typed_setting.forget(EXACT_RATE)
    for widget in [str(w) for w in st.session_state if str(w).startswith((_KEY + "units_", _KEY + "filter_"))]:
        del st.session_state[widget]


# ---- a round of the student's class ----------------------------------------------------------------------------


def given() -> Assignment | None:
    """The round that the controls are for; None where the student trains what he likes."""
    own = classwork.assignment()
    if own is None or own.round.plan.kind in ("idea", "lesson"):
        return None
    return own if own.round_only or st.session_state.get("left_round") != own.round.id else None


def given_here(kind: RoundKind) -> Assignment | None:
    """The same where the round is of this kind."""
    own = given()
    return own if own is not None and own.round.plan.kind == kind else None


def free_after(run: Run, kind: RoundKind) -> Free | None:
    """What the student may change after this run, where the controls are for the round that it is of; None: all settings."""
    own = given_here(kind)
    return own.round.plan.varied if own is not None and own.round.id == run.round else None


def is_locked(name: str) -> bool:
    """Whether the round that the controls are for leaves this setting as it was given."""
    own = given()
    return own is not None and name not in own.round.plan.free


def allowed(name: str) -> tuple[Any, ...] | None:
    """What the round that the controls are for allows of this setting (`rounds.Plan.free`); None: all that there is."""
    own = given()
    return None if own is None else own.round.plan.free.get(name)


def follow_round() -> list[str]:
    """Begin with what the round gives, and keep to it; returns which settings an address, or a run, had otherwise."""
    own = given()
    if own is None:
        st.session_state["round_in_draft"] = None
        return []
    if st.session_state.get("round_in_draft") != (own.round.id, own.base):
        if "round_in_draft" in st.session_state:  # what was shown before is none of this round
            st.session_state.update(shown_run=st.session_state.get("wanted_run"), shown_group=None)
        st.session_state["round_in_draft"] = own.round.id, own.base
        _begin_round(own)
    draft = fields()
    _take_what_was_moved(draft)
    others = [name for name in FIELDS if name not in own.round.plan.free and draft[name] != getattr(own.base, name)]
    for name in others:
        put(name, getattr(own.base, name))
    for name, allowed_values in own.round.plan.free.items():
        if (value := nearest(name, draft[name], allowed_values)) != draft[name]:
            others.append(name)
            put(name, value)
    return others


def _begin_round(own: Assignment) -> None:
    plan = own.round.plan
    st.session_state["preset"] = plan.preset if plan.preset in PRESETS else ""
    st.session_state["variant"] = plan.variant
    if not _asked_for(*FIELDS):  # else who reloads the page keeps what he has moved
        load(own.base, keep_preset=True)


def _take_what_was_moved(draft: dict[str, Any]) -> None:
    for name in FIELDS:  # before any widget is drawn
        if _KEY + name in st.session_state:
            draft[name] = st.session_state[_KEY + name]


def images_of(dataset: DatasetName) -> int:
    """How many images there are to train and to choose with."""
    found = own_images.find(dataset)
    return image_set(dataset).train if found is None else found.train


def _follow_images(draft: dict[str, Any]) -> None:
    """Of images of one's own as many classes as they have, and a fifth of the images to choose with, as soon as they are chosen."""
    found = own_images.find(draft["dataset"])
    classes = len(found.classes) if found is not None else draft["classes"] if own_id(draft["dataset"]) else 10
    if draft["classes"] != classes:
        put("classes", classes)
    if found is not None and draft["train_size"] + draft["validation_size"] > found.train:
        validation = max(1, round(found.train / 5))
        put("train_size", found.train - validation)
        put("validation_size", validation)


def keep_possible() -> None:
    """Bring settings that depend on each other together, so that controls cannot make an error."""
    draft = fields()
    _take_what_was_moved(draft)
    _follow_images(draft)
    all_images = images_of(draft["dataset"])
    for name, most in (
        ("train_size", all_images),
        ("validation_size", all_images - draft["train_size"]),
        ("batch_size", draft["train_size"]),
    ):
        if draft[name] > most:
            put(name, most)
    if not draft["validation_size"] and draft["early_stopping"]:
        put("early_stopping", 0)


def make_batches_of_two() -> bool:
    """Where batch normalization would meet a batch of one image, make the batches larger; whether that was so.

    Before the batch size is drawn, after the network.
    """
    draft = fields()
    plain = RunConfig.from_dict({**draft, "batch_norm": False})
    if not draft["batch_norm"] or not draft["hidden_layers"] or plain.smallest_batch > 1:
        return False
    sizes = range(draft["batch_size"] + 1, draft["train_size"] + 1)
    enough = next((size for size in sizes if plain.replace(batch_size=size).smallest_batch > 1), None)
    if enough is None:  # one image in all
        put("batch_norm", False)
    else:
        put("batch_size", enough)
    return True


def write_address() -> None:
    """Let the browser's address say these controls, so that opening it brings them back."""
    experiment, settings = preset(), config().to_query(base())
    # An address without any setting asks for the first experiment.
    own = None if settings else ""
    address.say(
        preset=own if experiment is None else experiment.name,
        variant=variant() if experiment is not None and experiment.variants else None,
        # None for what is as the experiment has it: where the controls alone are drawn, it was said before.
        **(dict.fromkeys(FIELDS) | settings),
    )


def follow_address() -> None:
    """Take the settings of an address that was followed, where it has any."""
    if _asked_for(*FIELDS, "preset", "variant"):
        _from_address()


def _asked_for(*names: str) -> bool:
    """Whether an address was followed that says one of these."""
    return address.followed() and any(name in names for name in st.query_params)


def _from_address() -> None:
    """The draft that the address asks for, or the first experiment. What cannot be is left out, and said by `tell_problems`."""
    query: Mapping[str, str] = st.query_params.to_dict()
    name = query.get("preset", DEFAULT_PRESET if not any(name in FIELDS for name in query) else "")
    st.session_state["preset"] = name if name in PRESETS else ""
    st.session_state["variant"] = old_names.current_variant(query.get("variant"))
    start, problems = _what_can_be(query, base())
    if problems := [*_misnamed(query, name), *problems]:
        st.session_state["address_error"] = ConfigError(problems)
    load(start, keep_preset=True)


def _misnamed(query: Mapping[str, str], name: str) -> list[Problem]:
    """An experiment or a variant that there is none of, and settings that are spelled another way."""
    problems: list[Problem] = []
    try:
        if name and "variant" in query:
            presets.preset(name[:LETTERS]).variant(query["variant"][:LETTERS])
        elif name:
            presets.preset(name[:LETTERS])
    except ConfigError as error:
        problems += error.problems
    problems += [unknown_field(word) for word in query if _is_misspelled(word)]
    return problems


def _is_misspelled(word: str) -> bool:
    """Whether a word of the address is meant to be a setting; other words are for the panels."""
    known = word in (*FIELDS, *old_names.SETTINGS, "preset", "variant")
    return not known and bool(difflib.get_close_matches(word, FIELDS, n=1, cutoff=MISSPELLED))


def _what_can_be(query: Mapping[str, str], start: RunConfig) -> tuple[RunConfig, list[Problem]]:
    """`start` with those settings of an address that can be, and what is wrong with the others."""
    wanted = {name: text for name, text in old_names.current_settings(query).items() if name in FIELDS}
    problems: list[Problem] = []
    while wanted:
        try:
            return RunConfig.from_query(wanted, start), problems
        except ConfigError as error:
            told = {problem.field for problem in problems}  # in place of what was asked for there is what `start` has
            problems += [problem for problem in error.problems if problem.field not in told]
            faulty = wanted.keys() & {problem.field for problem in error.problems}
            if not faulty and "batch_size" not in wanted and "train_size" in wanted:
                wanted["batch_size"] = wanted["train_size"]  # fewer images than are in a batch
            else:
                wanted = {name: text for name, text in wanted.items() if faulty and name not in faulty}
    return start, problems


def tell_problems() -> None:
    """What an address that was followed asked for and did not get."""
    read_here = [word for word in st.query_params if _is_misspelled(word) or word in old_names.SETTINGS]
    address.say(**dict.fromkeys(read_here))
    if problem := st.session_state.pop("address_error", None):
        st.warning(_("Some of what the link asks for cannot be used and was left out. Everything else was taken."))
        frame.show_error(problem)
