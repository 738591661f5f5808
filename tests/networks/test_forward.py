"""The NumPy forward pass against torch, for every kind of layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mnist_core.config import RunConfig
from mnist_core.data import preprocess
from mnist_core.networks import forward
from mnist_core.networks.forward import layers, probabilities, to_probabilities
from mnist_core.networks.models import build_model, describe

IMAGES = np.random.default_rng(3).integers(0, 256, (3, 28, 28)).astype(np.uint8)
NETWORKS: dict[str, dict[str, Any]] = {
    "linear": {"hidden_layers": ()},
    **{
        name: {"hidden_layers": (20, 15), "activation": name}
        for name in ("identity", "sigmoid", "tanh", "relu", "leaky-relu", "gelu")
    },
    "dropout and normalization": {"hidden_layers": (20, 15), "dropout": 0.5, "batch_norm": True},
    "cnn": {"model": "cnn", "filters": (4, 6), "hidden_layers": (12,)},
    "cnn, average, normalized": {"model": "cnn", "filters": (4, 6), "pooling": "average", "batch_norm": True},
    "cnn, gelu, odd sides": {"model": "cnn", "filters": (3, 3, 3, 3), "kernel_size": 3, "activation": "gelu"},
    "cnn without pooling": {"model": "cnn", "filters": (3,), "pooling": "none", "kernel_size": 1},
    "standardized": {"preprocessing": "standardized"},
}


@pytest.mark.parametrize("changes", NETWORKS.values(), ids=NETWORKS)
def test_equal_to_torch(changes: dict[str, Any]) -> None:
    config = RunConfig(**changes)
    model = build_model(config)
    generator = torch.Generator().manual_seed(5)
    for name, value in model.state_dict().items():
        if name.endswith(("bias", "running_mean")):
            value.normal_(0, 0.3, generator=generator)  # biases are 0 at first, and would hide a fault
        elif name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
    model.eval()
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    inputs = preprocess(IMAGES, config.preprocessing)
    shaped = inputs[:, None] if config.model == "cnn" else inputs.reshape(3, -1)
    with torch.no_grad():
        expected = model(torch.from_numpy(shaped))
    outputs = layers(config, weights, inputs)
    np.testing.assert_allclose(outputs[-1], expected.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        probabilities(config, weights, IMAGES), expected.softmax(1).numpy(), rtol=1e-4, atol=1e-5
    )
    assert [output.shape[1:] for output in outputs] == [layer.output_shape for layer in describe(config).layers]


def test_squared_error_gives_probabilities_too() -> None:
    probs = to_probabilities(RunConfig(loss="squared-error"), np.array([[-0.1, 0.2, 0.6, *[0.0] * 7]]))
    np.testing.assert_allclose(probs[0, :3], [0, 0.25, 0.75], atol=1e-9)


def test_weights_that_are_no_numbers_give_no_numbers() -> None:
    config = RunConfig(hidden_layers=())
    weights = {"0.weight": np.full((10, 784), np.nan, np.float32), "0.bias": np.zeros(10, np.float32)}
    assert np.isnan(probabilities(config, weights, IMAGES)).all()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hidden_layers": ()},
        {"hidden_layers": (20, 10), "batch_norm": True, "dropout": 0.3},
        {"model": "cnn", "filters": (3, 4), "kernel_size": 3},
        {"model": "cnn", "filters": (3,), "pooling": "none", "hidden_layers": (9,), "batch_norm": True, "dropout": 0.1},
        {"model": "cnn", "filters": (2, 2, 2, 2), "pooling": "average", "activation": "tanh", "batch_norm": True},
        {"model": "cnn", "filters": (2, 2, 2, 2), "kernel_size": 1, "hidden_layers": ()},
    ],
)
def test_shapes_are_those_of_the_model(changes: dict) -> None:
    config = RunConfig(**changes)
    state = build_model(config).state_dict()
    assert forward.shapes(config) == {name: tuple(value.shape) for name, value in state.items()}
    whole = {name for name, value in state.items() if value.dtype == torch.int64}
    assert whole == {name for name in state if name.endswith(forward.COUNT)}


@pytest.mark.parametrize("changes", [{"hidden_layers": (8,)}, {"model": "cnn", "filters": (4,)}], ids=["mlp", "cnn"])
def test_weights_are_sound_while_no_image_can_give_infinity(changes: dict[str, Any]) -> None:
    config = RunConfig(**changes)
    generator = np.random.default_rng(0)
    weights = {
        name: generator.normal(0, 0.1, shape).astype(np.float32) for name, shape in forward.shapes(config).items()
    }
    assert forward.is_finite(config, weights)
    for nothing in (np.inf, np.nan):
        broken = {name: value.copy() for name, value in weights.items()}
        broken["0.bias"][0] = nothing
        assert not forward.is_finite(config, broken)
    large = {name: value * np.float32(1e25) for name, value in weights.items()}
    assert all(np.isfinite(value).all() for value in large.values())
    assert not np.isfinite(probabilities(config, large, IMAGES)).all()  # finite, and yet sums are beyond any float
    assert not forward.is_finite(config, large)
