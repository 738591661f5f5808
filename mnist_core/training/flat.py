"""The optimizers on one flat vector of all weights: an update is one pass over it, whatever the number of layers.

They are those of `optimizers.make_optimizer`, without the bookkeeping per parameter and call, which in a small network
takes as long as its matrix products.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from mnist_core.config import RunConfig

# RMSprop is Adam without momentum (beta1 = 0) after so many steps that nothing is left of Adam's bias correction.
_LATE = 1e9


class FlatOptimizer:
    """Changes `parameters` by `gradient`, two vectors of the same length that stay where they are."""

    def __init__(self, config: RunConfig, parameters: torch.Tensor, gradient: torch.Tensor) -> None:
        self._config = config
        self._parameters = parameters
        self._gradient = gradient
        self._mean = torch.zeros_like(parameters)  # running mean of gradients, or momentum's velocity
        self._square = torch.zeros_like(parameters)  # running mean of squared gradients, or Adagrad's sum of them
        self._count = torch.tensor(_LATE if config.optimizer == "rmsprop" else 0.0)  # updates made
        self._update = self._choose()

    def _choose(self) -> Callable[[float], None]:
        match self._config.optimizer:
            case "momentum" | "nesterov" if self._config.momentum:
                return self._momentum
            case "adagrad":
                return self._adagrad
            case "adamw":
                return self._adamw
            case "adam" | "rmsprop":
                return self._adam
        return self._sgd

    def update(self, rate: float) -> None:
        """One update with this learning rate."""
        self._update(rate)

    def _sgd(self, rate: float) -> None:
        if self._config.weight_decay:  # w ← w − rate (∂L/∂w + decay w)
            self._parameters.mul_(1 - rate * self._config.weight_decay)
        self._parameters.add_(self._gradient, alpha=-rate)

    def _momentum(self, rate: float) -> None:
        torch._fused_sgd_(
            [self._parameters],
            [self._gradient],
            [self._mean],
            lr=rate,
            momentum=self._config.momentum,
            nesterov=self._config.optimizer == "nesterov",
            weight_decay=self._config.weight_decay,
            dampening=0,
            maximize=False,
            is_first_step=False,
        )

    def _adagrad(self, rate: float) -> None:
        self._count += 1
        torch._fused_adagrad_(
            [self._parameters],
            [self._gradient],
            [self._square],
            [self._count],
            lr=rate,
            lr_decay=0,
            weight_decay=self._config.weight_decay,
            eps=self._config.epsilon,
            maximize=False,
        )

    def _adam(self, rate: float) -> None:
        self._adam_like(torch._fused_adam_, rate)

    def _adamw(self, rate: float) -> None:
        self._adam_like(torch._fused_adamw_, rate)

    def _adam_like(self, fused: Callable[..., None], rate: float) -> None:
        config = self._config
        rmsprop = config.optimizer == "rmsprop"
        self._count += 1
        fused(
            [self._parameters],
            [self._gradient],
            [self._mean],
            [self._square],
            [],
            [self._count],
            lr=rate,
            beta1=0.0 if rmsprop else config.beta1,
            beta2=config.rho if rmsprop else config.beta2,
            weight_decay=config.weight_decay,
            eps=config.epsilon,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> dict[str, torch.Tensor]:
        """Those buffers that the optimizer has use for, by name, not copied."""
        return {name: getattr(self, f"_{name}") for name in _BUFFERS[self._config.optimizer]}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the values that `state` gave. Raises KeyError where one is missing."""
        for name, buffer in self.state().items():
            buffer.copy_(state[name])


_BUFFERS = {
    "sgd": (),
    "momentum": ("mean",),
    "nesterov": ("mean",),
    "adagrad": ("square", "count"),
    "rmsprop": ("square",),
    "adam": ("mean", "square", "count"),
    "adamw": ("mean", "square", "count"),
}
