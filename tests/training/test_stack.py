"""Runs that train together against the same runs alone: equal curves, no NaN that spreads, none that stays too long."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_core import ConfigError, RunConfig, Trainer, build_model, sweep, train
from mnist_core.config import choices
from mnist_core.data import Dataset
from mnist_core.errors import TrainingError
from mnist_core.stacks import WIDEST, groups, key
from mnist_core.sweep_range import variants
from mnist_core.training import checkpoint, train_together
from mnist_core.training import rate_sweep as sweeps
from mnist_core.training.dense_step import DenseStep
from tests.training.test_dense import batches, loader, networks
from tests.training.test_going_on import Course
from tests.training.test_trainer import WATCHED, small
from tests.training.updates import make_update

# What may differ between the runs of a stack.
DIFFERENCES = (
    {},
    {"learning_rate": 0.02, "init_std": 0.2},
    {"optimizer": "momentum", "momentum": 0.5, "weight_decay": 0.01},
    {"seed": 4, "batch_seed": 0, "schedule": "cosine"},
)


def together(configs: list[RunConfig], dataset: Dataset) -> list[Trainer]:
    """The runs, trained to their ends in one stack."""
    trainers = [Trainer(config, dataset) for config in configs]
    train_together(trainers).advance()
    return trainers


@settings(max_examples=40, deadline=None)
@given(config=networks, rows=st.integers(1, 60), size=st.integers(1, 30), chunk=st.integers(1, 40))
def test_stacked_steps_are_those_of_single_ones(config: RunConfig, rows: int, size: int, chunk: int) -> None:
    # What is drawn of the data, augmentation too, the runs of a stack have in common.
    other_weights = config.replace(seed=7, batch_seed=config.seed, weight_decay=0.01)
    configs = [config, config.replace(learning_rate=0.002, momentum=0.5), other_weights]
    models = [build_model(one).double() for one in configs]
    alone = [build_model(one).double() for one in configs]
    stacked = DenseStep(configs, models, loader(config))
    single = [DenseStep([one], [model], loader(one)) for one, model in zip(configs, alone, strict=True)]
    rates = [one.learning_rate for one in configs]
    for number, chunks in enumerate(batches(rows, size, chunk)[:5]):
        made = make_update(stacked, number, chunks, rates)
        expected = [make_update(step, number, chunks, [rate])[0] for step, rate in zip(single, rates, strict=True)]
        np.testing.assert_allclose(np.array(made), np.array(expected), rtol=1e-9, atol=1e-12)
    for mine, other in zip(models, alone, strict=True):
        for a, b in zip(mine.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a.detach(), b.detach(), rtol=1e-9, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("optimizer", choices("optimizer"))
@pytest.mark.parametrize("loss", choices("loss"))
def test_curves_are_those_of_the_runs_alone(tiny: Dataset, optimizer: str, loss: str) -> None:
    base = small(
        optimizer=optimizer, loss=loss, hidden_layers=(12, 8), learning_rate=0.005, dropout=0.2, weight_decay=0.001
    )
    configs = [base.replace(**changes) for changes in DIFFERENCES]
    for trainer, config in zip(together(configs, tiny), configs, strict=True):
        alone = train(config, tiny)
        assert trainer.outcome == alone.outcome
        curves = trainer.take_records()
        for name in ("step", "loss", "loss_max", "accuracy", "gradient_norm", "learning_rate"):
            np.testing.assert_allclose(curves.steps[name], alone.steps[name], rtol=2e-3, atol=2e-4)
        for name in ("step", "train_loss", "validation_loss", "test_accuracy", "dead_units"):
            np.testing.assert_allclose(curves.evaluations[name], alone.evaluations[name], rtol=2e-3, atol=2e-3)


def same_beside_others(units: int, images: int) -> bool:
    """Whether this machine's matrix products, with one thread, add a network's numbers up in the same order beside others."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    weights, inputs = (torch.randn(*shape, generator=generator) for shape in ((3 * units, 784), (images, 784)))
    deltas, inner = (torch.randn(3, size, images, generator=generator) for size in (units, 10))
    outer = torch.randn(3, 10, units, generator=generator)
    products = (
        lambda some: (weights.view(3, units, 784)[some].flatten(0, 1) @ inputs.T).view(-1, units, images),
        lambda some: (deltas[some].flatten(0, 1) @ inputs).view(-1, units, 784),
        lambda some: torch.bmm(outer[some], deltas[some]),
        lambda some: torch.bmm(outer[some].mT, inner[some]),
        lambda some: torch.bmm(inner[some], deltas[some].mT),
    )
    return all(torch.equal(product(slice(0, 3))[1], product(slice(1, 2))[0]) for product in products)


