"""How an epoch is cut into batches: the arithmetic of updates."""

from __future__ import annotations


def updates_per_epoch(images: int, batch: int) -> int:
    """Batches that `images` training images give: images / batch, rounded up, since the last one may be smaller."""
    return -(-images // batch)


def last_batch(images: int, batch: int) -> int:
    """Images in the last batch of an epoch, 1 to `batch`."""
    return images - (updates_per_epoch(images, batch) - 1) * batch


def updates(images: int, batch: int, epochs: int) -> int:
    """Updates of the weights in so many epochs: one for each batch."""
    return updates_per_epoch(images, batch) * epochs
