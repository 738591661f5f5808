"""Rounds: what a teacher gives, and what he does with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mnist_core.errors import ClassError, NotTeacherError, RoundError, StoreError
from mnist_core.escape import UserText
from mnist_core.rounds import Plan
from mnist_core.store import Store
from tests.store.class_of_two import (
    ANN,
    BOB,
    CONFIG,
    EVE,
    PLAN,
    TEACHER,
    Opened,
    assigned,
    everything,
    give,
    ids,
    refused,
)

# ---- what is given -------------------------------------------------------------------------------------------------


def test_a_round_is_found_by_those_who_are_in_the_class_and_those_who_come_late(store: Store, opened: Opened) -> None:
    assert store.rounds.assignment(ANN) is None
    given = give(store, opened)
    assert (given.number, given.state) == (1, "open")
    for student in (ANN, BOB, TEACHER):
        assert assigned(store, student).round == given
    store.classes.join(opened[0].code, EVE, "Late")
    assert assigned(store, EVE).base == CONFIG
    assert store.rounds.assignment("f" * 32) is None


def test_one_round_is_open_at_a_time_and_can_be_opened_again(store: Store, opened: Opened) -> None:
    class_id, secret = opened[0].id, opened[1]
    first = give(store, opened)
    second = give(store, opened, replace(PLAN, title=UserText("More")), state="draft")
    assert assigned(store).round.id == first.id
    assert [one.id for one in store.rounds.given(class_id)] == [first.id]
    store.rounds.set_state(class_id, secret, second.id, "open")
    assert [one.state for one in store.rounds.of_class(class_id, secret)] == ["closed", "open"]
    store.rounds.set_state(class_id, secret, second.id, "closed")
    assert store.rounds.assignment(ANN) is None
    store.rounds.set_state(class_id, secret, first.id, "open")
    assert assigned(store).round.id == first.id
    with pytest.raises(RoundError, match="no draft any more"):
        store.rounds.set_state(class_id, secret, first.id, "draft")


def test_the_same_press_twice_gives_one_round(store: Store, opened: Opened) -> None:
    for _press in range(2):
        give(store, opened, round_id="5eed5eed50")
    assert len(store.rounds.of_class(*ids(opened))) == 1


def test_what_is_given_is_kept_as_it_was(store: Store, opened: Opened) -> None:
    plan = Plan(
        UserText("A <b>title</b>"),
        UserText("line\nline"),
        "run",
        CONFIG.replace(model="cnn"),
        {"hidden_layers": (0, 2, 8, 64), "batch_norm": (False, True), "epochs": (1, 4), "seed": (0, 9)},
        "keras-first-look",
        None,
        "",
        3,
        "accuracy",
        False,
        True,
    )
    given = give(store, opened, plan)
    assert given.plan == plan
    assert store.rounds.get(given.id) == given


@pytest.mark.parametrize(
    ("free", "kept"),
    [
        ({"learning_rate": [10, 1]}, {"learning_rate": (0.1, 10.0)}),  # the given value is within
        ({"learning_rate": [1e-30, 1e30]}, {"learning_rate": (1e-6, 100.0)}),
        ({"optimizer": ["adam", "magic"]}, {"optimizer": ("sgd", "adam")}),
        ({"batch_norm": []}, {"batch_norm": (False, True)}),
        ({"hidden_layers": [3, 9, 32, 64]}, {"hidden_layers": (1, 6, 16, 64)}),
        # Up to what goes with the settings that stay as they are: 60,000 images in all, no batch of more than there are.
        ({"train_size": [1, 60_000]}, {"train_size": (100, 50_000)}),
        ({"validation_size": [0, 60_000]}, {"validation_size": (0, 10_000)}),
        ({"batch_size": [1, 60_000]}, {"batch_size": (1, 50_000)}),
        (
            {"train_size": [1, 60_000], "batch_size": [1, 60_000]},
            {"train_size": (1, 50_000), "batch_size": (1, 50_000)},
        ),
        (
            {
                "train_size": [1, 60_000],
                "batch_size": [1, 60_000],
                "validation_size": [0, 60_000],
                "early_stopping": [0, 50],
            },
            {
                "train_size": (1, 60_000),
                "batch_size": (1, 60_000),
                "validation_size": (0, 59_999),
                "early_stopping": (0, 50),
            },
        ),
        ({"magic": [1, 2]}, "There is no setting magic"),
        ({"epochs": [1]}, "needs a range"),
        ({"epochs": ["1", "2"]}, "needs a range"),
        ({"epochs": [1, float("nan")]}, "needs a range"),
        ({"epochs": "12"}, "There is no setting epochs"),
    ],
)
def test_what_is_left_free_is_within_what_a_setting_may_be(
    store: Store, opened: Opened, free: dict[str, Any], kept: dict[str, Any] | str
) -> None:
    if isinstance(kept, str):
        refused(store, lambda: give(store, opened, replace(PLAN, free=free)), kept)
    else:
        assert give(store, opened, replace(PLAN, free=free)).plan.free == kept


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": UserText("  ")}, "Give the round a title"),
        ({"runs_each": 0}, "from 1 to 200 runs"),
        ({"kind": "magic"}, "cannot be given"),
        ({"question": "magic"}, "cannot be given"),
    ],
)
def test_what_cannot_be_given_is_a_sentence(store: Store, opened: Opened, change: dict[str, Any], words: str) -> None:
    refused(store, lambda: give(store, opened, replace(PLAN, **change)), words)


# ---- the teacher ---------------------------------------------------------------------------------------------------


def test_nobody_but_the_teacher_may(store: Store, opened: Opened) -> None:
    given = give(store, opened)
    other, other_secret = store.classes.open("4a", EVE)
    run = store.runs.create(ANN, CONFIG)
    member = store.classes.members(*ids(opened))[0].id
    class_id = opened[0].id
    for secret in ("", "0" * 32, other_secret):
        acts: list[Callable[[], object]] = [
            lambda secret=secret: store.rounds.give(class_id, secret, PLAN),
            lambda secret=secret: store.rounds.of_class(class_id, secret),
            lambda secret=secret: store.rounds.set_state(class_id, secret, given.id, "closed"),
            lambda secret=secret: store.rounds.change(class_id, secret, given.id, test_sealed=False),
            lambda secret=secret: store.rounds.give_more_runs(class_id, secret, given.id, member, 1),
            lambda secret=secret: store.rounds.delete(class_id, secret, given.id),
            lambda secret=secret: store.class_commands.stop(class_id, secret),
            lambda secret=secret: store.class_commands.pause(class_id, secret, paused=True),
            lambda secret=secret: store.classes.change(class_id, secret, round_only=True),
            lambda secret=secret: store.runs.create(TEACHER, CONFIG, demonstration=secret),
        ]
        for act in acts:
            refused(store, act, "Only the teacher", NotTeacherError)
    refused(store, lambda: store.class_commands.stop(other.id, other_secret, member_id=member), "no longer", ClassError)
    assert store.class_commands.stop(other.id, other_secret, run_id=run) == 0
    assert store.runs.state(run) == "queued"


def test_stopping_one_run_one_students_all(store: Store, opened: Opened) -> None:
    runs = {student: [store.runs.create(student, CONFIG) for _run in range(2)] for student in (ANN, BOB)}
    elsewhere = store.runs.create(EVE, CONFIG)
    training = store.queue.claim(runs[BOB][1], "worker", 1)
    assert training is not None
    stop = store.class_commands.stop
    assert stop(*ids(opened), run_id=runs[ANN][0]) == 1
    assert stop(*ids(opened), run_id=elsewhere) == 0
    stopped = store.runs.get(runs[ANN][0])
    assert (stopped.outcome, stopped.stopped_by_teacher) == ("stopped", True)
    assert not store.runs.get(runs[ANN][1]).stopped_by_teacher
    (otter,) = [one for one in store.classes.members(*ids(opened)) if one.nickname.raw == "Otter"]
    assert stop(*ids(opened), member_id=otter.id) == 1
    assert stop(*ids(opened)) == 2
    assert store.commands.pending([training.id])[training.id].command == "stop"
    assert store.runs.get(training.id).stopped_by_teacher
    assert store.runs.state(elsewhere) == "queued"


def test_a_paused_class_begins_nothing(store: Store, opened: Opened) -> None:
    own, other = store.runs.create(ANN, CONFIG), store.runs.create(EVE, CONFIG)
    store.class_commands.pause(*ids(opened), paused=True)
    assert [run.id for run in store.queue.next(9)] == [other]
    store.class_commands.pause(*ids(opened), paused=False)
    assert {run.id for run in store.queue.next(9)} == {own, other}


def test_what_the_teacher_shows_is_first(store: Store, opened: Opened) -> None:
    for _run in range(3):
        store.runs.create(ANN, CONFIG)
    store.runs.create(TEACHER, CONFIG)  # as anybody's
    shown = store.runs.create(TEACHER, CONFIG, demonstration=opened[1])
    first, *others = store.queue.next(9)
    assert (first.id, first.demonstration) == (shown, True)
    assert not any(run.demonstration for run in others)
    refused(
        store,
        lambda: store.runs.create(ANN, CONFIG, demonstration=opened[1]),
        "Open the console of your class",
        NotTeacherError,
    )


def test_a_round_without_runs_can_be_deleted(store: Store, opened: Opened) -> None:
    given = give(store, opened)
    store.runs.create(ANN, CONFIG, round_id=given.id)
    refused(store, lambda: store.rounds.delete(*ids(opened), given.id), "has runs")
    mistake = give(store, opened, state="draft")
    store.rounds.delete(*ids(opened), mistake.id)
    assert store.rounds.get(mistake.id) is None


def test_the_test_set_is_sealed_until_it_is_opened_for_all(store: Store, opened: Opened) -> None:
    def sealed() -> bool:
        found = store.classes.membership(ANN)
        assert found is not None
        return found.test_sealed

    given = give(store, opened, replace(PLAN, test_sealed=True), state="draft")
    assert not sealed()
    for state in ("open", "closed"):
        store.rounds.set_state(*ids(opened), given.id, state)  # type: ignore[arg-type]
        assert sealed()
    store.rounds.change(*ids(opened), given.id, test_sealed=False)
    assert not sealed()


def test_students_pages_hear_of_what_they_show(store: Store, opened: Opened) -> None:
    def news() -> int:
        found = store.classes.get(opened[0].id)
        assert found is not None
        return found.news

    member = store.classes.members(*ids(opened))[0].id
    given = give(store, opened, state="draft")
    acts: list[Callable[[], object]] = [
        lambda: store.rounds.set_state(*ids(opened), given.id, "open"),
        lambda: store.rounds.change(*ids(opened), given.id, board_shown=True),
        lambda: store.rounds.give_more_runs(*ids(opened), given.id, member, 1),
        lambda: store.class_commands.pause(*ids(opened), paused=True),
        lambda: store.class_commands.stop(*ids(opened)),
        lambda: store.classes.change(*ids(opened), look_here="{}"),
        lambda: store.classes.rename(*ids(opened), member, "Eel"),
    ]
    for act in acts:
        before = news()
        act()
        assert news() > before
    before = news()
    store.classes.join(opened[0].code, EVE, "Late")
    assert news() == before  # sixty who come draw no page of the others anew


def test_merged_students_have_one_share_of_a_round(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, runs_each=1))
    store.runs.create(BOB, CONFIG, round_id=given.id)
    otter, falcon = sorted(store.classes.members(*ids(opened)), key=lambda one: one.nickname.raw, reverse=True)
    store.classes.merge(*ids(opened), otter.id, falcon.id)
    assert assigned(store, ANN).left == 0


def test_a_deleted_class_takes_its_rounds_along(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, question="outcome"))
    store.rounds.predict(given.id, ANN, "learns")
    store.classes.delete(*ids(opened))
    rows = everything(store)
    assert not rows["rounds"]
    assert not rows["assignments"]


def test_a_round_whose_settings_are_another_versions_is_none(store: Store, opened: Opened) -> None:
    given = give(store, opened)
    with store.database.begin() as connection:
        connection.exec_driver_sql("UPDATE rounds SET config = '{\"magic\": 1}'")
    assert store.rounds.get(given.id) is None
    assert store.rounds.assignment(ANN) is None
    with pytest.raises(StoreError):
        store.runs.create(ANN, CONFIG, round_id=given.id)
