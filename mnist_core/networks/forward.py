"""A network's answer for a few images in NumPy, so that a page can ask while a student draws.

Layer by layer what `models.build_model(config)` computes in evaluation mode, equal to rounding. For single images this
takes from a tenth of a millisecond to some (docs/architecture.md has figures); whole data sets are the workers' affair.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import Activation, RunConfig
from mnist_core.data import preprocess

Array = NDArray[np.float32]
Weights = Mapping[str, NDArray[np.float32]]
NORM_EPSILON = 1e-5  # torch's default of batch normalization
COUNT = "num_batches_tracked"  # of batch normalization: the one whole number (int64) among the weights


def probabilities(config: RunConfig, weights: Weights, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The probability of each class, n×classes, for `images` (n×28×28, uint8); NaN where the output is."""
    return to_probabilities(config, layers(config, weights, preprocess(images, config.preprocessing))[-1])


def is_finite(config: RunConfig, weights: Weights) -> bool:
    """Whether the network's output is finite: its weights are, and none so large that an image might give infinity.

    A sheet full of ink and weights without their signs give at least as much as any image does in networks without batch
    normalization; with it, about as much.
    """
    if not all(np.isfinite(array).all() for array in weights.values()):
        return False
    full = preprocess(np.full((1, 28, 28), 255, np.uint8), config.preprocessing)
    most = layers(config, {name: np.abs(array) for name, array in weights.items()}, full)[-1]
    return bool(np.isfinite(most).all())


