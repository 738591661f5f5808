"""Sizes of dense networks, by hand and beside the networks that train; their bars."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig, choices
from mnist_core.ideas.architecture.layers.concept import (
    STATE_SIZES,
    Dense,
    dense_layers,
    memory,
    parameters_of,
    width_for,
)
from mnist_core.ideas.architecture.layers.figure import in_bytes, size_chart
from mnist_core.networks.models import describe
from tests.charts import numbers, trace


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
    sizes = memory(Dense(2, 3), 5, "adam")
    assert (sizes.weights, sizes.gradients, sizes.optimizer, sizes.activations) == (36, 36, 72, 60)
    assert sizes.total == 204
    assert memory(Dense(2, 3), 5, "sgd").total == 36 + 36 + 60


def test_what_torchs_optimizers_keep() -> None:
    import torch

    from mnist_core.training.optimizers import make_optimizer

    assert set(STATE_SIZES) == set(choices("optimizer"))
    for name, count in STATE_SIZES.items():
        weight = torch.nn.Parameter(torch.ones(7, 3))
        optimizer = make_optimizer(RunConfig(optimizer=name), [weight])
        weight.sum().backward()
        optimizer.step()
        state = [value for value in optimizer.state[weight].values() if torch.is_tensor(value) and value.numel() == 21]
        assert len(state) == count, name


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


def test_a_bar_a_layer() -> None:
    layers = dense_layers((784, 100, 10))
    memories = [memory(layer, 100, "adam") for layer in layers]
    bars = trace(size_chart(layers, memories, "parameters", False, str), "parameters")
    assert numbers(bars["y"]).tolist() == [78_500, 1_010]
    assert bars["text"] == ["78,500", "1,010"]
    parts = size_chart(layers, memories, "memory", True, str)["data"]
    heights = sum(numbers(part["y"]) for part in parts)
    assert heights == pytest.approx([size.total / 1e6 for size in memories], rel=1e-6)


@pytest.mark.parametrize(
    ("size", "text"), [(7, "7 B"), (1_500, "1.5 kB"), (318_040, "318 kB"), (2_500_000_000, "2.5 GB")]
)
def test_bytes_as_they_are_read(size: int, text: str) -> None:
    assert in_bytes(size) == text
