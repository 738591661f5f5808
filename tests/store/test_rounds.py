"""Rounds: what a teacher gives, what students may start in them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mnist_core.config import RunConfig
from mnist_core.errors import ClassError, NotTeacherError, RoundError, StoreError
from mnist_core.escape import UserText
from mnist_core.records import Class, SweepRecord
from mnist_core.rounds import Assignment, Plan, Round
from mnist_core.store import Store

TEACHER, ANN, BOB, EVE = "t" * 32, "a" * 32, "b" * 32, "e" * 32
CONFIG = RunConfig(epochs=2, hidden_layers=(16,), seed=3)
PLAN = Plan(
    UserText("Find the edge"), config=CONFIG, free={"learning_rate": (0.01, 10.0), "optimizer": ("sgd", "adam")}
)
Opened = tuple[Class, str]


@pytest.fixture
def opened(store: Store) -> Opened:
    """A class with a teacher's browser, Ann and Bob, and its secret."""
    found, secret = store.classes.open("3b", TEACHER)
    store.classes.enter(found.id, secret, TEACHER)
    store.classes.join(found.code, ANN, "Otter")
    store.classes.join(found.code, BOB, "Falcon")
    return found, secret


def give(store: Store, opened: Opened, plan: Plan = PLAN, **options: Any) -> Round:
    return store.rounds.give(opened[0].id, opened[1], plan, **options)


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
    assert len(store.rounds.of_class(*_rights(opened))) == 1


def _rights(opened: Opened) -> tuple[str, str]:
    return opened[0].id, opened[1]


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


# ---- what is refused -----------------------------------------------------------------------------------------------

# For each setting a value that CONFIG has not.
OTHERS: dict[str, Any] = {
    "dataset": "built-in",
    "train_size": 1_000,
    "validation_size": 0,
    "preprocessing": "raw",
    "label_noise": 0.5,
    "model": "cnn",
    "hidden_layers": (16, 16),
    "activation": "tanh",
    "initialization": "zeros",
    "init_std": 1.0,
    "dropout": 0.5,
    "batch_norm": True,
    "filters": (4,),
    "kernel_size": 3,
    "pooling": "none",
    "loss": "squared-error",
    "optimizer": "momentum",
    "learning_rate": 0.2,
    "momentum": 0.5,
    "rho": 0.5,
    "beta1": 0.5,
    "beta2": 0.5,
    "epsilon": 0.1,
    "weight_decay": 0.1,
    "schedule": "cosine",
    "schedule_epochs": 2,
    "schedule_factor": 0.5,
    "batch_size": 50,
    "sampling": "replacement",
    "epochs": 3,
    "early_stopping": 1,
    "stop_when_not_finite": False,
    "sharpness": True,
    "seed": 4,
    "batch_seed": 4,
}


def test_every_setting_is_tried() -> None:
    assert OTHERS.keys() == CONFIG.to_dict().keys()
    assert all(CONFIG.differences(CONFIG.replace(**{name: value})) for name, value in OTHERS.items())


@pytest.mark.parametrize("name", OTHERS)
def test_a_locked_setting_is_refused(store: Store, opened: Opened, name: str) -> None:
    given = give(store, opened, replace(PLAN, free={}))
    forged = CONFIG.replace(**{name: OTHERS[name]})
    refused(store, lambda: store.runs.create(ANN, forged, round_id=given.id), "In this round, .* for everybody")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"learning_rate": 20.0}, "learning rate must be from 0.01 to 10, not 20"),
        ({"learning_rate": 0.001}, "learning rate must be from 0.01 to 10, not 0.001"),
        ({"optimizer": "momentum"}, "optimizer must be one of sgd, adam, not momentum"),
    ],
)
def test_a_free_setting_stays_in_its_range(store: Store, opened: Opened, change: dict[str, Any], words: str) -> None:
    given = give(store, opened)
    refused(store, lambda: store.runs.create(ANN, CONFIG.replace(**change), round_id=given.id), words)
    store.runs.create(ANN, CONFIG.replace(learning_rate=10.0, optimizer="adam"), round_id=given.id)


def test_layers_stay_in_their_range(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, free={"hidden_layers": (1, 2, 8, 32)}))
    for layers in ((), (8, 8, 8), (4,), (64,)):
        forged = CONFIG.replace(hidden_layers=layers)
        refused(
            store, lambda forged=forged: store.runs.create(ANN, forged, round_id=given.id), "layers of 8 to 32 units"
        )
    store.runs.create(ANN, CONFIG.replace(hidden_layers=(8, 32)), round_id=given.id)


def test_no_more_runs_than_the_cap_but_what_the_teacher_gives(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, runs_each=2))
    first = store.runs.create(ANN, CONFIG, round_id=given.id)
    store.runs.create(ANN, CONFIG, round_id=given.id)
    store.runs.delete(first, ANN)  # that gives none back
    assert assigned(store).left == 0
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "used all 2 runs")
    assert assigned(store, BOB).left == 2
    (otter,) = [one for one in store.classes.members(*_rights(opened)) if one.nickname.raw == "Otter"]
    store.rounds.give_more_runs(*_rights(opened), given.id, otter.id, 1)
    store.runs.create(ANN, CONFIG, round_id=given.id)
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "used all 3 runs")