# Every kind of update, and of activation that torch computes in groups of numbers and a rest.
KINDS = (
    {},
    {"optimizer": "momentum", "weight_decay": 0.001, "activation": "tanh", "loss": "squared-error"},
    {"optimizer": "nesterov", "activation": "sigmoid", "preprocessing": "standardized"},
    {"optimizer": "adagrad", "activation": "gelu", "dropout": 0.2},
    {"optimizer": "rmsprop", "learning_rate": 0.001, "activation": "leaky-relu"},
    {"optimizer": "adam", "learning_rate": 0.001, "activation": "sigmoid", "batch_size": 300},
    {"optimizer": "adamw", "learning_rate": 0.001, "activation": "tanh", "hidden_layers": ()},
)


@pytest.mark.parametrize("changes", KINDS, ids=lambda changes: changes.get("optimizer", "sgd"))
def test_a_run_that_leaves_its_stack_comes_to_what_it_comes_to_in_it(
    changes: dict[str, Any], tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not same_beside_others(50, 20) or not same_beside_others(18, 20):
        pytest.skip("here the matrix products alone are others beside others")
    # The batch of 300 is cut in the stack, and would not be cut alone.
    monkeypatch.setattr("mnist_core.training.chunks.CHUNK_BYTES", 2**22)
    base = small(**{"hidden_layers": (50, 18), "batch_size": 20, "learning_rate": 0.02, **changes})
    configs = [base.replace(learning_rate=base.learning_rate * factor) for factor in (0.5, 1.0, 1.5)]
    whole, cut = ([Course(Trainer(config, tiny, threads=1)) for config in configs] for _time in range(2))
    train_together([course.trainer for course in whole]).advance()
    stack = train_together([course.trainer for course in cut])
    stack.advance(steps=2)
    left, *others = cut[1], cut[0], cut[2]
    left.advance(steps=0)
    left.trainer.train_alone()
    left.trainer.save(tmp_path / "run")
    left.trainer = Trainer.load(tmp_path / "run", left.trainer.config, tiny, threads=1)
    train_together([course.trainer for course in others]).advance()
    for course in (*whole, *cut):
        course.advance()
    events, left.trainer.state.events = left.trainer.events, []
    assert cut == whole
    assert [(event.kind, event.step, event.value) for event in events] == [("alone", 2, 3)]


@pytest.mark.parametrize("changes", KINDS, ids=lambda changes: changes.get("optimizer", "sgd"))
def test_a_run_draws_the_same_curve_alone_and_in_a_stack(changes: dict[str, Any], tiny: Dataset) -> None:
    if not same_beside_others(50, 20) or not same_beside_others(18, 20):
        pytest.skip("here the matrix products alone are others beside others")
    base = small(**{"hidden_layers": (50, 18), "batch_size": 20, "learning_rate": 0.02, **changes})
    configs = [base.replace(learning_rate=base.learning_rate * factor) for factor in (0.5, 1.0, 1.5)]
    alone, beside = ([Course(Trainer(config, tiny, threads=1)) for config in configs] for _time in range(2))
    train_together([course.trainer for course in beside]).advance()
    for course in (*alone, *beside):
        course.advance()
    assert beside == alone


@pytest.mark.parametrize("size", [1, 7])
def test_where_products_add_up_otherwise_only_the_last_digits_of_a_step_differ(
    size: int, tiny: Dataset, tmp_path: Path
) -> None:
    base = small(hidden_layers=(13, 7), batch_size=size, optimizer="momentum", activation="tanh", dropout=0.2)
    configs = [base.replace(learning_rate=rate) for rate in (0.005, 0.01, 0.015)]
    whole, cut = ([Trainer(config, tiny, threads=1) for config in configs] for _time in range(2))
    train_together(whole).advance(steps=6)
    train_together(cut).advance(steps=3)
    cut[1].save(tmp_path / "run")
    left = Trainer.load(tmp_path / "run", configs[1], tiny, threads=1)
    left.advance(steps=3)
    assert left.step == whole[1].step == 6
    for mine, other in zip(left.model.parameters(), whole[1].model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_a_run_of_an_older_file_goes_on_as_one_alone(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small(hidden_layers=(12,), optimizer="adam", learning_rate=0.005)
    course, again = (Course(Trainer(config, tiny, threads=1)) for _time in range(2))
    course.advance(steps=3)
    again.advance(steps=3)
    state_of = checkpoint._fields
    monkeypatch.setattr(checkpoint, "_fields", lambda run: older(state_of(run)))
    again.trainer.save(tmp_path / "run")
    again.trainer = Trainer.load(tmp_path / "run", config, tiny, threads=1)
    for one in (course, again):
        one.advance()
    assert again == course


def older(state: dict[str, Any]) -> dict[str, Any]:
    """As a file was before it told with whom a run has trained."""
    return {name: value for name, value in state.items() if name not in ("together", "widest", "chunk")}


@settings(max_examples=30, deadline=None)
@given(config=networks, size=st.integers(1, 60))
def test_a_step_without_its_gradient_is_the_same_step(config: RunConfig, size: int) -> None:
    config = config.replace(optimizer="sgd", weight_decay=0.0)
    configs = [config, config.replace(learning_rate=0.002, seed=3)]
    models, others = ([build_model(one).double() for one in configs] for _kind in range(2))
    whole, bare = (DenseStep(configs, kind, loader(config)) for kind in (models, others))
    for number in range(3):
        made = make_update(whole, number, [np.arange(size)], [0.005, 0.002])
        found = make_update(bare, number, [np.arange(size)], [0.005, 0.002], norms=False)
        assert [one.loss for one in found] == [pytest.approx(one.loss, rel=1e-9, nan_ok=True) for one in made]
        if config.initialization != "zeros":  # equal outputs, of which rounding picks one
            assert [one.hits for one in found] == [one.hits for one in made]
        assert {one.gradient_norm for one in found} == {None}
    for mine, other in zip(models, others, strict=True):
        for a, b in zip(mine.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a.detach(), b.detach(), rtol=1e-9, atol=1e-12, equal_nan=True)


def test_nan_of_one_never_reaches_another(tiny: Dataset) -> None:
    base = small(preprocessing="raw", loss="squared-error", learning_rate=1e-6, stop_when_not_finite=False)
    quiet = together([base, base.replace(learning_rate=1e-5)], tiny)
    loud = together([base, base.replace(learning_rate=50.0)], tiny)
    assert loud[1].outcome == "diverged"
    assert not all(torch.isfinite(weight).all() for weight in loud[1].model.parameters())
    for mine, other in zip(quiet[0].model.parameters(), loud[0].model.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_a_run_that_breaks_leaves_and_the_others_go_on(tiny: Dataset) -> None:
    base = small(preprocessing="raw", loss="squared-error", learning_rate=1e-6, epochs=3)
    good, broken, other = together([base.replace(learning_rate=rate) for rate in (1e-6, 50.0, 1e-5)], tiny)
    assert broken.outcome == "diverged"
    assert 0 < broken.step == broken.state.evaluated_step < broken.total_steps
    assert not broken.state.evaluations[-1]["train_loss"] < 1e6  # evaluated as it is
    for trainer in (good, other):
        assert trainer.outcome != "diverged"
        assert trainer.step == trainer.state.evaluated_step == trainer.total_steps
    alone = train(other.config, tiny)
    assert other.result()["test_loss"] == pytest.approx(alone.result["test_loss"], rel=1e-3)


def test_a_run_says_how_it_trained(tiny: Dataset, tmp_path: Path) -> None:
    alone, first, second = (Trainer(small(seed=seed, batch_seed=0), tiny, threads=1) for seed in range(3))
    assert _how(alone) == ("cpu", 1, 1)
    train_together([first, second]).advance(steps=2)
    first.advance(steps=2)  # alone from here on
    first.save(tmp_path / "run")
    again = Trainer.load(tmp_path / "run", first.config, tiny, threads=1)
    assert _how(first) == _how(second) == _how(again) == ("cpu", 1, 2)


def _how(trainer: Trainer) -> tuple[Any, ...]:
    result = trainer.result()
    return tuple(result[name] for name in ("device", "threads", "trained_together"))


def test_early_stopping_ends_one_run_of_several(tiny: Dataset) -> None:
    base = small(epochs=60, learning_rate=0.5, hidden_layers=(64,))
    stopped, whole = together([base.replace(early_stopping=2), base], tiny)
    assert stopped.step < whole.step == whole.total_steps
    assert any(event.kind == "early_stop" for event in stopped.events)
    assert stopped.state.best == {**whole.state.best, **stopped.state.best}


def test_early_stopping_sees_every_epoch_of_each_run_of_a_stack(tiny: Dataset) -> None:
    configs = [WATCHED.replace(epochs=80, early_stopping=patience) for patience in (0, 3, 10)]
    stacked = together(configs, tiny)
    assert [trainer.step for trainer in stacked] == [160, 142, 160]
    for trainer, config in zip(stacked, configs, strict=True):
        alone = train(config, tiny)
        assert alone.result["steps"] == trainer.step
        assert alone.result["best_step"] == trainer.state.best["step"]
        assert [event.kind for event in alone.events] == [event.kind for event in trainer.events]


@pytest.mark.parametrize("optimizer", choices("optimizer"))
def test_a_run_saved_out_of_a_stack_goes_on_alone(tiny: Dataset, tmp_path: Path, optimizer: str) -> None:
    base = small(optimizer=optimizer, learning_rate=0.005)
    first, second = (Trainer(base.replace(learning_rate=rate), tiny) for rate in (0.01, 0.005))
    train_together([first, second]).advance(steps=7)
    second.save(tmp_path / "run.safetensors")
    again = Trainer.load(tmp_path / "run.safetensors", second.config, tiny)
    second.loop.advance()
    again.advance()
    assert again.outcome == second.outcome
    for mine, other in zip(second.model.parameters(), again.model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-5)


def test_who_may_share_a_stack() -> None:
    plain, base = small(), small(optimizer="adam")
    assert key(plain.replace(learning_rate=0.02)) == key(plain) != key(base)
    assert key(plain.replace(weight_decay=0.01)) == key(base)
    for alike in DIFFERENCES[:3]:
        assert key(base.replace(**alike)) == key(base)
    assert key(base.replace(seed=4, batch_seed=base.seed)) == key(base)
    for other in ({"seed": 4}, {"hidden_layers": (3,)}, {"batch_size": 3}, {"epochs": 9}, {"activation": "tanh"}):
        assert key(base.replace(**other)) not in (None, key(base))
    assert key(base.replace(batch_norm=True)) is key(base.replace(model="cnn", filters=(2,))) is None


def test_every_field_of_a_configuration_is_shared_or_may_differ(tiny: Dataset) -> None:
    """A field that is new must not slip into a stack unseen."""
    base = small()
    free = {
        *("learning_rate", "optimizer", "momentum", "rho", "beta1", "beta2", "epsilon", "weight_decay"),
        *("initialization", "init_std", "schedule", "schedule_epochs", "schedule_factor"),
        *("early_stopping", "stop_when_not_finite", "sharpness", "seed", "batch_seed"),
    }
    general = {"model", "batch_norm", "filters", "kernel_size", "pooling"}  # never, or not used, in a stack
    from mnist_core.stacks import SHARED

    assert free | general | set(SHARED) == set(base.to_dict())
    assert len(free) + len(general) + len(SHARED) == len(base.to_dict())


def test_groups_keep_the_order_and_a_stack_has_its_width() -> None:
    base = small()
    alone = base.replace(batch_norm=True)
    assert groups([base, alone, base.replace(learning_rate=0.2), alone]) == [[0, 2], [1], [3]]
    many = variants(base, [0.001 * number for number in range(1, WIDEST + 4)])
    assert [len(places) for places in groups(many)] == [WIDEST, 3]
    assert list(itertools.chain(*groups(many))) == list(range(len(many)))


def test_a_sweep_has_all_rates_and_seeds_on_the_same_batches(tiny: Dataset) -> None:
    base = small(seed=3, learning_rate=0.7)
    found = sweep(base, [0.1, 0.01], seeds=[5, 6], dataset=tiny)
    assert [(run.config.learning_rate, run.config.seed) for run in found.runs] == [
        (0.1, 5),
        (0.01, 5),
        (0.1, 6),
        (0.01, 6),
    ]
    assert {run.config.batch_seed for run in found.runs} == {3}
    table = found.table()
    assert table["outcome"].tolist() == ["completed"] * 4
    assert table["learning_rate"].tolist() == [0.1, 0.01, 0.1, 0.01]
    assert 0 < found.seconds <= table["seconds"].sum()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux only")
def test_a_sweep_dealt_out_to_processes_is_the_same(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    base = small(epochs=3)
    rates = [0.3, 0.1, 0.01]
    alone = sweep(base, rates, dataset=tiny, threads=1)
    monkeypatch.setattr(sweeps, "WORTH_A_PROCESS", 1e-6)
    shares: list[float] = []
    found = sweep(base, rates, dataset=tiny, threads=2, on_progress=shares.append)
    assert multiprocessing.active_children() == []
    assert shares == sorted(shares)
    assert shares[-1] == 1
    for mine, other in zip(found.runs, alone.runs, strict=True):
        assert mine.config == other.config
        assert mine.outcome == other.outcome
        np.testing.assert_allclose(mine.steps["loss"], other.steps["loss"], rtol=1e-3)
        assert mine.result["test_loss"] == pytest.approx(other.result["test_loss"], rel=1e-3)
        for a, b in zip(mine.model.parameters(), other.model.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux only")
def test_a_part_that_dies_is_a_sentence(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "WORTH_A_PROCESS", 1e-6)

    def killed(*_arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(sweeps, "_train", killed)
    with pytest.raises(
        TrainingError,
        match="A process that was training part of the sweep ended unexpectedly",
    ):
        sweep(small(), [0.1, 0.2], dataset=tiny, threads=2)
    assert multiprocessing.active_children() == []


def test_a_sweep_of_networks_that_train_alone(tiny: Dataset) -> None:
    base = small(model="cnn", filters=(2,), hidden_layers=(), epochs=1)
    found = sweep(base, [0.1, 0.01], dataset=tiny)
    for run in found.runs:
        alone = train(run.config, tiny)
        assert run.result["test_loss"] == alone.result["test_loss"]


def test_a_sweep_of_no_rate_is_a_sentence(tiny: Dataset) -> None:
    with pytest.raises(ConfigError, match="at least one learning rate"):
        sweep(small(), [], dataset=tiny)
    with pytest.raises(ConfigError, match="learning_rate"):
        sweep(small(), [0.1, 0.0], dataset=tiny)
