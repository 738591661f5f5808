"""Runs of several students as a table: who, the settings, what was expected, what came of it. One row for each run.

What a run has nothing of is missing (empty in CSV, null in Parquet). Columns have the names of the settings and results of a
run, in every language.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from mnist_core import escape
from mnist_core.config import FIELDS, RATE_CHANGES
from mnist_core.diagnostics import seen
from mnist_core.escape import UserText
from mnist_core.exchange.archive import COUNTS, FRACTIONS, SIZES, STEPS
from mnist_core.records import Run

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as the machine's own encoding, and Korean is lost
_RENAMED = {"epochs": "trained_epochs"}  # of a result, where a setting has the name


@dataclass(frozen=True)
class StudentRun:
    """A run and whose it is."""

    nickname: UserText
    run: Run


def runs_csv(rows: Sequence[StudentRun]) -> bytes:
    """As CSV in UTF-8 with a byte order mark; a text that a spreadsheet would take for a formula is shown as text."""
    frame = table(rows)
    texts: list[str] = list(frame.select_dtypes("str").columns)
    for name in texts:
        frame[name] = frame[name].map(escape.cell, na_action="ignore")
    return BYTE_ORDER_MARK + frame.to_csv(index=False, lineterminator="\r\n").encode()


def runs_parquet(rows: Sequence[StudentRun]) -> bytes:
    """As Parquet: numbers in their types, texts as they were typed."""
    file = io.BytesIO()
    table(rows).to_parquet(file, index=False)
    return file.getvalue()


def table(rows: Sequence[StudentRun]) -> pd.DataFrame:
    """The table, in types that tell missing numbers from NaN."""
    runs = [row.run for row in rows]
    columns: dict[str, Any] = {
        "nickname": _texts([row.nickname.plain for row in rows]),
        "run": _texts([run.id for run in runs]),
        "name": _texts([run.name.plain or None for run in runs]),
        "note": _texts([run.note.plain or None for run in runs]),
        "created": _texts([datetime.fromtimestamp(run.created_at, UTC).isoformat(timespec="seconds") for run in runs]),
        "preset": _texts([run.preset for run in runs]),
        "variant": _texts([run.variant for run in runs]),
        "prediction": _texts([row.run.prediction for row in rows]),
        "state": _texts([run.state for run in runs]),
        "outcome": _texts([run.outcome for run in runs]),
        "verdict": _texts([seen(run, run.result.get("verdict")) for run in runs]),  # as pages show it
    }
    for name in (*FRACTIONS, *SIZES):
        columns[_RENAMED.get(name, name)] = _numbers([run.result.get(name) for run in runs])
    columns |= {name: _counts([run.result.get(name) for run in runs]) for name in (*STEPS, "parameters", *COUNTS)}
    columns["device"] = _texts([run.result.get("device") for run in runs])
    columns |= {name: _setting(name, [getattr(run.config, name) for run in runs]) for name in FIELDS}
    columns[RATE_CHANGES] = _texts([_changes(run) for run in runs])
    return pd.DataFrame(columns)


def _setting(name: str, values: list[Any]) -> Any:
    """A column of a setting, in its type; layers as in JSON, which no spreadsheet takes for a date."""
    kind = FIELDS[name]
    if kind is float:
        return _numbers(values)
    if kind is bool:
        return pd.array(values, dtype="boolean")
    if all(value is None or isinstance(value, int) for value in values):
        return _counts(values)
    return _texts([json.dumps(list(value)) if isinstance(value, tuple) else value for value in values])


def _changes(run: Run) -> str | None:
    return json.dumps([[change.step, change.rate] for change in run.rate_changes]) if run.rate_changes else None


def _texts(values: list[str | None]) -> Any:
    return pd.array(values, dtype="str")


def _numbers(values: list[Any]) -> Any:
    """Missing where there is none; NaN and infinity of a run that broke are values."""
    missing = np.array([not isinstance(value, int | float) for value in values], bool)
    plain = [0.0 if gone else float(value) for value, gone in zip(values, missing, strict=True)]
    return pd.arrays.FloatingArray(np.array(plain, "f8"), missing)


def _counts(values: list[Any]) -> Any:
    missing = np.array([not isinstance(value, int) for value in values], bool)
    plain = [0 if gone else int(value) for value, gone in zip(values, missing, strict=True)]
    return pd.arrays.IntegerArray(np.array(plain, "i8"), missing)
