"""Computes which pixels a prediction depends on, by three methods."""

from __future__ import annotations

import numpy as np

from mnist_core.analysis import inference
from mnist_core.analysis.attribution import maps
from mnist_core.analysis.attribution.schema import Parameters, Result
from mnist_core.analysis.context import Context, part_of
from mnist_core.analysis.run_weights import last_weights
from mnist_core.training.chunks import Progress


def compute(context: Context, parameters: Parameters, progress: Progress) -> Result:
    """The maps of the digit that the run answers to the image. Raises TrainingError."""
    run = context.run(parameters.run)
    step, weights = last_weights(run)
    image = np.array(parameters.image, np.uint8).reshape(28, 28)
    digit = int(inference.probabilities(run.config, weights, image[None])[0].argmax())
    model, ink = inference.network(run.config, weights), image.astype(np.float32) / np.float32(255)
    gradient, integrated, occlusion = (
        method(run.config, model, ink, digit, part_of(progress, number, 3))
        for number, method in enumerate((maps.gradient, maps.integrated_gradients, maps.occlusion))
    )
    return Result(step, run.checkpoint_step, digit, gradient, integrated, occlusion)
