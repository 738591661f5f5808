"""Zips that anybody may have made: no more comes in than a run can have, and every kind of damage is a sentence."""

from __future__ import annotations

import base64
import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_core import diagnostics, exchange, schedule
from mnist_core.compare_page import groups_figure
from mnist_core.config import RunConfig
from mnist_core.errors import ImportedFileError
from mnist_core.exchange import arrays, packed, unpacked
from mnist_core.figures import curves, overlay
from mnist_core.figures import layers as inside
from mnist_core.figures.axes import ChartView
from mnist_core.networks import models
from mnist_core.records import DTYPES, LAYER_DTYPE, SHARPNESS_DTYPE, STEP_DTYPE, Curves, Event, Progress, Run
from tests.exchange.odd_runs import odd, zipped
from tests.exchange.test_exchange import CONFIG, array, rezipped, with_fields
from tests.exchange.test_exchange import curves as usual

Change = Callable[[dict[str, bytes]], None]


def stored(name: str, rows: Any) -> Change:
    """These records in place of the run's."""

    def change(members: dict[str, bytes]) -> None:
        file = io.BytesIO()
        np.save(file, rows, allow_pickle=False)
        members[f"records/{name}.npy"] = file.getvalue()

    return change


def rows(name: str, count: int = 2, **columns: Any) -> np.ndarray:
    """Records that could be, but for `columns`."""
    records = np.zeros(count, DTYPES[name])
    records["step"] = np.arange(1, count + 1)
    if name == "steps":
        records["steps"] = 1
    if name == "layers":
        records["activations"][:, 0] = records["gradients"][:, 0] = 255
    for column, value in columns.items():
        records[column] = value
    return records


def head(text: str, version: int = 1) -> bytes:
    """A NumPy file with this head and nothing behind it."""
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(text)) + text.encode()


DESCR = np.lib.format.dtype_to_descr(STEP_DTYPE)


@pytest.mark.parametrize(
    "change",
    [
        stored("steps", rows("steps", 5_600)),  # of 2,500 updates
        stored("steps", rows("steps", steps=0)),
        stored("steps", rows("steps", step=[1, 1])),
        stored("steps", rows("steps", step=[0, 1])),
        stored("steps", rows("steps", step=[5, 2_501])),
        stored("steps", rows("steps", step=[5, 6], steps=[5, 2])),
        stored("steps", rows("steps", steps=-1)),
        stored("steps", rows("steps", accuracy=1.5)),
        stored("steps", rows("steps", loss=-1)),
        stored("steps", rows("steps", seconds=np.nan)),
        stored("steps", rows("steps", seconds=[2, 1])),
        stored("steps", rows("steps", seconds=1e12)),
        stored("steps", rows("steps", learning_rate=np.inf)),
        stored("steps", rows("steps", learning_rate=-1)),
        stored("evaluations", rows("evaluations", step=[-1, 1])),
        stored("evaluations", rows("evaluations", 100)),
        stored("evaluations", rows("evaluations", test_accuracy=-0.1)),
        stored("evaluations", rows("evaluations", dead_units=2)),
        stored("layers", rows("layers", layer=32_767)),
        stored("layers", rows("layers", layer=-1)),
        stored("layers", rows("layers", layer=2)),
        stored("layers", rows("layers", step=1)),
        stored("layers", rows("layers", activations=0)),
        stored("sharpness", np.ones(1, SHARPNESS_DTYPE)),  # the run measured none
        stored("layers", np.zeros(0, STEP_DTYPE)),
        lambda members: members.update({"records/steps.npy": head("{'descr': " + "(" * 2_000)}),
        lambda members: members.update(
            {"records/steps.npy": head(str({"descr": DESCR, "fortran_order": False, "shape": (2**70,)}))}
        ),
        lambda members: members.update(
            {"records/steps.npy": head(str({"descr": DESCR, "fortran_order": False, "shape": (10**9,)}))}
        ),
        lambda members: members.update({"records/steps.npy": b"\x93NUMPY\x01\x00\xff\xff"}),
        lambda members: members.update({"records/steps.npy": b"\x93NUMPY\x01\x00\x04\x00\xff\xfe\xfd\xfc"}),
        array(np.zeros(3, STEP_DTYPE)[::2].reshape(1, 2)),
        with_fields(step="3"),
        with_fields(step=2_501),
        with_fields(step=True),
        with_fields(step=1e400),
        with_fields(seconds=-1),
        with_fields(seconds=1e400),
        with_fields(seconds=True),
        with_fields(name=7),
        with_fields(note=["a"]),
        with_fields(events={}),
        with_fields(events=[[1, "paused"]]),
        with_fields(events=[[2_501, "paused", None]]),
        with_fields(events=[[1, ["paused"], None]]),
        with_fields(events=[[1, "learning_rate", None]]),
        with_fields(events=[[1, "learning_rate", 1e9]]),
        with_fields(events=[[1, "early_stop", "nan"]]),
        with_fields(events=[[1, "not_finite", 10**400]]),
        with_fields(config=CONFIG.to_dict() | {"epochs": 10**400}),
        with_fields(config=CONFIG.to_dict() | {"hidden_layers": [[1]]}),
        with_fields(config=CONFIG.to_dict() | {"\ud800": 1}),
        lambda members: members.update({"run.json": b"\xff\xfe{\x00"}),
        lambda members: members.update({"run.json": b'{"format": 1, "step": ' + b"9" * 5_000 + b"}"}),
    ],
)
def test_what_a_run_cannot_have_is_a_sentence(change: Change) -> None:
    with pytest.raises(ImportedFileError):
        unpacked(rezipped(change))