def to_probabilities(config: RunConfig, outputs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Outputs (n×classes) as probabilities.

    Cross-entropy: softmax. Squared error: the outputs are estimates of the probabilities themselves (its minimum is the
    conditional mean of the one-hot labels); what is below 0 is cut, and the sum brought to 1.
    """
    with np.errstate(all="ignore"):
        z = outputs.astype(np.float64)
        softmax = config.loss == "cross-entropy"
        raised = np.exp(z - z.max(1, keepdims=True)) if softmax else np.maximum(z, 0) + 1e-12
        return np.asarray(raised / raised.sum(1, keepdims=True))


def layers(config: RunConfig, weights: Weights, inputs: Array) -> list[Array]:
    """What each layer of `models.describe(config)` gives, in its order; the last are the outputs (logits).

    `inputs`: n×28×28, preprocessed. Hidden layers after batch normalization and activation.
    """
    with np.errstate(all="ignore"):  # NaN and infinity are answers
        return list(_layers(config, weights, inputs))


def module_indices(config: RunConfig) -> dict[int, int]:
    """Where the weights of each layer of `models.describe(config)` stand among the model's modules, by its number."""
    indices: dict[int, int] = {}
    number, at, side = 1, 0, 28
    if config.model == "cnn":
        for _filters in config.filters:
            indices[number] = at
            number, at = number + 1, at + 2 + config.batch_norm
            if config.pooling != "none" and side > 1:
                number, at, side = number + 1, at + 1, side // 2
        number, at = number + 1, at + 1
    for _units in config.hidden_layers:
        indices[number] = at
        number, at = number + 1, at + 2 + config.batch_norm + bool(config.dropout)
    return indices | {number: at}


def shapes(config: RunConfig) -> dict[str, tuple[int, ...]]:
    """The shape of each array of the network's weights, by its name in the model's state (`0.weight`, …)."""
    arrays: dict[str, tuple[int, ...]] = {}
    at, side, channels = 0, 28, 1
    if config.model == "cnn":
        for filters in config.filters:
            arrays |= _with_norm(config, at, (filters, channels, config.kernel_size, config.kernel_size))
            at, channels = at + 2 + config.batch_norm, filters
            if config.pooling != "none" and side > 1:
                at, side = at + 1, side // 2
        at += 1
    units = channels * side * side
    for hidden in config.hidden_layers:
        arrays |= _with_norm(config, at, (hidden, units))
        at, units = at + 2 + config.batch_norm + bool(config.dropout), hidden
    return arrays | {f"{at}.weight": (config.classes, units), f"{at}.bias": (config.classes,)}


def _with_norm(config: RunConfig, at: int, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Weights and biases of a layer, and of the batch normalization after it, where there is one."""
    arrays = {f"{at}.weight": shape, f"{at}.bias": shape[:1]}
    if config.batch_norm:
        names = ("weight", "bias", "running_mean", "running_var")
        arrays |= {f"{at + 1}.{name}": shape[:1] for name in names} | {f"{at + 1}.{COUNT}": ()}
    return arrays


def _layers(config: RunConfig, weights: Weights, inputs: Array) -> Iterator[Array]:
    at, side = 0, 28  # the place among the model's modules; pixels of an image
    a = inputs[:, None] if config.model == "cnn" else inputs.reshape(len(inputs), -1)
    yield a
    if config.model == "cnn":
        for _filters in config.filters:
            a = _convolved(a, weights[f"{at}.weight"], weights[f"{at}.bias"])
            at, a = _normalized(config, weights, at + 1, a)
            a = activate(config.activation, a)
            yield a
            at += 1
            if config.pooling != "none" and side > 1:
                side //= 2
                a = _pooled(a, side, config)
                yield a
                at += 1
        a = a.reshape(len(a), -1)
        yield a
        at += 1
    for _units in config.hidden_layers:
        a = a @ weights[f"{at}.weight"].T + weights[f"{at}.bias"]
        at, a = _normalized(config, weights, at + 1, a)
        a = activate(config.activation, a)
        yield a
        at += 2 if config.dropout else 1
    yield a @ weights[f"{at}.weight"].T + weights[f"{at}.bias"]


def _normalized(config: RunConfig, weights: Weights, at: int, z: Array) -> tuple[int, Array]:
    """Batch normalization by the running mean and variance, where there is one; the next module's place."""
    if not config.batch_norm:
        return at, z
    mean, variance, scale, shift = (
        weights[f"{at}.{name}"].reshape(-1, *[1] * (z.ndim - 2))
        for name in ("running_mean", "running_var", "weight", "bias")
    )
    normal: Array = (z - mean) / np.sqrt(variance + np.float32(NORM_EPSILON)) * scale + shift
    return at + 1, normal


def _convolved(a: Array, weight: Array, bias: Array) -> Array:
    """Cross-correlation with "same" padding: a n×c×h×w, weight f×c×k×k, bias f; n×f×h×w."""
    images, channels, height, width = a.shape
    size = weight.shape[-1]
    padded = np.pad(a, ((0, 0), (0, 0), (size // 2, size // 2), (size // 2, size // 2)))
    z = np.zeros((images, len(weight), height * width), np.float32)
    for row in range(size):
        for column in range(size):
            window = padded[:, :, row : row + height, column : column + width]
            z += weight[:, :, row, column] @ window.reshape(images, channels, -1)
    return (z + bias[:, None]).reshape(images, len(weight), height, width)


def _pooled(a: Array, side: int, config: RunConfig) -> Array:
    blocks = a[:, :, : 2 * side, : 2 * side].reshape(*a.shape[:2], side, 2, side, 2)
    return np.asarray(blocks.max((3, 5)) if config.pooling == "max" else blocks.mean((3, 5), dtype=np.float32))


_erf = np.frompyfunc(math.erf, 1, 1)


def activate(name: Activation, z: Array) -> Array:
    """The activation function of every number."""
    match name:
        case "sigmoid":
            return np.asarray(1 / (1 + np.exp(-z)))
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.maximum(z, 0)
        case "leaky-relu":
            return np.where(z > 0, z, np.float32(0.01) * z)
        case "gelu":
            return np.asarray(z * (1 + _erf(z / math.sqrt(2)).astype(np.float32)) / 2, np.float32)
    return z
