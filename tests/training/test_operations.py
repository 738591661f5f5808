"""How many operations an update is: on a card each takes some microseconds, however little it does.

Counted on the CPU; views are none, since nothing is computed for them. The step by hand is what any program of PyTorch's has to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from mnist_core.config import RunConfig
from mnist_core.networks.models import build_model
from mnist_core.training import device_step
from mnist_core.training.step import Block, never
from tests.training.test_device_step import loader

CPU = torch.device("cpu")
# To read by a counter which images and which rate, to write down loss and hits, to put the gradients side by side (those of a dense
# layer are turned round first): by hand there is none of this.
MORE = 13
FREE = {"aten._unsafe_view.default"}  # a view, though torch does not say so
NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden_layers": (12,)},
    "deep": {"hidden_layers": (12, 10, 8)},
    "cnn": {"model": "cnn", "filters": (3, 4), "hidden_layers": (8,)},
}


class Operations(TorchDispatchMode):
    """Notes those that compute something."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if not func.is_view and func.namespace == "aten" and str(func) not in FREE:
            self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def config_of(name: str, **changes: Any) -> RunConfig:
    settings = {"train_size": 60, "validation_size": 0, "batch_size": 16, "optimizer": "sgd"} | NETWORKS[name] | changes
    return RunConfig(**settings)


def of_an_update(config: RunConfig, monkeypatch: pytest.MonkeyPatch, runs: int = 1) -> list[str]:
    """Those that are captured of so many runs, where no gradient is measured."""
    counted = Operations()

    def capture(update: Callable[[], None], first: Callable[[], None]) -> Callable[[], None]:
        first()
        with counted:
            update()
        return update

    monkeypatch.setattr(device_step, "captures", lambda _device: True)
    monkeypatch.setattr(device_step, "_capture", capture)
    configs = [config.replace(learning_rate=0.01 * (1 + run)) for run in range(runs)]
    step = device_step.DeviceStep(configs, [build_model(one) for one in configs], loader(config, CPU))
    rates = [one.learning_rate for one in configs]
    assert len(step.make(Block.of_one(0, [np.arange(16)], rates, measured=False), never))
    return counted.names


def by_hand(config: RunConfig) -> list[str]:
    """Those of the same update with PyTorch's own SGD."""
    model, there = build_model(config), loader(config, CPU).there
    optimizer = torch.optim.SGD(model.parameters(), 0.01, foreach=True)
    rows = torch.arange(16)
    with Operations() as told:
        inputs, labels = there(rows, torch.float32)
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return told.names


def dense_layers(config: RunConfig) -> int:
    return len(config.hidden_layers) + 1


@pytest.mark.parametrize("name", NETWORKS)
def test_an_update_is_few_operations_more_than_it_is_by_hand(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(name)
    captured, plain = of_an_update(config, monkeypatch), by_hand(config)
    assert len(captured) - len(plain) <= MORE + dense_layers(config), sorted(captured)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_of_many_runs_it_is_no_more_than_of_a_few(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of("mlp", optimizer=optimizer, batch_seed=0)
    assert len(of_an_update(config, monkeypatch, runs=32)) == len(of_an_update(config, monkeypatch, runs=2))


def test_nothing_of_a_convolution_is_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [name for name in of_an_update(config_of("cnn"), monkeypatch) if "select_backward" in name]
