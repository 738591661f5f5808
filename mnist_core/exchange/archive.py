"""A run as one zip: settings and results as JSON, records as NumPy files, its weights (the last and the best) where
they are asked for, and for people a table and a script.

What comes in may have been made by anybody: nothing is unpacked onto the disk, no pickle is loaded, no more is read than a run
with these settings can have, and whatever does not fit is a sentence.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import struct
import typing
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.config import RANGES, RunConfig
from mnist_core.errors import ConfigError, ImportedFileError
from mnist_core.exchange import arrays
from mnist_core.exchange.script import script_of
from mnist_core.exchange.tables import curves_csv
from mnist_core.exchange.weights import read, safetensors, size
from mnist_core.messages import N_, Message, joined, message
from mnist_core.networks.weights import Snapshot, Which
from mnist_core.records import DTYPES, SPLITS, Curves, Event, EventKind, Outcome, Run

FORMAT = 1
RUN, SCRIPT, TABLE = "run.json", "train.py", "curves.csv"
WEIGHTS: dict[Which, str] = {"last": "weights.safetensors", "best": "weights-best.safetensors"}
# What readers call the files in a zip.
PARTS: Mapping[str, str] = {
    RUN: N_("the settings and results"),
    "records/steps.npy": N_("the curve of the batches"),
    "records/evaluations.npy": N_("the curves of the training, validation and test images"),
    "records/layers.npy": N_("the measurements of the layers"),
    "records/sharpness.npy": N_("the curve of the sharpness"),
    WEIGHTS["last"]: N_("the last weights"),
    WEIGHTS["best"]: N_("the best weights"),
}
# Figures of a result by what they can be: from 0 to 1, steps of the run, 0 and above; see `training.single_run.RESULT_KEYS`.
FRACTIONS = (
    *(f"{part}_accuracy" for part in (*SPLITS, "train_files", "best_validation")),
    "test_accuracy_at_best",
    "dead_units",
)
STEPS = ("evaluated_step", "best_step", "steps", "not_finite_step")
SIZES = (
    *(f"{part}_loss" for part in (*SPLITS, "best_validation", "last_finite")),
    "epochs",
    "seconds",
    "seconds_per_epoch",
)
COUNTS = ("threads", "trained_together", "test_images")  # from 1 to MOST_COUNT
DEVICES: tuple[Any, ...] = ("cpu", "cuda", "mps")
MOST_COUNT = 1 << 17
MOST_RUN = 1 << 18  # bytes of the settings and results, unpacked
MOST_WEIGHTS = 1 << 25  # bytes of one file of weights, unpacked
MOST_MEMBERS = 64  # files in a zip; one of ours has nine
MOST_EVENTS = 1_000  # the first so many are kept
ENTRY = b"PK\x01\x02"  # what each file's entry in a zip's list begins with
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What Python's zipfile raises for a damaged or hostile zip, as changing one in all ways showed.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    RecursionError,
    ValueError,
    OverflowError,
    MemoryError,
)


@dataclass(frozen=True)
class Imported:
    """A finished run from a file."""

    config: RunConfig
    outcome: Outcome
    curves: Curves
    result: dict[str, Any]
    seconds: float
    step: int
    name: str
    note: str
    weights: Mapping[Which, Snapshot]  # those that are in the file


def packed(
    run: Run, curves: Curves, weights: Mapping[Which, Snapshot] | None = None, *, for_people: bool = True
) -> bytes:
    """The zip of a finished run, with these of its weights (default: none). `for_people`: with a table and a script, too."""
    weights = weights or {}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(RUN, json.dumps(_metadata(run, curves, weights), indent=1))
        for name in DTYPES:
            content = io.BytesIO()
            np.save(content, getattr(curves, name), allow_pickle=False)
            archive.writestr(f"records/{name}.npy", content.getvalue())
        if for_people:
            archive.writestr(TABLE, curves_csv(curves))
            archive.writestr(SCRIPT, script_of(run))
        for which, snapshot in weights.items():
            archive.writestr(WEIGHTS[which], safetensors(snapshot))
    return file.getvalue()


def _metadata(run: Run, curves: Curves, weights: Mapping[Which, Snapshot]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "config": run.config.to_dict(),
        "outcome": run.outcome,
        "result": {name: _plain(value) for name, value in run.result.items()},
        "seconds": run.progress.seconds,
        "step": run.progress.step,
        "events": [[event.step, event.kind, _plain(event.value)] for event in curves.events],
        "name": run.name.raw,
        "note": run.note.raw,
        "weights": {which: snapshot.step for which, snapshot in weights.items()},
    }


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity; they go as words."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def unpacked(content: bytes) -> Imported:
    """The run in a zip. Raises ImportedFileError with a sentence where it is none, or not a whole one."""
    try:
        if content.count(ENTRY) > MOST_MEMBERS:
            raise zipfile.BadZipFile("too many files")  # before they are listed
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            metadata = _object(member(archive, RUN, MOST_RUN))
            config = _config(metadata)
            records = {name: _records(archive, name, config) for name in DTYPES}
            weights = {
                which: _weights(archive, which, config) for which in WEIGHTS if WEIGHTS[which] in archive.namelist()
            }
    except BROKEN as error:
        raise ImportedFileError(
            N_("This file is not a readable zip. Choose one that was saved with “Export” in MNIST Lab.")
        ) from error
    try:
        return _run(metadata, config, records, weights)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise _damaged(RUN) from error


def _run(
    metadata: dict[str, Any],
    config: RunConfig,
    records: Mapping[str, NDArray[np.void]],
    weights: Mapping[Which, Mapping[str, NDArray[np.float32]]],
) -> Imported:
    """The run with what `metadata` says beside its settings. Raises an error of Python's where that is invalid."""
    outcome = metadata["outcome"]
    if outcome not in typing.get_args(Outcome):
        raise ValueError("no outcome")
    last = max((int(array["step"][-1]) for array in records.values() if len(array)), default=0)
    step = max(last, _whole(metadata["step"], 0, config.total_steps))
    steps = metadata.get("weights", {"last": step})
    return Imported(
        config,
        outcome,
        Curves(**records, events=_events(metadata["events"], config)),
        _figures(metadata["result"], config),
        _number(metadata["seconds"], 0, arrays.LONGEST),
        step,
        escape.line(_text(metadata.get("name", ""))),
        escape.lines(_text(metadata.get("note", ""))),
        {
            which: Snapshot(min(step, _whole(steps[which], 0, config.total_steps)), tensors)
            for which, tensors in weights.items()
        },
    )


