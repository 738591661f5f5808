"""A class and its rounds, for tests of pages: how one is given, who joins, what is left to set."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from mnist_core.class_records import Class
from mnist_core.config import RunConfig
from mnist_core.escape import UserText
from mnist_core.rounds import Plan, Round
from mnist_core.store import Store

TEACHER = "a" * 32
CONFIG = RunConfig(dataset="built-in", epochs=2, hidden_layers=(16,))
PLAN = Plan(
    UserText("Find the edge"), UserText("Use **your** rate"), config=CONFIG, free={"learning_rate": (0.01, 10.0)}
)
Opened = tuple[Class, str]


def open_class(store: Store) -> Opened:
    """A class and its secret."""
    found, secret = store.classes.open("3b", TEACHER)
    store.classes.enter(found.id, secret, TEACHER)
    return found, secret


def give(store: Store, opened: Opened, plan: Plan = PLAN, **options: Any) -> Round:
    return store.rounds.give(opened[0].id, opened[1], plan, **options)


def joined(app: AppTest, store: Store, opened: Opened, nickname: str = "Otter") -> AppTest:
    """The page, whose student is in the class now."""
    store.classes.join(opened[0].code, app.session_state["student"], nickname)
    app.run()
    assert not app.exception
    return app


def controls(app: AppTest) -> set[str]:
    """Settings that the page lets one change."""
    kinds = (app.select_slider, app.slider, app.selectbox, app.segmented_control, app.toggle, app.number_input)
    return {str(widget.key).removeprefix("c_") for kind in kinds for widget in kind}


def runs_of(app: AppTest, store: Store) -> list[Any]:
    return store.runs.newest(app.session_state["student"])
