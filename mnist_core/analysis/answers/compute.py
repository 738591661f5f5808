"""Computes what a run answers to each image of a split."""

from __future__ import annotations

import numpy as np

from mnist_core import data
from mnist_core.analysis import inference
from mnist_core.analysis.answers.schema import Parameters, Result
from mnist_core.analysis.context import Context
from mnist_core.analysis.run_weights import last_weights
from mnist_core.training.chunks import Progress


def compute(context: Context, parameters: Parameters, progress: Progress) -> Result:
    """The probabilities of all digits, by the last weights with finite output. Raises TrainingError."""
    run = context.run(parameters.run)
    step, weights = last_weights(run)
    parts = data.split(data.load_dataset(run.config.dataset), run.config)
    images = (parts.test if parameters.split == "test" else parts.validation).images
    probabilities = inference.probabilities(run.config, weights, images, threads=context.cores, progress=progress)
    return Result(step, run.checkpoint_step, probabilities.astype(np.float16))