def test_a_press_that_arrives_twice_counts_once(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, runs_each=1))
    for _press in range(2):
        store.runs.create(ANN, CONFIG, round_id=given.id, run_id="5eed5eed50")
    assert assigned(store).started == 1


def test_a_prediction_comes_first_and_stays(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, question="accuracy"))
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "Say first what you expect")
    for wrong in (-1, 101, "learns", None, True, float("nan")):
        refused(store, lambda wrong=wrong: store.rounds.predict(given.id, ANN, wrong), "no prediction")
    store.rounds.predict(given.id, ANN, 80)
    store.rounds.predict(given.id, ANN, 92.5)
    assert assigned(store).prediction == "92.5"
    store.runs.create(ANN, CONFIG, round_id=given.id)
    refused(store, lambda: store.rounds.predict(given.id, ANN, 10), "stays as it is")
    assert store.rounds.predictions(given.id) == {ANN: "92.5"}
    words = give(store, opened, replace(PLAN, question="outcome"))
    refused(store, lambda: store.rounds.predict(words.id, ANN, 80), "no prediction")
    store.rounds.predict(words.id, ANN, "breaks")
    assert assigned(store).prediction == "breaks"


def test_a_round_that_is_not_open_or_not_ones_own_takes_nothing(store: Store, opened: Opened) -> None:
    given = give(store, opened, state="draft")
    asked = replace(PLAN, question="outcome")
    for state in ("draft", "closed"):
        if state != "draft":
            store.rounds.set_state(*_rights(opened), given.id, "closed")
        refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "not open")
    running = give(store, opened, asked)
    refused(store, lambda: store.runs.create(EVE, CONFIG, round_id=running.id), "another class's")
    refused(store, lambda: store.rounds.predict(running.id, EVE, "learns"), "not open")
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id="nothing"), "no longer here")
    (otter,) = [one for one in store.classes.members(*_rights(opened)) if one.nickname.raw == "Otter"]
    store.classes.remove(*_rights(opened), otter.id)
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=running.id), "another class's")


def test_two_classes_have_rounds_of_their_own(store: Store, opened: Opened) -> None:
    other = store.classes.open("4a", EVE)
    store.classes.join(other[0].code, EVE, "Eve")
    first, second = give(store, opened), give(store, other)
    assert (assigned(store, ANN).round.id, assigned(store, EVE).round.id) == (first.id, second.id)
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=second.id), "another class's")
    refused(store, lambda: store.rounds.set_state(*_rights(opened), second.id, "closed"), "no longer here")


def test_each_has_a_seed_of_his_own_where_the_teacher_says_so(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, same_seed=False))
    bases = {student: assigned(store, student).base for student in (ANN, BOB)}
    assert bases[ANN].seed != bases[BOB].seed
    assert {base.batch_seed for base in bases.values()} == {CONFIG.seed}  # they may train as one
    refused(store, lambda: store.runs.create(ANN, bases[BOB], round_id=given.id), "seed is")
    store.runs.create(ANN, bases[ANN], round_id=given.id)


def test_only_the_round_trains_where_the_teacher_says_so(store: Store, opened: Opened) -> None:
    waits = store.runs.create(ANN, CONFIG)
    store.commands.send(waits, ANN, "pause")
    store.classes.change(*_rights(opened), round_only=True)
    store.runs.create(ANN, CONFIG)  # no round is open
    given = give(store, opened)
    plan = SweepRecord("5eed5eed50", ANN, 1.0, CONFIG, (0.1, 0.4), 1)
    refused(store, lambda: store.runs.create(ANN, CONFIG), "trains for it alone")
    refused(store, lambda: store.runs.create_group(ANN, [CONFIG], "5eed5eed51"), "trains for it alone")
    refused(store, lambda: store.sweeps.create(plan, [CONFIG]), "trains for it alone")
    refused(store, lambda: store.commands.send(waits, ANN, "resume"), "trains for it alone")
    store.runs.create(ANN, CONFIG, round_id=given.id)
    store.runs.create(TEACHER, CONFIG)
    store.runs.create(EVE, CONFIG)  # of no class
    store.rounds.set_state(*_rights(opened), given.id, "closed")
    store.commands.send(waits, ANN, "resume")


def test_a_rate_that_is_locked_is_not_changed_by_hand(store: Store, opened: Opened) -> None:
    locked = give(store, opened, replace(PLAN, free={"optimizer": ("sgd", "adam")}))
    run = store.runs.create(ANN, CONFIG, round_id=locked.id)
    refused(store, lambda: store.commands.set_learning_rate(run, ANN, 5.0), "learning rate is 0.1 for everybody")
    free = give(store, opened)
    run = store.runs.create(ANN, CONFIG, round_id=free.id)
    refused(store, lambda: store.commands.set_learning_rate(run, ANN, 50.0), "from 0.01 to 10")
    store.commands.set_learning_rate(run, ANN, 5.0)
    assert store.runs.get(run).rate_request == 5.0


