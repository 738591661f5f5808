"""Curves as tables: one row for each evaluation and each record of mini-batches, in order of the steps."""

from __future__ import annotations

import io

import pandas as pd

from mnist_core.records import Curves


def table(curves: Curves) -> pd.DataFrame:
    """Columns as in `records.EVALUATION_DTYPE` and `STEP_DTYPE`, the latter with `batch_` before loss and accuracy."""
    evaluations = pd.DataFrame(curves.evaluations)
    steps = pd.DataFrame(curves.steps).rename(
        columns={name: f"batch_{name}" for name in ("loss", "loss_min", "loss_max", "accuracy")}
    )
    whole = pd.concat([evaluations.assign(row="evaluation"), steps.assign(row="mini-batches")], ignore_index=True)
    whole = whole.sort_values(["step", "row"], kind="stable", ignore_index=True)
    return whole[["row", *[name for name in whole.columns if name != "row"]]]


def curves_csv(curves: Curves) -> bytes:
    """As CSV; what was not measured is empty, NaN and infinity of a broken run stand as nan and inf."""
    measured = table(curves)
    return measured.astype(str).where(_belongs(measured), "").to_csv(index=False, na_rep="nan").encode()


def _belongs(measured: pd.DataFrame) -> pd.DataFrame:
    """Where a column is one of the row's kind: elsewhere the cell is empty, not a number that broke."""
    of_evaluation = set(pd.DataFrame(Curves().evaluations).columns) | {"row"}
    is_evaluation = measured["row"] == "evaluation"
    return pd.DataFrame(
        {
            name: (is_evaluation if name in of_evaluation else False)
            | (~is_evaluation if name in {"row", "step", "epoch", "seconds"} or name not in of_evaluation else False)
            for name in measured.columns
        }
    )


def curves_parquet(curves: Curves) -> bytes:
    """As Parquet, with the types of the records."""
    file = io.BytesIO()
    table(curves).to_parquet(file, index=False)
    return file.getvalue()
