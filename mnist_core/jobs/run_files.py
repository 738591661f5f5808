"""The files of a run on the way: its checkpoint, the next one, its snapshots. Knows no torch."""

from __future__ import annotations

import shutil
from pathlib import Path

from mnist_core import settings


def next_file(run_id: str, token: int | None) -> Path:
    """Where the worker that has the run by `token` writes a newer state, until the store has its records.

    Its own: one that was given up and comes back touches no file that counts.
    """
    return settings.checkpoint_file(run_id).with_suffix(f".{token}.next.safetensors")


def forget_next(run_id: str) -> None:
    """Remove what workers have left that never came to tell the store of it."""
    for file in settings.checkpoint_folder().glob(f"{run_id}.*next.*"):
        file.unlink(missing_ok=True)


def forget_files(run_id: str) -> None:
    """Remove checkpoints and snapshots of the run."""
    settings.checkpoint_file(run_id).unlink(missing_ok=True)
    forget_next(run_id)
    forget_trail(run_id)


def forget_trail(run_id: str) -> None:
    """Remove the snapshots of the run."""
    shutil.rmtree(settings.trail_folder(run_id), ignore_errors=True)
