"""PyTorch as its tutorials have it: torchvision's data set, a transform for each image, a DataLoader."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mnist_core.bench.peers import torch_network
from mnist_core.bench.work import Begin, Done, Run, Work, accuracy
from mnist_core.data import Dataset


def prepare(work: Work, dataset: Dataset) -> Begin:
    """A new network at each round."""
    from torch import nn
    from torch.utils.data import DataLoader, Subset
    from torchvision.datasets import MNIST
    from torchvision.transforms import ToTensor

    with tempfile.TemporaryDirectory() as folder:
        # torchvision reads the files when the data set is made, and only from this folder.
        (Path(folder) / "MNIST").mkdir()
        (Path(folder) / "MNIST" / "raw").symlink_to(dataset.source.resolve(), target_is_directory=True)
        images = MNIST(folder, train=True, transform=ToTensor())
    part = Subset(images, range(work.config.train_size))
    loader = DataLoader(part, batch_size=work.config.batch_size, shuffle=True)

    def begin(number: int) -> Run:
        network = torch_network.network(work.config)
        model = network if work.config.model == "cnn" else nn.Sequential(nn.Flatten(), *network)
        update = torch_network.optimizer(work.config, model)

        def run() -> Done:
            for _epoch in range(work.config.epochs):
                torch_network.train_epoch(model, update, loader)
            return Done(work.updates, accuracy(torch_network.logits(work.config, model), work.config, dataset))

        return run

    return begin
