"""The sealed test set: while it is sealed, no page shows this student what a network does on test images.

Whoever looks at test figures while choosing settings chooses those that happen to suit the test images; the figures then
promise more than new images will hold. The seal is kept in the store, with how often it was opened.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

import numpy as np
import streamlit as st

from mnist_core.records import SPLITS, Curves, Run, Split
from mnist_core.ui import address, frame, membership, session
from mnist_core.ui.texts import _, ngettext

State = dict[str, int | bool]

STATES = 2_000  # students whose seal is remembered here: one of all tabs, and of what is pushed to them
_states: OrderedDict[str, State] = OrderedDict()
_lock = threading.Lock()
_seen_sealed: ContextVar[bool | None] = ContextVar("mnist_lab_sealed", default=None)


def sealed() -> bool:
    """Whether this student, or whoever is looked for just now, has sealed the test set."""
    seen = _seen_sealed.get()
    return bool(_state()["sealed"]) or _class_seals() or _is_held() if seen is None else seen


def hold(*, sealed: bool) -> None:
    """Seal what the page shows from here on, its fragments too, whoever looks: students see the projector of a teacher, who has not sealed it."""
    st.session_state["seal_held"] = sealed


def _is_held() -> bool:
    return bool(st.session_state.get("seal_held"))


def _class_seals() -> bool:
    """Whether the student's class is to see no test figures, until its teacher opens them for all."""
    current = membership.current()
    return current is not None and current.test_sealed


@contextmanager
def seen(*, sealed: bool) -> Iterator[None]:
    """See for a while what those see who have, or have not, sealed the test set; outside of any session, too."""
    token = _seen_sealed.set(sealed)
    try:
        yield
    finally:
        _seen_sealed.reset(token)


def begin() -> None:
    """At the head of a page, of which nothing is held sealed yet: let the browser's other tabs follow the student's own seal."""
    hold(sealed=False)
    address.share(sealed=sealed())


def is_in_use() -> bool:
    """Whether the test set is sealed, or was and may be sealed again."""
    return sealed() or bool(_state()["opened"])


def sealed_by(student: str) -> bool:
    """Whether that student has sealed the test set: as it was last said, in whatever tab."""
    with _lock:
        state = _states.get(student)
    return bool((_read(student) if state is None else state)["sealed"]) or membership.sealed_for(student)


def splits() -> tuple[Split, ...]:
    """The parts that this student may see figures of."""
    return tuple(split for split in SPLITS if split != "test" or not sealed())


def hidden_run(run: Run) -> Run:
    """The run without its test figures, where they are sealed."""
    if not sealed():
        return run
    return replace(run, result={name: value for name, value in run.result.items() if not name.startswith("test_")})


def hidden_curves(curves: Curves) -> Curves:
    """The records without what was measured on test images, where that is sealed."""
    if not sealed() or not len(curves.evaluations):
        return curves
    rows = curves.evaluations.copy()
    rows["test_loss"] = rows["test_accuracy"] = np.nan
    return replace(curves, evaluations=rows)


def draw() -> None:
    """The seal and its button, with how often it was opened and why that matters."""
    if _class_seals():
        _say_who_seals()
        return
    icon, word = _in_words()
    with st.popover(word, icon=icon):
        _reason_and_button("seal")


def explained(key: str) -> None:
    """The same without a popover, as part of a text; `key`: of the button."""
    if _class_seals():
        _say_who_seals()
        return
    icon, word = _in_words()
    st.markdown(f"{icon} **{word}**")
    _reason_and_button(key)


def _say_who_seals() -> None:
    st.caption(_(":material/lock: Your teacher has sealed the test set for the class."))


def _in_words() -> tuple[str, str]:
    """An icon and the state."""
    if _state()["sealed"]:
        return ":material/lock:", _("Test set sealed")
    return ":material/lock_open:", _("Test set open")


def _reason_and_button(key: str) -> None:
    state = _state()
    st.markdown(
        _(
            "Choose settings with the **validation** images, and look at the **test** images once, at the end. Each time you look and then change something, the test results become a little better than results on new images would be."
        )
    )
    if state["opened"]:
        text = ngettext("You have opened it {n} time.", "You have opened it {n} times.", state["opened"])
        st.markdown(text.format(n=state["opened"]))
    label = _("Open the test set") if state["sealed"] else _("Seal the test set")
    st.button(label, key=key, on_click=_switch, args=(not state["sealed"],))


def _state() -> State:
    student = session.student()
    if "seal_state" not in st.session_state:
        _read(student)
    with _lock:
        state = _states.get(student) or st.session_state["seal_state"]
    st.session_state["seal_state"] = state
    return state


def _read(student: str) -> State:
    fact = session.store().facts.get(_key(student)) or {}
    state: State = {"sealed": bool(fact.get("sealed")), "opened": int(fact.get("opened", 0))}
    _keep(student, state)
    return state


def _keep(student: str, state: State) -> None:
    with _lock:
        _states[student] = state
        _states.move_to_end(student)
        while len(_states) > STATES:
            _states.popitem(last=False)


@frame.callback
def _switch(sealed: bool) -> None:
    """What the button says, and nothing where another tab has done it since."""
    frame.draw_anew()
    state = _state()
    if state["sealed"] == sealed:
        return
    new_state: State = {"sealed": sealed, "opened": state["opened"] + (not sealed)}
    session.store().facts.set(_key(session.student()), new_state)
    _keep(session.student(), new_state)


def _key(student: str) -> str:
    return f"seal:{student}"
