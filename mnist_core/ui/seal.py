"""The sealed test set: while it is sealed, no page shows this student what a network does on test images.

Whoever looks at test figures while choosing settings chooses those that happen to suit the test images; the figures then
promise more than new images will hold. The seal is kept in the store, with how often it was opened.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from mnist_core.records import SPLITS, Curves, Run, Split
from mnist_core.ui import frame, session
from mnist_core.ui.texts import _, ngettext


def sealed() -> bool:
    """Whether this student has sealed the test set."""
    return bool(_state()["sealed"])


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
    state = _state()
    icon, word = (
        (":material/lock:", _("Test set sealed")) if state["sealed"] else (":material/lock_open:", _("Test set open"))
    )
    with st.popover(word, icon=icon):
        st.markdown(
            _(
                "Choose settings with the **validation** images, and look at the **test** images once, at the end. Each time you look and then change something, the test results become a little better than results on new images would be."
            )
        )
        if state["opened"]:
            text = ngettext("You have opened it {n} time.", "You have opened it {n} times.", state["opened"])
            st.markdown(text.format(n=state["opened"]))
        label = _("Open the test set") if state["sealed"] else _("Seal the test set")
        st.button(label, key="seal", on_click=_switch)


def _state() -> dict[str, int | bool]:
    if "seal_state" not in st.session_state:
        fact = session.store().facts.get(_key()) or {}
        st.session_state["seal_state"] = {"sealed": bool(fact.get("sealed")), "opened": int(fact.get("opened", 0))}
    state: dict[str, int | bool] = st.session_state["seal_state"]
    return state


@frame.callback
def _switch() -> None:
    state = _state()
    new_state = {"sealed": not state["sealed"], "opened": state["opened"] + bool(state["sealed"])}
    session.store().facts.set(_key(), new_state)
    st.session_state["seal_state"] = new_state


def _key() -> str:
    return f"seal:{session.student()}"
