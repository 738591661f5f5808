"""What runs have in common and where they differ."""

from __future__ import annotations

import math
import typing
from dataclasses import replace

import numpy as np
import pytest

from mnist_core import comparison
from mnist_core.config import FIELDS, RunConfig
from mnist_core.records import EVALUATION_DTYPE, Curves, Event, RateChange, Run, rate_changes

BASE = RunConfig()


def run(number: int, changed: tuple[RateChange, ...] = (), **changes: typing.Any) -> Run:
    return Run(f"r{number}", "ann", BASE.replace(**changes), "finished", 1, 0.0, rate_changes=changed)


def test_every_setting_has_a_name() -> None:
    assert set(comparison.NAMES) == {*FIELDS, "rate_changes"}


def test_differing_settings_in_their_usual_order() -> None:
    runs = [run(0), run(1, learning_rate=0.5), run(2, learning_rate=0.5, hidden_layers=(50,))]
    assert comparison.differing(runs) == ["hidden_layers", "learning_rate"]
    assert comparison.differing(runs[:1]) == []
    assert comparison.differing([]) == []


def test_what_belongs_to_an_optimizer_that_differs_is_told_with_it() -> None:
    runs = [run(0), run(1, optimizer="rmsprop")]
    assert comparison.differing(runs) == ["optimizer"]
    assert comparison.differing(runs, unused=True) == ["optimizer", "rho", "epsilon"]  # empty cells of a table
    runs = [run(0), run(1, optimizer="momentum"), run(2, optimizer="nesterov", momentum=0.5)]
    assert comparison.differing(runs) == ["optimizer", "momentum"]


def test_differences_in_words() -> None:
    first, second = run(0), run(1, learning_rate=1.5)
    values = {"learning_rate": ("0.5", "1.5"), "seed": ("0", "1")}
    sentence = str(comparison.in_words(first, second, values))
    assert sentence == "Only one setting differs. learning rate: 0.5 → 1.5."
    sentence = str(comparison.in_words(first, run(1, learning_rate=1.5, seed=1), values))
    assert sentence == "2 settings differ. learning rate: 0.5 → 1.5; seed: 0 → 1."
    assert "The settings are identical" in str(comparison.in_words(first, run(1), {}))


def test_runs_of_other_rates_on_the_way_are_not_the_same() -> None:
    """Both began with 0.1; one went on with 0.01."""
    whole, changed = run(0), run(1, (RateChange(100, 0.01),))
    later = run(2, (RateChange(200, 0.01),))
    values = {"rate_changes": ("none", "0.01 after step 100")}
    assert comparison.differing([whole, changed]) == ["rate_changes"]
    assert comparison.differing([changed, later]) == ["rate_changes"]
    sentence = str(comparison.in_words(whole, changed, values))
    assert sentence == "Only one setting differs. learning rate changes by hand: none → 0.01 after step 100."
    for by in ("seed", "learning_rate"):
        alike = comparison.grouped([whole, changed, replace(changed, id="r3"), later], by)
        assert [[member.id for member in group] for group in alike.values()] == [["r0"], ["r1", "r3"], ["r2"]]


def test_changes_of_the_rate_are_those_that_updates_were_made_with() -> None:
    events = [
        Event(10, "learning_rate", 0.5),
        Event(10, "learning_rate", 0.2),  # before the next update: the last one counts
        Event(20, "learning_rate", 0.2),  # no change
        Event(25, "paused"),
        Event(30, "learning_rate", 0.05),
        Event(40, "learning_rate", math.nan),
    ]
    assert rate_changes(BASE, events) == ((10, 0.2), (30, 0.05))
    assert rate_changes(BASE, events, end=30) == ((10, 0.2),)  # the run ended before an update with 0.05
    assert rate_changes(BASE, [Event(0, "learning_rate", BASE.learning_rate)]) == ()
    changed = run(0, rate_changes(BASE, events))
    assert (changed.base_rate, changed.rates) == (0.05, "0.1 → 0.2 → 0.05")
    assert run(0, (*changed.rate_changes, RateChange(50, 1.0))).rates == "0.1 → … → 1"
    assert (run(0).base_rate, run(0).rates) == (0.1, "0.1")


def test_groups() -> None:
    runs = [run(0, seed=0), run(1, seed=1), run(2, seed=0, learning_rate=0.5), run(3, seed=2, batch_seed=7)]
    assert [[member.id for member in group] for group in comparison.grouped(runs, "seed").values()] == [
        ["r0", "r1", "r3"],
        ["r2"],
    ]
    by_rate = comparison.grouped(runs, "learning_rate")
    assert {rate: len(group) for rate, group in by_rate.items()} == {BASE.learning_rate: 3, 0.5: 1}


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("learning_rate", 0.5, 0.5),
        ("epochs", 3, 3.0),
        ("hidden_layers", (50, 20), 70.0),
        ("optimizer", "sgd", None),
        ("batch_norm", True, None),
        ("batch_seed", None, None),
    ],
)
def test_places_on_an_axis(name: str, value: object, place: float | None) -> None:
    assert comparison.position(name, value) == place


def test_a_chosen_color_is_kept_and_no_other_run_takes_it() -> None:
    runs = [run(0), replace(run(1), color=0), run(2), replace(run(3), color=5)]
    assert comparison.places(runs, 7) == [1, 0, 2, 5]


def test_runs_of_one_chosen_color_have_places_of_their_own_in_it() -> None:
    runs = [replace(run(number), id=f"{number:010x}", color=5 if number % 2 else None) for number in range(6)]
    assert comparison.places(runs, 7) == [0, 5, 1, 12, 2, 19]


def test_where_an_accuracy_was_first_reached() -> None:
    rows = np.zeros(4, EVALUATION_DTYPE)
    rows["step"], rows["seconds"] = [0, 10, 20, 30], [0, 1, 2, 3]
    rows["validation_accuracy"] = [0.1, 0.8, np.nan, 0.9]
    assert comparison.reached(Curves(evaluations=rows), 0.8) == comparison.Reached(10, 1.0)
    assert comparison.reached(Curves(evaluations=rows), 0.85) == comparison.Reached(30, 3.0)
    assert comparison.reached(Curves(evaluations=rows), 0.95) is None
    assert comparison.reached(Curves(), 0.5) is None
