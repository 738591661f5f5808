"""Networks of one shape side by side, layer after layer, for a graphics processor: one kernel for what all of them do.

Signals are runs × n × …, or n × … as long as all runs see the same: the images. A layer is as many products side by side as there are
runs. A convolution beside others is one too, of what each place sees: grouped convolutions take several times what their arithmetic
needs. No run sees another's numbers, so that the NaN of one never reaches the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from mnist_core.training.batch_norm import Norm
from mnist_core.training.signals import ACTIVATIONS, WITH_WEIGHTS, Signal

# By the number of the dropout among all: runs × n × units (one for all: 1 × n × units), 0 or 1 / (1 − share).
Masks = Mapping[int, torch.Tensor]


class WideNetwork:
    """The networks of `model`'s shape with `parameters`, each runs × its shape, in the order of `model.parameters()`.

    Batch normalization keeps its running statistics in `model`, so that a network that has it is alone.
    """

    def __init__(self, model: nn.Sequential, parameters: Sequence[torch.Tensor]) -> None:
        self.runs = len(parameters[0])
        numbers = {id(value): place for place, value in enumerate(model.parameters())}
        self._modules = list(model)
        self._own = [
            [parameters[numbers[id(value)]] for value in module.parameters(recurse=False)] for module in self._modules
        ]
        self._dropouts = {
            id(module): number for number, module in enumerate(m for m in self._modules if isinstance(m, nn.Dropout))
        }

    def forward(
        self, inputs: torch.Tensor, masks: Masks | None = None, *, training: bool = False
    ) -> tuple[torch.Tensor, list[Signal]]:
        """(outputs, runs × n × 10; the signal of each layer with weights, runs × n × …) of inputs that all runs see.

        `masks`: of the dropouts (default: nothing is left out).
        """
        signals: list[Signal] = []
        signal, shared = inputs, True
        for module, own in zip(self._modules, self._own, strict=True):
            z = signal
            if isinstance(module, nn.Linear):
                signal = linear(signal, *own, shared=shared)
            elif isinstance(module, nn.Conv2d):
                signal = convolution(signal, *own, shared=shared)
            elif isinstance(module, nn.Dropout):
                signal = signal if masks is None else signal * masks[self._dropouts[id(module)]]
            elif isinstance(module, Norm):
                signal = _normalized(module, signal.squeeze(0), *own, training=training)[None]
            elif isinstance(module, nn.Flatten):
                signal = signal.flatten(-3)
            elif isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
                signal = module(signal.flatten(0, 1)).unflatten(0, signal.shape[:2])
            else:
                signal = module(signal)
            if isinstance(module, WITH_WEIGHTS):
                shared = False
                signals.append(Signal(signal, signal))
            elif isinstance(module, ACTIVATIONS):
                signals[-1] = Signal(z, signal)
        return signal, signals


def linear(signal: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, *, shared: bool) -> torch.Tensor:
    """z = a Wᵀ + b, runs × n × units; `weight` is runs × units × inputs."""
    signals = signal.expand(len(weight), *signal.shape) if shared else signal
    return torch.baddbmm(bias[:, None], signals, weight.mT)


def convolution(signal: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, *, shared: bool) -> torch.Tensor:
    """ "Same" convolution, runs × n × filters × height × width; `weight` is runs × filters × channels × size × size."""
    if len(weight) == 1:  # backwards, `squeeze` is a view, where indexing would write all numbers once more
        image = signal if shared else signal.squeeze(0)
        return F.conv2d(image, weight.squeeze(0), bias.squeeze(0), padding="same")[None]
    z: torch.Tensor = _Unfolded.apply(signal, weight, bias, shared)
    return z


class _Unfolded(torch.autograd.Function):
    """The convolution of several runs as products side by side. ∂L/∂a is a convolution, too: of ∂L/∂z with the filters turned round
    (LeCun et al. 1998), so that nothing has to be added up where patches overlap."""

    @staticmethod
    def forward(ctx: Any, signal: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, shared: bool) -> torch.Tensor:
        runs, filters, _channels, size, _size = weight.shape
        before = (size - 1) // 2  # as torch's padding="same"
        columns = patches(signal, size, before)  # (runs ×) places × (channels · size²)
        ctx.save_for_backward(columns, weight)
        ctx.shared, ctx.before, ctx.shape = shared, before, signal.shape
        z = linear(columns, weight.flatten(2), bias, shared=shared)
        return z.view(runs, -1, *signal.shape[-2:], filters).permute(0, 1, 4, 2, 3)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        columns, weight = ctx.saved_tensors
        runs, filters, channels, size, _size = weight.shape
        delta = gradient.permute(0, 1, 3, 4, 2).reshape(runs, -1, filters)  # runs × places × filters
        of_weight = torch.matmul(delta.mT, columns).view_as(weight)
        of_signal = None
        if not ctx.shared and ctx.needs_input_grad[0]:
            turned = weight.flip(-1, -2).transpose(1, 2).reshape(runs, channels, -1)
            around = patches(gradient, size, size - 1 - ctx.before)
            _runs, n, _channels, height, width = ctx.shape
            of_signal = torch.bmm(around, turned.mT).view(runs, n, height, width, channels).permute(0, 1, 4, 2, 3)
        return of_signal, of_weight, delta.sum(1), None


def patches(images: torch.Tensor, size: int, before: int) -> torch.Tensor:
    """What each place of `images`, (runs ×) n × channels × height × width, sees through a window of size × size that begins
    `before` places before it, with zeros around: (runs ×) (n · height · width) × (channels · size²)."""
    after = size - 1 - before
    around = F.pad(images, (before, after, before, after))
    windows = around.unfold(-2, size, 1).unfold(-2, size, 1)  # … × channels × height × width × size × size
    moved = windows.movedim(-5, -3)
    return moved.flatten(-3).flatten(-4, -2)


def _normalized(
    module: Any, signal: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, *, training: bool
) -> torch.Tensor:
    if training:
        module.num_batches_tracked.add_(1)
    return F.batch_norm(
        signal,
        module.running_mean,
        module.running_var,
        weight.squeeze(0),
        bias.squeeze(0),
        training,
        module.momentum,
        module.eps,
    )
