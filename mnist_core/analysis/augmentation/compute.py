"""Computes an image of each class, changed in all ways and strengths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.analysis.augmentation.schema import Parameters, Result
from mnist_core.analysis.context import Context, part_of
from mnist_core.data import augment
from mnist_core.training.chunks import Progress


def compute(_context: Context, parameters: Parameters, progress: Progress) -> Result:
    """The same images at all strengths, so that the slider only chooses among them."""
    dataset = data.load_dataset(parameters.dataset)
    originals = np.asarray(dataset.train_images[data.samples(dataset, per_class=1, seed=parameters.seed)])
    changed = {
        kind: _changed(originals, kind, parameters.seed, part_of(progress, number, len(augment.KINDS)))
        for number, kind in enumerate(augment.KINDS)
    }
    return Result(originals=originals, **changed)


def _changed(originals: NDArray[np.uint8], kind: augment.Kind, seed: int, progress: Progress) -> NDArray[np.uint8]:
    """Classes × strengths × draws × 28 × 28."""
    changed = np.empty((len(originals), len(augment.STRENGTHS), augment.DRAWS, 28, 28), np.uint8)
    for row, image in enumerate(originals):
        progress(row / len(originals))
        for place, strength in enumerate(augment.STRENGTHS):
            # The same seed at every strength: the same change, farther.
            changed[row, place] = augment.augmented(image, kind, strength, draws=augment.DRAWS, seed=seed)
    return changed
