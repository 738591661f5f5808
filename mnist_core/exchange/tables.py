"""Curves as tables: one row for each evaluation and each record of mini-batches, in order of the steps.

What was not measured is missing (empty in CSV, null in Parquet); NaN and infinity of a run that broke are values.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mnist_core.records import EVALUATION_DTYPE, SPLITS, STEP_DTYPE, Curves

_OF_BATCHES = ("loss", "loss_min", "loss_max", "accuracy")  # with `batch_` before them, unlike an evaluation's
_EVALUATED = {name: name for name in EVALUATION_DTYPE.names or ()}  # column → field of the records
_RECORDED = {f"batch_{name}" if name in _OF_BATCHES else name: name for name in STEP_DTYPE.names or ()}
Bools = NDArray[np.bool_]


def table(curves: Curves) -> pd.DataFrame:
    """Columns as in `records.EVALUATION_DTYPE` and `STEP_DTYPE`, the latter with `batch_` before loss and accuracy.

    In pandas' types that tell missing values from NaN.
    """
    kinds = ["evaluation"] * len(curves.evaluations) + ["mini-batches"] * len(curves.steps)
    evaluated, recorded = _unevaluated(curves), _unrecorded(curves)
    columns = {}
    for column in dict.fromkeys((*_EVALUATED, *_RECORDED)):
        dtype = (EVALUATION_DTYPE if column in _EVALUATED else STEP_DTYPE)[(_EVALUATED | _RECORDED)[column]]
        halves = (
            _values(curves.evaluations, _EVALUATED.get(column), evaluated, dtype),
            _values(curves.steps, _RECORDED.get(column), recorded, dtype),
        )
        values, missing = (np.concatenate(parts) for parts in zip(*halves, strict=True))
        columns[column] = (pd.arrays.FloatingArray if dtype.kind == "f" else pd.arrays.IntegerArray)(values, missing)
    frame = pd.DataFrame({"row": kinds, **columns})
    return frame.sort_values(["step", "row"], kind="stable", ignore_index=True)


def curves_csv(curves: Curves) -> bytes:
    """As CSV; what was not measured is empty, NaN and infinity of a broken run stand as nan and inf."""
    return table(curves).to_csv(index=False).encode()


def evaluations_csv(curves: Curves) -> bytes:
    """The evaluations alone, by the same rules."""
    frame = table(Curves(evaluations=curves.evaluations))
    return frame[[*_EVALUATED]].to_csv(index=False).encode()


def curves_parquet(curves: Curves) -> bytes:
    """As Parquet, with the types of the records; what was not measured is null."""
    file = io.BytesIO()
    table(curves).to_parquet(file, index=False)
    return file.getvalue()


def _values(
    rows: NDArray[np.void], name: str | None, unmeasured: Mapping[str, Bools], dtype: np.dtype[Any]
) -> tuple[NDArray[Any], Bools]:
    """The values of a field and where they are missing; without a field (None) everywhere."""
    if name is None:
        return np.zeros(len(rows), dtype), np.ones(len(rows), bool)
    return rows[name], unmeasured.get(name, np.zeros(len(rows), bool))


def _unevaluated(curves: Curves) -> dict[str, Bools]:
    """Where an evaluation has nothing of a part: where it has no accuracy, which is a number however broken a network is."""
    rows = curves.evaluations
    return {f"{part}_{kind}": np.isnan(rows[f"{part}_accuracy"]) for part in SPLITS for kind in ("loss", "accuracy")}


def _unrecorded(curves: Curves) -> dict[str, Bools]:
    """Where a record has no gradient: of a window that was cut short none was measured; one that broke is an event."""
    broke = min((event.step for event in curves.events if event.kind == "not_finite"), default=np.inf)
    rows = curves.steps
    return {name: np.isnan(rows[name]) & (rows["step"] < broke) for name in ("gradient_norm", "gradient_norm_max")}
