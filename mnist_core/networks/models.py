"""Networks: what one looks like (`describe`) and the network itself (`build_model`).

MLP: flattened 784 pixels, dense hidden layers, an output for each class. CNN: per convolution "same" padding, activation and 2×2
pooling; then dense hidden layers and the outputs. Outputs are logits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig

if TYPE_CHECKING:
    import torch

Kind = Literal["input", "convolution", "pooling", "flatten", "dense", "output"]


@dataclass(frozen=True)
class Layer:
    """One layer: the shape of what it gives, its parameters, its multiplications for one image forward."""

    kind: Kind
    output_shape: tuple[int, ...]
    parameters: int = 0
    multiplications: int = 0


@dataclass(frozen=True)
class Description:
    """A network without its numbers."""

    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        """Trainable numbers in all."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiplications(self) -> int:
        """Multiplications for one image forward; training costs about three times as many."""
        return sum(layer.multiplications for layer in self.layers)


def describe(config: RunConfig) -> Description:
    """The layers of the network that `build_model(config)` makes, with their shapes and sizes."""
    return Description(tuple(_layers(config)))


def _layers(config: RunConfig) -> Iterator[Layer]:
    normal = 2 if config.batch_norm else 0  # scale and shift per unit
    if config.model == "cnn":
        yield Layer("input", (1, 28, 28))
        channels, side = 1, 28
        for filters in config.filters:
            weights = filters * channels * config.kernel_size**2
            parameters = weights + filters * (1 + normal)
            yield Layer("convolution", (filters, side, side), parameters, weights * side * side)
            if config.pooling != "none" and side > 1:
                side //= 2
                yield Layer("pooling", (filters, side, side))
            channels = filters
        units = channels * side * side
        yield Layer("flatten", (units,))
    else:
        units = 784
        yield Layer("input", (784,))
    for hidden in config.hidden_layers:
        yield Layer("dense", (hidden,), units * hidden + hidden * (1 + normal), units * hidden)
        units = hidden
    yield Layer("output", (config.classes,), (units + 1) * config.classes, units * config.classes)


# max(f(a), f(b)) = f(max(a, b)) for every function that never falls; these have a gradient at the maximum, too.
_PASSES_THE_MAXIMUM = ("identity", "relu", "leaky-relu")


def build_model(config: RunConfig) -> torch.nn.Sequential:
    """The network, its weights initialized from `config.seed` alone. Takes n×784 (MLP) or n×1×28×28 (CNN)."""
    from torch import nn

    modules, units = _convolutions(config) if config.model == "cnn" else ([], 784)
    for hidden in config.hidden_layers:
        modules.append(nn.Linear(units, hidden))
        if config.batch_norm:
            modules.append(nn.BatchNorm1d(hidden))
        modules.append(_activation(config))
        if config.dropout:
            modules.append(nn.Dropout(config.dropout))
        units = hidden
    modules.append(nn.Linear(units, config.classes))
    model = nn.Sequential(*modules)
    _initialize(model, config)
    return model


def _convolutions(config: RunConfig) -> tuple[list[torch.nn.Module], int]:
    """The modules up to the flattened activations, and how many of these there are."""
    from torch import nn

    modules: list[nn.Module] = []
    channels, side = 1, 28
    for filters in config.filters:
        modules.append(nn.Conv2d(channels, filters, config.kernel_size, padding="same"))
        if config.batch_norm:
            modules.append(nn.BatchNorm2d(filters))
        after = [_activation(config)]
        if config.pooling != "none" and side > 1:
            after.append(nn.MaxPool2d(2) if config.pooling == "max" else nn.AvgPool2d(2))
            side //= 2
            if config.pooling == "max" and config.activation in _PASSES_THE_MAXIMUM:
                after.reverse()  # the same numbers, with a quarter of the activations
        modules += after
        channels = filters
    return [*modules, nn.Flatten()], channels * side * side


def _activation(config: RunConfig) -> torch.nn.Module:
    from torch import nn

    return {
        "identity": nn.Identity,
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "leaky-relu": nn.LeakyReLU,
        "gelu": nn.GELU,
    }[config.activation]()


def _initialize(model: torch.nn.Sequential, config: RunConfig) -> None:
    """Weights by `config.initialization`, biases 0."""
    import torch
    from torch import nn

    # NumPy's generator: the same weights whatever torch's version and device.
    generator = np.random.Generator(np.random.Philox(key=[config.seed, 1]))
    for module in model:
        if not isinstance(module, nn.Linear | nn.Conv2d):
            continue
        values = _initial_values(config, tuple(module.weight.shape), generator)
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(values.astype(np.float32)))
            if module.bias is not None:
                module.bias.zero_()


def _initial_values(config: RunConfig, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float64]:
    """Glorot: uniform in ±√(6/(in+out)) (Glorot & Bengio 2010). He: normal with deviation √(2/in) (He et al. 2015)."""
    field = int(np.prod(shape[2:]))
    fan_in, fan_out = shape[1] * field, shape[0] * field
    if config.initialization == "glorot":
        limit = np.sqrt(6 / (fan_in + fan_out))
        return generator.uniform(-limit, limit, shape)
    deviation = {"normal": config.init_std, "he": np.sqrt(2 / fan_in), "zeros": 0.0}[config.initialization]
    return np.asarray(generator.normal(0, 1, shape) * deviation)
