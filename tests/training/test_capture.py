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
    """Notes how many operations there were, and those that touch a tensor of another device."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._type, self.operations, self.elsewhere = device.type, 0, list[str]()

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.operations += 1
        tensors = [value for value in tree_leaves((args, kwargs, result)) if isinstance(value, torch.Tensor)]
        if any(value.device.type != self._type for value in tensors):
            self.elsewhere.append(str(func))
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


def updated(
    configs: list[RunConfig],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    inside: Callable[[torch.Tensor], Any] | None = None,
) -> OnOneDevice:
    """What was seen of an update of each of the two kinds that are captured; `inside` is shown the losses of each chunk."""
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
        with OnOneDevice(device) as seen_there:
            step._update(told, measured=False)
            step._update(told, measured=True)
    return seen_there


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_an_update_reads_nothing_back(kind: str, runs: int, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = updated(configs_of(kind, runs), device, monkeypatch)
    assert seen.operations > 50
    assert seen.elsewhere == []


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("seeds", [1, 2])
def test_masks_that_runs_share_read_nothing_back(seeds: int, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert updated(configs_of("dropout", 3, seeds), device, monkeypatch).elsewhere == []


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_normalizing_a_batch_reads_nothing_back(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(train_size=60, validation_size=0, batch_size=IMAGES, batch_norm=True)
    assert updated([config], device, monkeypatch).elsewhere == []


@pytest.mark.parametrize(
    ("breaking", "error"),
    [
        (lambda losses: losses[0].item(), DataDependentOutputException),
        (lambda losses: losses[losses > 0], DynamicOutputShapeException),
    ],
)
def test_a_number_that_is_read_is_found(breaking: Any, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(error):
        updated(configs_of("mlp", 3), "cuda", monkeypatch, breaking)


@pytest.mark.parametrize(
    "breaking", [lambda losses: losses + torch.ones(3).to(losses.device), lambda losses: losses.cpu()]
)
def test_a_tensor_of_the_cpu_is_found(breaking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "aten._to_copy.default" in updated(configs_of("mlp", 3), "cuda", monkeypatch, breaking).elsewhere
