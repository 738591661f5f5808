"""The optimizers on flat vectors of weights: one call for all of a run's, whatever the number of layers.

They are those of `optimizers.make_optimizer` by the kernels that torch has beneath them, whose names begin with an underscore: what
torch.optim does around a call takes as long as the call. With its own fused optimizers (RMSprop: foreach) on the same flat vectors
an update costs, by processor time, so much more (784-50-10 in batches of 100, then 784-512-10 of 128; median of 60 pairs of
rounds in turns, one thread, torch 2.14.1 on a core of an AMD EPYC with AVX-512):

    plain SGD           0 % (its products are added to the weights at once: `DenseStep`)
    momentum            8 %
    Adagrad             8 %
    Adam               12 %,  5 %; with the rate as a tensor 14 %, 6 %
    RMSprop            40 %, 37 %

A call of Adam on the small network's one vector takes 23 µs here and 42 there (minima), of momentum 8 and 18, of RMSprop 23
and 92. The numbers are the same to the bit, but for SGD with weight decay and RMSprop, which round elsewhere; a state that is saved
and restored goes on the same in both. With the rate as a tensor Adam rounds otherwise; a stack needs none, since each of its runs has an
optimizer of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from mnist_core.config import RunConfig

# RMSprop is Adam without momentum (beta1 = 0) after so many steps that nothing is left of Adam's bias correction.
_LATE = 1e9


class FlatOptimizer:
    """Changes the vectors `parameters` by those of `gradients`, which have their lengths; all stay where they are."""

    def __init__(
        self, config: RunConfig, parameters: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor]
    ) -> None:
        self._config = config
        self._parameters = list(parameters)
        self._gradients = list(gradients)
        used = BUFFERS[config.optimizer]
        # Running means of gradients, or momentum's velocity; of squared gradients, or Adagrad's sum of them.
        self._means = [torch.zeros_like(vector) for vector in parameters] if "mean" in used else []
        self._squares = [torch.zeros_like(vector) for vector in parameters] if "square" in used else []
        if config.optimizer == "rmsprop":
            # Adam's kernel asks for a mean, which without momentum is the gradient and kept from no step to the next.
            self._means = [torch.zeros_like(vector) for vector in parameters]
        updates = _LATE if config.optimizer == "rmsprop" else 0.0
        self._counts = [torch.tensor(updates) for _vector in parameters]  # updates made
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
            torch._foreach_mul_(self._parameters, 1 - rate * self._config.weight_decay)
        torch._foreach_add_(self._parameters, self._gradients, alpha=-rate)

    def _momentum(self, rate: float) -> None:
        torch._fused_sgd_(
            self._parameters,
            self._gradients,
            self._means,
            lr=rate,
            momentum=self._config.momentum,
            nesterov=self._config.optimizer == "nesterov",
            weight_decay=self._config.weight_decay,
            dampening=0,
            maximize=False,
            is_first_step=False,
        )

    def _adagrad(self, rate: float) -> None:
        torch._foreach_add_(self._counts, 1)
        torch._fused_adagrad_(
            self._parameters,
            self._gradients,
            self._squares,
            self._counts,
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
        torch._foreach_add_(self._counts, 1)
        fused(
            self._parameters,
            self._gradients,
            self._means,
            self._squares,
            [],
            self._counts,
            lr=rate,
            beta1=0.0 if rmsprop else config.beta1,
            beta2=config.rho if rmsprop else config.beta2,
            weight_decay=config.weight_decay,
            eps=config.epsilon,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> dict[str, torch.Tensor]:
        """Those buffers that the optimizer has use for, by name: copies, each in one vector."""
        buffers = {"mean": self._means, "square": self._squares, "count": self._counts[:1]}
        return {name: torch.cat([part.view(-1) for part in buffers[name]]) for name in BUFFERS[self._config.optimizer]}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the values that `state` gave. Raises KeyError where one is missing."""
        lengths = [len(vector) for vector in self._parameters]
        for name in BUFFERS[self._config.optimizer]:
            if name == "count":
                torch._foreach_zero_(self._counts)
                torch._foreach_add_(self._counts, float(state[name]))
                continue
            parts = torch.split_with_sizes(state[name], lengths)
            for buffer, part in zip({"mean": self._means, "square": self._squares}[name], parts, strict=True):
                buffer.copy_(part)


BUFFERS = {
    "sgd": (),
    "momentum": ("mean",),
    "nesterov": ("mean",),
    "adagrad": ("square", "count"),
    "rmsprop": ("square",),
    "adam": ("mean", "square", "count"),
    "adamw": ("mean", "square", "count"),
}
