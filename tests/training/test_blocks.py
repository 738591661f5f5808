"""Blocks of updates against updates one by one: the same records and weights, an end at the very update that broke, and
commands heard between blocks that are short.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mnist_core import Trainer
from mnist_core.data import Dataset
from mnist_core.training import loop, train_together
from mnist_core.training.step import Block, BlockResult, Stop, never
from tests.training.test_going_on import Course
from tests.training.test_trainer import small

NETWORKS = {
    "windows of three": small(batch_size=1, train_size=300, epochs=7),
    "dropout": small(batch_size=5, hidden_layers=(12, 8), dropout=0.3, optimizer="adam", learning_rate=0.002),
    "chunks": small(batch_size=300, train_size=900, hidden_layers=(2_000,), epochs=3, optimizer="momentum"),
    "schedule": small(batch_size=10, schedule="cosine", weight_decay=0.001, stop_when_not_finite=False),
    "early stopping": small(batch_size=10, epochs=70, train_size=200, early_stopping=3),
    "cnn": small(batch_size=10, train_size=300, model="cnn", filters=(3,), kernel_size=3, epochs=1),
}
BREAKING = small(batch_size=5, activation="identity", loss="squared-error", preprocessing="scaled", epochs=3)


@pytest.fixture(scope="module")
def few(tiny: Dataset) -> Dataset:
    """So few test images that an evaluation costs nothing."""
    return replace(tiny, test_images=tiny.test_images[:20], test_labels=tiny.test_labels[:20])


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many updates were asked for in each block, and a clock that hardly moves: blocks double until something is due."""
    moments = itertools.count(1)
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: 1e-9 * next(moments)))
    return blocks_of(monkeypatch)


def blocks_of(monkeypatch: pytest.MonkeyPatch, on_update: Callable[[int], None] = lambda count: None) -> list[int]:
    counts: list[int] = []
    for step_class in (loop.DenseStep, loop.AutogradStep):

        def make(
            self: object, block: Block, stop: Stop, original: Callable[..., BlockResult] = step_class.make
        ) -> BlockResult:
            counts.append(len(block.batches))
            on_update(len(block.batches))
            return original(self, block, stop)

        monkeypatch.setattr(step_class, "make", make)
    return counts


def one_by_one(trainer: Trainer) -> Course:
    course = Course(trainer)
    while not trainer.finished:
        course.advance(1)
    return course


@pytest.mark.parametrize("network", NETWORKS)
def test_blocks_give_what_single_updates_give(network: str, few: Dataset, seen: list[int]) -> None:
    config = NETWORKS[network]
    single = one_by_one(Trainer(config, few))
    assert set(seen) == {1}
    seen.clear()
    whole = Course(Trainer(config, few))
    whole.advance()
    assert max(seen) > (1 if network == "chunks" else 4)
    assert sum(seen) == whole.trainer.step
    assert whole == single


@pytest.mark.parametrize(("model", "rate"), [("mlp", 0.01), ("mlp", 0.1), ("mlp", 100), ("cnn", 0.028), ("cnn", 1)])
def test_a_run_that_breaks_inside_a_block_ends_at_that_very_update(
    model: str, rate: float, few: Dataset, seen: list[int]
) -> None:
    config = BREAKING.replace(learning_rate=rate, model=model, filters=(3,), kernel_size=3)
    single = one_by_one(Trainer(config, few))
    seen.clear()
    whole = Course(Trainer(config, few))
    whole.advance()
    assert whole.trainer.outcome == "diverged"
    (event,) = [event for event in whole.trainer.events if event.kind == "not_finite"]
    assert event.step == whole.trainer.step < config.total_steps
    _same_to_the_nan(whole, single)
    if rate < 0.1:  # it breaks later than where all blocks are single updates
        assert sum(seen) > whole.trainer.step  # more had been asked for


def test_of_a_stack_the_run_that_breaks_ends_and_the_others_go_on(few: Dataset, seen: list[int]) -> None:
    configs = [BREAKING.replace(learning_rate=rate) for rate in (1e-4, 0.01, 0.1, 1e-3)]
    trainers = [Trainer(config, few) for config in configs]
    train_together(trainers).advance()
    assert max(seen) > 1
    outcomes = [trainer.outcome for trainer in trainers]
    assert outcomes[1:3] == ["diverged"] * 2
    assert outcomes[0] != "diverged" != outcomes[3]
    one_at_a_time = [Trainer(config, few) for config in configs]
    together = train_together(one_at_a_time)
    while not all(trainer.finished for trainer in one_at_a_time):
        together.advance(steps=1)
    for trainer, other in zip(trainers, one_at_a_time, strict=True):
        assert trainer.step == other.step
        _same_to_the_nan(_taken(trainer), _taken(other))


def test_blocks_last_no_longer_than_a_tenth_of_a_second(few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that says that an update takes 12 ms: then eight fit."""
    now = [0.0]

    def pass_time(updates: int) -> None:
        now[0] += 0.012 * updates

    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    counts = blocks_of(monkeypatch, pass_time)
    asked_at: list[float] = []

    def stop() -> bool:
        asked_at.append(now[0])
        return False

    Trainer(small(batch_size=5), few).advance(stop)
    assert max(counts) == 8
    assert np.diff(asked_at).max() <= loop.BLOCK_SECONDS


def test_it_trains_for_no_longer_than_it_is_told(few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def pass_time(updates: int) -> None:
        now[0] += 0.001 * updates

    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    blocks_of(monkeypatch, pass_time)
    trainer = Trainer(small(batch_size=5), few)
    trainer.advance(seconds=0.05)
    assert 45 <= trainer.step <= 51


def test_a_rate_that_is_changed_counts_from_the_next_update(few: Dataset, seen: list[int]) -> None:
    config = small(batch_size=5)

    def changed(steps: int | None) -> Course:
        course = Course(Trainer(config, few))
        while course.trainer.step < 77:
            course.advance(steps if steps else 77 - course.trainer.step)
        course.trainer.set_learning_rate(0.003)
        course.advance()
        return course

    assert changed(None) == changed(1)
    assert max(seen) > 4


def _taken(trainer: Trainer) -> Course:
    course = Course(trainer)
    course.advance(stop=never)
    return course


def _same_to_the_nan(one: Course, other: Course) -> None:
    """Equal, where NaN is equal to NaN: what tensors and dictionaries say otherwise."""
    for name, parts in one.records.items():
        mine, theirs = np.concatenate(parts), np.concatenate(other.records[name])
        for field in mine.dtype.names or ():
            if field != "seconds":
                np.testing.assert_array_equal(mine[field], theirs[field], err_msg=f"{name}: {field}")
    for weight, same in zip(one.trainer.model.parameters(), other.trainer.model.parameters(), strict=True):
        np.testing.assert_array_equal(weight.detach().numpy(), same.detach().numpy())
    assert repr(one.trainer.state.last_finite_loss) == repr(other.trainer.state.last_finite_loss)
    assert one.trainer.events == other.trainer.events
