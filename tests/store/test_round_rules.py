"""Rounds: what students may start in them, and what is refused, in the store itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from mnist_core import rounds
from mnist_core.escape import UserText
from mnist_core.records import PackedImages, SweepRecord
from mnist_core.rounds import Plan, Question, RoundKind
from mnist_core.store import Store, tables
from tests.store.class_of_two import (
    ANN,
    BOB,
    CONFIG,
    EVE,
    PLAN,
    TEACHER,
    Opened,
    assigned,
    give,
    ids,
    refused,
)

# For each setting a value that CONFIG has not; `classes` goes with the data set.
OTHERS: dict[str, Any] = {
    "dataset": "built-in",
    "train_size": 1_000,
    "validation_size": 0,
    "preprocessing": "raw",
    "label_noise": 0.5,
    "augmentation": "shift",
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
    assert OTHERS.keys() | {"classes"} == CONFIG.to_dict().keys()
    assert all(CONFIG.differences(CONFIG.replace(**{name: value})) for name, value in OTHERS.items())


@pytest.mark.parametrize("name", OTHERS)
def test_a_locked_setting_is_refused(store: Store, opened: Opened, name: str) -> None:
    given = give(store, opened, replace(PLAN, free={}))
    forged = CONFIG.replace(**{name: OTHERS[name]})
    refused(store, lambda: store.runs.create(ANN, forged, round_id=given.id), "In this round, .* for everybody")


def test_other_classes_are_refused(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, free={}))
    mine = store.own_images.create(ANN, "mine", ["a", "b", "c"], PackedImages(3, 200, 10, b"bytes"))
    forged = CONFIG.replace(dataset=mine.name, classes=3, train_size=200, validation_size=0)
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
    (otter,) = [one for one in store.classes.members(*ids(opened)) if one.nickname.raw == "Otter"]
    store.rounds.give_more_runs(*ids(opened), given.id, otter.id, 1)
    store.runs.create(ANN, CONFIG, round_id=given.id)
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "used all 3 runs")


def test_a_press_that_arrives_twice_counts_once(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, runs_each=1))
    for _press in range(2):
        store.runs.create(ANN, CONFIG, round_id=given.id, run_id="5eed5eed50")
    assert assigned(store).started == 1


def test_a_prediction_comes_first_and_goes_with_its_run(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, question="accuracy"))
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "Say first what you expect")
    for wrong in (-1, 101, "learns", True, float("nan")):
        refused(store, lambda wrong=wrong: store.rounds.predict(given.id, ANN, wrong), "no prediction")
    refused(store, lambda: store.rounds.predict(given.id, ANN, None), "Choose what you expect first")
    store.rounds.predict(given.id, ANN, 80)
    store.rounds.predict(given.id, ANN, 92.5)
    assert assigned(store).prediction == "92.5"
    assert store.rounds.predictions(given.id) == {ANN: "92.5"}
    run = store.runs.create(ANN, CONFIG, round_id=given.id)
    assert (store.runs.get(run).prediction, store.rounds.predictions(given.id)) == ("92.5", {})
    refused(store, lambda: store.rounds.predict(given.id, ANN, 10, started=0), "stays as it is")  # a late press
    words = give(store, opened, replace(PLAN, question="outcome"))
    refused(store, lambda: store.rounds.predict(words.id, ANN, 80), "no prediction")
    store.rounds.predict(words.id, ANN, "breaks")
    assert assigned(store).prediction == "breaks"


def test_each_run_of_a_round_is_predicted_anew(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, question="outcome", runs_each=2))
    found = []
    for prediction, rate in (("breaks", 1.5), ("learns", 0.5)):
        refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "Say first what you expect")
        store.rounds.predict(given.id, ANN, prediction, started=len(found))
        found.append(store.runs.create(ANN, CONFIG.replace(learning_rate=rate), round_id=given.id))
    assert [store.runs.get(run).prediction for run in found] == ["breaks", "learns"]
    refused(store, lambda: store.rounds.predict(given.id, ANN, "slow"), "used all runs")
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "used all 2 runs")


def test_what_is_predicted_of_a_sweep_goes_with_it(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, kind="sweep", free={}, question="accuracy"))
    plan, configs = (
        SweepRecord("5eed5eed50", ANN, 1.0, CONFIG, (0.1, 0.4), 1),
        [CONFIG, CONFIG.replace(learning_rate=0.4)],
    )
    store.rounds.predict(given.id, ANN, 90)
    runs = [store.runs.get(run) for run in store.sweeps.create(plan, configs, given.id)]
    assert [(run.prediction, run.own_prediction) for run in runs] == [("90", None)] * 2
    assert assigned(store).must_predict


def test_of_a_sweep_a_round_asks_where_training_breaks(store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, kind="sweep", free={}, question="edge"))
    for wrong in (0, 1e-9, 1_000, "learns", float("nan")):
        refused(store, lambda wrong=wrong: store.rounds.predict(given.id, ANN, wrong), "no prediction")
    store.rounds.predict(given.id, ANN, 0.000_123_456_7)
    assert assigned(store).prediction == "from 0.000123457"
    assert rounds.predicted_edge(assigned(store).prediction) == 0.000123457


@pytest.mark.parametrize(
    ("kind", "question", "kept"),
    [
        ("sweep", "outcome", "none"),
        ("range-test", "accuracy", "none"),
        ("run", "edge", "none"),
        ("run", "outcome", "outcome"),
        ("sweep", "accuracy", "accuracy"),
    ],
)
def test_a_round_asks_what_its_kind_can_answer(
    store: Store, opened: Opened, kind: RoundKind, question: Question, kept: Question
) -> None:
    given = give(store, opened, replace(PLAN, kind=kind, free={}, question=question))
    assert given.plan.question == kept
    with store.database.begin() as connection:  # as an earlier version has kept it
        connection.execute(sa.update(tables.rounds).values(question=question))
    found = store.rounds.get(given.id)
    assert found is not None
    assert found.plan.question == kept


def test_a_round_that_is_not_open_or_not_ones_own_takes_nothing(store: Store, opened: Opened) -> None:
    given = give(store, opened, state="draft")
    asked = replace(PLAN, question="outcome")
    for state in ("draft", "closed"):
        if state != "draft":
            store.rounds.set_state(*ids(opened), given.id, "closed")
        refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "not open")
    running = give(store, opened, asked)
    refused(store, lambda: store.runs.create(EVE, CONFIG, round_id=running.id), "another class's")
    refused(store, lambda: store.rounds.predict(running.id, EVE, "learns"), "not open")
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id="nothing"), "no longer here")
    (otter,) = [one for one in store.classes.members(*ids(opened)) if one.nickname.raw == "Otter"]
    store.classes.remove(*ids(opened), otter.id)
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=running.id), "another class's")


def test_two_classes_have_rounds_of_their_own(store: Store, opened: Opened) -> None:
    other = store.classes.open("4a", EVE)
    store.classes.join(other[0].code, EVE, "Eve")
    first, second = give(store, opened), give(store, other)
    assert (assigned(store, ANN).round.id, assigned(store, EVE).round.id) == (first.id, second.id)
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=second.id), "another class's")
    refused(store, lambda: store.rounds.set_state(*ids(opened), second.id, "closed"), "no longer here")


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
    store.classes.change(*ids(opened), round_only=True)
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
    store.rounds.set_state(*ids(opened), given.id, "closed")
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
    refused(store, lambda: store.sweeps.create(another, configs, given.id), "used the 1 run of")
    test = give(store, opened, replace(PLAN, kind="range-test", free={}))
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=test.id), "is a range test")
    rising = CONFIG.replace(schedule="rising", learning_rate=100.0, train_size=5_000)
    refused(store, lambda: store.runs.create(ANN, rising.replace(dropout=0.5), round_id=test.id), "dropout is 0")
    store.runs.create(ANN, rising, round_id=test.id)


def test_an_idea_trains_nothing(store: Store, opened: Opened) -> None:
    given = give(store, opened, Plan(UserText("Open it"), kind="idea", idea="bowl", question="outcome"))
    assert (given.plan.idea, given.plan.question, given.plan.free) == ("bowl", "none", {})
    refused(store, lambda: store.runs.create(ANN, CONFIG, round_id=given.id), "about something else")
