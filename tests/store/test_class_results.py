"""Whose the runs of a class are: told to its teacher, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mnist_core.config import RunConfig
from mnist_core.errors import ClassError, NotTeacherError, RoundError
from mnist_core.escape import UserText
from mnist_core.rounds import Plan, Round
from mnist_core.store import Store
from tests.store.class_of_two import ANN, BOB, EVE, TEACHER, Opened, ids, member_id

CONFIG = RunConfig(epochs=1, hidden_layers=(16,))
PLAN = Plan(UserText("Find the edge"), config=CONFIG, free={"learning_rate": (0.01, 10.0)}, question="accuracy")


@pytest.fixture
def given(store: Store, opened: Opened) -> Round:
    return store.rounds.give(*ids(opened), PLAN)


def train(store: Store, student: str, given: Round | None, prediction: str | None = "97.5") -> str:
    """A run of the round, or of none."""
    if given is not None and prediction is not None and store.rounds.predictions(given.id).get(student) is None:
        store.rounds.predict(given.id, student, float(prediction))
    return store.runs.create(student, CONFIG, round_id=given.id if given else None)


def test_the_runs_of_a_round_have_nicknames_and_predictions(store: Store, opened: Opened, given: Round) -> None:
    first, second = train(store, ANN, given), train(store, BOB, given, "42")
    train(store, ANN, None)  # of no round
    found = store.class_results.of_round(*ids(opened), given.id)
    assert [(one.run_id, one.nickname.raw, store.runs.get(one.run_id).prediction) for one in found] == [
        (first, "Otter", "97.5"),
        (second, "Falcon", "42"),
    ]
    assert ANN not in repr(found)  # cookies are nobody's to know
    assert BOB not in repr(found)


def test_the_teachers_own_runs_and_deleted_ones_are_left_out(store: Store, opened: Opened, given: Round) -> None:
    train(store, TEACHER, given)
    gone = train(store, ANN, given)
    store.retention.soft_delete([gone], ANN)
    assert store.class_results.of_round(*ids(opened), given.id) == []


def test_a_removed_member_stays_in_the_results(store: Store, opened: Opened, given: Round) -> None:
    run_id = train(store, ANN, given)
    store.classes.remove(*ids(opened), member_id(store, opened, "Otter"))
    assert [one.run_id for one in store.class_results.of_round(*ids(opened), given.id)] == [run_id]


def test_two_that_are_one_are_one(store: Store, opened: Opened, given: Round) -> None:
    train(store, ANN, given), train(store, BOB, given)
    kept, other = (member_id(store, opened, name) for name in ("Otter", "Falcon"))
    store.classes.merge(*ids(opened), kept, other)
    assert [one.nickname.raw for one in store.class_results.of_round(*ids(opened), given.id)] == ["Otter", "Otter"]
    assert len(store.class_results.of_member(*ids(opened), kept)) == 2


def test_the_runs_of_a_member_are_those_in_this_class(store: Store, opened: Opened, given: Round) -> None:
    alone = store.runs.create(EVE, CONFIG)
    in_round, of_none = train(store, ANN, given), train(store, ANN, None)
    train(store, BOB, given)
    found = store.class_results.of_member(*ids(opened), member_id(store, opened, "Otter"))
    assert [(one.run_id, one.round_id, store.runs.get(one.run_id).prediction) for one in found] == [
        (in_round, given.id, "97.5"),
        (of_none, None, None),
    ]
    assert alone not in [one.run_id for one in found]


def test_a_student_who_is_in_another_class_too_has_his_name_there(store: Store, opened: Opened, given: Round) -> None:
    run_id = train(store, ANN, given)
    other, _secret = store.classes.open("4a", "u" * 32)
    store.classes.join(other.code, ANN, "Another")
    found = store.class_results.of_round(*ids(opened), given.id)
    assert [(one.run_id, one.nickname.raw) for one in found] == [(run_id, "Otter")]


@pytest.mark.parametrize("right", ["", "0" * 32, "another"])
def test_nobody_but_the_teacher_is_told(store: Store, opened: Opened, given: Round, right: str) -> None:
    _other, others_secret = store.classes.open("4a", "u" * 32)
    secret = others_secret if right == "another" else right
    otter = member_id(store, opened, "Otter")
    asked: list[Callable[[], object]] = [
        lambda: store.class_results.of_round(opened[0].id, secret, given.id),
        lambda: store.class_results.of_member(opened[0].id, secret, otter),
    ]
    for ask in asked:
        with pytest.raises(NotTeacherError):
            ask()


def test_a_teacher_is_told_of_no_other_class(store: Store, opened: Opened, given: Round) -> None:
    other, secret = store.classes.open("4a", "u" * 32)
    with pytest.raises(RoundError):
        store.class_results.of_round(other.id, secret, given.id)
    with pytest.raises(ClassError):
        store.class_results.of_member(other.id, secret, member_id(store, opened, "Otter"))
