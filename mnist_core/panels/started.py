"""A group of runs that a page of lessons started by one click: kept in the session, found again by the address; and the way
from it to the Train page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mnist_core import estimate, stacks
from mnist_core.config import RunConfig
from mnist_core.panels import waiting
from mnist_core.ui import frame, session
from mnist_core.ui.panel import Panel


def followed_group(panel: Panel, name: str) -> str | None:
    """The group that the page shows under `name` of the address; the address follows it."""
    return panel.follow(f"started_{name}", name)


@frame.callback
def start(
    panel: Panel,
    name: str,
    group: str,
    configs: Sequence[RunConfig],
    variants: Sequence[str | None],
    preset: str | None = None,
) -> None:
    """Queue the runs under `group`, once however often the press arrives, and show them under `name`."""
    session.store().runs.create_group(session.student(), configs, group, preset=preset, variants=variants)
    panel.session[f"started_{name}"] = group


def expected_time(configs: Sequence[RunConfig]) -> None:
    """How long the runs will take together, on all workers, as things are."""
    speed = estimate.Speed.from_dict(session.store().facts.get("speed"))
    together = stacks.groups(configs, estimate.faster_device(configs[0], speed)) if configs else []
    waiting.expected_time(waiting.expected(*((configs[places[0]], len(places)) for places in together)))


def run_on_train() -> str | None:
    """The run that the Train page shows."""
    run_id: str | None = st.session_state.get("shown_run")
    return run_id


def open_run(run_id: str) -> None:
    """Remember that the Train page is to show the run; for callbacks."""
    st.session_state.update(shown_run=run_id, shown_group=None, wanted_run=run_id)
    go_to_train()


def go_to_train() -> None:
    """Remember that the Train page is wanted; for callbacks, which cannot turn the page themselves."""
    st.session_state["go_to_train"] = True


def turn_the_page() -> None:
    """Go where a callback wanted to; at the head of a fragment."""
    if st.session_state.pop("go_to_train", False):
        st.switch_page("pages/train.py")
