"""The board's runs in the page's process: only what has changed is read, and nothing that is sealed is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics import zones
from mnist_core.escape import UserText
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Progress, Report
from mnist_core.rounds import Plan, Round
from mnist_core.store import Store, open_store
from mnist_core.ui import board, membership, seal, session

CONFIG = RunConfig(epochs=2)
PLAN = Plan(UserText("Round"), config=CONFIG, free={"learning_rate": (0.01, 10.0)}, question="outcome")


@pytest.fixture
def given(home: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store with a class of Ann and Bob and its open round, which the page's process sees without a session."""
    store = open_store()
    monkeypatch.setattr(session, "store", lambda: store)
    found, secret = store.classes.open("3b", "teacher")
    store.classes.join(found.code, "ann", "Otter")
    store.classes.join(found.code, "bob", "Falcon")
    board._kept.clear()
    board._boards.clear()
    yield store, store.rounds.give(found.id, secret, PLAN)
    store.close()


def start(store: Store, given: Round, student: str) -> str:
    if student not in store.rounds.predictions(given.id):
        store.rounds.predict(given.id, student, "learns")
    run_id = store.runs.create(student, CONFIG, round_id=given.id)
    assert store.queue.claim(run_id, "worker", 1) is not None
    return run_id


def evaluate(store: Store, run_id: str, *steps: int) -> None:
    rows = np.zeros(len(steps), EVALUATION_DTYPE)
    rows["step"] = steps
    rows["test_accuracy"] = rows["validation_accuracy"] = 0.5
    progress = Progress(max(steps), CONFIG.total_steps, 0.5, 1.0)
    store.record_writer.publish([Report(run_id, progress, Curves(evaluations=rows))])


def look(given: Round, *, sealed: bool = False) -> board.Board:
    with seal.seen(sealed=sealed):
        found = board.look(given.id)
    assert found is not None
    return found


def test_only_what_has_changed_is_read(given: tuple[Store, Round], monkeypatch: pytest.MonkeyPatch) -> None:
    store, opened = given
    ann, bob = start(store, opened, "ann"), start(store, opened, "bob")
    evaluate(store, ann, 0, 5)
    asked: list[Mapping[str, int]] = []
    read = store.board.read
    monkeypatch.setattr(store.board, "read", lambda after: asked.append(dict(after)) or read(after))
    first = look(opened)
    assert [(one.nickname.raw, one.student) for one in first.runs] == [("Otter", 0), ("Falcon", 1)]
    assert [one.run.prediction for one in first.runs] == ["learns", "learns"]
    assert first.waiting == ()
    assert all(one.run.owner == "" for one in first.runs)
    assert look(opened) is first
    evaluate(store, ann, 9)
    second = look(opened)
    assert asked == [{ann: -1, bob: -1}, {ann: 5}]
    assert second.runs[0].curves.evaluations["step"].tolist() == [0, 5, 9]
    assert second.version > first.version


def test_a_run_that_began_anew_has_its_new_evaluations_alone(given: tuple[Store, Round]) -> None:
    store, opened = given
    ann = start(store, opened, "ann")
    evaluate(store, ann, 0, 5)
    look(opened)
    store.record_writer.reset(ann)
    store.commands.send(ann, "ann", "resume")
    assert store.queue.claim(ann, "worker", 1) is not None
    evaluate(store, ann, 0, 3)
    assert look(opened).runs[0].curves.evaluations["step"].tolist() == [0, 3]


def test_who_joins_or_is_renamed_changes_the_board(given: tuple[Store, Round]) -> None:
    store, opened = given
    start(store, opened, "ann")
    before = look(opened)
    found = store.classes.membership("ann")
    assert found is not None
    store.classes.join(found.in_class.code, "cem", "Late")
    after = look(opened)
    assert after.version > before.version
    assert after.runs[0].student == before.runs[0].student  # its color stays


def test_sealed_test_figures_are_nowhere(given: tuple[Store, Round]) -> None:
    store, opened = given
    evaluate(store, start(store, opened, "ann"), 0)
    assert np.isnan(look(opened, sealed=True).runs[0].curves.evaluations["test_accuracy"]).all()
    assert not np.isnan(look(opened).runs[0].curves.evaluations["test_accuracy"]).any()


def complete(store: Store, run_id: str, losses: Sequence[float]) -> None:
    """The run's end, with a record for each of these losses of a step."""
    rows = np.zeros(len(losses), STEP_DTYPE)
    rows["step"], rows["steps"] = np.arange(1, len(losses) + 1), 1
    rows["loss"] = rows["loss_min"] = rows["loss_max"] = losses
    progress = Progress(len(losses), len(losses), 2.0, 1.0)
    store.record_writer.publish([Report(run_id, progress, Curves(steps=rows))])
    assert store.record_writer.finish(run_id, "completed", {"verdict": "learning-well"})


def test_a_run_is_as_unstable_as_on_the_page_of_a_sweep(given: tuple[Store, Round]) -> None:
    store, opened = given
    ann, bob = start(store, opened, "ann"), start(store, opened, "bob")
    falling = np.linspace(2.3, 0.1, 200)
    rough = np.where((np.arange(200) >= 60) & (np.arange(200) < 70), 2.3, np.linspace(2.3, 0.1, 200) ** 4 / 2.3**3)
    complete(store, ann, falling)
    complete(store, bob, rough)
    in_a_sweep = [zones.trial(store.runs.get(run_id), store.record_reader.curves(run_id)) for run_id in (ann, bob)]
    assert [trial.unstable for trial in in_a_sweep] == [False, True]
    assert [one.unstable for one in look(opened).runs] == [False, True]


def test_steps_are_read_once_of_a_run_that_has_completed(
    given: tuple[Store, Round], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, opened = given
    ann, bob = start(store, opened, "ann"), start(store, opened, "bob")
    asked: list[Sequence[str]] = []
    steps = store.board.steps
    monkeypatch.setattr(store.board, "steps", lambda run_ids: asked.append(list(run_ids)) or steps(run_ids))
    look(opened)
    complete(store, ann, np.linspace(2.3, 0.1, 50))
    look(opened)
    store.labels.write(ann, "ann", name="named")
    evaluate(store, bob, 5)
    assert look(opened).runs[0].run.name.raw == "named"
    assert asked == [[ann]]


def test_a_round_that_is_gone_is_none(given: tuple[Store, Round]) -> None:
    with seal.seen(sealed=False):
        assert board.look("nothing") is None


def test_whether_a_class_seals_the_test_set_is_asked_seldom(
    given: tuple[Store, Round], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _opened = given
    monkeypatch.setattr(membership, "_sealed", {})
    asked = []
    found = store.classes.membership
    monkeypatch.setattr(store.classes, "membership", lambda student: asked.append(student) or found(student))
    assert [seal.sealed_by("ann") for _message in range(9)] == [False] * 9
    assert asked == ["ann"]
    with store.database.begin() as connection:
        connection.exec_driver_sql("UPDATE rounds SET test_sealed = true")
    monkeypatch.setattr(membership, "FRESH_SECONDS", -1.0)
    assert seal.sealed_by("ann")
