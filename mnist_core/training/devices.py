"""Where a run's numbers are worked out: on the CPU, or on a graphics processor (CUDA, Apple's MPS) where that is faster.

What is faster was measured on this machine, for small and large steps of both kinds of network (`estimate.Speed`). A device that computes
something else than the CPU, or fails, is not used: it is tried on a few steps first.
"""

from __future__ import annotations

import functools
import logging

import numpy as np
import torch

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.errors import DeviceError
from mnist_core.estimate import Speed, faster_device
from mnist_core.messages import N_
from mnist_core.networks.models import build_model
from mnist_core.training.autograd_step import AutogradStep
from mnist_core.training.batches import BatchLoader
from mnist_core.training.device_step import DeviceStep, captures
from mnist_core.training.step import Block, Step, never

LOG = logging.getLogger("mnist_lab.devices")
DEVICES = ("auto", "cpu", "cuda", "mps")
CPU = torch.device("cpu")
# Of a card's memory, for the workers that share it; the rest is for what CUDA and other programs need there.
SHARED_MEMORY = 0.9
TOLERANCE = 7e-4  # relative, of float32 sums in another order, for each step that was made
_TRIED_STEPS = 3


def device_for(config: RunConfig, name: str | None = None, speed: Speed | None = None) -> torch.device:
    """The device to train `config` on.

    `name` is one of DEVICES (default: the environment's MNIST_LAB_DEVICE, else "auto"). "auto" takes CUDA or MPS where
    there is one that agrees with the CPU, for networks that take less time there by `speed`; without such a measurement, the
    CPU. Raises DeviceError for a device that is not there.
    """
    name = name or settings.device()
    if name not in DEVICES:
        raise DeviceError(
            N_("The device must be one of {known}, not {name}."), known=", ".join(DEVICES), name=repr(name)
        )
    if name == "cpu":
        return CPU
    if name != "auto":
        if not _is_there(name):
            raise DeviceError(N_("There is no device {name} on this machine. Use auto or cpu."), name=name)
        return _prepared(name)
    processor = there()
    if processor is None or speed is None or faster_device(config, speed) != processor:
        return CPU
    return _prepared(processor) if agrees(processor) else CPU


def there() -> str | None:
    """The type of the graphics processor of this machine, if it has one that torch can use."""
    return next((name for name in ("cuda", "mps") if _is_there(name)), None)


def _is_there(name: str) -> bool:
    return torch.cuda.is_available() if name == "cuda" else torch.backends.mps.is_available()


def _prepared(name: str) -> torch.device:
    """The device, set up to give the same numbers every time, in full float32."""
    if name == "cuda":
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.cuda.set_per_process_memory_fraction(SHARED_MEMORY / settings.worker_count())
    return torch.device(name)


@functools.cache
def agrees(name: str) -> bool:
    """Whether the device comes to the CPU's losses and weights on a few steps of a small CNN."""
    try:
        tried, expected = _tried(_prepared(name)), _tried(CPU)
    except Exception:  # whatever a driver may raise
        LOG.warning("device %s cannot be used, the CPU trains", name, exc_info=True)
        return False
    tolerance = TOLERANCE * _TRIED_STEPS
    same = np.allclose(tried, expected, rtol=tolerance, atol=tolerance * float(np.abs(expected).max()))
    if not same:
        LOG.warning("device %s computes something else than the CPU, which trains instead", name)
    return bool(same)


def _tried(device: torch.device) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Losses and final weights of a few steps."""
    config = RunConfig(model="cnn", filters=(4, 8), hidden_layers=(16,), batch_size=32, train_size=64)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (64, 28, 28), dtype=np.uint8)
    labels = random.integers(0, 10, 64, dtype=np.uint8)
    model = build_model(config).to(device)
    loader = BatchLoader(config, images, labels, device)
    step: Step = DeviceStep([config], [model], loader) if captures(device) else AutogradStep(config, model, loader)
    losses = []
    for number in range(_TRIED_STEPS):
        losses.append(step.make(Block.of_one(number, [np.arange(32) + number], [0.1]), never).losses[0, 0])
    weights = [value.detach().cpu().double().flatten().numpy() for value in model.state_dict().values()]
    return np.concatenate([np.array(losses), *weights])
