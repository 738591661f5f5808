"""A class of two students, Ann and Bob, what its teacher gives, and what it is to be refused. (`opened` in conftest.py opens it.)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mnist_core.class_records import Class
from mnist_core.config import RunConfig
from mnist_core.errors import RoundError
from mnist_core.escape import UserText
from mnist_core.rounds import Assignment, Plan, Round
from mnist_core.store import Store

TEACHER, ANN, BOB, EVE = "t" * 32, "a" * 32, "b" * 32, "e" * 32
CONFIG = RunConfig(epochs=2, hidden_layers=(16,), seed=3)
PLAN = Plan(
    UserText("Find the edge"), config=CONFIG, free={"learning_rate": (0.01, 10.0), "optimizer": ("sgd", "adam")}
)
Opened = tuple[Class, str]  # and its secret


def ids(opened: Opened) -> tuple[str, str]:
    return opened[0].id, opened[1]


def member_id(store: Store, opened: Opened, nickname: str) -> str:
    (found,) = [one for one in store.classes.members(*ids(opened)) if one.nickname.raw == nickname]
    return found.id


def give(store: Store, opened: Opened, plan: Plan = PLAN, **options: Any) -> Round:
    return store.rounds.give(*ids(opened), plan, **options)


def assigned(store: Store, student: str = ANN) -> Assignment:
    own = store.rounds.assignment(student)
    assert own is not None
    return own


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    """All rows of the store, but for the sequence and who was refused how often."""
    with store.transfer.snapshot() as snapshot:
        return {name: list(snapshot.rows(name)) for name in snapshot.tables() if name not in ("counters", "attempts")}


def refused(store: Store, act: Callable[[], object], words: str, error: type[Exception] = RoundError) -> None:
    """`act` is a sentence with these words, and changes nothing."""
    before = everything(store)
    with pytest.raises(error, match=words):
        act()
    assert everything(store) == before
