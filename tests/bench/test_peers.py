"""All contestants do the work they are said to do."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mnist_core.bench.contestant import CONTESTANTS, prepared, timed
from mnist_core.bench.peers import torch_network
from mnist_core.bench.peers.numpy_layers import network
from mnist_core.bench.work import Work
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.networks.models import describe
from mnist_core.presets import PRESETS
from mnist_core.schedule import evaluation_steps
from mnist_core.training import layer_probe, loop
from mnist_core.training.layer_probe import Probed
from mnist_core.training.step import Step

SMALL = PRESETS["keras-first-look"].config.replace(
    train_size=1_000, hidden_layers=(32,), optimizer="sgd", learning_rate=0.5, epochs=8
)
LIBRARIES = {"keras-tensorflow": ("keras", "tensorflow"), "keras-jax": ("keras", "jax"), "scikit-learn": ("sklearn",)}


def need(contestant: str) -> None:
    """Skip where a library of the contestant is missing."""
    for library in LIBRARIES.get(contestant, ()):
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not installed")


NOT_RUNS = {
    "ours-sweep",
    "ours-updates",
    "ours-evaluations",
    "ours-probes",
    "floor",
    "floor-one-thread",
    "range-test",
    "landscape",
    "sharpness",
}


@pytest.mark.parametrize("contestant", sorted(set(CONTESTANTS) - NOT_RUNS))
def test_a_contestant_learns_in_as_many_updates_as_the_work_has(contestant: str, few: Dataset) -> None:
    need(contestant)
    config = SMALL.replace(initialization="normal", init_std=0.1) if contestant.startswith("numpy") else SMALL
    answer = timed(prepared(Work(contestant, config), few), 0)
    assert answer["updates"] == 8 * 8
    assert answer["seconds"] > 0
    assert answer["bytes"] > 10_000_000
    assert answer["accuracy"] > 0.5


@pytest.mark.parametrize("contestant", ["ours-evaluations", "ours-probes"])
def test_what_a_curve_costs_is_told_as_of_the_updates_of_its_run(
    contestant: str, few: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    real = layer_probe.probe_layers

    def counted(step: Step, runs: Sequence[Probed], *rest: Any) -> Any:
        looks.append(len(runs))
        return real(step, runs, *rest)

    monkeypatch.setattr(layer_probe, "probe_layers", counted)
    monkeypatch.setattr(loop, "probe_layers", counted)
    begin = prepared(Work(contestant, SMALL), few)
    looks.clear()
    assert timed(begin, 0)["updates"] == SMALL.total_steps
    assert len(looks) == len(evaluation_steps(SMALL))


def test_ours_without_evaluations_makes_one_epoch(few: Dataset) -> None:
    answer = timed(prepared(Work("ours-updates", SMALL), few), 0)
    assert answer["updates"] == 8
    assert answer["accuracy"] > 0.1


@pytest.mark.parametrize("contestant", ["floor", "floor-one-thread"])
def test_the_floor_makes_products_alone(contestant: str, few: Dataset) -> None:
    answer = timed(prepared(Work(contestant, SMALL, (0.1, 0.2)), few), 0)
    assert answer["updates"] == 2 * 8 * 8
    assert answer["accuracy"] is None


@pytest.mark.parametrize("contestant", ["ours-run", "numpy-float32"])
def test_rates_are_runs_one_after_the_other(contestant: str, few: Dataset) -> None:
    config = PRESETS["two-layer-net"].config.replace(train_size=800, validation_size=200, epochs=2)
    answer = timed(prepared(Work(contestant, config, (0.1, 0.3, 0.5)), few), 0)
    assert answer["updates"] == 3 * 2 * 8


@pytest.mark.parametrize("contestant", ["ours-updates", "torch-sliced", "torch-loader", "torch-tutorial"])
def test_a_convolutional_network(contestant: str, few: Dataset) -> None:
    config = PRESETS["lenet"].config.replace(train_size=500, validation_size=100, filters=(4, 8), epochs=1)
    answer = timed(prepared(Work(contestant, config), few), 0)
    assert answer["updates"] == 4
    assert answer["accuracy"] is not None


@pytest.mark.parametrize("name", ["keras-first-look", "two-layer-net", "lenet"])
def test_torch_peers_have_the_same_network(name: str) -> None:
    config = PRESETS[name].config
    model = torch_network.network(config)
    assert sum(weights.numel() for weights in model.parameters()) == describe(config).parameters
    first = next(model.parameters())
    fans = 784 + 512 if name == "keras-first-look" else 0
    deviation = {"glorot": np.sqrt(2 / max(1, fans)), "normal": 0.01, "he": np.sqrt(2 / 25)}[config.initialization]
    assert first.std().item() == pytest.approx(deviation, rel=0.15)


def test_the_numpy_peer_draws_its_first_weights_as_it_is_told() -> None:
    first, second = network(hidden=50, deviation=0.1, dtype=np.float64, seed=3).affines
    assert first.weights.shape == (784, 50)
    assert second.weights.shape == (50, 10)
    assert first.weights.std() == pytest.approx(0.1, rel=0.02)
    assert not first.bias.any()
    assert not second.bias.any()


def test_float32_stays_float32() -> None:
    net = network(hidden=4, deviation=0.1, dtype=np.float32, seed=0)
    net.loss_and_gradient(np.ones((3, 784), np.float32), np.array([1, 2, 3]))
    net.update(0.1)
    assert {layer.weights.dtype for layer in net.affines} == {np.dtype(np.float32)}
    assert {layer.weights_gradient.dtype for layer in net.affines} == {np.dtype(np.float32)}


def test_work_comes_back_from_json() -> None:
    work = Work("ours-sweep", RunConfig(hidden_layers=(7,)), (0.1, 0.2))
    assert Work.from_json(work.to_json()) == work
    assert work.updates == 2 * work.config.total_steps
    assert [config.learning_rate for config in work.runs] == [0.1, 0.2]
