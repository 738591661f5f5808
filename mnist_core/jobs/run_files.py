"""The files of a run on the way: its checkpoint, the next one, its snapshots. Knows no torch."""

from __future__ import annotations

import shutil
from pathlib import Path

from mnist_core import settings


def next_file(run_id: str) -> Path:
    """Where a newer state is written, until the store has its records."""
    return settings.checkpoint_file(run_id).with_suffix(".next.safetensors")


def forget_files(run_id: str) -> None:
    """Remove checkpoints and snapshots of the run."""
    for file in (settings.checkpoint_file(run_id), next_file(run_id)):
        file.unlink(missing_ok=True)
    forget_trail(run_id)


def forget_trail(run_id: str) -> None:
    """Remove the snapshots of the run."""
    shutil.rmtree(settings.trail_folder(run_id), ignore_errors=True)