@pytest.mark.parametrize("count", [6, 20_000])
def test_of_many_settings_that_there_are_none_of_the_first_are_named(count: int) -> None:
    unknown = {f"k{number}": 1 for number in range(count)}
    with pytest.raises(ImportedFileError, match=r"'k4'\. There (is one|are 19,995) more problems?\.$") as refused:
        unpacked(rezipped(with_fields(config=CONFIG.to_dict() | unknown)))
    assert len(str(refused.value)) < 400


def test_a_small_zip_stays_small() -> None:
    """16 MB of zeros in each kind of records, packed into 69 kB: refused, after no more than a run's own was unpacked."""

    def change(members: dict[str, bytes]) -> None:
        for name in DTYPES:
            members[f"records/{name}.npy"] = bytes(1 << 24)

    content = rezipped(change)
    assert len(content) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(ImportedFileError, match="too large for a run"):
            unpacked(content)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_are_not_ours_are_a_sentence(method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive, zipfile.ZipFile(io.BytesIO(packed(run(), usual()))) as original:
        for name in original.namelist():
            archive.writestr(name, original.read(name))
    content = bytearray(file.getvalue())
    for place in range(40, 120):  # in what was packed, where there is something to be damaged
        content[place] ^= 0xFF
    for whole in (file.getvalue(), bytes(content)):
        with pytest.raises(ImportedFileError):
            unpacked(whole)


def run(**more: Any) -> Run:
    fields = {"outcome": "diverged", "progress": Progress(3, CONFIG.total_steps, 0, 0.5)} | more
    return Run("r", "ann", CONFIG, "finished", 1, 0.0, **fields)


def changed(content: bytes, sign: bytes, offset: int, form: str, value: int) -> bytes:
    """The zip with a number of its list of files changed, behind the last `sign`."""
    edited = bytearray(content)
    struct.pack_into(form, edited, content.rindex(sign) + offset, value)
    return bytes(edited)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: changed(
            content, b"PK\x05\x06", 12, "<I", 2**31
        ),  # a list longer than the file: a negative seek
        lambda content: changed(content, b"PK\x05\x06", 16, "<I", 2**31),
        lambda content: changed(content, b"PK\x01\x02", 42, "<I", 2**31),  # a file that begins behind the end
        lambda content: changed(content, b"PK\x01\x02", 8, "<H", 1),  # encrypted
        lambda content: changed(content, b"PK\x01\x02", 10, "<H", 99),  # packed in a way that nobody knows
        lambda content: content.replace(b"run.json", b"run.jso\xff").replace(  # a name that is no text
            b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x08"
        ),
    ],
)
def test_a_damaged_list_of_files_is_a_sentence(change: Callable[[bytes], bytes]) -> None:
    content = rezipped(lambda members: members.update({"run.json": members.pop("run.json")}))  # the last in the list
    assert unpacked(content).config == CONFIG
    with pytest.raises(ImportedFileError):
        unpacked(change(content))


