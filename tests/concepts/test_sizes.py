"""Sizes of dense networks, by hand and beside the networks that train."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig, choices
from mnist_core.ideas.architecture.layers.concept import KEPT, Dense, dense_layers, memory, parameters_of, width_for
from mnist_core.networks.models import describe


def test_the_network_of_the_reference() -> None:
    first, second = dense_layers((784, 100, 10))
    assert (first.parameters, second.parameters) == (78_500, 1_010)
    assert first.parameters + second.parameters == 79_510
    assert first.multiplications + second.multiplications == 78_400 + 1_000


@pytest.mark.parametrize("hidden", [(), (1,), (16, 16), (2048, 3, 50)])
def test_equal_to_the_networks_that_train(hidden: tuple[int, ...]) -> None:
    layers, described = dense_layers((784, *hidden, 10)), describe(RunConfig(hidden_layers=hidden))
    assert [layer.parameters for layer in layers] == [layer.parameters for layer in described.layers[1:]]
    assert sum(layer.multiplications for layer in layers) == described.multiplications


def test_memory_by_hand() -> None:
    # 2 × 3 weights and 3 biases: 9 numbers of 4 bytes; Adam keeps two for each; 5 examples × 3 outputs.
    found = memory(Dense(2, 3), 5, "adam")
    assert (found.weights, found.gradients, found.optimizer, found.activations) == (36, 36, 72, 60)
    assert found.total == 204
    assert memory(Dense(2, 3), 5, "sgd").total == 36 + 36 + 60


def test_what_torchs_optimizers_keep() -> None:
    import torch

    from mnist_core.training.optimizers import make_optimizer

    assert set(KEPT) == set(choices("optimizer"))
    for name, kept in KEPT.items():
        weight = torch.nn.Parameter(torch.ones(7, 3))
        optimizer = make_optimizer(RunConfig(optimizer=name), [weight])
        weight.sum().backward()
        optimizer.step()
        state = [value for value in optimizer.state[weight].values() if torch.is_tensor(value) and value.numel() == 21]
        assert len(state) == kept, name


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
@pytest.mark.parametrize("width", [1, 68, 500, 2048])
def test_the_width_is_found_again(depth: int, width: int) -> None:
    assert width_for(parameters_of(784, width, depth, 10), 784, depth, 10) == width


@pytest.mark.parametrize("parameters", [1, 900, 54_314, 79_510, 1_000_003])
@pytest.mark.parametrize("depth", [1, 3])
def test_no_neighbor_is_nearer(parameters: int, depth: int) -> None:
    width = width_for(parameters, 784, depth, 10)
    off = [abs(parameters_of(784, w, depth, 10) - parameters) for w in (max(1, width - 1), width, width + 1)]
    assert off[1] == min(off)
