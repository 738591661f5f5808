"""The columns of the Compare table: what each says of a run. The table shows them, the filters choose by them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from mnist_core import comparison, escape
from mnist_core.config import RunConfig
from mnist_core.networks import models
from mnist_core.records import Run
from mnist_core.ui import names, seal
from mnist_core.ui.texts import _

MOST_TITLES = 500  # runs whose titles say what tells them apart


@dataclass(frozen=True)
class Column:
    """One column: `of` gives a run's number or words, None where it has none.

    `key` is the same in every language. `fraction`: a number that is read in percent. `decimals`: how many are shown of another
    number (default: as many as it has). `free`: words of the student's own.
    """

    key: str
    title: str
    of: Callable[[Run], Any]
    fraction: bool = False
    decimals: int | None = None
    free: bool = False


def columns(runs: Sequence[Run], also: Collection[str] = ()) -> list[Column]:
    """The columns for these runs: what came of them, then of their settings those that are not the same in all, and `also` those."""
    differing = comparison.differing(runs, unused=True)
    titles = dict(zip((run.id for run in runs), names.run_titles(runs[:MOST_TITLES]), strict=False))
    table_columns = [
        Column("star", "★", lambda run: "★" if run.star else ""),
        Column("run", _("Run"), lambda run: titles.get(run.id, names.run_title(run)).cell, free=True),
        Column("state", _("State"), lambda run: _(names.STATES[names.state(run)])),
        _result("best_validation_accuracy", _("Best validation accuracy"), fraction=True),
        _result("validation_accuracy", _("Validation accuracy"), fraction=True),
    ]
    if not seal.sealed():
        table_columns.append(_result("test_accuracy", _("Test accuracy"), fraction=True))
    table_columns += [
        *(_setting(name) for name in comparison.NAMES if name in differing or name in also),
        Column("verdict", _("Health check"), names.verdict),
        _result("best_step", _("Best step")),
    ]
    if not seal.sealed():
        table_columns.append(_result("test_accuracy_at_best", _("Test accuracy at the best step"), fraction=True))
    table_columns += [
        Column("parameters", _("Parameters"), lambda run: _parameters(run.config)),
        Column("seconds", _("Seconds"), lambda run: run.progress.seconds, decimals=1),
        Column("seconds_per_epoch", _("Seconds per epoch"), _seconds_per_epoch, decimals=2),
    ]
    if any(run.note for run in runs):
        table_columns.append(Column("note", _("Note"), lambda run: run.note.cell, free=True))
    return table_columns


def _setting(name: str) -> Column:
    return Column(name, names.setting(name), partial(_value, name))


def _value(name: str, run: Run) -> Any:
    value = comparison.setting(run, name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return escape.cell(names.value(value))


def _result(name: str, title: str, *, fraction: bool = False) -> Column:
    return Column(name, title, lambda run: run.result.get(name), fraction=fraction)


def _seconds_per_epoch(run: Run) -> float | None:
    progress = run.progress
    return progress.seconds / progress.epoch if progress.epoch else None


@lru_cache(5_000)  # as many as `store.rows` keeps, whose configurations these are
def _parameters(config: RunConfig) -> int:
    return models.describe(config).parameters