def _config(metadata: dict[str, Any]) -> RunConfig:
    try:
        return RunConfig.from_dict(metadata["config"])
    except ConfigError as error:
        raise ImportedFileError(
            N_("The settings in this file cannot be used here: {problem}"),
            problem=joined([problem.message for problem in error.problems]),
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(RUN) from error


def _records(archive: zipfile.ZipFile, name: str, config: RunConfig) -> NDArray[np.void]:
    content = member(archive, f"records/{name}.npy", arrays.most_bytes(config)[name])
    try:
        return arrays.read(content, name, config)
    except ValueError as error:
        raise _damaged(f"records/{name}.npy") from error


def _weights(archive: zipfile.ZipFile, which: Which, config: RunConfig) -> Mapping[str, NDArray[np.float32]]:
    most = size(config)
    if most > MOST_WEIGHTS:
        raise ImportedFileError(
            N_(
                "The weights in this zip are too large to import (at most {most} MB). Export the run without its weights."
            ),
            most=MOST_WEIGHTS >> 20,
        )
    try:
        return read(member(archive, WEIGHTS[which], most), config)
    except ValueError as error:
        raise ImportedFileError(
            N_(
                "In this zip {part} ({name}) cannot be used: damaged, or of another network than that of the run. Export the run without its weights."
            ),
            part=_part(WEIGHTS[which]),
            name=WEIGHTS[which],
        ) from error


def member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file in a zip, of so many bytes at most. Raises ImportedFileError, or one of BROKEN."""
    entries = [info for info in archive.infolist() if info.filename == name]
    if not entries:
        raise ImportedFileError(
            N_("This zip lacks {part} ({name}). The file was not saved by MNIST Lab, or it is incomplete."),
            part=_part(name),
            name=name,
        )
    if len(entries) > 1 or entries[0].compress_type not in METHODS:
        raise _damaged(name)
    with archive.open(entries[0]) as file:
        content = file.read(most + 1)  # what the zip says of its size may be a lie
    if len(content) > most:
        raise ImportedFileError(
            N_("This zip is too large for a run: of {part} ({name}) at most {most} MB are possible."),
            part=_part(name),
            name=name,
            most=max(1, most >> 20),
        )
    return content


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(RUN) from error
    if not isinstance(value, dict):
        raise _damaged(RUN)
    if value.get("format") != FORMAT:
        raise ImportedFileError(
            N_("This zip was saved by another version of MNIST Lab. Update the older of the two installations.")
        )
    return value


def _events(entries: Any, config: RunConfig) -> tuple[Event, ...]:
    if not isinstance(entries, list):
        raise TypeError("no list")
    events = []
    for step, kind, value in entries[:MOST_EVENTS]:
        if kind not in typing.get_args(EventKind):
            raise ValueError("no such event")
        events.append(Event(_whole(step, 0, config.total_steps), kind, _value(kind, value, config)))
    return tuple(sorted(events, key=lambda event: event.step))


def _value(kind: EventKind, value: Any, config: RunConfig) -> float | None:
    """What goes with an event; nothing where the kind has none."""
    if kind == "learning_rate":
        allowed = RANGES[kind]
        return _number(value, allowed.minimum, allowed.maximum)
    if kind == "early_stop":
        return _number(value, 0, config.total_steps)
    return None if value is None or kind != "not_finite" else _float(value)


def _figures(result: Any, config: RunConfig) -> dict[str, Any]:
    """Figures of a result as a run has them; whatever else stands there is left out."""
    if not isinstance(result, dict):
        raise TypeError("no object")
    figures: dict[str, Any] = {}
    for name in [name for name in (*FRACTIONS, *STEPS, *SIZES, *COUNTS) if name in result]:
        with contextlib.suppress(TypeError, ValueError):
            figures[name] = None if result[name] is None else _figure(name, result[name], config)
    if result.get("device") in DEVICES:
        figures["device"] = result["device"]
    return figures


def _figure(name: str, value: Any, config: RunConfig) -> float:
    if name in STEPS:
        return _whole(value, 0, config.total_steps)
    if name in COUNTS:
        return _whole(value, 1, MOST_COUNT)
    number = _float(value)
    return number if math.isnan(number) else _number(number, 0, 1 if name in FRACTIONS else math.inf)


def _float(value: Any) -> float:
    """A number; NaN and infinity may stand as words. Raises TypeError, ValueError."""
    if value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("no number")
    if isinstance(value, int) and abs(value) > 2**62:
        raise ValueError("too large")
    return float(value)


def _number(value: Any, minimum: float, maximum: float) -> float:
    number = _float(value)
    if not minimum <= number <= maximum:
        raise ValueError("out of range")
    return number


def _whole(value: Any, minimum: int, maximum: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise ValueError("no whole number in range")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _damaged(name: str) -> ImportedFileError:
    return ImportedFileError(
        N_("This zip is damaged: {part} ({name}) cannot be read. Export the run again from its original installation."),
        part=_part(name),
        name=name,
    )


def _part(name: str) -> Message:
    """What a file in a zip is for a reader."""
    return message(PARTS.get(name, N_("the file")))