def test_a_sweep_and_a_range_test_can_be_given(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, kind="sweep", runs_each=1, free={}))
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "about something else")
    rates = (0.1, 0.4)
    configs = [CONFIG.replace(learning_rate=rate, seed=seed) for rate in rates for seed in (3, 4)]
    wrong = [config.replace(epochs=9) for config in configs]
    plan = SweepRecord("5eed5eed50", ANN, 1.0, CONFIG, rates, 2)
    refused(store, lambda: store.sweeps.create(plan, wrong, given.id), "epochs is 2 for everybody")
    runs = store.sweeps.create(plan, configs, given.id)
    assert {store.runs.get(run).round for run in runs} == {given.id}
    another = replace(plan, id="5eed5eed51")
    refused(store, lambda: store.sweeps.create(another, configs, given.id), "used all 1 runs")
    test = give(store, opened, replace(PLAN, kind="range-test", free={}))
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=test.id), "is a range test")
    rising = CONFIG.replace(schedule="rising", learning_rate=100.0, train_size=5_000)
    refused(store, lambda: store.runs.create(ANN, rising.replace(dropout=0.5), round_id=test.id), "dropout is 0")
    store.runs.create(ANN, rising, round_id=test.id)


def test_an_idea_trains_nothing(store: Store, opened: Opened) -> None:
    given = give(store, opened, Plan(UserText("Open it"), kind="idea", idea="bowl", question="outcome"))
    assert (given.plan.idea, given.plan.question, given.plan.free) == ("bowl", "none", {})
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "about something else")


# ---- the teacher ---------------------------------------------------------------------------------------------------


def test_nobody_but_the_teacher_may(store: Store, opened: Opened) -> None:
    given = give(store, opened)
    other, other_secret = store.classes.open("4a", EVE)
    run = store.runs.create(ANN, CONFIG)
    member = store.classes.members(*_rights(opened))[0].id
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
    assert stop(*_rights(opened), run_id=runs[ANN][0]) == 1
    assert stop(*_rights(opened), run_id=elsewhere) == 0
    stopped = store.runs.get(runs[ANN][0])
    assert (stopped.outcome, stopped.stopped_by_teacher) == ("stopped", True)
    assert not store.runs.get(runs[ANN][1]).stopped_by_teacher
    (otter,) = [one for one in store.classes.members(*_rights(opened)) if one.nickname.raw == "Otter"]
    assert stop(*_rights(opened), member_id=otter.id) == 1
    assert stop(*_rights(opened)) == 2
    assert store.commands.pending([training.id])[training.id].command == "stop"
    assert store.runs.get(training.id).stopped_by_teacher
    assert store.runs.state(elsewhere) == "queued"


def test_a_paused_class_begins_nothing(store: Store, opened: Opened) -> None:
    own, other = store.runs.create(ANN, CONFIG), store.runs.create(EVE, CONFIG)
    store.class_commands.pause(*_rights(opened), paused=True)
    assert [run.id for run in store.queue.next(9)] == [other]
    store.class_commands.pause(*_rights(opened), paused=False)
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
    refused(store, lambda: store.rounds.delete(*_rights(opened), given.id), "has runs")
    mistake = give(store, opened, state="draft")
    store.rounds.delete(*_rights(opened), mistake.id)
    assert store.rounds.get(mistake.id) is None


def test_the_test_set_is_sealed_until_it_is_opened_for_all(store: Store, opened: Opened) -> None:
    def sealed() -> bool:
        found = store.classes.membership(ANN)
        assert found is not None
        return found.test_sealed

    given = give(store, opened, replace(PLAN, test_sealed=True), state="draft")
    assert not sealed()
    for state in ("open", "closed"):
        store.rounds.set_state(*_rights(opened), given.id, state)  # type: ignore[arg-type]
        assert sealed()
    store.rounds.change(*_rights(opened), given.id, test_sealed=False)
    assert not sealed()


def test_students_pages_hear_of_what_they_show(store: Store, opened: Opened) -> None:
    def news() -> int:
        found = store.classes.get(opened[0].id)
        assert found is not None
        return found.news

    member = store.classes.members(*_rights(opened))[0].id
    given = give(store, opened, state="draft")
    acts: list[Callable[[], object]] = [
        lambda: store.rounds.set_state(*_rights(opened), given.id, "open"),
        lambda: store.rounds.change(*_rights(opened), given.id, board_shown=True),
        lambda: store.rounds.give_more_runs(*_rights(opened), given.id, member, 1),
        lambda: store.class_commands.pause(*_rights(opened), paused=True),
        lambda: store.class_commands.stop(*_rights(opened)),
        lambda: store.classes.change(*_rights(opened), look_here="{}"),
        lambda: store.classes.rename(*_rights(opened), member, "Eel"),
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
    otter, falcon = sorted(store.classes.members(*_rights(opened)), key=lambda one: one.nickname.raw, reverse=True)
    store.classes.merge(*_rights(opened), otter.id, falcon.id)
    assert assigned(store, ANN).left == 0


def test_a_deleted_class_takes_its_rounds_along(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, question="outcome"))
    store.rounds.predict(given.id, ANN, "learns")
    store.classes.delete(*_rights(opened))
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
