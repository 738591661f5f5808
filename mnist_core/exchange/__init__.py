"""Runs exported and imported: tables, a zip, TensorBoard's events, a script, a notebook."""

from mnist_core.exchange.archive import Imported, packed, unpacked
from mnist_core.exchange.bundle import RUNS_PER_BUNDLE, packed_runs, unpacked_all
from mnist_core.exchange.notebook import notebook_of
from mnist_core.exchange.run_table import StudentRun, runs_csv, runs_parquet
from mnist_core.exchange.script import script, script_of
from mnist_core.exchange.settings import read_settings, settings_json
from mnist_core.exchange.tables import curves_csv, curves_parquet, evaluations_csv
from mnist_core.exchange.tensorboard import events
from mnist_core.exchange.weights import safetensors, size, snapshot

__all__ = [
    "RUNS_PER_BUNDLE",
    "Imported",
    "StudentRun",
    "curves_csv",
    "curves_parquet",
    "evaluations_csv",
    "events",
    "notebook_of",
    "packed",
    "packed_runs",
    "read_settings",
    "runs_csv",
    "runs_parquet",
    "safetensors",
    "script",
    "script_of",
    "settings_json",
    "size",
    "snapshot",
    "unpacked",
    "unpacked_all",
]
