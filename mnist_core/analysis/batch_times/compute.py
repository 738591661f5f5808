"""Measures the seconds of an update at several batch sizes."""

from __future__ import annotations

import numpy as np

from mnist_core import data
from mnist_core.analysis.batch_times.schema import Parameters, Result
from mnist_core.analysis.context import Context
from mnist_core.estimate import useful_threads
from mnist_core.training import speed
from mnist_core.training.chunks import Progress


def compute(context: Context, parameters: Parameters, progress: Progress) -> Result:
    """Each size is timed for less than half a second."""
    times = speed.batch_times(
        parameters.config,
        data.load_dataset(parameters.dataset),
        parameters.batch_sizes,
        threads=lambda sized: useful_threads(sized, context.cores),
        progress=progress,
    )
    seconds, updates = zip(*times, strict=True)
    return Result(updates, context.cores, np.array(seconds))