def test_a_zip_of_many_files_or_of_two_of_one_name_is_a_sentence() -> None:
    file = io.BytesIO(packed(run(), usual()))
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("run.json", "{}")
    with pytest.raises(ImportedFileError, match="damaged"):
        unpacked(file.getvalue())
    with pytest.raises(ImportedFileError, match="not a readable zip"):
        unpacked(rezipped(lambda members: members.update({str(number): b"" for number in range(100)})))


def test_names_and_notes_are_text_that_a_store_keeps() -> None:
    imported = unpacked(rezipped(with_fields(name="a\ud800\x00b\u202e\n c", note="one \x00\r\n\n two\udfff")))
    assert (imported.name, imported.note) == ("a b c", "one\n\n two")


def test_figures_of_a_result_are_believed_within_what_they_can_be() -> None:
    figures = {
        "test_accuracy": 1.2,
        "validation_accuracy": 10**300,
        "train_accuracy": True,
        "best_validation_accuracy": 0.5,
        "test_loss": -1,
        "train_loss": "inf",
        "validation_loss": "nan",
        "best_step": 2_501,
        "not_finite_step": 3,
        "evaluated_step": 1.5,
        "seconds": "many",
        "verdict": "![x](http://a.bc)",
        "threads": 0,
        "trained_together": 4,
        "device": "<b>cuda</b>",
        "a" * 40: 1,
    }
    result = unpacked(rezipped(with_fields(result=figures))).result
    assert np.isnan(result.pop("validation_loss"))
    believed = {"best_validation_accuracy": 0.5, "train_loss": np.inf, "not_finite_step": 3, "trained_together": 4}
    assert result == believed
    assert unpacked(rezipped(with_fields(result={"device": "cuda"}))).result == {"device": "cuda"}


def test_events_are_kept_in_their_order_and_not_without_end() -> None:
    told_events = [[5, "paused", "ignored"], [2, "learning_rate", 0.5], *([[7, "resumed", None]] * 5_000)]
    events = unpacked(rezipped(with_fields(events=told_events))).curves.events
    assert len(events) == 1_000
    assert events[:2] == (Event(2, "learning_rate", 0.5), Event(5, "paused"))


def test_where_a_record_stands_is_reckoned_from_its_step() -> None:
    evaluations = unpacked(rezipped(stored("evaluations", rows("evaluations", epoch=np.nan)))).curves.evaluations
    assert evaluations["epoch"].tolist() == pytest.approx([1 / CONFIG.steps_per_epoch, 2 / CONFIG.steps_per_epoch])


