"""Runs of a class as tables that spreadsheets and notebooks read."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.config import FIELDS, RunConfig
from mnist_core.escape import JOINER, UserText, plain
from mnist_core.exchange import StudentRun, runs_csv, runs_parquet
from mnist_core.records import RateChange, Run


def run(number: int = 0, **more: Any) -> Run:
    words: dict[str, Any] = {
        "config": RunConfig(learning_rate=0.5, hidden_layers=(12, 6), batch_seed=None),
        "state": "finished",
        "outcome": "completed",
        "result": {"validation_accuracy": 0.97512, "verdict": "learning-well", "epochs": 5.0, "best_step": 40},
    }
    return Run(f"r{number}", "owner", version=1, created_at=1_700_000_000.0, **(words | more))


def cells(rows: list[StudentRun]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(runs_csv(rows).decode("utf-8-sig"))))


def read(rows: list[StudentRun]) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(runs_parquet(rows)))


def test_the_verdict_is_the_one_that_pages_show() -> None:
    """Without validation images the test images tell overfitting to who may see them; the verdict that is kept does not."""
    result = {"train_accuracy": 1.0, "test_accuracy": 0.8, "verdict": "learning-well"}
    config = RunConfig(validation_size=0)
    assert cells([StudentRun(UserText("ann"), run(config=config, result=result))])[0]["verdict"] == "overfitting"
    del result["test_accuracy"]  # sealed
    assert cells([StudentRun(UserText("ann"), run(config=config, result=result))])[0]["verdict"] == "learning-well"


def test_a_row_says_who_what_was_expected_and_what_came() -> None:
    (row,) = cells([StudentRun(UserText("김철수"), run(prediction="learns"))])
    expected = {
        "nickname": "김철수",
        "run": "r0",
        "created": "2023-11-14T22:13:20+00:00",
        "prediction": "learns",
        "outcome": "completed",
        "verdict": "learning-well",
        "validation_accuracy": "0.97512",
        "test_accuracy": "",
        "best_step": "40",
        "trained_epochs": "5.0",
        "learning_rate": "0.5",
        "hidden_layers": "[12, 6]",
        "batch_seed": "",
        "batch_norm": "False",
    }
    assert {name: row[name] for name in expected} == expected
    assert set(FIELDS) <= set(row)
    assert "owner" not in runs_csv([StudentRun(UserText("ann"), run())]).decode()  # the cookie is nobody's to know


def test_excel_finds_its_mark_and_every_line_its_end() -> None:
    content = runs_csv([StudentRun(UserText("ann"), run())])
    assert content.startswith(b"\xef\xbb\xbfnickname,")
    assert content.count(b"\r\n") == content.count(b"\n") == 2


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=cmd|'/C calc'!A0", " =1", "＝1", '"=1"', "a;=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula(text: str) -> None:
    rows = [StudentRun(UserText(text), run(name=UserText(text), note=UserText(text), variant=text, preset=text))]
    content = runs_csv(rows).decode("utf-8-sig")
    (row,) = cells(rows)
    for name in ("nickname", "name", "note", "variant", "preset"):
        assert row[name].lstrip()[:1] not in {*"=+-@＝＋－＠\t\r\n"}
        assert row[name].replace(JOINER, "") == plain(text)
    assert len(content.splitlines()) == 2


@given(st.text(max_size=30))
def test_any_text_stays_one_cell(text: str) -> None:
    (row,) = cells([StudentRun(UserText(text), run())])
    assert row["nickname"].replace(JOINER, "") == plain(text).replace(JOINER, "")
    assert row["run"] == "r0"


def test_a_negative_number_is_a_number() -> None:
    odd = run(result={"validation_loss": -1.5, "test_loss": math.inf, "train_loss": math.nan})
    (row,) = cells([StudentRun(UserText("ann"), odd)])
    assert (row["validation_loss"], row["test_loss"], row["train_loss"]) == ("-1.5", "inf", "nan")
    assert row["train_accuracy"] == ""


def test_parquet_has_types_and_texts_as_they_were_typed() -> None:
    rows = [
        StudentRun(UserText("=1+1"), run(prediction="97.5")),
        StudentRun(UserText("bob"), run(1, outcome=None, result={})),
    ]
    frame = read(rows)
    assert frame["nickname"].tolist() == ["=1+1", "bob"]
    schema = pq.read_schema(io.BytesIO(runs_parquet(rows)))
    types = {name: str(schema.field(name).type) for name in ("learning_rate", "batch_size", "batch_norm", "best_step")}
    assert types == {"learning_rate": "double", "batch_size": "int64", "batch_norm": "bool", "best_step": "int64"}
    assert frame["best_step"].isna().tolist() == [False, True]
    assert frame["outcome"].isna().tolist() == [False, True]


def test_changes_of_the_rate_by_hand_are_there() -> None:
    changed = run(rate_changes=(RateChange(100, 0.01),))
    (row,) = cells([StudentRun(UserText("ann"), changed)])
    assert row["learning_rate_changes"] == "[[100, 0.01]]"


def test_a_round_without_runs_has_the_columns_alone() -> None:
    assert cells([]) == []
    assert runs_csv([]).count(b"\n") == 1
    assert list(read([]).columns) == list(read([StudentRun(UserText("ann"), run())]).columns)
