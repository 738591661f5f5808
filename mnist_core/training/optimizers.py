"""The optimizers, as torch has them, with this project's names for their parameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping

import torch

from mnist_core.config import RunConfig


def _leave_the_compiler_out() -> None:
    """Let torch's optimizers do without torch's compiler, which they import (with SymPy and Triton 140 MB, and seconds at
    the start of every worker) only to tell it that it should leave their methods alone.

    They look for an attribute first that says so. In a version of torch that has none, it is imported as ever.
    """
    for method in vars(torch.optim.Optimizer).values():
        code, plain = getattr(method, "__code__", None), getattr(method, "__wrapped__", None)
        if plain is not None and code is not None and code.co_filename.endswith("_compile.py"):
            plain.__dict__.setdefault("__dynamo_disable", plain)


_leave_the_compiler_out()


def step_of(optimizer: torch.optim.Optimizer) -> Callable[[], object]:
    """`optimizer.step` without what torch wraps around it: hooks, of which there are none, and calls of its compiler."""
    plain = torch.no_grad()(inspect.unwrap(type(optimizer).step))
    return functools.partial(plain, optimizer)


def make_optimizer(config: RunConfig, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of `config` over `parameters`.

    sgd, momentum (Polyak 1964), nesterov (as in Sutskever et al. 2013), adagrad (Duchi et al. 2011), rmsprop (Hinton
    2012; `rho` is the decay of the squared gradients), adam (Kingma & Ba 2015), adamw (Loshchilov & Hutter 2019).
    """
    weights = list(parameters)
    rate, decay, epsilon = config.learning_rate, config.weight_decay, config.epsilon
    betas = (config.beta1, config.beta2)
    # On the CPU one pass over the weights is fastest; elsewhere torch knows best.
    fused = True if weights[0].device.type == "cpu" else None
    match config.optimizer:
        case "sgd":
            return torch.optim.SGD(weights, rate, weight_decay=decay, fused=fused)
        case "momentum" | "nesterov":
            # Nesterov with a momentum of 0 is plain SGD, which torch refuses to call by that name.
            nesterov = config.optimizer == "nesterov" and config.momentum > 0
            return torch.optim.SGD(
                weights, rate, momentum=config.momentum, nesterov=nesterov, weight_decay=decay, fused=fused
            )
        case "adagrad":
            return torch.optim.Adagrad(weights, rate, weight_decay=decay, eps=epsilon, fused=fused)
        case "rmsprop":
            return torch.optim.RMSprop(weights, rate, alpha=config.rho, eps=epsilon, weight_decay=decay, foreach=fused)
        case "adam":
            return torch.optim.Adam(weights, rate, betas=betas, eps=epsilon, weight_decay=decay, fused=fused)
        case "adamw":
            return torch.optim.AdamW(weights, rate, betas=betas, eps=epsilon, weight_decay=decay, fused=fused)


class ParameterOptimizer:
    """torch's optimizer of `config`, parameter by parameter; the contract is `step.Optimizer`'s."""

    def __init__(self, config: RunConfig, parameters: Iterable[torch.nn.Parameter]) -> None:
        self._parameters = list(parameters)
        self._optimizer = make_optimizer(config, self._parameters)
        self._step = step_of(self._optimizer)

    def update(self, rate: float) -> None:
        """One update with this learning rate, by the parameters' gradients."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._step()

    def forget_gradients(self) -> None:
        """Let go of the parameters' gradients."""
        self._optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, torch.Tensor]:
        """torch's buffers as `number of the parameter.name`."""
        return {
            f"{number}.{name}": torch.as_tensor(value).cpu()
            for number, buffers in self._optimizer.state_dict()["state"].items()
            for name, value in buffers.items()
            if value is not None
        }

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """See `step.Optimizer.restore`."""
        buffers: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in state.items():
            number, _dot, name = key.partition(".")
            buffers.setdefault(int(number), {})[name] = value if name == "step" else self._laid_out(int(number), value)
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": buffers, "param_groups": groups})

    def _laid_out(self, number: int, value: torch.Tensor) -> torch.Tensor:
        """`value` in the order in memory that parameter `number` has: fused optimizers go through the memory of both."""
        return torch.empty_like(self._parameters[number]).copy_(value)
