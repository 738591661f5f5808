"""PyTorch with a TensorDataset of all images and a DataLoader over it."""

from __future__ import annotations

from mnist_core.bench.peers import torch_network
from mnist_core.bench.work import Begin, Done, Run, Work, accuracy, training_pixels
from mnist_core.data import Dataset


def prepare(work: Work, dataset: Dataset) -> Begin:
    """A new network at each round."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    pixels, labels = training_pixels(work.config, dataset)
    images = TensorDataset(torch_network.shaped(work.config, torch.from_numpy(pixels)), torch.from_numpy(labels))
    # Workers would have to send every batch between processes: without them it is faster.
    loader = DataLoader(images, batch_size=work.config.batch_size, shuffle=True)

    def begin(number: int) -> Run:
        model = torch_network.network(work.config)
        update = torch_network.optimizer(work.config, model)

        def run() -> Done:
            for _epoch in range(work.config.epochs):
                torch_network.train_epoch(model, update, loader)
            return Done(work.updates, accuracy(torch_network.logits(work.config, model), work.config, dataset))

        return run

    return begin
