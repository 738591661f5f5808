"""What every `compute` is given: the runs, how many cores, and whom to tell how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mnist_core.records import Run
from mnist_core.training.chunks import Progress


@dataclass(frozen=True)
class Context:
    """Where an analysis is computed. `run(id)` raises RunNotFoundError, RunUnreadableError."""

    run: Callable[[str], Run]
    cores: int = 1  # that it may use


def part_of(progress: Progress, done: int, parts: int) -> Progress:
    """The progress of part number `done` of so many equal ones."""
    return lambda fraction: progress((done + fraction) / parts)
