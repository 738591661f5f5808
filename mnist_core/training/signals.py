"""A network's forward pass, layer by layer: what each layer holds of some images, with any weights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.func import functional_call

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.GELU)
WITH_WEIGHTS = (nn.Linear, nn.Conv2d)
Parameters = dict[str, torch.Tensor]


class Signal(NamedTuple):
    """What a layer with weights holds of some images, each n × units or n × filters × height × width."""

    z: torch.Tensor  # what its activation is given
    a: torch.Tensor  # what it puts out


def detached(model: nn.Sequential) -> Parameters:
    """The weights by name, apart from the model's, so that their gradients are nobody else's."""
    return {name: value.detach().requires_grad_() for name, value in model.named_parameters()}


def forward(model: nn.Sequential, parameters: Parameters, inputs: torch.Tensor) -> tuple[torch.Tensor, list[Signal]]:
    """(outputs, the signal of each layer with weights), with these weights."""
    signals: list[Signal] = []
    signal = inputs
    for index, module in enumerate(model):
        prefix = f"{index}."
        own = {name.removeprefix(prefix): value for name, value in parameters.items() if name.startswith(prefix)}
        z, signal = signal, functional_call(module, own, (signal,)) if own else module(signal)
        if isinstance(module, WITH_WEIGHTS):
            signals.append(Signal(signal, signal))
        elif isinstance(module, ACTIVATIONS):
            signals[-1] = Signal(z, signal)
    return signal, signals
