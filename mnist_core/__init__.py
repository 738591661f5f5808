"""MNIST Lab: how neural networks train, to be seen and broken.

    from mnist_core import RunConfig, train
    result = train(RunConfig(learning_rate=0.5))

Names are loaded at first use, so that a program that only describes networks never imports torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_core.config import RunConfig
    from mnist_core.data import Dataset, load_dataset
    from mnist_core.errors import ConfigError, DataError, MnistLabError
    from mnist_core.networks.models import build_model, describe
    from mnist_core.presets import PRESETS, Preset, preset
    from mnist_core.training import Result, Sweep, Trainer, range_test, sweep, train

__version__ = "0.1.0"

_HOMES = {
    "PRESETS": "presets",
    "ConfigError": "errors",
    "DataError": "errors",
    "Dataset": "data",
    "MnistLabError": "errors",
    "Preset": "presets",
    "Result": "training",
    "RunConfig": "config",
    "Sweep": "training",
    "Trainer": "training",
    "build_model": "networks.models",
    "describe": "networks.models",
    "load_dataset": "data",
    "preset": "presets",
    "range_test": "training",
    "sweep": "training",
    "train": "training",
}

__all__ = [
    "PRESETS",
    "ConfigError",
    "DataError",
    "Dataset",
    "MnistLabError",
    "Preset",
    "Result",
    "RunConfig",
    "Sweep",
    "Trainer",
    "build_model",
    "describe",
    "load_dataset",
    "preset",
    "range_test",
    "sweep",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"mnist_core.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
