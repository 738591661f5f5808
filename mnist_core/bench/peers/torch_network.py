"""What the PyTorch peers share: the network, the optimizer, and the loop over batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mnist_core.bench.work import Logits, Pixels
from mnist_core.config import RunConfig

if TYPE_CHECKING:
    import torch


def network(config: RunConfig) -> torch.nn.Sequential:
    """An MLP of n×784 or a CNN of n×1×28×28, in evaluation or training the same: ReLU, no dropout."""
    from torch import nn

    layers: list[nn.Module] = []
    units = 784
    if config.model == "cnn":
        channels, side = 1, 28
        for filters in config.filters:
            layers += [nn.Conv2d(channels, filters, config.kernel_size, padding="same"), nn.ReLU(), nn.MaxPool2d(2)]
            channels, side = filters, side // 2
        layers.append(nn.Flatten())
        units = channels * side * side
    for hidden in config.hidden_layers:
        layers += [nn.Linear(units, hidden), nn.ReLU()]
        units = hidden
    model = nn.Sequential(*layers, nn.Linear(units, 10))
    for layer in model:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            _first_weights(layer, config)
    return model


def _first_weights(layer: torch.nn.Linear | torch.nn.Conv2d, config: RunConfig) -> None:
    from torch.nn import init

    assert layer.bias is not None
    init.zeros_(layer.bias)
    if config.initialization == "glorot":
        init.xavier_uniform_(layer.weight)
    elif config.initialization == "he":
        init.kaiming_normal_(layer.weight)
    else:
        init.normal_(layer.weight, std=config.init_std)


def optimizer(config: RunConfig, model: torch.nn.Module) -> torch.optim.Optimizer:
    """The fastest form that PyTorch has: fused where there is one, all weights at once where there is not."""
    from torch import optim

    rate = config.learning_rate
    match config.optimizer:
        case "sgd":
            return optim.SGD(model.parameters(), rate, fused=True)
        case "rmsprop":
            return optim.RMSprop(model.parameters(), rate, alpha=config.rho, eps=config.epsilon, foreach=True)
        case "adam":
            betas = (config.beta1, config.beta2)
            return optim.Adam(model.parameters(), rate, betas=betas, eps=config.epsilon, fused=True)
    raise ValueError(f"The PyTorch peers have no {config.optimizer}.")


def train_epoch(
    model: torch.nn.Module, update: torch.optim.Optimizer, batches: Iterable[tuple[torch.Tensor, torch.Tensor]]
) -> float:
    """One pass over `batches`; returns the running mean loss."""
    from torch.nn import functional as F

    loss_sum, images = 0.0, 0
    for inputs, labels in batches:
        update.zero_grad()
        loss = F.cross_entropy(model(inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        update.step()
        loss_sum += loss.item() * len(labels)
        images += len(labels)
    return loss_sum / images


def shaped(config: RunConfig, x: torch.Tensor) -> torch.Tensor:
    """Pixels n×784 as the network takes them."""
    return x.view(-1, 1, 28, 28) if config.model == "cnn" else x.view(-1, 784)


def logits(config: RunConfig, model: torch.nn.Module) -> Logits:
    """The network as a function of NumPy arrays."""
    import torch

    def apply(x: Pixels) -> Pixels:
        with torch.inference_mode():
            outputs: Pixels = model(shaped(config, torch.from_numpy(x))).numpy()
        return outputs

    return apply
