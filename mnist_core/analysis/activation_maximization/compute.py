"""Computes images that excite the units of a layer most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import inference
from mnist_core.analysis.activation_maximization import ascent
from mnist_core.analysis.activation_maximization.schema import Parameters, Result
from mnist_core.analysis.context import Context
from mnist_core.analysis.run_weights import images_to_analyze, last_weights
from mnist_core.analysis.schema import wrong_value
from mnist_core.config import RunConfig
from mnist_core.messages import N_, message
from mnist_core.networks.models import Layer, describe
from mnist_core.training.chunks import Progress

UNITS, STRONGEST = 20, 8  # units of a layer, and real images for each
IMAGES = 2_000  # that are looked through


def compute(context: Context, parameters: Parameters, progress: Progress) -> Result:
    """Real images take a fifth of the time, those found with and without smoothing the rest. Raises TrainingError."""
    run = context.run(parameters.run)
    config, number = run.config, parameters.layer
    layer = _layer(config, number)
    step, weights = last_weights(run)
    model = inference.network(config, weights)
    units = list(range(min(UNITS, layer.output_shape[0])))
    split, part = images_to_analyze(run)
    images = part.images[:IMAGES]
    # A filter sees a few pixels: where they lie, nothing else should be.
    start = (0 if layer.kind == "convolution" else 1) * images.mean(0).astype(np.float32) / np.float32(255)
    real, real_values = ascent.strongest(
        config, model, number, units, images, STRONGEST, lambda fraction: progress(0.2 * fraction)
    )

    def ascended(*, smooth: bool, start_fraction: float) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        def report(fraction: float) -> None:
            progress(start_fraction + 0.4 * fraction)

        ink = ascent.maximizing_images(config, model, number, units, start, smooth=smooth, progress=report)
        pixels = (ink * 255).round().astype(np.uint8)
        return pixels, ascent.unit_excitations(config, model, number, units, pixels)

    smooth, smooth_values = ascended(smooth=True, start_fraction=0.2)
    plain, plain_values = ascended(smooth=False, start_fraction=0.6)
    origin = (step, run.checkpoint_step, len(images), split)
    return Result(*origin, smooth, smooth_values, plain, plain_values, real, real_values)


def _layer(config: RunConfig, number: int) -> Layer:
    """The layer of this number. Raises AnalysisError where it has no weights, or there is none."""
    layers = describe(config).layers
    if number >= len(layers) or not layers[number].parameters:
        raise wrong_value("layer", number, message(N_("a layer with weights")))
    return layers[number]
