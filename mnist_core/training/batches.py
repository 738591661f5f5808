"""Which images are in which batch, and images as the network's input.

The order is a function of (seed, epoch) alone, so that a run can go on from any step without a stream of random
numbers to carry along.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.data import affine
from mnist_core.stacks import order_seed
from mnist_core.training.augmentation import augmented
from mnist_core.training.device_images import on_device

Rows = NDArray[np.int64] | slice  # which images
_ORDER_STREAM = 2


def order(config: RunConfig, epoch: int) -> NDArray[np.int64]:
    """Indices of the training images of one epoch (0-based), batch after batch; the last batch may be short.

    shuffle: a permutation. replacement: steps_per_epoch · batch_size draws.
    """
    generator = np.random.Generator(np.random.Philox(key=[order_seed(config), _ORDER_STREAM], counter=[0, 0, 0, epoch]))
    if config.sampling == "replacement":
        return generator.integers(0, config.train_size, config.steps_per_epoch * config.batch_size)
    return generator.permutation(config.train_size)


class BatchLoader:
    """Turns rows of a mapped uint8 array into the network's input: float32, n×784 or n×1×28×28, on `device`."""

    def __init__(
        self,
        config: RunConfig,
        images: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        device: torch.device | None = None,  # default: the CPU
    ) -> None:
        # Plain arrays: each look into a memory-mapped one makes an object that knows of its file, which takes microseconds.
        self._images = np.asarray(images.reshape(len(images), 784))
        self._labels = np.array(labels, np.intp)  # as they index; half a megabyte at most
        self._scale, self._shift = affine(config.preprocessing)
        # What is left to multiply with after `fill`: a matrix product does it on the way, for nothing.
        self.factor = 1.0 if self._shift else self._scale
        self._bytes = np.empty((0, 784), np.uint8)
        self._pixels = torch.from_numpy(self._bytes)  # the same memory
        self._convolutional = config.model == "cnn"
        self._augmentation = config.augmentation
        self._device = device or torch.device("cpu")
        # Pixels and labels on the device, from the first batch on: an update that was captured reads them at this place.
        self._all_there: tuple[torch.Tensor, torch.Tensor] | None = None

    def __len__(self) -> int:
        return len(self._labels)

    def rows(self, indices: Rows, changes: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """(input, labels as int64) of these images, augmented by `changes` (`augmentation.transforms`)."""
        pixels, labels = self._here(indices) if self._device.type == "cpu" else self._elsewhere(indices)
        x = self._changed(pixels.to(torch.float32), changes)
        x.mul_(self._scale)
        if self._shift:
            x.add_(self._shift)
        return (x.view(-1, 1, 28, 28) if self._convolutional else x), labels

    def _here(self, indices: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        picked = self._pick(indices)
        pixels = torch.from_numpy(picked if picked.flags.writeable else picked.copy())
        return pixels, torch.from_numpy(self._labels[indices])

    def _elsewhere(self, indices: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        rows = indices if isinstance(indices, slice) else torch.from_numpy(indices).to(self._device)
        return self._sent(rows)

    def _sent(self, rows: torch.Tensor | slice) -> tuple[torch.Tensor, torch.Tensor]:
        """(pixels, labels) of these images on the device, where all of them lie: sent once, not batch after batch."""
        if self._all_there is None:
            labels = torch.from_numpy(self._labels).to(self._device)
            self._all_there = on_device(self._images, self._device), labels
        pixels, labels = self._all_there
        if isinstance(rows, slice):
            return pixels[rows], labels[rows]
        return pixels.index_select(0, rows), labels.index_select(0, rows)

    def there(
        self, rows: torch.Tensor | slice, dtype: torch.dtype, changes: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same as `rows`, for rows and changes that the device knows: nothing is read, so that it can be captured."""
        pixels, labels = self._sent(rows)
        x = self._changed(pixels.to(dtype), changes).mul_(self._scale)
        if self._shift:
            x.add_(self._shift)
        return (x.view(-1, 1, 28, 28) if self._convolutional else x), labels

    def labels(self, indices: Rows) -> NDArray[np.intp]:
        """Those of these images."""
        return self._labels[indices]

    def fill(self, inputs: torch.Tensor, indices: Rows, changes: torch.Tensor | None = None) -> None:
        """Puts the same input of these images, but for `factor`, into `inputs` (n×784, any floating type)."""
        if isinstance(indices, slice):
            np.copyto(inputs.numpy(), self._images[indices])
        else:
            inputs.copy_(self._gather(indices))  # with all of torch's threads
        if changes is not None:
            inputs.copy_(self._changed(inputs, changes))
        if self._shift:
            inputs.mul_(self._scale).add_(self._shift)

    def _changed(self, pixels: torch.Tensor, changes: torch.Tensor | None) -> torch.Tensor:
        return pixels if changes is None else augmented(self._augmentation, pixels, changes)

    def _pick(self, indices: Rows) -> NDArray[np.uint8]:
        # `take` gathers three times as fast as indexing; the file stays mapped.
        return self._images[indices] if isinstance(indices, slice) else self._images.take(indices, axis=0)

    def _gather(self, indices: NDArray[np.int64]) -> torch.Tensor:
        """These images in a buffer that is kept: memory fresh from the system would cost more than the gathering."""
        if len(self._bytes) != len(indices):
            self._bytes = np.empty((len(indices), 784), np.uint8)
            self._pixels = torch.from_numpy(self._bytes)
        # With "raise", `take` would go through a buffer of its own.
        self._images.take(indices, axis=0, out=self._bytes, mode="clip")
        return self._pixels
