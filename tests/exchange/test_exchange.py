"""Runs taken along and brought in: tables, zips (damaged and hostile ones too), TensorBoard's events."""

from __future__ import annotations

import io
import json
import math
import pickle
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save

from mnist_core import config
from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError, ImportedFileError
from mnist_core.escape import UserText
from mnist_core.exchange import (
    curves_csv,
    curves_parquet,
    evaluations_csv,
    events,
    packed,
    read_settings,
    settings_json,
    unpacked,
)
from mnist_core.exchange.tensorboard import crc32c, frames
from mnist_core.messages import as_written
from mnist_core.networks.forward import shapes
from mnist_core.networks.weights import Snapshot, Which
from mnist_core.records import (
    DTYPES,
    EVALUATION_DTYPE,
    STEP_DTYPE,
    Curves,
    Event,
    Progress,
    RateChange,
    Run,
    rate_changes,
)

CONFIG = RunConfig(learning_rate=1.5, hidden_layers=(50,), validation_size=0)


def curves() -> Curves:
    steps, evaluations = np.zeros(3, STEP_DTYPE), np.zeros(2, EVALUATION_DTYPE)
    steps["step"], steps["steps"], steps["loss"] = [1, 2, 3], 1, [2.3, np.inf, np.nan]
    evaluations["step"], evaluations["train_loss"], evaluations["validation_loss"] = [0, 3], [2.3, 1.5], np.nan
    evaluations["validation_accuracy"] = np.nan  # CONFIG keeps no validation images
    evaluations["seconds"] = [0, 0.5]
    for rows in (steps, evaluations):
        rows["epoch"] = rows["step"] / CONFIG.steps_per_epoch
    return Curves(steps, evaluations, (Event(3, "not_finite", math.inf),))


RUN = Run(
    "r",
    "ann",
    CONFIG,
    "finished",
    3,
    0.0,
    outcome="diverged",
    progress=Progress(3, 2_500, 0.01, 0.5),
    result={"train_loss": math.nan, "test_accuracy": 0.1, "best_step": None, "verdict": "diverged"},
    name=UserText("broken"),
    note=UserText("at 1.5"),
)


def test_a_run_comes_back_from_its_zip() -> None:
    imported = unpacked(packed(RUN, curves()))
    assert imported.config == CONFIG
    assert (imported.outcome, imported.name, imported.note, imported.seconds, imported.step) == (
        "diverged",
        "broken",
        "at 1.5",
        0.5,
        3,
    )
    for name in DTYPES:
        assert getattr(imported.curves, name).tobytes() == getattr(curves(), name).tobytes()
    assert imported.curves.events == curves().events
    assert math.isnan(imported.result.pop("train_loss"))
    assert imported.result == {"test_accuracy": 0.1, "best_step": None}  # words are not believed


def some_weights(config: RunConfig, step: int) -> Snapshot:
    """Weights that fit the network of `config`, one of them no number."""
    random = np.random.default_rng(step)
    weights: dict[str, Any] = {
        name: random.random(shape, np.float32) if shape else np.array(7, np.int64)
        for name, shape in shapes(config).items()
    }
    weights["0.bias"][0] = np.nan
    return Snapshot(step, weights)


@pytest.mark.parametrize(
    "config",
    [CONFIG, CONFIG.replace(model="cnn", filters=(3, 4), batch_norm=True, dropout=0.5, pooling="none", kernel_size=3)],
    ids=["mlp", "cnn"],
)
def test_the_last_and_the_best_weights_come_back(config: RunConfig) -> None:
    last, best = some_weights(config, 3), some_weights(config, 2)
    weights = unpacked(packed(replace(RUN, config=config), curves(), {"last": last, "best": best})).weights
    assert {which: snapshot.step for which, snapshot in weights.items()} == {"last": 3, "best": 2}
    for which, snapshot in (("last", last), ("best", best)):
        for name, value in snapshot.weights.items():
            np.testing.assert_array_equal(weights[which].weights[name], value)


