"""Runs exported and imported: tables, a zip, TensorBoard's events, a script."""

from mnist_core.exchange.archive import packed, unpacked
from mnist_core.exchange.script import script, script_of
from mnist_core.exchange.settings import read_settings, settings_json
from mnist_core.exchange.tables import curves_csv, curves_parquet, evaluations_csv
from mnist_core.exchange.tensorboard import events
from mnist_core.exchange.weights import safetensors, size, snapshot

__all__ = [
    "curves_csv",
    "curves_parquet",
    "evaluations_csv",
    "events",
    "packed",
    "read_settings",
    "safetensors",
    "script",
    "script_of",
    "settings_json",
    "size",
    "snapshot",
    "unpacked",
]
