"""An update keeps the rules of a CUDA graph, checked without a card: shapes and devices are true, numbers are not.

While a graph is captured nothing may be read back, no size may depend on numbers, and nothing may come from the CPU's memory. Fake tensors
(torch's `FakeTensorMode`) say where each operation's would lie, and refuse what needs their numbers. The backward pass needs a driver;
it is checked on the CPU alone, where nothing but a read number can break a rule.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mnist_core.config import RunConfig
from mnist_core.networks.models import build_model
from mnist_core.training import device_images
from mnist_core.training.device_step import DeviceStep
from tests.training.test_device_step import KINDS, configs_of, loader

IMAGES = 16


class OnOneDevice(TorchDispatchMode):
    """Raises AssertionError for an operation that touches a tensor of another device."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._type = device.type

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves((args, kwargs, result)):
            assert not isinstance(value, torch.Tensor) or value.device.type == self._type, (func, value.device)
        return result


def moved(model: nn.Module, device: torch.device) -> nn.Module:
    """The same layers with fake parameters and buffers there; `to` would ask for a driver."""
    for module in model.modules():
        for name, value in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(torch.empty(value.shape, device=device)))
        for name, value in list(module.named_buffers(recurse=False)):
            setattr(module, name, torch.empty(value.shape, dtype=value.dtype, device=device))
    return model


def zeros(_loss: torch.Tensor, parameters: Sequence[torch.Tensor], **_options: Any) -> list[torch.Tensor]:
    """Instead of a backward pass on a card."""
    return [torch.zeros_like(value) for value in parameters]


def check(
    configs: list[RunConfig],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    inside: Callable[[torch.Tensor], Any] | None = None,
) -> None:
    """One update of the two kinds that are captured; `inside` sees the losses of each chunk."""
    monkeypatch.setattr(device_images, "_sent", OrderedDict())  # fake images must not stay
    device, models = torch.device(name), [build_model(config) for config in configs]
    if name == "cuda":
        monkeypatch.setattr(torch.autograd, "grad", zeros)
    true = DeviceStep._chunk_gradient

    def seen(self: DeviceStep, batch: Any, here: slice, *, added: bool) -> Any:
        losses, hits = true(self, batch, here, added=added)
        if inside:
            inside(losses)
        return losses, hits

    monkeypatch.setattr(DeviceStep, "_chunk_gradient", seen)
    with FakeTensorMode(allow_non_fake_inputs=False):
        step = DeviceStep(configs, [moved(model, device) for model in models], loader(configs[0], device))  # type: ignore[misc]
        step._chunk = IMAGES
        told = step._new_told(IMAGES)
        step._update(told, measured=False)  # sends the images
        with OnOneDevice(device):
            step._update(told, measured=False)
            step._update(told, measured=True)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_an_update_reads_nothing_back(kind: str, runs: int, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check(configs_of(kind, runs), device, monkeypatch)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_normalizing_a_batch_reads_nothing_back(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check([RunConfig(train_size=60, validation_size=0, batch_size=IMAGES, batch_norm=True)], device, monkeypatch)


@pytest.mark.parametrize(
    ("breaking", "error"),
    [
        (lambda losses: losses[0].item(), DataDependentOutputException),
        (lambda losses: losses[losses > 0], DynamicOutputShapeException),
        (lambda losses: losses + torch.ones(3).to(losses.device), AssertionError),
        (lambda losses: losses.cpu(), AssertionError),
    ],
)
def test_what_breaks_a_rule_is_found(breaking: Any, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(error):
        check(configs_of("mlp", 3), "cuda", monkeypatch, breaking)