def test_a_zip_of_before_there_were_steps_has_the_last_weights() -> None:
    def before(members: dict[str, bytes]) -> None:
        old = json.loads(members["run.json"])
        del old["weights"]
        members["run.json"] = json.dumps(old).encode()

    assert unpacked(rezipped(before, {"last": some_weights(CONFIG, 3)})).weights["last"].step == 3


def test_a_rate_that_was_changed_by_hand_is_in_the_zip_and_comes_back() -> None:
    happened = (Event(1, "learning_rate", 0.5), Event(2, "learning_rate", 0.01), Event(2, "learning_rate", 0.02))
    run = replace(RUN, rate_changes=rate_changes(CONFIG, happened, 3))
    content = packed(run, Curves(curves().steps, curves().evaluations, happened))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "RATE_CHANGES = [(1, 0.5), (2, 0.02)]" in archive.read("train.py").decode()
    imported = unpacked(content)
    assert imported.curves.events == happened
    assert rate_changes(imported.config, imported.curves.events) == run.rate_changes


def test_the_settings_say_what_was_changed_and_can_be_read_again() -> None:
    assert json.loads(settings_json(RUN)) == CONFIG.to_dict()
    changed = replace(RUN, rate_changes=(RateChange(100, 0.5), RateChange(250, 0.01)))
    text = settings_json(changed)
    settings = json.loads(text)
    assert settings["learning_rate"] == 1.5
    assert settings["learning_rate_changes"] == [
        {"step": 100, "learning_rate": 0.5},
        {"step": 250, "learning_rate": 0.01},
    ]
    assert RunConfig.from_json(text) == CONFIG
    assert read_settings(text) == (CONFIG, changed.rate_changes)
    for wrong in ([[1, 2]], {"a": 1}, 7, [{"step": "soon", "learning_rate": 1}], [{"step": 1, "learning_rate": 1e9}]):
        with pytest.raises(ConfigError):
            read_settings(json.dumps(settings | {"learning_rate_changes": wrong}))


def weights_file(content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.update({"weights.safetensors": content})


def other_weights(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, bytes]], None]:
    tensors = dict(some_weights(CONFIG, 3).weights)
    change(tensors)
    return weights_file(save(tensors))


@pytest.mark.parametrize(
    "change",
    [
        weights_file(b""),
        weights_file(b"no weights"),
        weights_file(pickle.dumps(pytest.fail)),
        weights_file(struct.pack("<Q", 2**62) + b"{}"),
        weights_file(struct.pack("<Q", 2) + b"[]"),
        other_weights(lambda tensors: tensors.pop("0.bias")),
        other_weights(lambda tensors: tensors.update({"9.weight": np.zeros(1, np.float32)})),
        other_weights(lambda tensors: tensors.update({"../../evil": np.zeros(1, np.float32)})),
        other_weights(lambda tensors: tensors.update({"0.bias": np.zeros(51, np.float32)})),
        other_weights(lambda tensors: tensors.update({"0.bias": np.zeros(50, np.float64)})),
        other_weights(lambda tensors: tensors.update({"0.weight": tensors["0.weight"].T.copy()})),
    ],
)
def test_weights_that_do_not_fit_are_a_sentence(change: Callable[[dict[str, bytes]], None]) -> None:
    with pytest.raises(ImportedFileError, match=r"the last weights \(weights\.safetensors\) cannot be used"):
        unpacked(rezipped(change, {"last": some_weights(CONFIG, 3)}))


def test_all_settings_of_a_zip_that_cannot_be_are_named() -> None:
    bad = rezipped(with_fields(config={"learning_rate": -1, "optimizer": "evil", "epochs": 0}))
    with pytest.raises(ImportedFileError) as refused:
        unpacked(bad)
    for name in ("learning_rate must be", "optimizer must be", "epochs must be"):
        assert name in str(refused.value)
    sentence = refused.value.message.text(term=names_of_settings)
    assert "be used here: optimizer must be" in sentence
    assert "'evil'. Learning rate must be from 1e-6 to 100, not -1. Epochs must be" in sentence


