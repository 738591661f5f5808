"""PyTorch without a DataLoader: all images as one tensor, batches picked from it by a permutation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mnist_core.bench.peers import torch_network
from mnist_core.bench.work import Begin, Done, Run, Work, accuracy, training_pixels
from mnist_core.config import RunConfig
from mnist_core.data import Dataset

if TYPE_CHECKING:
    import torch


def prepare(work: Work, dataset: Dataset) -> Begin:
    """A new network at each round."""
    import torch

    pixels, numbers = training_pixels(work.config, dataset)
    x, labels = torch_network.shaped(work.config, torch.from_numpy(pixels)), torch.from_numpy(numbers)

    def begin(number: int) -> Run:
        model = torch_network.network(work.config)
        update = torch_network.optimizer(work.config, model)

        def run() -> Done:
            for _epoch in range(work.config.epochs):
                torch_network.train_epoch(model, update, _batches(work.config, x, labels))
            return Done(work.updates, accuracy(torch_network.logits(work.config, model), work.config, dataset))

        return run

    return begin


def _batches(config: RunConfig, x: torch.Tensor, labels: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    import torch

    size = config.batch_size
    if config.sampling == "replacement":
        order = torch.randint(len(x), (config.steps_per_epoch * size,))
    else:
        order = torch.randperm(len(x))
    for chosen in torch.split(order, size):
        yield x[chosen], labels[chosen]
