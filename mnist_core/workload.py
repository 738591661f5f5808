"""What training a network asks of a machine, from its configuration alone, whatever the machine.

An update costs a fixed overhead (Python, small operations: more where there are more layers) and its work, counted in multiplications of a
large matrix product. Memory that is read and written counts as the multiplications that would take as long. The numbers were fitted to times of
48 configurations, MLPs of 10 to 2,048 units and CNNs of 2 to 64 filters at batch sizes from 1 to 1,000: of nearly all the formula is
within a quarter of what was measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mnist_core.config import RunConfig
from mnist_core.networks.models import Layer, describe
from mnist_core.schedule import SHARPNESS_IMAGES, TRAIN_EVALUATED, evaluated_images, evaluation_steps, watched_steps

SMOOTH = ("sigmoid", "tanh", "gelu")  # activations that take an exponential for each output


@dataclass(frozen=True)
class _Kind:
    """Numbers of one kind of network, in multiplications unless said otherwise."""

    output: float  # for each output of each layer of an image, forward and backward
    smooth: float  # more, where the activation is
    normalized: float  # more, with batch normalization
    augmented: float  # for an image that is changed
    filters: (
        float  # a convolution of so many filters takes twice as long as its multiplications would in a large product
    )
    dense: float  # times: a multiplication of a dense layer
    first_overhead: float  # of an update, times the measured one
    layer_overhead: float  # more, for each layer with weights
    norm_overhead: float  # more, with batch normalization
    evaluated: float  # times what training takes with an image: what evaluating one does
    evaluation_overhead: float  # of an evaluation, times that of an update
    curvature: float  # times what training takes with an image: what a sharpness takes with one


_KINDS = {
    "mlp": _Kind(75, 400, 200, 3.2e5, 0, 1.0, 0.5, 0.25, 1.75, 0.9, 0, 15),
    "cnn": _Kind(240, 500, 0, 1e6, 20, 1.5, 0.4, 0.3, 0.9, 0.36, 60, 29),
}
WEIGHT, ADAM_WEIGHT = 50.0, 125.0  # what updating one takes; not of a CNN, which has few for what it does
DROPPED = 800.0  # what drawing takes whether a unit stays


def overhead(config: RunConfig) -> float:
    """Of an update, by that of the smallest network of its kind, which is measured."""
    kind, layers = _KINDS[config.model], sum(layer.multiplications > 0 for layer in describe(config).layers)
    each = kind.layer_overhead + (kind.norm_overhead if config.batch_norm else 0.0)
    return kind.first_overhead + each * layers


def update(config: RunConfig) -> float:
    """Work of an update, in multiplications, besides the overhead."""
    return config.batch_size * (_image(config) + _changes(config)) + _weights(config)


def evaluations(config: RunConfig) -> float:
    """Work of all evaluations of a run, in multiplications, besides the overhead; with the sharpness where it is measured."""
    kind, image, most = _KINDS[config.model], _image(config), evaluated_images(config)
    parts = min(config.train_size, TRAIN_EVALUATED), config.validation_size, config.image_set.test
    count = len(evaluation_steps(config))
    images = count * sum(min(most, size) for size in parts) + len(watched_steps(config)) * min(most, parts[1])
    looked_at = min(SHARPNESS_IMAGES, config.train_size) if config.sharpness else 0
    return image * (kind.evaluated * images + kind.curvature * count * looked_at)


def evaluations_overhead(config: RunConfig) -> float:
    """Of all evaluations of a run, by that of the smallest network's update."""
    return _KINDS[config.model].evaluation_overhead * len(evaluation_steps(config))


def _image(config: RunConfig) -> float:
    """What an image costs that goes through the network forward and backward."""
    return sum(_layer(config, layer) for layer in describe(config).layers)


def _layer(config: RunConfig, layer: Layer) -> float:
    kind = _KINDS[config.model]
    is_convolution = len(layer.output_shape) == 3
    times = 1 + kind.filters / layer.output_shape[0] if is_convolution else kind.dense
    output = kind.output + (kind.normalized if config.batch_norm else 0.0)
    if config.activation in SMOOTH and layer.multiplications:
        output += kind.smooth
    return 3 * times * layer.multiplications + output * math.prod(layer.output_shape)


def _changes(config: RunConfig) -> float:
    """What augmentation and dropout take of an image."""
    augmented = _KINDS[config.model].augmented if config.augmentation != "off" else 0.0
    return augmented + (DROPPED * sum(config.hidden_layers) if config.dropout else 0.0)


def _weights(config: RunConfig) -> float:
    if config.model == "cnn":
        return 0.0
    return describe(config).parameters * (ADAM_WEIGHT if config.optimizer in ("adam", "adamw") else WEIGHT)