def names_of_settings(written: str) -> str:
    return config.NAMES.get(written, as_written(written))


def test_weights_are_not_read_beyond_what_the_network_has() -> None:
    with pytest.raises(ImportedFileError, match="too large for a run: of the last weights"):
        unpacked(rezipped(weights_file(bytes(50_000_000))))
    wide = replace(RUN, config=CONFIG.replace(hidden_layers=(2048,) * 6))
    weights = {"last": Snapshot(3, {"0.weight": np.zeros((1, 1), np.float32)})}
    with pytest.raises(ImportedFileError, match=r"too large to import \(at most 32 MB\)"):
        unpacked(packed(wide, curves(), weights))


def rezipped(change: Callable[[dict[str, bytes]], None], weights: Mapping[Which, Snapshot] | None = None) -> bytes:
    with zipfile.ZipFile(io.BytesIO(packed(RUN, curves(), weights))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_fields(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["run.json"] = json.dumps(json.loads(members["run.json"]) | changes).encode()

    return change


def array(value: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        file = io.BytesIO()
        np.save(file, value, allow_pickle=True)
        members["records/steps.npy"] = file.getvalue()

    return change


class Trap:
    """What would be called if a pickle were loaded."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return pytest.fail, ("a pickle was loaded",)


def backwards() -> np.ndarray:
    rows = np.zeros(2, STEP_DTYPE)
    rows["step"] = [5, 1]
    return rows


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda members: members.pop("run.json"), "lacks the settings and results (run.json)"),
        (
            lambda members: members.pop("records/layers.npy"),
            "lacks the measurements of the layers (records/layers.npy)",
        ),
        (lambda members: members.update({"run.json": b"{"}), "the settings and results (run.json) cannot be read"),
        (
            lambda members: members.update({"run.json": b"[" * 100_000}),
            "the settings and results (run.json) cannot be read",
        ),
        (lambda members: members.update({"run.json": b"[1]"}), "the settings and results (run.json) cannot be read"),
        (lambda members: members.update({"run.json": b" " * 300_000}), "too large for a run"),
        (lambda members: members.update({"records/steps.npy": bytes(20_000_000)}), "too large for a run"),
        (
            lambda members: members.update({"records/steps.npy": b"nonsense"}),
            "the curve of the batches (records/steps.npy) cannot be read",
        ),
        (
            lambda members: members.update({"records/steps.npy": pickle.dumps(Trap())}),
            "the curve of the batches (records/steps.npy) cannot be read",
        ),
        (array(np.array([Trap()], object)), "the curve of the batches (records/steps.npy) cannot be read"),
        (array(np.zeros(3)), "the curve of the batches (records/steps.npy) cannot be read"),
        (array(np.zeros((2, 2), STEP_DTYPE)), "the curve of the batches (records/steps.npy) cannot be read"),
        (array(backwards()), "the curve of the batches (records/steps.npy) cannot be read"),
        (with_fields(format=99), "another version"),
        (with_fields(config={"learning_rate": -1}), "cannot be used here"),
        (with_fields(config={"nonsense": 1}), "cannot be used here"),
        (with_fields(config=7), "damaged"),
        (with_fields(outcome="won"), "damaged"),
        (with_fields(events=[[1, "explosion", None]]), "damaged"),
        (with_fields(events=[[10**12, "paused", None]]), "damaged"),
        (with_fields(events=[[1, "learning_rate", "nan"]]), "damaged"),
        (with_fields(events=[[1, "learning_rate", 1e9]]), "damaged"),
        (with_fields(events=[[1, "learning_rate", None]]), "damaged"),
        (with_fields(seconds="soon"), "damaged"),
        (with_fields(result=[1]), "damaged"),
    ],
)
def test_a_zip_that_does_not_fit_is_a_sentence(change: Callable[[dict[str, bytes]], None], part: str) -> None:
    with pytest.raises(ImportedFileError, match=re.escape(part)):
        unpacked(rezipped(change))


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all" * 100])
def test_what_is_no_zip_is_a_sentence(content: bytes) -> None:
    with pytest.raises(ImportedFileError, match="not a readable zip"):
        unpacked(content)


def test_a_zip_that_breaks_off_is_a_sentence() -> None:
    whole = packed(RUN, curves())
    for end in range(10, len(whole) - 1, len(whole) // 40):
        with pytest.raises(ImportedFileError):
            unpacked(whole[:end])


def test_every_flipped_byte_is_a_sentence_or_harmless() -> None:
    whole = bytearray(packed(RUN, curves()))
    random = np.random.default_rng(1)
    for place in random.integers(0, len(whole), 150).tolist():
        changed = bytearray(whole)
        changed[place] ^= 0x55
        try:
            assert unpacked(bytes(changed)).config == CONFIG
        except ImportedFileError:
            continue


def test_the_table_has_a_row_for_each_record_and_tells_broken_from_unmeasured() -> None:
    table = pd.read_csv(io.BytesIO(curves_csv(curves())), keep_default_na=False)
    assert table["step"].tolist() == [0, 1, 2, 3, 3]
    assert table["row"].tolist() == ["evaluation", *["mini-batches"] * 2, "evaluation", "mini-batches"]
    assert [value[:4] for value in table["batch_loss"]] == ["", "2.3", "inf", "", "nan"]
    assert table["validation_loss"].tolist() == table["validation_accuracy"].tolist() == [""] * 5


def test_of_a_broken_run_nan_is_a_value_and_what_was_not_measured_is_missing() -> None:
    evaluations, steps = np.zeros(2, EVALUATION_DTYPE), np.zeros(3, STEP_DTYPE)
    evaluations["step"], evaluations["validation_loss"] = [0, 9], [2.3, np.nan]  # with an accuracy: it was measured
    evaluations["test_loss"] = evaluations["test_accuracy"] = np.nan  # sealed
    steps["step"], steps["loss"], steps["gradient_norm"] = [3, 6, 9], [2.3, 2.0, np.nan], [1, np.nan, np.nan]
    broken = Curves(steps, evaluations, (Event(8, "not_finite", 2.0),))  # the second record was cut short by a pause
    alone = pd.read_csv(io.BytesIO(evaluations_csv(broken)), keep_default_na=False)
    assert list(alone.columns) == list(EVALUATION_DTYPE.names or ())
    assert [str(value) for value in alone["validation_loss"]] == ["2.3", "nan"]
    assert alone["test_loss"].tolist() == ["", ""]
    text = pd.read_csv(io.BytesIO(curves_csv(broken)), keep_default_na=False)
    parquet = pq.read_table(io.BytesIO(curves_parquet(broken)))
    expected = {
        "validation_loss": ["2.3", "", "", "nan", ""],
        "test_loss": [""] * 5,
        "test_accuracy": [""] * 5,
        "gradient_norm": ["", "1.0", "", "", "nan"],
        "batch_loss": ["", "2.3", "2.0", "", "nan"],
    }
    for name, values in expected.items():
        assert [str(value) for value in text[name]] == values
        assert [
            "" if value is None else f"{value:.1f}" if value == value else "nan" for value in parquet[name].to_pylist()
        ] == values
    assert [
        str(parquet.schema.field(name).type)
        for name in ("step", "steps", "loss_min", "epoch")
        if name in parquet.column_names
    ] == [
        "int32",
        "int32",
        "float",
    ]


def test_check_sums_are_those_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720
    assert crc32c(bytes(32)) == 0x8A9136AA


def test_events_are_framed_and_hold_the_values() -> None:
    data = events(curves(), started_at=1_000.0)
    messages = list(frames(data))
    assert len(messages) == 1 + 2 + 3
    assert b"brain.Event:2" in messages[0]
    last = messages[2]
    assert struct.unpack_from("<d", last, 1) == (1_000.5,)
    place = last.index(b"loss/train") + len(b"loss/train")
    assert struct.unpack_from("<f", last, place + 1) == (1.5,)
    with pytest.raises(ValueError, match="damaged"):
        list(frames(data[:20] + b"x" + data[21:]))
