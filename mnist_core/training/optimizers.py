"""The optimizers, as torch has them, with this project's names for their parameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable

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