def test_the_bounds_are_wide_enough_for_every_run_that_trains() -> None:
    for config in (CONFIG, RunConfig(epochs=1_000, batch_size=1), RunConfig(train_size=1, batch_size=1, epochs=1)):
        most = arrays.most_rows(config)
        windows = -(-config.total_steps // schedule.window(config))
        assert most["steps"] >= windows
        assert most["evaluations"] >= len(schedule.evaluation_steps(config))
        assert most["layers"] == most["evaluations"] * arrays.layers(config)
        assert sum(arrays.most_bytes(config).values()) < 2_000_000
    weighted = [layer for layer in models.describe(CONFIG.replace(model="cnn")).layers if layer.parameters]
    assert arrays.layers(CONFIG.replace(model="cnn")) == len(weighted)


# ---- mutations -------------------------------------------------------------------------------------------------


def test_a_changed_member_is_a_sentence_or_within_bounds() -> None:
    """Bytes changed before they were packed, so that the zip's own check sums are right."""
    layers = rows("layers", 4, step=[0, 0, 3, 3], layer=[0, 1, 0, 1])
    whole = packed(run(), replace(usual(), layers=layers))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name not in ("train.py", "curves.csv")}
    random = np.random.default_rng(3)
    came_in = 0
    for _turn in range(400):
        name = random.choice(list(members))
        content = bytearray(members[name])
        for place in random.integers(0, len(content), random.integers(1, 4)).tolist():
            content[place] = random.integers(256)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for member, original in members.items():
                archive.writestr(member, bytes(content) if member == name else original)
        try:
            imported = unpacked(file.getvalue())
        except ImportedFileError:
            continue
        came_in += 1
        look_at(imported.config, imported.curves, imported.outcome, ChartView())
    assert 20 < came_in < 380


# ---- odd runs --------------------------------------------------------------------------------------------------


def look_at(config: RunConfig, records: Curves, outcome: Any, view: ChartView) -> None:
    """What pages say and draw of a run."""
    verdict = diagnostics.at_end(config, records, outcome)
    looked_at = Run("r", "ann", config, "finished", 1, 0.0, outcome=outcome, result={"verdict": verdict})
    diagnostics.explain(looked_at, records)
    for chart in (curves.loss_chart, curves.accuracy_chart, curves.gradient_chart, curves.rate_chart):
        assert chart(looked_at, records, view, str)["data"]
    for kind in ("loss", "accuracy", "gradient", "rate"):
        assert curves.describe_chart(looked_at, records, kind).text()
    layers = sorted(set(records.layers["layer"].tolist()))
    assert len(layers) <= arrays.layers(config)
    for layer in layers:
        inside.spread_chart("r", records, layer, "activations", view, str)
        inside.chart("r", records, "update", [str(number) for number in layers], view, str)
    overlaid = overlay.overlaid([("a", records), ("b", records)])
    overlay.runs_chart(overlaid, "loss", ("train", "validation"), view, str)
    group = [groups_figure.Member(name, records, "stopped") for name in "ab"]
    groups_figure.bands([("a", group)], "accuracy", ("validation",), view, str)
    assert len(exchange.curves_csv(records).splitlines()) >= 1
    exchange.events(records, 1.0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of infinite and missing values, which are shown as such
@pytest.mark.parametrize("seed", range(24))
def test_whatever_comes_in_can_be_looked_at(seed: int) -> None:
    config, records, outcome = odd(seed)
    imported = unpacked(zipped(config, records, outcome))
    for view in (ChartView(), ChartView(x="seconds", log_x=True, log_y=True, smoothing=0.5)):
        look_at(imported.config, imported.curves, imported.outcome, view)
    assert json.dumps(imported.result)


@pytest.mark.parametrize("outcome", ["diverged", "stopped", "completed", "collapsed", "failed"])
def test_a_run_without_records_can_be_looked_at(outcome: Any) -> None:
    imported = unpacked(zipped(CONFIG, Curves(), outcome))
    look_at(imported.config, imported.curves, imported.outcome, ChartView())


def test_spreads_of_nothing_are_drawn() -> None:
    """Of a run that came in before they were looked at."""
    chart = inside.spread_chart("r", Curves(layers=np.zeros(1, LAYER_DTYPE)), 0, "activations", ChartView(), str)
    (heat,) = chart["data"]
    assert not np.frombuffer(base64.b64decode(heat["z"]["bdata"]), "<f4").any()
